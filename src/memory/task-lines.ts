/** Reads a list of tasks that somebody may have edited. Nothing is guessed: a line that is no task is reported, not interpreted. */
import { isUtf8 } from 'node:buffer'
import { limits } from '../kernel/limits.ts'
import {
  explanationLines,
  headingOf,
  listEnd,
  type MarkedStatus,
  type TaskListHeading,
  taskMarks,
  titleOf,
} from './task-text.ts'

export interface TaskLine {
  /** Counted from 1. */
  readonly line: number
  readonly status: MarkedStatus
  /** `null` for a task without an id: a new one. */
  readonly id: string | null
  /** `null` where nothing but an id stands. */
  readonly title: string | null
  /** The line of the task it stands below, by its indentation. */
  readonly parent: TaskLine | null
}

export interface LineProblem {
  /** `null` when it is about the whole file. */
  readonly line: number | null
  /** The line as it stands there, at most its first characters. */
  readonly text: string
  readonly reason: string
}

export interface EditedList {
  /** `null` when the first line is not there any more: then it is not known what was edited. */
  readonly heading: TaskListHeading | null
  /** The last line is there: the list was not cut off. */
  readonly isWhole: boolean
  readonly tasks: readonly TaskLine[]
  readonly problems: readonly LineProblem[]
}

const statusOfMark: ReadonlyMap<string, MarkedStatus> = new Map([
  // The table has exactly these keys.
  ...(Object.entries(taskMarks) as [MarkedStatus, string][]).map(([status, mark]) => [mark, status] as const),
  ['X', 'completed'] as const,
])

/** Characters of a line that a report shows. */
const shownCharactersMax = 120

/**
 * The list in a file. `isKnown` tells the ids of tasks that are there: a line that holds nothing but such an id is about that
 * task, and any other line without a colon is a new one.
 */
export function readTaskList(bytes: Uint8Array, isKnown: (taskId: string) => boolean): EditedList {
  if (!isUtf8(bytes) || bytes.includes(0)) return nothing('it is no text: it holds bytes that no text has')
  const lines = Buffer.from(bytes)
    .toString('utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
  if (lines.length > limits.taskLinesMax) {
    return nothing(`it has ${lines.length} lines; at most ${limits.taskLinesMax} are read`)
  }
  const heading = headingOf(lines[0] ?? '')
  const explained = explanationLines(lines.slice(1))
  const tasks: TaskLine[] = []
  const problems: LineProblem[] = []
  const open: { readonly indent: number; readonly task: TaskLine }[] = []
  let isWhole = false
  for (const [index, text] of lines.entries()) {
    if ((index === 0 && heading !== null) || (index > 0 && index <= explained)) continue
    if (text.trim() === '') continue
    if (text === listEnd) {
      isWhole = true
      continue
    }
    const read = isWhole ? 'it stands after the end of the list' : readLine(text, isKnown)
    if (typeof read === 'string') {
      problems.push({ line: index + 1, text: text.slice(0, shownCharactersMax), reason: read })
      if (problems.length > limits.taskLinesUnreadMax) {
        return nothing(`more than ${limits.taskLinesUnreadMax} of its lines are no tasks`)
      }
      continue
    }
    while ((open[open.length - 1]?.indent ?? -1) >= read.indent) open.pop()
    const task = { line: index + 1, ...read.task, parent: open[open.length - 1]?.task ?? null }
    open.push({ indent: read.indent, task })
    tasks.push(task)
  }
  return { heading, isWhole, tasks, problems }
}

function nothing(reason: string): EditedList {
  return { heading: null, isWhole: false, tasks: [], problems: [{ line: null, text: '', reason }] }
}

const linePattern = /^([ \t]*)[-*+][ \t]+\[(.)\](?:[ \t]+(.*))?$/su
/** Ids hold no white space, and may hold colons: the last colon of the first word ends the id. */
const idPattern = /^(\S+):(?: (.*))?$/su

interface ReadLine {
  readonly indent: number
  readonly task: Omit<TaskLine, 'line' | 'parent'>
}

/** A task, or why the line is none. */
function readLine(text: string, isKnown: (taskId: string) => boolean): ReadLine | string {
  const [, space = '', mark = '', content = ''] = linePattern.exec(text) ?? []
  if (mark === '') return 'it is no task: a task is written as - [ ] id: title'
  const status = statusOfMark.get(mark)
  if (status === undefined) {
    return `there is no mark [${mark}]; marks are ${Object.values(taskMarks)
      .map((known) => `[${known}]`)
      .join(' ')}`
  }
  const indent = space.replaceAll('\t', '  ').length
  const trimmed = content.trimEnd()
  const [, id, title = ''] = idPattern.exec(trimmed) ?? []
  if (id !== undefined) return { indent, task: { status, id, title: titleOf(title.trim()) } }
  if (isKnown(trimmed)) return { indent, task: { status, id: trimmed, title: null } }
  const mistyped = beginningsOf(trimmed).find(isKnown)
  if (mistyped !== undefined) return `after the id ${mistyped} there is no colon with a space behind it`
  if (trimmed === '') return 'there is no title'
  return { indent, task: { status, id: null, title: titleOf(trimmed) } }
}

/** What the first word of a text may mean as an id: all of it, or what stands before one of its colons. */
function beginningsOf(text: string): readonly string[] {
  const [word = ''] = text.slice(0, limits.idCharactersMax + 1).split(/\s/, 1)
  const parts = word.split(':')
  return parts.map((_, index) => parts.slice(0, index + 1).join(':'))
}
