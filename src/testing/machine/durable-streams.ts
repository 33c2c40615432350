/** Machines that run on the log, as steps: which of their transitions did production never take? */
import type { AnyEventObject, AnyStateMachine, StateValue } from 'xstate'
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { fold, frozen } from '../../fold/fold.ts'
import { initialState, type RecordedMachine } from '../../fold/state.ts'
import type { EventLog } from '../../log/port.ts'
import type { Coverage } from './coverage.ts'
import { checkIsMachine } from './given.ts'
import { coverageOf, type RecordedStep } from './recorded.ts'

/**
 * Tells which parts of a machine its streams in a log came through, whatever process ran it: timers that fired and effects that settled are
 * steps too. What its children did is theirs. Steps of a version that did otherwise are listed as `outside`.
 *
 * @param sessionIds the streams to look at; all of the machine's id if left out
 * @throws SessionNotFound; DamagedRecord; WaymarkError `USAGE` for what is no machine
 *
 * @example
 * ```ts
 * import { durable } from 'waymark'
 * import { coverageOfMachine } from 'waymark/testing'
 * const actor = await durable(doorMachine, { log: waymark, id: 'door-1' })
 * await actor.send({ type: 'OPEN' })
 * await actor.stop()
 * const { transitions } = await coverageOfMachine(waymark.log, doorMachine)
 * transitions.filter(({ count }) => count === 0).map(({ name }) => name) // ['open: SHUT → shut']
 * ```
 */
export async function coverageOfMachine<Machine extends AnyStateMachine>(
  log: EventLog,
  machine: Machine,
  sessionIds?: readonly string[],
): Promise<Coverage> {
  checkIsMachine(machine)
  const steps: RecordedStep[] = []
  for await (const sessionId of sessionIds ?? streamsOf(log, machine.id)) {
    let state = frozen(initialState(sessionId))
    for await (const page of log.read(sessionId)) {
      for (const event of page) {
        const before = state.machine
        state = fold(state, [event])
        const step = stepOf(event, before, state.machine)
        if (step !== null) steps.push(step)
      }
    }
  }
  return coverageOf(machine, steps)
}

async function* streamsOf(log: EventLog, machineId: string): AsyncIterable<string> {
  for await (const page of log.streams()) {
    for (const { sessionId, summary } of page) if (summary?.machine?.machineId === machineId) yield sessionId
  }
}

function stepOf(
  event: LoggedEvent,
  before: RecordedMachine | undefined,
  after: RecordedMachine | undefined,
): RecordedStep | null {
  const came = before === undefined ? null : cameOf(event, before)
  if (came === null || before === undefined || after === undefined) return null
  const { value, context } = before.snapshot
  // A recorded state has the shape that XState persists.
  return {
    value: value as StateValue,
    context: structuredClone(context) as object,
    event: structuredClone(came) as AnyEventObject,
    next: after.snapshot.value as StateValue,
    accepted: true,
  }
}

/** What reached the machine itself with an event; `null` where nothing did. */
function cameOf(event: LoggedEvent, before: RecordedMachine): object | null {
  if (!isKnown(event)) return null
  switch (event.type) {
    case 'machine.transitioned':
      return (event.data.to ?? []).length === 0 ? event.data.event : null
    case 'machine.timer-fired': {
      const timer = before.timers[event.data.timerId]
      return timer !== undefined && timer.target.length === 0 ? timer.event : null
    }
    case 'machine.effect-settled': {
      const { effectId, outcome, output, error } = event.data
      const [child, ...deeper] = before.effects[effectId]?.path ?? []
      if (child === undefined || deeper.length > 0) return null
      const type = `xstate.${outcome}.actor.${child}`
      return outcome === 'done' ? { type, output, actorId: child } : { type, error, actorId: child }
    }
    default:
      return null
  }
}
