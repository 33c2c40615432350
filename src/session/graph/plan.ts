/** A graph planned into a session: all of its nodes, or none. */
import type { Command } from '../../events/commands.ts'
import { type GraphSpec, graphInvalid, parseGraph } from '../../events/graph.ts'
import { frozen } from '../../fold/fold.ts'
import { type ReadonlyState, type SessionState, taskOf } from '../../fold/state.ts'
import { derivedIdOf } from '../../kernel/clock.ts'
import type { LogTransaction } from '../../log/port.ts'
import { takeKeyframeIfDue } from '../../replay/snapshot/keyframe.ts'
import { inDependencyOrder } from '../../views/graph-order.ts'
import { appendInto, decideNow } from '../append.ts'
import type { SessionHost } from '../host.ts'
import { appendSteps, caughtUp, precededBy, type RecordEnvironment, refused } from '../record.ts'

export interface PlanOptions {
  /** Makes the plan repeatable under one name; without it, nodes that are there already are left alone all the same. */
  readonly commandId?: string
  readonly actor?: string
}

export interface Planned {
  /** Ids of the nodes that were added, each after those it depends on. */
  readonly added: readonly string[]
  /** Ids of those that were there already, just as the plan has them. */
  readonly present: readonly string[]
  readonly state: ReadonlyState
}

/**
 * Adds the nodes of a plan as tasks, in one transaction. Nodes that are there already, with the same words and dependencies, stay as
 * they are, so that a plan may be sent again, and grow.
 *
 * @throws WaymarkError `GRAPH_INVALID`: a cycle (named), an id that is there twice, unknown, or means another task; `COMMAND_REFUSED`
 */
export async function planGraph(
  host: SessionHost,
  known: ReadonlyState,
  specs: readonly GraphSpec[],
  options: PlanOptions,
): Promise<Planned> {
  const ordered = soundOrder(parseGraph(specs))
  const planned = await host.log.transact((transaction) => {
    const before = caughtUp(transaction, known.sessionId, known)
    const added = ordered.filter((spec) => !isThere(before, spec))
    checkDependencies(before, ordered)
    const state = addAll(transaction, before, added, options, host.environment)
    takeKeyframeIfDue(transaction, state)
    return { added: added.map(({ id }) => id), state }
  })
  if (planned.added.length > 0) host.appended(known.sessionId)
  const isAdded = new Set(planned.added)
  return { ...planned, present: ordered.map(({ id }) => id).filter((id) => !isAdded.has(id)) }
}

type Planning = GraphSpec & { readonly dependsOn: readonly string[] }

/** The nodes in an order in which they can be added. */
function soundOrder(specs: readonly GraphSpec[]): readonly Planning[] {
  const seen = new Set<string>()
  for (const { id } of specs) {
    if (seen.has(id)) throw graphInvalid(`"${id}" is there twice`, { id })
    seen.add(id)
  }
  const items = specs.map((spec): Planning => ({ ...spec, dependsOn: spec.dependsOn ?? [] }))
  const { ordered, cycle } = inDependencyOrder(items)
  if (cycle === null) return ordered
  const shown = cycle.length > cycleShownMax ? [...cycle.slice(0, cycleShownMax), '…'] : cycle
  throw graphInvalid(`these would wait for each other for ever: ${shown.join(' → ')}`, { cycle })
}

/** Ids of a cycle that the message shows; all are among the error's details. */
const cycleShownMax = 20

/** Whether the node is there as the plan has it. */
function isThere(state: ReadonlyState, { id, title, description, specId, dependsOn }: Planning): boolean {
  const task = taskOf(state, id)
  if (task === undefined) return false
  const differs = [
    ['title', task.title === title],
    ['description', (task.description ?? undefined) === description],
    ['specId', (task.specId ?? undefined) === specId],
    ['dependsOn', sameSet(task.dependsOn, dependsOn)],
  ].flatMap(([field, isSame]) => (isSame === true ? [] : [String(field)]))
  if (differs.length === 0) return true
  const what = differs.join(', ')
  throw graphInvalid(`"${id}" is there already, with another ${what}; task.describe changes it`, { id })
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name) => b.includes(name))
}

function checkDependencies(state: ReadonlyState, specs: readonly Planning[]): void {
  const planned = new Set(specs.map(({ id }) => id))
  for (const { id, dependsOn } of specs) {
    const unknown = dependsOn.find((other) => !planned.has(other) && taskOf(state, other) === undefined)
    if (unknown !== undefined)
      throw graphInvalid(`"${id}" depends on "${unknown}", which is not there`, { id })
  }
}

function addAll(
  transaction: LogTransaction,
  before: ReadonlyState,
  specs: readonly Planning[],
  { commandId, actor = 'user' }: PlanOptions,
  environment: RecordEnvironment,
): ReadonlyState {
  // One time for all: the order of a plan's nodes does not hang on how fast they were written.
  const time = environment.clock.now()
  const additions = specs.map(({ id: taskId, dependsOn, ...about }) => {
    const dependencies = dependsOn.length === 0 ? {} : { dependsOn: [...dependsOn] }
    const command: Command = { type: 'task.add', taskId, ...about, ...dependencies }
    const own = commandId === undefined ? environment.ids.uuid() : derivedIdOf(`${commandId}/${taskId}`)
    return { command, meta: { commandId: own, actor, time } }
  })
  const [first] = additions
  if (first === undefined) return before
  const { steps } = precededBy(before, first.command, first.meta, environment)
  // A copy of one's own: thousands of nodes are folded into it without copying all of them for each.
  const state = structuredClone(appendSteps(transaction, before, steps, environment)) as SessionState
  for (const { command, meta } of additions) {
    const { decision, recordedAt } = decideNow(transaction, state, command, meta, environment)
    if (!decision.ok) throw refused(decision.refusal)
    appendInto(transaction, state, { recordedAt, events: decision.events }, meta, environment)
  }
  return frozen(state)
}
