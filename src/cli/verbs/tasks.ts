import { z } from 'zod'
import { taskStatuses } from '../../events/task.ts'
import { systemClock } from '../../kernel/clock.ts'
import { stateAt } from '../../replay/at.ts'
import { elapsedMs, presentOf, taskCountsText, taskList } from '../../views/task-list.ts'
import { clockText } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { sessionArgument, verb } from '../verb.ts'

const statusOption = z.enum(taskStatuses, `a status is one of ${taskStatuses.join(', ')}`)
const shape = z.strictObject({ session: sessionArgument, status: z.array(statusOption).optional() })

export const tasks = verb(shape, async ({ session, status }, context) => {
  const { output } = context
  const state = await withWaymark(context, 'read', async (waymark) =>
    stateAt(waymark.log, await waymark.resolve(session)),
  )
  const rows = taskList(state).filter(({ task }) => status === undefined || status.includes(task.status))
  const now = presentOf(state, systemClock.now())
  if (output.json) {
    await output.document(rows.map(({ task }) => ({ ...task, elapsedMs: elapsedMs(task, now) })))
    return exitCodes.fine
  }
  if (rows.length > 0) {
    await output.table({
      columns: ['task', 'status', 'elapsed', 'title', 'remark'],
      rows: rows.map(({ task, depth, remark, tone }) => [
        `${output.aligned ? '  '.repeat(depth) : ''}${task.id}`,
        { text: task.status, tone },
        task.startedAt === null ? null : clockText(elapsedMs(task, now)),
        task.title,
        { text: remark, tone: 'quiet' },
      ]),
    })
  }
  output.note(`tasks: ${taskCountsText(state)}`)
  return exitCodes.fine
})
