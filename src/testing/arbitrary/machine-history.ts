/**
 * Histories of any machine of XState 5: sequences of events of which the machine accepts each where it comes. Only its pure `transition` is
 * asked, so no actor is started, no action is run and no time passes.
 */
import fc from 'fast-check'
import { type AnyMachineSnapshot, type AnyStateMachine, initialTransition, transition } from 'xstate'
import { assertWhole, usage } from '../usage.ts'
import { describeHistory, shownAs } from './describe.ts'
import { leavingOut } from './leaving-out.ts'
import type { NearLegal } from './near-legal.ts'

/** Events that are made up for each one that is wanted: a machine accepts few of them in a state. */
const eventsPerStep = 4
/** Further events that are made up to find one that is not accepted. */
const othersMax = 10

/** An event as any machine takes it. */
export interface MachineEvent {
  readonly type: string
}

export interface MachineHistoryOptions<Event extends MachineEvent> {
  /** Events that the machine may be sent, such as `fc.oneof` of one arbitrary for each type. */
  readonly events: fc.Arbitrary<Event>
  /** Events of a history at most; 20 if left out. */
  readonly lengthMax?: number
  /** What the machine is started with, if it asks for anything. */
  readonly input?: unknown
}

/**
 * Histories of any XState 5 machine in which each event is accepted where it comes. They end early where the machine does, and shrink to few
 * events.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const events = fc.constantFrom(
 *   { type: 'handoff.accept' }, { type: 'handoff.reject' }, { type: 'handoff.complete' },
 * )
 * const histories = fc.sample(machineHistoryArbitrary(handoffMachine, { events }), { seed: 1, numRuns: 50 })
 * histories.some((history) => history[0]?.type === 'handoff.complete') // false (it has to be accepted first)
 * ```
 */
export function machineHistoryArbitrary<Event extends MachineEvent>(
  machine: AnyStateMachine,
  options: MachineHistoryOptions<Event>,
): fc.Arbitrary<readonly Event[]> {
  return walkedArbitrary(machine, options).map(({ accepted }) =>
    shownAs(accepted, () => describeHistory(accepted)),
  )
}

/** What is wrong with the one event that a machine does not accept. */
export const machineMistakes = ['repeated', 'wrong-order', 'not-now', 'unknown'] as const
export type MachineMistake = (typeof machineMistakes)[number]

/**
 * Histories of any XState 5 machine in which exactly one event is not accepted, and it is known which. What may be wrong with it:
 *
 * - `repeated`: it was accepted once, and comes again, as a second final event does;
 * - `wrong-order`: its time has not come yet;
 * - `not-now`: the state it comes in has no place for it;
 * - `unknown`: the machine knows no such event at all.
 *
 * @throws RangeError when the machine accepts everything in every state it came to.
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const events = fc.constantFrom({ type: 'handoff.accept' }, { type: 'handoff.complete' })
 * const [found] = fc.sample(nearLegalMachineHistoryArbitrary(handoffMachine, { events }), { seed: 1, numRuns: 1 })
 * typeof found?.history[found.wrongAt]?.type // 'string'
 * ```
 */
export function nearLegalMachineHistoryArbitrary<Event extends MachineEvent>(
  machine: AnyStateMachine,
  options: MachineHistoryOptions<Event>,
): fc.Arbitrary<NearLegal<Event | MachineEvent, MachineMistake>> {
  const others = fc.array(options.events, { minLength: 1, maxLength: othersMax })
  return fc
    .tuple(walkedArbitrary(machine, options), others, fc.constantFrom(...machineMistakes), fc.nat())
    .map(([walked, offered, wanted, from]) => {
      const { what, wrongAt, event } = mistakeIn(walked, offered, wanted, from)
      const { accepted } = walked
      const history = [...accepted.slice(0, wrongAt), event, ...accepted.slice(wrongAt)]
      return shownAs({ history, wrongAt, what }, () => `${what}:\n${describeHistory(history, wrongAt)}`)
    })
}

/** Ways through the machine, which shrink to short ones. */
function walkedArbitrary<Event extends MachineEvent>(
  machine: AnyStateMachine,
  { events, input, lengthMax = 20 }: MachineHistoryOptions<Event>,
): fc.Arbitrary<Walked<Event>> {
  assertWhole('lengthMax', lengthMax, 0)
  if (!(events instanceof fc.Arbitrary)) {
    throw usage('the events of a history are not given', 'give `events` as an arbitrary of fast-check')
  }
  const offered = fc.noBias(fc.array(events, { maxLength: lengthMax * eventsPerStep, size: 'max' }))
  return leavingOut(
    offered.map((candidates) => walk(machine, input, candidates, lengthMax)),
    ({ accepted }) => accepted,
    (left) => walk(machine, input, left, lengthMax),
  )
}

interface Walked<Event> {
  readonly accepted: readonly Event[]
  /** Where the machine stood before each of them, and at the end. */
  readonly snapshots: readonly AnyMachineSnapshot[]
}

function walk<Event extends MachineEvent>(
  machine: AnyStateMachine,
  input: unknown,
  offered: readonly Event[],
  lengthMax: number,
): Walked<Event> {
  let [snapshot] = initialTransition(machine, input)
  const snapshots: AnyMachineSnapshot[] = [snapshot]
  const accepted: Event[] = []
  for (const event of offered) {
    if (accepted.length >= lengthMax || snapshot.status !== 'active') break
    if (!isAccepted(snapshot, event)) continue
    ;[snapshot] = transition(machine, snapshot, event)
    accepted.push(event)
    snapshots.push(snapshot)
  }
  return { accepted, snapshots }
}

function isAccepted(snapshot: AnyMachineSnapshot, event: MachineEvent): boolean {
  return snapshot.status === 'active' && snapshot.can(event)
}

interface Wrong<Event> {
  readonly what: MachineMistake
  readonly wrongAt: number
  readonly event: Event | MachineEvent
}

/** A mistake of the wanted kind, else of another one. */
function mistakeIn<Event extends MachineEvent>(
  { accepted, snapshots }: Walked<Event>,
  offered: readonly Event[],
  wanted: MachineMistake,
  from: number,
): Wrong<Event> {
  const candidatesOf: Readonly<Record<MachineMistake, (place: number) => readonly (Event | MachineEvent)[]>> =
    {
      repeated: (place) => accepted.slice(0, place).reverse(),
      'wrong-order': (place) => accepted.slice(place + 1),
      'not-now': () => offered,
      unknown: () => [{ type: 'nobody.knows-this' }],
    }
  for (const what of [wanted, ...machineMistakes.toReversed()]) {
    for (let tried = 0; tried < snapshots.length; tried++) {
      const wrongAt = (from + tried) % snapshots.length
      const snapshot = snapshots[wrongAt]
      const event = candidatesOf[what](wrongAt).find(
        (candidate) => snapshot !== undefined && !isAccepted(snapshot, candidate),
      )
      if (event !== undefined) return { what, wrongAt, event }
    }
  }
  throw new RangeError('the machine accepts every event in every state it came to: nothing can be wrong')
}
