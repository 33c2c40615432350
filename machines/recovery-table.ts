/**
 * The recovery machine's truth: what is decided for every command in every status, and why the refused ones are.
 * Shown as numbered rows in docs/spec/recovery.md.
 */
import type { RecoveryStatus } from '../src/events/recovery.ts'
import { namesOf, type Refused, refused, type To, to } from './table.ts'

/** What a recovery can be told: that a step is done, or that it cannot go on. They are the events of the machine. */
export type RecoveryCommandName =
  | 'recovery.restore'
  | 'recovery.validate'
  | 'recovery.resume'
  | 'recovery.assess'
  | 'recovery.plan'
  | 'recovery.notify'
  | 'recovery.fail'

export type RecoveryCommand = {
  readonly [Name in RecoveryCommandName]: { readonly type: Name }
}[RecoveryCommandName]

/** One decision of the table: where a command leads a recovery, or why it is refused. */
export type RecoveryCell = To<RecoveryStatus> | Refused

export type RecoveryTable = Readonly<
  Record<RecoveryStatus, Readonly<Record<RecoveryCommandName, RecoveryCell>>>
>

const steps = [
  ['restoring', 'recovery.restore'],
  ['validating', 'recovery.validate'],
  ['resuming', 'recovery.resume'],
  ['assessing', 'recovery.assess'],
  ['planning', 'recovery.plan'],
  ['notifying', 'recovery.notify'],
] as const satisfies readonly (readonly [RecoveryStatus, RecoveryCommandName])[]

/** The row of a step that is to be done: its own command leads on, those before are done, those after must wait. */
function stepRow(at: number): Readonly<Record<RecoveryCommandName, RecoveryCell>> {
  const cellOf = (index: number): RecoveryCell => {
    if (index < at) return refused('this step is done already')
    if (index > at) return refused(`the step before it is missing: ${steps[at]?.[1]}`)
    return to(steps[index + 1]?.[0] ?? 'recovered')
  }
  return {
    'recovery.restore': cellOf(0),
    'recovery.validate': cellOf(1),
    'recovery.resume': cellOf(2),
    'recovery.assess': cellOf(3),
    'recovery.plan': cellOf(4),
    'recovery.notify': cellOf(5),
    'recovery.fail': to('failed'),
  }
}

function over(reason: string): Readonly<Record<RecoveryCommandName, Refused>> {
  const no = refused(reason)
  return {
    'recovery.restore': no,
    'recovery.validate': no,
    'recovery.resume': no,
    'recovery.assess': no,
    'recovery.plan': no,
    'recovery.notify': no,
    'recovery.fail': no,
  }
}

/**
 * What is decided for every command in every status of a recovery: the truth the recovery machine is made from.
 *
 * @example
 * ```ts
 * recoveryTable.restoring['recovery.restore'] // { kind: 'to', status: 'validating' }
 * recoveryTable.restoring['recovery.plan'].kind // 'refused'
 * ```
 */
export const recoveryTable: RecoveryTable = {
  restoring: stepRow(0),
  validating: stepRow(1),
  resuming: stepRow(2),
  assessing: stepRow(3),
  planning: stepRow(4),
  notifying: stepRow(5),
  recovered: over('the session has been recovered'),
  failed: over('the recovery has failed; begin another one'),
}

/**
 * Says why a recovery would refuse a command, or `null` when it would accept it.
 *
 * @example
 * ```ts
 * refusalOfRecovery('validating', 'recovery.restore') // 'this step is done already'
 * refusalOfRecovery('validating', 'recovery.validate') // null
 * ```
 */
export function refusalOfRecovery(status: RecoveryStatus, command: RecoveryCommandName): string | null {
  const cell = recoveryTable[status][command]
  return cell.kind === 'refused' ? cell.reason : null
}

/**
 * Lists what a recovery would accept now.
 *
 * @example
 * ```ts
 * acceptedByRecovery('planning') // ['recovery.plan', 'recovery.fail']
 * ```
 */
export function acceptedByRecovery(status: RecoveryStatus): readonly RecoveryCommandName[] {
  return namesOf(recoveryTable[status]).filter((command) => refusalOfRecovery(status, command) === null)
}
