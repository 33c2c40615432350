/**
 * The session machine's truth: what is decided for every command in every status, and why the refused ones are.
 * Shown as numbered rows in docs/spec/session.md.
 */
import type { CommandType } from '../src/events/commands.ts'
import type { SessionStatus } from '../src/events/session.ts'
import { namesOf, type Refused, refused, type To, to } from './table.ts'

/**
 * What a session can be told to do: the events of the machine. Three of them stand for whole classes of commands:
 * `handoff.return` is the end of an offer that was not accepted, `work` is live work, `record` a fact that may arrive late, such as the usage of a call that returns after the session
 * was suspended. {@link sessionClassOf} tells the class of each command.
 */
export type SessionCommandName =
  | 'session.start'
  | 'session.describe'
  | 'session.configure'
  | 'session.suspend'
  | 'session.resume'
  | 'session.hand-off'
  | 'session.take-over'
  | 'handoff.return'
  | 'session.end'
  | 'session.fork'
  | 'session.recover'
  | 'model.switch'
  | 'checkpoint.create'
  | 'work'
  | 'record'

export type SessionCommand = {
  readonly [Name in SessionCommandName]: { readonly type: Name }
}[SessionCommandName]

/** What a session remembers beside its status. */
export interface SessionContext {
  /** Whether its first event has happened. Before it, nothing but `session.start` is accepted. */
  readonly started: boolean
  /** Fencing number of the holder: raised when the session is taken over, 1 again in a fork. */
  readonly epoch: number
}

/** Accepted before the session has begun; refused with this reason afterwards. */
interface Once {
  readonly kind: 'once'
  readonly status: SessionStatus
  readonly otherwise: string
}

/** One decision of the table: where a command leads a session that has begun, or why it is refused. */
export type SessionCell = To<SessionStatus> | Once | Refused

export type SessionTable = Readonly<Record<SessionStatus, Readonly<Record<SessionCommandName, SessionCell>>>>

const begun = 'it has begun already'
const notBegun = 'it has not begun; start it first'
const resumeFirst = refused('it is suspended; resume it first')
const offered = refused('it is offered to another agent; take it over, or resume it to withdraw the offer')
const ended = refused('it has ended; resume it first, or fork it')
const notOffered = refused('it has not been offered to another agent; hand it off first')

/**
 * What is decided for every command in every status of a session that has begun: the truth the session machine is made
 * from. A status or a command without its cell does not compile.
 *
 * @example
 * ```ts
 * sessionTable.active['session.suspend'] // { kind: 'to', status: 'suspended' }
 * sessionTable.suspended.work // { kind: 'refused', reason: 'it is suspended; resume it first' }
 * ```
 */
export const sessionTable = {
  active: {
    'session.start': { kind: 'once', status: 'active', otherwise: begun },
    'session.describe': to('active'),
    'session.configure': to('active'),
    'session.suspend': to('suspended'),
    'session.resume': refused('it is active already'),
    'session.hand-off': to('handed_off'),
    'session.take-over': notOffered,
    'handoff.return': notOffered,
    'session.end': to('ended'),
    'session.fork': to('active'),
    'session.recover': to('active'),
    'model.switch': to('active'),
    'checkpoint.create': to('active'),
    work: to('active'),
    record: to('active'),
  },
  suspended: {
    'session.start': refused(begun),
    'session.describe': to('suspended'),
    'session.configure': to('suspended'),
    'session.suspend': refused('it is suspended already'),
    'session.resume': to('active'),
    'session.hand-off': to('handed_off'),
    'session.take-over': notOffered,
    'handoff.return': notOffered,
    'session.end': to('ended'),
    'session.fork': to('active'),
    'session.recover': to('active'),
    'model.switch': resumeFirst,
    'checkpoint.create': to('suspended'),
    work: resumeFirst,
    record: to('suspended'),
  },
  handed_off: {
    'session.start': refused(begun),
    'session.describe': to('handed_off'),
    'session.configure': offered,
    'session.suspend': offered,
    'session.resume': to('active'),
    'session.hand-off': refused(
      'it is offered already; resume it to withdraw the offer, then hand it off again',
    ),
    'session.take-over': to('active'),
    'handoff.return': to('active'),
    'session.end': to('ended'),
    'session.fork': to('active'),
    'session.recover': offered,
    'model.switch': offered,
    'checkpoint.create': offered,
    work: offered,
    record: to('handed_off'),
  },
  ended: {
    'session.start': refused(begun),
    'session.describe': to('ended'),
    'session.configure': ended,
    'session.suspend': refused('it has ended; there is nothing left to suspend'),
    'session.resume': to('active'),
    'session.hand-off': ended,
    'session.take-over': ended,
    'handoff.return': ended,
    'session.end': refused('it has ended already'),
    'session.fork': to('active'),
    'session.recover': ended,
    'model.switch': ended,
    'checkpoint.create': ended,
    work: ended,
    record: to('ended'),
  },
} as const satisfies SessionTable

