/**
 * The recovery machine: the six steps by which a session comes back after an interruption.
 *
 *     restoring ──restore──► validating ──validate──► resuming ──resume──► assessing ──assess──► planning
 *                                                                                                   │ plan
 *                                                              recovered (final) ◄──notify── notifying
 *
 *     every step ── fail ──► failed (final)
 *
 * The status is the step that is to be done next, so a recovery that is interrupted is taken up where it stood. Every
 * cell of status × command is in {@link recoveryTable}; this machine is made from that table.
 */
import { setup } from 'xstate'
import type { RecoveryStatus } from '../src/events/recovery.ts'
import { type RecoveryCommand, recoveryTable } from './recovery-table.ts'
import { namesOf } from './table.ts'

const definition = setup({
  // XState takes its types from the type of a value that is never read.
  types: {} as { events: RecoveryCommand },
})

/** One state of the machine: the row of the table, refusals left out. */
function stateOf(status: RecoveryStatus) {
  const row = recoveryTable[status]
  const on = namesOf(row).flatMap((command) => {
    const cell = row[command]
    return cell.kind === 'to' ? [[command, { target: cell.status }] as const] : []
  })
  return on.length === 0 ? ({ type: 'final' } as const) : { on: Object.fromEntries(on) }
}

/**
 * Makes a recovery machine: a passive one, that restores nothing by itself. Whoever recovers does a step, and tells it.
 *
 * @example
 * ```ts
 * const actor = createActor(createRecoveryMachine()).start()
 * actor.send({ type: 'recovery.restore' })
 * actor.getSnapshot().value // 'validating'
 * ```
 */
export function createRecoveryMachine() {
  return definition.createMachine({
    id: 'recovery',
    initial: 'restoring',
    states: {
      restoring: stateOf('restoring'),
      validating: stateOf('validating'),
      resuming: stateOf('resuming'),
      assessing: stateOf('assessing'),
      planning: stateOf('planning'),
      notifying: stateOf('notifying'),
      recovered: stateOf('recovered'),
      failed: stateOf('failed'),
    },
  })
}

/**
 * The recovery machine, ready for an actor of one's own or for a parent machine.
 *
 * @example
 * ```ts
 * const actor = createActor(recoveryMachine).start()
 * actor.getSnapshot().can({ type: 'recovery.notify' }) // false
 * ```
 */
export const recoveryMachine = createRecoveryMachine()
