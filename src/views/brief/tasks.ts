/** Tasks as a brief names them: those in hand first, then those that wait, failed, and have not begun. */
import type { TaskStatus } from '../../events/task.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { type TaskView, taskList } from '../task-list.ts'
import { type Fit, fitLines } from './fit.ts'
import type { Source } from './source.ts'

/** Rank of an open task; `null` for one that nobody has to work on. */
const rankOf: Readonly<Record<TaskStatus, number | null>> = {
  in_progress: 0,
  token_warning: 0,
  context_switch: 1,
  blocked: 2,
  recovered: 3,
  failed: 4,
  pending: 5,
  completed: null,
}

/** Tasks that are not done, what is in hand first. A task that was cancelled is done with. */
export function openTasks(state: ReadonlyState): readonly TaskView[] {
  return openRows(state).map(({ task }) => task)
}

function openRows(state: ReadonlyState): ReturnType<typeof taskList> {
  return taskList(state)
    .filter(({ task }) => rankOf[task.status] !== null && task.reason !== 'cancelled')
    .map((row, index) => ({ row, index }))
    .sort((a, b) => (rankOf[a.row.task.status] ?? 0) - (rankOf[b.row.task.status] ?? 0) || a.index - b.index)
    .map(({ row }) => row)
}

/** A longer id was made by an import; `waymark tasks` shows it. */
const idCharactersMax = 24

/** One line for each open task, with its id. */
export function openLines(state: ReadonlyState): readonly { readonly id: string; readonly text: string }[] {
  return openRows(state).map(({ task, remark }) => {
    const id = task.title === task.id || task.id.length > idCharactersMax ? '' : `${task.id}, `
    const text = `- ${task.status.replaceAll('_', ' ')}: ${id}${task.title}${remark === '' ? '' : ` (${remark})`}`
    return { id: task.id, text }
  })
}

export function tasksFit({ state, name }: Source): Fit | null {
  const lines = openLines(state).map(({ text }) => text)
  return lines.length === 0
    ? null
    : fitLines(lines, (count) => `${count} more open tasks: waymark tasks ${name}`)
}

export function completedFit({ state, name }: Source): Fit | null {
  const done = taskList(state).filter(({ task }) => task.status === 'completed')
  if (done.length === 0) return null
  const newest = done.sort((a, b) => ((b.task.endedAt ?? '') < (a.task.endedAt ?? '') ? -1 : 1))
  return fitLines(
    newest.map(({ task }) => `- ${task.title}`),
    (count) => `${count} more: waymark tasks ${name} --status completed`,
  )
}
