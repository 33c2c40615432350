import { z } from 'zod'
import type { PutBack } from '../../session/rewind.ts'
import { withWaymark } from '../context.ts'
import { exitCodes, withHint } from '../failure.ts'
import type { Cell } from '../layout.ts'
import { epochOption, sessionArgument, textOption, under, verb } from '../verb.ts'

const place = textOption.transform((text): number | string => (/^\d{1,15}$/.test(text) ? Number(text) : text))

const shape = z.strictObject({
  session: sessionArgument,
  to: z.string('say where to: a version or the id of a checkpoint').pipe(place),
  reason: textOption.optional(),
  dryRun: z.boolean().optional(),
  epoch: epochOption,
})

export const rewind = verb(shape, async ({ session: name, to, reason, dryRun = false, epoch }, context) => {
  const { output } = context
  const report = await withWaymark(context, dryRun ? 'read' : 'write', async (waymark) => {
    const session = await waymark.openSession(name, under(epoch))
    try {
      return await session.rewind({ to, dryRun, ...(reason === undefined ? {} : { reason }) })
    } catch (error) {
      if (session.state.machine === undefined) throw error
      const place = typeof to === 'number' ? `--at ${to}` : `--checkpoint ${to}`
      throw withHint(
        error,
        `waymark fork ${name} ${place} begins a stream that goes on from there; durable() opens it under the id that is printed`,
      )
    }
  })
  const { toVersion, version, recorded, tasks, items, knowledge } = report
  if (output.json) {
    await output.document(report)
    return exitCodes.fine
  }
  const rows = [
    ...rowsOf('task', tasks),
    ...rowsOf('item', items),
    ...(knowledge ? [['knowledge', 'focus, decisions, SPECs, milestones', 'put back']] : []),
  ]
  if (rows.length > 0) await output.table({ columns: ['part', 'what', 'change'], rows })
  if (rows.length === 0) output.note(`nothing differs from version ${toVersion}`)
  else if (recorded) output.note(`goes on from version ${toVersion}, now at version ${version}`)
  else output.note('a dry run: nothing was recorded')
  return exitCodes.fine
})

function rowsOf(part: string, { restored, removed }: PutBack): readonly (readonly Cell[])[] {
  return [
    ...restored.map((id): readonly Cell[] => [part, id, 'put back']),
    ...removed.map((id): readonly Cell[] => [part, id, { text: 'taken away', tone: 'warning' }]),
  ]
}
