/** Begins the stream of a machine, or takes it up: what `durable()` stands on. */
import type { DurableMachine } from '../decide/durable/port.ts'
import { type Command, parseCommand } from '../events/commands.ts'
import type { CommandMeta, LoggedEvent } from '../events/envelope.ts'
import { kindOf } from '../fold/kinds.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { loadState } from '../replay/load.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import type { SessionHost } from './host.ts'
import { record } from './record.ts'

export interface MachineRequest {
  /** The machine at hand. What is sent to the session that is opened is decided with it. */
  readonly machine: DurableMachine
  readonly sessionId: string
  /** Begins the stream where it is not there; without it, only a stream that is there is opened. */
  readonly start?: Command<'machine.start'>
  readonly meta?: CommandMeta
}

export interface OpenedStream {
  readonly state: ReadonlyState
  /** What was recorded to begin it; empty where it was there already. */
  readonly first: readonly LoggedEvent[]
}

/** A home's host, for the sessions of one machine. */
export function hostWith(host: SessionHost, machine: DurableMachine): SessionHost {
  return { ...host, environment: { ...host.environment, machine } }
}

/** @throws SessionNotFound, CommandRefused, WaymarkError `MACHINE_MISMATCH` for a stream in which no machine runs */
export async function openStream(host: SessionHost, request: MachineRequest): Promise<OpenedStream> {
  const { sessionId } = request
  const begun = request.start === undefined ? null : await begin(host, request, request.start)
  if (begun !== null) return begun
  const { state } = await loadState(host.log, sessionId)
  if (kindOf(state) === 'machine') return { state, first: [] }
  throw new WaymarkError('MACHINE_MISMATCH', {
    message: `session ${sessionId} is the stream of a session: no machine runs in it`,
    hint: 'run the machine under an id of its own',
    details: { sessionId },
  })
}

/** `null` where the stream is there already, perhaps since a moment ago. */
async function begin(
  host: SessionHost,
  { sessionId, meta = {} }: MachineRequest,
  start: Command<'machine.start'>,
): Promise<OpenedStream | null> {
  if ((await host.log.stream(sessionId)) !== null) return null
  const command = parseCommand(start)
  const begun = await host.log.transact((transaction) => {
    if (transaction.stream(sessionId) !== null) return null
    const request = { sessionId, command, meta, expectedVersion: 'no-stream' } as const
    const { state, events } = record(transaction, null, request, host.environment)
    host.writers?.take(transaction, state)
    takeKeyframeIfDue(transaction, state)
    return { state, first: events }
  })
  if (begun === null) return null
  host.writers?.committed(begun.state)
  host.appended(sessionId)
  return begun
}
