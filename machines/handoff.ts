/**
 * The handoff machine: how an offer of a session to another agent ends.
 *
 *                      accept              complete
 *          offered ──────────────► accepted ──────► done (final)
 *             │
 *             ├── reject ─────► rejected  (final)
 *             ├── expire ─────► expired   (final)
 *             └── withdraw ───► withdrawn (final)
 *
 * Accepting makes the agent the holder of the session and raises its epoch, so that the one before can write no more.
 * After the other ends the session goes on with the holder it had. Every cell of status × command is in
 * {@link handoffTable}; this machine is made from that table.
 */
import { setup } from 'xstate'
import type { HandoffStatus } from '../src/events/handoff.ts'
import { type HandoffCell, type HandoffCommand, handoffTable } from './handoff-table.ts'
import { namesOf } from './table.ts'

const definition = setup({
  // XState takes its types from the type of a value that is never read.
  types: {} as { events: HandoffCommand },
})

/** One state of the machine: the row of the table, refusals left out. */
function stateOf(status: HandoffStatus) {
  const row: Readonly<Record<HandoffCommand['type'], HandoffCell>> = handoffTable[status]
  const on = namesOf(row).flatMap((command) => {
    const cell = row[command]
    return cell.kind === 'to' ? [[command, { target: cell.status }] as const] : []
  })
  return on.length === 0 ? ({ type: 'final' } as const) : { on: Object.fromEntries(on) }
}

/**
 * Makes a handoff machine: a passive one, that runs no effect, reads no clock and starts nothing by itself. Whether an
 * offer's time is over is for the caller to say.
 *
 * @example
 * ```ts
 * const actor = createActor(createHandoffMachine()).start()
 * actor.send({ type: 'handoff.accept' })
 * actor.getSnapshot().value // 'accepted'
 * ```
 */
export function createHandoffMachine() {
  return definition.createMachine({
    id: 'handoff',
    initial: 'offered',
    states: {
      offered: stateOf('offered'),
      accepted: stateOf('accepted'),
      rejected: stateOf('rejected'),
      expired: stateOf('expired'),
      withdrawn: stateOf('withdrawn'),
      done: stateOf('done'),
    },
  })
}

/**
 * The handoff machine, ready for an actor of one's own or for a parent machine.
 *
 * @example
 * ```ts
 * const actor = createActor(handoffMachine).start()
 * actor.getSnapshot().can({ type: 'handoff.complete' }) // false
 * ```
 */
export const handoffMachine = createHandoffMachine()
