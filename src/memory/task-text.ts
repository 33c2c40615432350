/**
 * `active-tasks.md`: the tasks of a session as a list that people may edit. Its first line says from which version it was made
 * and holds a hash of the rest, so that an edited list knows that it was edited, and of what.
 */
import type { TaskStatus } from '../events/task.ts'
import type { ReadonlyState, Task } from '../fold/state.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import { taskList } from '../views/task-list.ts'

/** What a list says of a task. Statuses between which only the budget decides are one; so are the two ways to fail for good. */
export const taskMarks = {
  pending: ' ',
  running: '~',
  blocked: '?',
  context_switch: '>',
  completed: 'x',
  failed: '!',
  cancelled: '-',
  recovered: '<',
} as const
export type MarkedStatus = keyof typeof taskMarks

const markedAs: Readonly<Record<TaskStatus, MarkedStatus>> = {
  pending: 'pending',
  in_progress: 'running',
  token_warning: 'running',
  blocked: 'blocked',
  context_switch: 'context_switch',
  completed: 'completed',
  failed: 'failed',
  recovered: 'recovered',
}

/** What a list says of a task as it is. */
export function markedStatusOf({
  status,
  retryable,
}: Readonly<Pick<Task, 'status' | 'retryable'>>): MarkedStatus {
  return status === 'failed' && retryable !== true ? 'cancelled' : markedAs[status]
}

const explanation = `<!--
Written by Waymark from its log. You may edit this list, and take the changes in with: waymark sync --adopt
One task a line: a mark, an id, a colon, a title; two spaces further in than its parent.
[ ] pending  [~] in progress  [?] blocked  [>] lost its context  [x] completed
[!] failed, can be tried again  [-] cancelled, or failed for good  [<] recovered, not started again
A new line adds a task; its id may be left out. A removed line cancels an open task.
Line ends and other odd characters of a title are written as \\u{a}. Leave the first line and the last one as they are.
-->`

export const listEnd = '<!-- end of the list -->'

/** The list of a session's tasks. */
export function taskListText(state: ReadonlyState): string {
  const lines = taskList(state).map(({ task, depth }) => {
    const indent = '  '.repeat(Math.min(depth, limits.taskIndentLevelsMax))
    const title = titleText(task.title)
    return `${indent}- [${taskMarks[markedStatusOf(task)]}] ${task.id}:${title === '' ? '' : ` ${title}`}\n`
  })
  const list = `${explanation}\n\n${lines.join('')}\n${listEnd}\n`
  return `${headingLine(state.sessionId, state.version, list)}\n${list}`
}

const headingPattern =
  /^<!-- waymark tasks: session (sess_[0-9a-f-]{36}), version (\d{1,15}), list ([0-9a-f]{16}) -->$/

export interface TaskListHeading {
  readonly sessionId: string
  readonly version: number
  readonly listHash: string
}

function headingLine(sessionId: string, version: number, list: string): string {
  return `<!-- waymark tasks: session ${sessionId}, version ${version}, list ${listHashOf(list)} -->`
}

export function headingOf(line: string): TaskListHeading | null {
  const [, sessionId, version, listHash] = headingPattern.exec(line) ?? []
  if (sessionId === undefined || version === undefined || listHash === undefined) return null
  return { sessionId, version: Number(version), listHash }
}

/** Whether a list is byte by byte as Waymark wrote it, at whatever version. */
export function isUnedited(text: string): boolean {
  const end = text.indexOf('\n')
  const heading = headingOf(text.slice(0, Math.max(0, end)))
  return heading !== null && heading.listHash === listHashOf(text.slice(end + 1))
}

function listHashOf(list: string): string {
  return sha256(list).slice(0, 16)
}

/** Whether lines are the explanation, whole and unchanged; gives how many lines it has, or 0. */
export function explanationLines(lines: readonly string[]): number {
  const expected = explanation.split('\n')
  return expected.every((line, index) => lines[index] === line) ? expected.length : 0
}

/**
 * What cannot stand on a line of its own in an editor: control characters, separators of lines, characters that turn the
 * direction of text around, spaces at the ends, and what would read like one of these written out.
 */
const oddCharacters = /\p{Cc}|[\u2028-\u202e\u2066-\u2069\ufeff]|^\s|\s$|\\(?=u\{)/gu

/** A title on one line; `titleOf` gives it back. */
export function titleText(title: string): string {
  return title.replace(oddCharacters, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

const writtenOut = /\\u\{([0-9a-f]{1,6})\}/g

export function titleOf(text: string): string {
  return text.replace(writtenOut, (whole, digits: string) => {
    const point = Number.parseInt(digits, 16)
    return point > 0x10_ffff ? whole : String.fromCodePoint(point)
  })
}
