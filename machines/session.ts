/**
 * The session machine: what may happen to one session of an agent.
 *
 *           start (once)
 *                │
 *                ▼            suspend
 *             active ─────────────────────────► suspended
 *              │  ▲  ◄─────────────────────────    │
 *              │  │       resume, recover          │
 *     hand-off │  │ take-over (epoch + 1)          │ hand-off
 *              │  │ resume (offer withdrawn)       │
 *              │  │ handoff.return (not accepted)  │
 *              ▼  │                                │
 *           handed_off ◄───────────────────────────┘
 *
 *     active, suspended, handed_off ── end ──► ended ── resume ──► active
 *     every status ── fork ──► active, with epoch 1
 *     every status: describe and record change nothing, because facts may arrive late
 *     active only: work, model.switch        active and suspended: configure, checkpoint.create
 *
 * A session is in `active` before its first event; `started` tells the difference. A fork is a session of its own that
 * begins with its parent's events, so `session.fork` is asked of the child in the status it inherited, and it is
 * active afterwards. An ended session can be picked up again, so no state is final. Every cell of status × command is in
 * {@link sessionTable}; this machine is made from that table.
 */
import { assign, setup } from 'xstate'
import type { SessionStatus } from '../src/events/session.ts'
import { type SessionCell, type SessionCommand, type SessionContext, sessionTable } from './session-table.ts'
import { namesOf } from './table.ts'

/**
 * The context of a session before its first event.
 *
 * @example
 * ```ts
 * const suspended = { value: 'suspended', context: { ...initialSessionContext, started: true } }
 * sessionMachine.resolveState(suspended).can({ type: 'session.resume' }) // true
 * ```
 */
export const initialSessionContext: SessionContext = { started: false, epoch: 1 }

/** The context after an accepted command. */
function contextAfter(context: SessionContext, command: SessionCommand): SessionContext {
  switch (command.type) {
    case 'session.start':
      return { ...context, started: true }
    case 'session.take-over':
      return { ...context, epoch: context.epoch + 1 }
    case 'session.fork':
      return { ...context, epoch: 1 }
    default:
      return context
  }
}

const definition = setup({
  // XState takes its types from the type of a value that is never read.
  types: {} as { context: SessionContext; events: SessionCommand },
  guards: {
    started: ({ context }) => context.started,
    notStarted: ({ context }) => !context.started,
  },
  actions: {
    remember: assign(({ context, event }) => contextAfter(context, event)),
  },
})

/** The transition of a cell; none for a refusal. Where the status does not change, the target is the status itself. */
function transitionsOf(cell: SessionCell) {
  switch (cell.kind) {
    case 'to':
      return [{ guard: 'started', target: cell.status, actions: 'remember' }] as const
    case 'once':
      return [{ guard: 'notStarted', target: cell.status, actions: 'remember' }] as const
    case 'refused':
      return [] as const
  }
}

/** One state of the machine: the row of the table, refusals left out. */
function stateOf(status: SessionStatus) {
  const row: Readonly<Record<SessionCommand['type'], SessionCell>> = sessionTable[status]
  const accepted = namesOf(row).filter((command) => row[command].kind !== 'refused')
  return { on: Object.fromEntries(accepted.map((command) => [command, transitionsOf(row[command])])) }
}

/**
 * Makes a session machine: a passive one, that runs no effect, reads no clock and starts nothing by itself.
 *
 * It accepts {@link SessionCommand}s and ignores those its table refuses, as XState does; ask `snapshot.can(command)` or
 * {@link refusalOfSession} first to hear why. No state is final.
 *
 * @example
 * ```ts
 * const actor = createActor(createSessionMachine()).start()
 * actor.send({ type: 'session.start' })
 * actor.send({ type: 'session.suspend' })
 * actor.getSnapshot().can({ type: 'work' }) // false
 * ```
 */
export function createSessionMachine() {
  return definition.createMachine({
    id: 'session',
    context: initialSessionContext,
    initial: 'active',
    states: {
      active: stateOf('active'),
      suspended: stateOf('suspended'),
      handed_off: stateOf('handed_off'),
      ended: stateOf('ended'),
    },
  })
}

/**
 * The session machine, ready for an actor of one's own or for a parent machine.
 *
 * @example
 * ```ts
 * const actor = createActor(sessionMachine).start()
 * actor.send({ type: 'session.start' })
 * actor.getSnapshot().context // { started: true, epoch: 1 }
 * ```
 */
export const sessionMachine = createSessionMachine()