/**
 * The class of each command of a session: its own name, or one of `handoff.return`, `work` and `record`, under which the session machine knows it.
 * A new command without its class does not compile.
 *
 * @example
 * ```ts
 * sessionClassOf['task.start'] // 'work'
 * sessionClassOf['usage.record'] // 'record'
 * ```
 */
export const sessionClassOf = {
  'session.start': 'session.start',
  'session.describe': 'session.describe',
  'session.configure': 'session.configure',
  'session.suspend': 'session.suspend',
  'session.resume': 'session.resume',
  'session.hand-off': 'session.hand-off',
  'session.take-over': 'session.take-over',
  'session.end': 'session.end',
  'handoff.reject': 'handoff.return',
  'handoff.expire': 'handoff.return',
  'handoff.complete': 'record',
  'recovery.begin': 'session.recover',
  'recovery.record-step': 'record',
  'recovery.fail': 'record',
  'session.merge': 'work',
  'session.rewind': 'work',
  'session.redact': 'record',
  'session.fork': 'session.fork',
  'session.recover': 'session.recover',
  'model.switch': 'model.switch',
  'checkpoint.create': 'checkpoint.create',
  'prompt.submit': 'work',
  'reply.record': 'work',
  'turn.complete': 'work',
  'turn.interrupt': 'work',
  'task.add': 'work',
  'task.describe': 'work',
  'task.start': 'work',
  'task.enter-phase': 'work',
  'task.block': 'work',
  'task.unblock': 'work',
  'task.switch-context': 'work',
  'task.restore-context': 'work',
  'task.complete': 'work',
  'task.fail': 'work',
  'task.cancel': 'work',
  'task.recover': 'work',
  'tool.call': 'work',
  'tool.begin': 'work',
  'tool.return': 'work',
  'call.retry': 'work',
  'call.fail': 'work',
  'usage.record': 'record',
  'context.measure': 'record',
  'context.compact': 'record',
  'observation.record': 'record',
  'context.add': 'work',
  'context.retier': 'work',
  'context.discard': 'work',
  'context.defer': 'work',
  'context.archive': 'work',
  'context.restore': 'work',
  'context.request-summary': 'work',
  'focus.change': 'work',
  'decision.record': 'work',
  'context.summarize': 'record',
  'budget.forecast': 'record',
  'project.describe': 'record',
  'spec.update': 'record',
  'milestone.update': 'record',
  'user.describe': 'record',
  'system.describe': 'record',
  'server.describe': 'record',
  'checkpoint.archive': 'record',
  'machine.start': 'session.start',
  'machine.send': 'work',
  'machine.settle-effect': 'record',
  'machine.fire-timer': 'work',
  'machine.resume-timers': 'work',
  'machine.migrate': 'record',
  'machine.report-failure': 'record',
} as const satisfies Readonly<Record<CommandType, SessionCommandName>>

/**
 * Says why a command would be refused by a session, for error messages.
 *
 * Gives `null` when the machine would accept it. `context` is a session's own, of which only `started` matters.
 *
 * @example
 * ```ts
 * refusalOfSession('suspended', 'work', { started: true }) // 'it is suspended; resume it first'
 * refusalOfSession('active', 'work', { started: false }) // 'it has not begun; start it first'
 * ```
 */
export function refusalOfSession(
  status: SessionStatus,
  command: SessionCommandName,
  context: Pick<SessionContext, 'started'>,
): string | null {
  const cell: SessionCell = sessionTable[status][command]
  if (cell.kind === 'once') return context.started ? cell.otherwise : null
  if (!context.started) return notBegun
  return cell.kind === 'refused' ? cell.reason : null
}

/**
 * Lists the commands a session would accept now, for error messages that say what to do instead.
 *
 * @example
 * ```ts
 * acceptedBySession('active', { started: false }) // ['session.start']
 * ```
 */
export function acceptedBySession(
  status: SessionStatus,
  context: Pick<SessionContext, 'started'>,
): readonly SessionCommandName[] {
  return namesOf(sessionTable[status]).filter(
    (command) => refusalOfSession(status, command, context) === null,
  )
}
