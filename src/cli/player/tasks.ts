/** Tasks by status, one line a status, however many tasks there are. */
import { type TaskStatus, taskStatuses } from '../../events/task.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { toneOfStatus } from '../../views/task-list.ts'
import { inNaturalOrder } from '../../views/text.ts'
import type { Line } from './fit.ts'

/** Tasks of one status that are named; a line holds few more. */
const namedMax = 12

const nameColumns = 'context switch'.length

export function taskLines({ tasks }: Pick<ReadonlyState, 'tasks'>): readonly Line[] {
  const found = new Map<TaskStatus, { count: number; readonly names: string[] }>()
  for (const { id, status, title } of Object.values(tasks)) {
    const group = found.get(status) ?? { count: 0, names: [] }
    group.count += 1
    if (group.names.length < namedMax) group.names.push(title === id ? id : `${id} ${title}`)
    found.set(status, group)
  }
  return taskStatuses.flatMap((status): readonly Line[] => {
    const group = found.get(status)
    if (group === undefined) return []
    const names = group.names.sort(inNaturalOrder).join(', ')
    const more = group.count > group.names.length ? ' …' : ''
    return [
      [
        { text: status.replaceAll('_', ' ').padEnd(nameColumns), tone: toneOfStatus[status] },
        { text: ` ${group.count}  `, tone: 'strong' },
        { text: `${names}${more}` },
      ],
    ]
  })
}
