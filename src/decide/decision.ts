/** What deciding needs and gives. */
import type { DecidedEvent } from '../events/catalogue.ts'
import type { Command, CommandType } from '../events/commands.ts'
import type { Counters } from '../events/shapes.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { DurableMachine } from './durable/port.ts'
import { type Machines, standardMachines } from './machines.ts'

/** What a repository said of itself lately. */
export interface RepositoryNote {
  readonly head: string
  readonly branch: string | null
  readonly dirty: boolean
}

/** The only things beside state and command that a decision may depend on. */
export interface DecisionContext {
  /** When it happens, ISO 8601. */
  readonly now: string
  /** A fresh checkpoint id, for a command that names none. */
  checkpointId(): string
  /** A fresh handoff id, for a command that names none. */
  handoffId(): string
  /** The repository that is worked in, for a checkpoint that names no commit. */
  repository?(): RepositoryNote | null
  /** The highest counters reported so far for a model call, in the session with its inherited prefix or in the whole home. */
  countedCall(callId: string, scope: 'session' | 'home'): Counters | null
  /** The machines that are asked; {@link standardMachines} where none are given. */
  readonly machines?: Machines
  /** The machine whose stream it is; its commands are refused without it. */
  readonly machine?: DurableMachine
}

/** The machines of a decision. */
export function machinesOf({ machines }: Pick<DecisionContext, 'machines'>): Machines {
  return machines ?? standardMachines
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
  /** All that is missing: with a young checkpoint the command would be accepted. */
  readonly obligation?: 'checkpoint'
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
  about: Partial<Pick<Refusal, 'subject' | 'status' | 'accepted' | 'obligation'>> = {},
): Decision {
  return {
    ok: false,
    refusal: {
      command,
      subject: about.subject ?? `session ${state.sessionId}`,
      status: about.status ?? (state.startedAt === null ? 'not started' : state.status),
      reason,
      accepted: about.accepted ?? [],
      ...(about.obligation === undefined ? {} : { obligation: about.obligation }),
    },
  }
}

/** The fields of a command: the command without its type. */
export function fieldsOf<T extends CommandType>(command: Command<T>): Omit<Command<T>, 'type'> {
  const { type: _type, ...fields } = command
  return fields
}
