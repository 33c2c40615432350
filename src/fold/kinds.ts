/** The kinds of streams: which event opens one, and what it has beside a session's commands and state. */
import type { EventType } from '../events/catalogue.ts'
import type { CommandType } from '../events/commands.ts'
import type { SessionState } from './state.ts'

export interface StreamKind {
  /** The command that begins a stream of this kind. */
  readonly beginsWith: CommandType
  /** The event that is its first. */
  readonly opens: EventType
  /** The nouns of commands and events that no other kind has. */
  readonly nouns: readonly string[]
  /** The part of its state that no other kind has. */
  readonly part: keyof SessionState | null
}

/** Every kind takes the commands of a session as well: tokens and tasks can stand beside a machine's states. */
export const streamKinds = {
  session: { beginsWith: 'session.start', opens: 'session.started', nouns: [], part: null },
  machine: { beginsWith: 'machine.start', opens: 'machine.started', nouns: ['machine'], part: 'machine' },
} as const satisfies Readonly<Record<string, StreamKind>>

export type KindName = keyof typeof streamKinds

/** The kind of the stream that a state is of. A stream that has not begun is a session's. */
export function kindOf(state: { readonly machine?: unknown }): KindName {
  return state.machine === undefined ? 'session' : 'machine'
}

const kinds: readonly StreamKind[] = Object.values(streamKinds)

/** Whether a command begins a stream. */
export function beginsStream(type: CommandType): boolean {
  return kinds.some(({ beginsWith }) => beginsWith === type)
}
