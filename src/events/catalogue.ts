/** Every event there is: its schema, the version of its shape, and the command whose batch it opens. */
import type { z } from 'zod'
import { branchEvents } from './branch.ts'
import { type Command, type CommandType, commandSchemas } from './commands.ts'
import { contextEvents } from './context.ts'
import { handoffEvents } from './handoff.ts'
import { knowledgeEvents } from './knowledge.ts'
import { machineEvents } from './machine.ts'
import { recoveryEvents } from './recovery.ts'
import { sessionEvents, turnEvents } from './session.ts'
import { taskEvents } from './task.ts'
import { usageEvents } from './usage.ts'
import { checkpointEvents, failureEvents, observationEvents, toolEvents } from './work.ts'

export const eventSchemas = {
  ...sessionEvents,
  ...handoffEvents,
  ...recoveryEvents,
  ...branchEvents,
  ...turnEvents,
  ...taskEvents,
  ...usageEvents,
  ...contextEvents,
  ...knowledgeEvents,
  ...toolEvents,
  ...failureEvents,
  ...checkpointEvents,
  ...observationEvents,
  ...machineEvents,
}

export type EventType = keyof typeof eventSchemas
export type EventData<T extends EventType> = z.infer<(typeof eventSchemas)[T]>

/** A fact that has been decided but not yet recorded. */
export type DecidedEvent<T extends EventType = EventType> = { [K in T]: { type: K; data: EventData<K> } }[T]

export const eventTypes = Object.keys(eventSchemas) as EventType[]

export function isEventType(type: string): type is EventType {
  return Object.hasOwn(eventSchemas, type)
}

/** The version of each type's shape as it is written today; a type not named here is at its first. */
const schemaVersions: Readonly<Partial<Record<EventType, number>>> = { 'task.failed': 2 }

export function schemaVersionOf(type: EventType): number {
  return schemaVersions[type] ?? 1
}

/** Events that a reader of another version may pass over without losing the session's meaning. */
export const ignorableTypes: ReadonlySet<EventType> = new Set(['observation.recorded'])

/** Events that tidy a session up. They are no work in it: no policy follows from them, and it looks as old as before. */
export const tidyingTypes: ReadonlySet<string> = new Set<EventType>([
  'checkpoint.archived',
  'session.redacted',
])

/**
 * The command whose batch an event of this type opens. Events that only ever follow (`null`) are consequences:
 * `task.warned` follows a reading of the window, never a command of its own.
 */
export const openedBy = {
  'session.started': 'session.start',
  'session.described': 'session.describe',
  'session.configured': 'session.configure',
  'session.suspended': 'session.suspend',
  'session.resumed': 'session.resume',
  'session.handed-off': 'session.hand-off',
  'session.taken-over': 'session.take-over',
  'session.ended': 'session.end',
  'session.forked': 'session.fork',
  'session.recovered': 'session.recover',
  'handoff.rejected': 'handoff.reject',
  'handoff.expired': 'handoff.expire',
  'handoff.completed': 'handoff.complete',
  'recovery.began': 'recovery.begin',
  'recovery.step-recorded': 'recovery.record-step',
  'recovery.failed': 'recovery.fail',
  'session.merged': 'session.merge',
  'session.rewound': 'session.rewind',
  'session.redacted': 'session.redact',
  'prompt.submitted': 'prompt.submit',
  'reply.recorded': 'reply.record',
  'turn.completed': 'turn.complete',
  'turn.interrupted': 'turn.interrupt',
  'task.added': 'task.add',
  'task.described': 'task.describe',
  'task.started': 'task.start',
  'task.phase-entered': 'task.enter-phase',
  'task.blocked': 'task.block',
  'task.unblocked': 'task.unblock',
  'task.context-switched': 'task.switch-context',
  'task.context-restored': 'task.restore-context',
  'task.completed': 'task.complete',
  'task.failed': 'task.fail',
  'task.cancelled': 'task.cancel',
  'task.recovered': 'task.recover',
  'task.warned': null,
  'task.relieved': null,
  'usage.recorded': 'usage.record',
  'context.measured': 'context.measure',
  'context.compacted': 'context.compact',
  'model.switched': 'model.switch',
  'budget.phase-changed': null,
  'budget.forecasted': 'budget.forecast',
  'budget.allocation-overrun': null,
  'budget.allocation-relieved': null,
  'context.added': 'context.add',
  'context.retiered': 'context.retier',
  'context.discarded': 'context.discard',
  'context.deferred': 'context.defer',
  'context.archived': 'context.archive',
  'context.restored': 'context.restore',
  'context.summary-requested': 'context.request-summary',
  'context.summarized': 'context.summarize',
  'focus.changed': 'focus.change',
  'decision.recorded': 'decision.record',
  'project.described': 'project.describe',
  'spec.updated': 'spec.update',
  'milestone.updated': 'milestone.update',
  'user.described': 'user.describe',
  'system.described': 'system.describe',
  'server.described': 'server.describe',
  'tool.called': 'tool.call',
  'tool.began': 'tool.begin',
  'tool.returned': 'tool.return',
  'call.retried': 'call.retry',
  'call.failed': 'call.fail',
  'checkpoint.created': 'checkpoint.create',
  'checkpoint.archived': 'checkpoint.archive',
  'observation.recorded': 'observation.record',
  'machine.started': 'machine.start',
  'machine.transitioned': 'machine.send',
  'machine.event-ignored': 'machine.send',
  'machine.effect-settled': 'machine.settle-effect',
  'machine.timer-fired': 'machine.fire-timer',
  'machine.timers-resumed': 'machine.resume-timers',
  'machine.migrated': 'machine.migrate',
  'machine.action-failed': 'machine.report-failure',
} as const satisfies Record<EventType, CommandType | null>

/** Fields that a decision fills in when the command leaves them out; the event carries them, so `commandOf` has them too. */
export const filledInBy: Readonly<Partial<Record<CommandType, readonly string[]>>> = {
  'checkpoint.create': ['checkpointId', 'trigger', 'phase', 'gitHead', 'gitBranch', 'gitDirty'],
  'context.add': ['tag'],
  'session.hand-off': ['handoffId', 'fromAgent'],
  'handoff.reject': ['handoffId'],
  'handoff.expire': ['handoffId'],
  'handoff.complete': ['handoffId'],
  'task.recover': ['checkpointId'],
}

/**
 * The command that a batch answers, read back from its first event: the event carries every field of its command.
 * Gives `null` for an event that opens no batch.
 *
 * @example
 * ```ts
 * commandOf({ type: 'task.started', data: { taskId: 'A', status: 'in_progress' } }) // { type: 'task.start', taskId: 'A' }
 * ```
 */
export function commandOf(first: DecidedEvent): Command | null {
  const type = openedBy[first.type]
  if (type === null) return null
  const fields: Record<string, unknown> = { type }
  for (const key of Object.keys(commandSchemas[type].shape)) {
    const value = (first.data as Record<string, unknown>)[key]
    if (value !== undefined) fields[key] = value
  }
  // The event's schema is its command's schema and more, so these fields are the command's own.
  return fields as Command
}
