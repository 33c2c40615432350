/** What deciding needs and gives. */
import type { DecidedEvent } from '../events/catalogue.ts'
import type { Command, CommandType } from '../events/commands.ts'
import type { Counters } from '../events/shapes.ts'
import type { ReadonlyState } from '../fold/state.ts'

/** The only things beside state and command that a decision may depend on. */
export interface DecisionContext {
  /** A fresh checkpoint id, for a command that names none. */
  checkpointId(): string
  /** The highest counters reported so far for a model call, in the session with its inherited prefix or in the whole home. */
  countedCall(callId: string, scope: 'session' | 'home'): Counters | null
}

/** Why a command was not accepted, as data. */
export interface Refusal {
  readonly command: CommandType
  /** What the command was about: the session, or `task SPEC-001`. */
  readonly subject: string
  readonly status: string
  readonly reason: string
  /** Commands that would be accepted now. */
  readonly accepted: readonly string[]
}

/** An accepted command with no events had nothing to add: what it says is already known. */
export type Decision =
  | { readonly ok: true; readonly events: readonly DecidedEvent[] }
  | { readonly ok: false; readonly refusal: Refusal }

export type Decider<T extends CommandType> = (
  state: ReadonlyState,
  command: Command<T>,
  context: DecisionContext,
) => Decision

export function accept(...events: readonly DecidedEvent[]): Decision {
  return { ok: true, events }
}

export function refuse(
  state: ReadonlyState,
  command: CommandType,
  reason: string,
  about: { readonly subject?: string; readonly status?: string; readonly accepted?: readonly string[] } = {},
): Decision {
  return {
    ok: false,
    refusal: {
      command,
      subject: about.subject ?? `session ${state.sessionId}`,
      status: about.status ?? (state.startedAt === null ? 'not started' : state.status),
      reason,
      accepted: about.accepted ?? [],
    },
  }
}

/** The fields of a command: the command without its type. */
export function fieldsOf<T extends CommandType>(command: Command<T>): Omit<Command<T>, 'type'> {
  const { type: _type, ...fields } = command
  return fields
}
