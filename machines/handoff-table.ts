/**
 * The handoff machine's truth: what is decided for every command in every status, and why the refused ones are.
 * Shown as numbered rows in docs/spec/handoff.md.
 */
import type { HandoffStatus } from '../src/events/handoff.ts'
import { namesOf, type Refused, refused, type To, to } from './table.ts'

/** What a handoff can be told: the events of the machine. */
export type HandoffCommandName =
  | 'handoff.accept'
  | 'handoff.reject'
  | 'handoff.expire'
  | 'handoff.withdraw'
  | 'handoff.complete'

export type HandoffCommand = {
  readonly [Name in HandoffCommandName]: { readonly type: Name }
}[HandoffCommandName]

/** One decision of the table: where a command leads a handoff, or why it is refused. */
export type HandoffCell = To<HandoffStatus> | Refused

export type HandoffTable = Readonly<Record<HandoffStatus, Readonly<Record<HandoffCommandName, HandoffCell>>>>

/** The row of a handoff that nothing can happen to any more. */
function over(reason: string) {
  const no = refused(reason)
  return {
    'handoff.accept': no,
    'handoff.reject': no,
    'handoff.expire': no,
    'handoff.withdraw': no,
    'handoff.complete': no,
  } as const
}

const accepted = refused('it has been accepted already')

/**
 * What is decided for every command in every status of a handoff: the truth the handoff machine is made from.
 *
 * @example
 * ```ts
 * handoffTable.offered['handoff.accept'] // { kind: 'to', status: 'accepted' }
 * handoffTable.rejected['handoff.accept'] // { kind: 'refused', reason: 'it was rejected; hand the session off again' }
 * ```
 */
export const handoffTable = {
  offered: {
    'handoff.accept': to('accepted'),
    'handoff.reject': to('rejected'),
    'handoff.expire': to('expired'),
    'handoff.withdraw': to('withdrawn'),
    'handoff.complete': refused('it has not been accepted yet'),
  },
  accepted: {
    'handoff.accept': accepted,
    'handoff.reject': accepted,
    'handoff.expire': accepted,
    'handoff.withdraw': accepted,
    'handoff.complete': to('done'),
  },
  rejected: over('it was rejected; hand the session off again'),
  expired: over('its time is over; hand the session off again'),
  withdrawn: over('it was withdrawn; hand the session off again'),
  done: over('it is done'),
} as const satisfies HandoffTable

/**
 * Says why a handoff would refuse a command, or `null` when it would accept it.
 *
 * @example
 * ```ts
 * refusalOfHandoff('offered', 'handoff.complete') // 'it has not been accepted yet'
 * refusalOfHandoff('offered', 'handoff.accept') // null
 * ```
 */
export function refusalOfHandoff(status: HandoffStatus, command: HandoffCommandName): string | null {
  const cell: HandoffCell = handoffTable[status][command]
  return cell.kind === 'refused' ? cell.reason : null
}

/**
 * Lists what a handoff would accept now.
 *
 * @example
 * ```ts
 * acceptedByHandoff('accepted') // ['handoff.complete']
 * ```
 */
export function acceptedByHandoff(status: HandoffStatus): readonly HandoffCommandName[] {
  return namesOf(handoffTable[status]).filter((command) => refusalOfHandoff(status, command) === null)
}
