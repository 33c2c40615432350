/**
 * From an edited list of tasks to commands. Three lists are compared: the one that was edited, as it was written then; the
 * edited one; and the tasks as they are now. Only what differs between the first two is somebody's wish. Each command is asked
 * of `decide` beforehand; a line of which one is refused changes nothing.
 */
import { decide } from '../decide/decide.ts'
import type { DecisionContext } from '../decide/decision.ts'
import type { Command } from '../events/commands.ts'
import { parseCommand } from '../events/commands.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import { fold } from '../fold/fold.ts'
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { readTaskList, type EditedList, type LineProblem, type TaskLine } from './task-lines.ts'
import { directCommand, stepsMax, stepTowards } from './task-steps.ts'
import { type MarkedStatus, markedStatusOf, taskListText } from './task-text.ts'

/** What one line asks for. A removed line has none: it is told under line 0. */
export interface AdoptedLine {
  readonly line: number
  readonly taskId: string
  readonly commands: readonly Command[]
}

export interface Adoption {
  readonly changes: readonly AdoptedLine[]
  readonly problems: readonly LineProblem[]
}

export interface AdoptionRequest {
  readonly list: EditedList
  /** The tasks as the list was written from, before it was edited. */
  readonly base: ReadonlyState
  readonly current: ReadonlyState
  readonly context: DecisionContext
  /** The id of a task that stands on a line without one: the same for the same file and line. */
  taskIdOf(line: number): string
}

/**
 * The commands that an edited list means, in the order in which they are to be sent.
 */
export function planAdoption(request: AdoptionRequest): Adoption {
  const plan: Plan = { request, state: request.current, changes: [], problems: [...request.list.problems] }
  const { list, base } = request
  const counts = new Map<string, number>()
  for (const { id } of list.tasks) if (id !== null) counts.set(id, (counts.get(id) ?? 0) + 1)
  const before = linesOf(base)
  for (const line of list.tasks) {
    if (line.id !== null && (counts.get(line.id) ?? 0) > 1) report(plan, line, `the id ${line.id} stands on several lines`)
    else adoptLine(plan, line, before)
  }
  adoptRemovals(plan, before, counts)
  const sent = plan.changes.reduce((sum, { commands }) => sum + commands.length, 0)
  if (sent <= limits.adoptedCommandsMax) return { changes: plan.changes, problems: plan.problems }
  const reason = `it asks for ${sent} commands; at most ${limits.adoptedCommandsMax} are taken in at a time`
  return { changes: [], problems: [...plan.problems, { line: null, text: '', reason }] }
}

interface Plan {
  readonly request: AdoptionRequest
  /** The tasks as they will be after the changes so far. */
  state: ReadonlyState
  readonly changes: AdoptedLine[]
  readonly problems: LineProblem[]
}

type LinesBefore = ReadonlyMap<string, TaskLine>

/** The list as it was written, read like the edited one, so that both are compared alike. */
function linesOf(base: ReadonlyState): LinesBefore {
  const { tasks } = readTaskList(Buffer.from(taskListText(base)), (id) => Object.hasOwn(base.tasks, id))
  return new Map(tasks.flatMap((line) => (line.id === null ? [] : [[line.id, line] as const])))
}

function adoptLine(plan: Plan, line: TaskLine, before: LinesBefore): void {
  const taskId = line.id ?? plan.request.taskIdOf(line.line)
  const now = taskOf(plan.request.current, taskId)
  const then = before.get(taskId)
  if (now === undefined) {
    if (then === undefined) tryLine(plan, line, taskId, addition(plan, line, taskId), line.status)
    return
  }
  if (then === undefined) {
    // Taken in already by an adoption that was interrupted, or added by somebody else meanwhile.
    if (line.title !== now.title) report(plan, line, `a task ${taskId} has been added since: ${now.title}`)
    return
  }
  const moved = line.parent?.id !== then.parent?.id
  if (moved && !isGone(plan, then.parent)) return report(plan, line, `task ${taskId} keeps its parent: tasks are not moved`)
  const first: Command[] = []
  if (line.title !== null && line.title !== then.title && line.title !== now.title) {
    if (now.title !== then.title) return report(plan, line, `its title has been changed since, to: ${now.title}`)
    first.push({ type: 'task.describe', taskId, title: line.title })
  }
  const wanted = line.status === then.status ? markedStatusOf(now) : line.status
  tryLine(plan, line, taskId, first, wanted)
}

/** Whether the parent's line was taken out: its children then stand elsewhere without having been moved. */
function isGone({ request }: Plan, parent: TaskLine | null): boolean {
  return parent !== null && !request.list.tasks.some(({ id }) => id === parent.id)
}

