/** Recorded sessions as steps of Waymark's own machines. */
import type { AnyStateMachine } from 'xstate'
import { budgetMachine } from '../../../machines/budget.ts'
import { handoffMachine } from '../../../machines/handoff.ts'
import { recoveryMachine } from '../../../machines/recovery.ts'
import { sessionMachine } from '../../../machines/session.ts'
import { taskMachine } from '../../../machines/task.ts'
import { type MachineName, machineShape } from '../../decide/machine-shape.ts'
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { foldInto } from '../../fold/fold.ts'
import { initialState } from '../../fold/state.ts'
import type { EventLog } from '../../log/port.ts'
import { machineUse } from '../../replay/machine-path.ts'
import { type Move, watchOf } from '../../replay/machine-watch.ts'
import { usage } from '../usage.ts'
import type { Coverage } from './coverage.ts'
import { coverageOf, type RecordedHistory, type RecordedStep } from './recorded.ts'
import { shortTextOf } from './spell.ts'

const machines: Readonly<Record<MachineName, AnyStateMachine>> = {
  task: taskMachine,
  budget: budgetMachine,
  session: sessionMachine,
  handoff: handoffMachine,
  recovery: recoveryMachine,
}

/**
 * Tells which parts of one of Waymark's own machines the sessions of a log came through: which transitions of a task, say, production
 * never took. What else moved it, such as a rewind, is listed as `outside`.
 *
 * @param sessionIds the sessions to look at; all of the log if left out
 * @throws SessionNotFound; DamagedRecord; WaymarkError `USAGE` for a machine that is none of Waymark's own
 *
 * @example
 * ```ts
 * import { play } from 'waymark/testing'
 * const log = new MemoryLog()
 * const { sessionId } = await play(log, [
 *   { type: 'session.start' },
 *   { type: 'task.add', taskId: 'A', title: 'Log in' },
 *   { type: 'task.start', taskId: 'A' },
 *   { type: 'task.complete', taskId: 'A' },
 * ])
 * const { transitions } = await coverageOfSessions(log, 'task', [sessionId])
 * transitions.filter(({ count }) => count > 0).map(({ name }) => name)
 * // ['pending: task.start → in_progress', 'in_progress: task.complete → completed']
 * ```
 */
export async function coverageOfSessions(
  log: EventLog,
  machine: MachineName,
  sessionIds?: readonly string[],
): Promise<Coverage> {
  checkIsOwn(machine)
  const steps: Steps = new Map()
  for await (const sessionId of sessionIds ?? sessionsOf(log)) {
    const { use } = await machineUse(log, sessionId, machine)
    if (use.begun > 0) begin(steps, machine, use.begun)
    for (const made of use.transitions) add(steps, made)
  }
  return coverageOf(machines[machine], steps.values())
}

/** Whoever writes no types may give a machine itself. */
function checkIsOwn(machine: unknown): void {
  if (typeof machine === 'string' && Object.hasOwn(machines, machine)) return
  const isNamed = typeof machine === 'object' && machine !== null && 'id' in machine
  throw usage(
    `${shortTextOf(isNamed ? machine.id : machine)} is none of Waymark's own machines`,
    `name one of them: ${Object.keys(machines).join(', ')}; for a machine of yours that runs on the log there is \`coverageOfMachine\``,
  )
}

async function* sessionsOf(log: EventLog): AsyncIterable<string> {
  for await (const page of log.streams()) {
    for (const { sessionId } of page) yield sessionId
  }
}

/**
 * The steps that one session's events, from the first on, stand for in one of Waymark's own machines: for `coverageOf`.
 *
 * @example
 * ```ts
 * import { coverageOf, play } from 'waymark/testing'
 * const log = new MemoryLog()
 * const { sessionId } = await play(log, [{ type: 'session.start' }, { type: 'session.suspend' }])
 * for await (const events of log.read(sessionId)) {
 *   coverageOf(sessionMachine, stepsOfEvents('session', events)).transitions.filter(({ count }) => count > 0).length // 2
 * }
 * ```
 */
export function stepsOfEvents(machine: MachineName, events: Iterable<LoggedEvent>): readonly Recorded[] {
  checkIsOwn(machine)
  const steps: Steps = new Map()
  const watch = watchOf(machine, undefined)
  let state: ReturnType<typeof initialState> | null = null
  const addMoves = (moves: readonly Move[]): void => {
    for (const { from, event, to } of moves) {
      if (from === null) begin(steps, machine, 1)
      else add(steps, { from, event, to, count: 1 })
    }
  }
  for (const event of events) {
    state ??= initialState(event.sessionId)
    const folded = state
    if (isKnown(event)) addMoves(watch.moves(folded, event, () => foldInto(folded, [event])))
    else foldInto(folded, [event])
  }
  addMoves(watch.end())
  return [...steps.values()]
}

type Recorded = RecordedStep | RecordedHistory
type Steps = Map<string, Recorded>

interface Made {
  readonly from: string
  readonly event: string
  readonly to: string
  readonly count: number
}

/** Where a machine is there before its first event, that event is a step of it; else it begins without one. */
function begin(steps: Steps, machine: MachineName, count: number): void {
  const { begins, initial } = machineShape(machine)
  if (begins === null) steps.set('', [])
  else add(steps, { from: initial, event: begins, to: initial, count })
}

function add(steps: Steps, { from, event, to, count }: Made): void {
  const key = `${from} ${event} ${to}`
  const known = steps.get(key)
  const before = known !== undefined && 'count' in known ? known.count : 0
  steps.set(key, { value: from, event: { type: event }, next: to, accepted: true, count: before + count })
}
