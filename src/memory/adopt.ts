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
import { type EditedList, type LineProblem, readTaskList, type TaskLine } from './task-lines.ts'
import { directCommand, stepsMax, stepTowards, type TaskStep } from './task-steps.ts'
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
    const isRepeated = line.id !== null && (counts.get(line.id) ?? 0) > 1
    const problem = isRepeated ? `the id ${line.id} stands on several lines` : adoptLine(plan, line, before)
    if (problem !== null) report(plan, line, problem)
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

/** Takes one line in, or says why it changes nothing. */
function adoptLine(plan: Plan, line: TaskLine, before: LinesBefore): string | null {
  const taskId = line.id ?? plan.request.taskIdOf(line.line)
  const now = taskOf(plan.request.current, taskId)
  const then = before.get(taskId)
  if (now === undefined) return tryLine(plan, line, taskId, addition(plan, line, taskId), line.status)
  if (then === undefined) {
    // Taken in already by an adoption that was interrupted, or added by somebody else meanwhile.
    return line.title === now.title ? null : `a task ${taskId} has been added since: ${now.title}`
  }
  const moved = line.parent?.id !== then.parent?.id
  if (moved && !isGone(plan, then.parent)) return `task ${taskId} keeps its parent: tasks are not moved`
  const first: Command[] = []
  if (line.title !== null && line.title !== then.title && line.title !== now.title) {
    if (now.title !== then.title) return `its title has been changed since, to: ${now.title}`
    first.push({ type: 'task.describe', taskId, title: line.title })
  }
  return tryLine(plan, line, taskId, first, line.status === then.status ? markedStatusOf(now) : line.status)
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
    const commands = [{ type: 'task.cancel', taskId, detail: 'removed from active-tasks.md' }] as const
    const after = mentioned.has(taskId)
      ? 'it is named on a line that cannot be read'
      : afterAll(plan.state, commands, plan.request.context)
    if (typeof after !== 'string') keep(plan, { line: 0, taskId, commands }, after)
    else plan.problems.push({ line: null, text: '', reason: `task ${taskId} is left as it is: ${after}` })
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
function tryLine(
  plan: Plan,
  line: TaskLine,
  taskId: string,
  first: readonly Command[],
  wanted: MarkedStatus,
): string | null {
  const started = afterAll(plan.state, first, plan.request.context)
  if (typeof started === 'string') return started
  let state = started
  const commands: Command[] = [...first]
  let steps = 0
  for (let task = taskOf(state, taskId); task !== undefined && markedStatusOf(task) !== wanted; ) {
    const step = stepTowards(wanted, task)
    const next = withCheckpoint(state, step ?? directCommand(wanted, taskId), plan.request.context)
    const after = afterAll(state, next, plan.request.context)
    if (typeof after === 'string') return after
    if (step === null || steps === stepsMax) {
      return `no command leads from ${task.status} to ${wanted.replace('_', ' ')}`
    }
    state = after
    task = taskOf(state, taskId)
    steps += 1
    // Steps that the list skipped are marked as such; the last one is what it says.
    const isSkipped = task !== undefined && markedStatusOf(task) !== wanted
    commands.push(...next.slice(0, -1), isSkipped ? { ...step, inferred: true } : step)
  }
  keep(plan, { line: line.line, taskId, commands }, state)
  return null
}

/** A step with the checkpoint before it that it relies on, where checkpoints are taken by themselves. */
function withCheckpoint(state: ReadonlyState, step: TaskStep, context: DecisionContext): readonly Command[] {
  if (!state.configuration.autoCheckpoint) return [step]
  const decision = decide(state, step, context)
  if (decision.ok || decision.refusal.obligation !== 'checkpoint') return [step]
  const reason = `before ${step.type}`
  return [{ type: 'checkpoint.create', trigger: 'context-switch', reason }, step]
}

function keep(plan: Plan, change: AdoptedLine, state: ReadonlyState): void {
  if (change.commands.length === 0) return
  plan.changes.push(change)
  plan.state = state
}

function report(plan: Plan, { line, id, title }: TaskLine, reason: string): void {
  plan.problems.push({
    line,
    text: [id, title]
      .filter((part) => part !== null)
      .join(': ')
      .slice(0, 120),
    reason,
  })
}

/** The state after commands, or why one of them is refused. */
function afterAll(
  before: ReadonlyState,
  commands: readonly Command[],
  context: DecisionContext,
): ReadonlyState | string {
  let state = before
  for (const command of commands) {
    const after = afterCommand(state, command, context)
    if (typeof after === 'string') return after
    state = after
  }
  return state
}

function afterCommand(
  state: ReadonlyState,
  command: Command,
  context: DecisionContext,
): ReadonlyState | string {
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