function addition(plan: Plan, line: TaskLine, taskId: string): readonly Command[] {
  const { parent } = line
  const parentTaskId = parent === null ? null : (parent.id ?? plan.request.taskIdOf(parent.line))
  const below = parentTaskId === null ? {} : { parentTaskId }
  return [{ type: 'task.add', taskId, title: line.title ?? '', ...below }]
}

/** Open tasks whose lines were removed are cancelled, where it is certain that somebody removed them. */
function adoptRemovals(plan: Plan, before: LinesBefore, counts: ReadonlyMap<string, number>): void {
  const { list, current } = plan.request
  const removed = [...before.keys()].filter((taskId) => !counts.has(taskId) && isOpen(current, taskId))
  if (removed.length === 0) return
  if (list.heading === null || !list.isWhole) {
    const which = list.heading === null ? 'first' : 'last'
    const reason = `${removed.length} tasks are not in it, and its ${which} line is not there any more: they are left as they are`
    plan.problems.push({ line: null, text: '', reason })
    return
  }
  const mentioned = wordsOf(list.problems)
  for (const taskId of removed) {
    const line = { line: 0, taskId, text: '' }
    if (mentioned.has(taskId)) plan.problems.push({ ...line, reason: `task ${taskId} is named on a line that cannot be read: it is left as it is` })
    else tryCommands(plan, line, [{ type: 'task.cancel', taskId, detail: 'removed from active-tasks.md' }])
  }
}

function isOpen(state: ReadonlyState, taskId: string): boolean {
  const task = taskOf(state, taskId)
  return task !== undefined && task.status !== 'completed' && markedStatusOf(task) !== 'cancelled'
}

/** Whatever may be an id in lines that could not be read. */
function wordsOf(problems: readonly LineProblem[]): ReadonlySet<string> {
  const words = problems.flatMap(({ text }) => text.split(/[\s[\](),;]+/))
  return new Set(words.flatMap((word) => [word, word.replace(/[:.]+$/, '')]))
}

/** The commands of a line, then those that lead to the status it says: all of them, or none and the reason. */
function tryLine(plan: Plan, line: TaskLine, taskId: string, first: readonly Command[], wanted: MarkedStatus): void {
  const commands: Command[] = []
  let state = plan.state
  for (const command of first) {
    const after = afterCommand(state, command, plan.request.context)
    if (typeof after === 'string') return report(plan, line, after)
    state = after
    commands.push(command)
  }
  for (let steps = 0; steps <= stepsMax; steps++) {
    const task = taskOf(state, taskId)
    if (task === undefined || markedStatusOf(task) === wanted) break
    const step = stepTowards(wanted, task)
    const command = step ?? directCommand(wanted, taskId)
    const after = afterCommand(state, command, plan.request.context)
    if (typeof after === 'string') return report(plan, line, after)
    if (step === null || steps === stepsMax) {
      return report(plan, line, `no command leads from ${task.status} to ${wanted.replace('_', ' ')}`)
    }
    state = after
    commands.push(command)
  }
  keep(plan, { line: line.line, taskId, commands }, state)
}

function tryCommands(
  plan: Plan,
  { line, taskId, text }: { readonly line: number; readonly taskId: string; readonly text: string },
  commands: readonly Command[],
): void {
  let state = plan.state
  for (const command of commands) {
    const after = afterCommand(state, command, plan.request.context)
    if (typeof after === 'string') {
      plan.problems.push({ line: line === 0 ? null : line, text, reason: `${taskId}: ${after}` })
      return
    }
    state = after
  }
  keep(plan, { line, taskId, commands }, state)
}

function keep(plan: Plan, change: AdoptedLine, state: ReadonlyState): void {
  if (change.commands.length === 0) return
  plan.changes.push(change)
  plan.state = state
}

function report(plan: Plan, { line, id, title }: TaskLine, reason: string): void {
  plan.problems.push({ line, text: [id, title].filter((part) => part !== null).join(': ').slice(0, 120), reason })
}

/** The state after a command, or why it is refused. */
function afterCommand(state: ReadonlyState, command: Command, context: DecisionContext): ReadonlyState | string {
  try {
    parseCommand(command)
  } catch (error) {
    if (error instanceof WaymarkError && error.code === 'COMMAND_INVALID') return error.message
    throw error
  }
  const decision = decide(state, command, context)
  if (!decision.ok) return `${command.type} refused: ${decision.refusal.reason}`
  const time = context.now
  const events = decision.events.map((event, index) => ({
    ...event,
    id: '',
    sessionId: state.sessionId,
    version: state.version + index + 1,
    position: 0,
    schemaVersion: 1,
    time,
    recordedAt: time,
    actor: '',
    commandId: '',
    index,
    causationId: null,
    correlationId: null,
    ignorable: false,
  }))
  // Type and data come as a pair and stay one; the compiler loses the pairing in the spread.
  return fold(state, events as readonly LoggedEvent[])
}
