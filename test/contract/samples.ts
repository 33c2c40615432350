/** Small events, summaries and snapshots for tests of logs, and ways to read a log whole. */
import type { EventData, EventType } from '../../src/events/catalogue.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { initialState } from '../../src/fold/state.ts'
import type { StreamSummary } from '../../src/fold/summary.ts'
import { summaryOf } from '../../src/fold/summary.ts'
import { eventIdOf, seeded } from '../../src/kernel/clock.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import type { EventLog, PendingEvent, StoredRow, StoredSnapshot, VersionRange } from '../../src/log/port.ts'

const { ids } = seeded(11)

/** A session id that depends on a name alone. */
export function sessionOf(name: string): string {
  const digits = sha256(name)
  const parts = [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20)]
  return `sess_${parts.join('-')}-${digits.slice(20, 32)}`
}

export const summary: StreamSummary = summaryOf(initialState(sessionOf('summary')))

interface About {
  readonly commandId?: string
  readonly index?: number
  readonly time?: string
  readonly actor?: string
}

export function pending<T extends EventType>(type: T, data: EventData<T>, about: About = {}): PendingEvent {
  const { commandId = ids.uuid(), index = 0, time = '2026-02-28T10:00:00.000Z', actor = 'user' } = about
  const envelope = {
    id: eventIdOf(commandId, index),
    schemaVersion: type === 'task.failed' ? 2 : 1,
    time,
    recordedAt: '2026-02-28T10:00:00.125Z',
    actor,
    commandId,
    index,
    causationId: null,
    correlationId: null,
    ignorable: type === 'observation.recorded',
    salt: ids.salt(),
  }
  // Type and data come as a pair; the compiler loses the pairing in the spread.
  return { ...envelope, type, data } as unknown as PendingEvent
}

export function taskAdded(taskId: string, commandId?: string): PendingEvent {
  return pending(
    'task.added',
    { taskId, title: `task ${taskId}` },
    commandId === undefined ? {} : { commandId },
  )
}

/** Several events of one command. */
export function batchOfTasks(commandId: string, ...taskIds: readonly string[]): readonly PendingEvent[] {
  return taskIds.map((taskId, index) =>
    pending('task.added', { taskId, title: taskId }, { commandId, index }),
  )
}

export function usageRecorded(callId: string, outputTokens: number): PendingEvent {
  const counters = { inputTokens: 10, outputTokens, cacheReadTokens: 0, cacheCreationTokens: 0 }
  return pending('usage.recorded', {
    callId,
    model: 'claude-sonnet-4-5',
    ...counters,
    counted: { calls: 1, ...counters },
    window: null,
  })
}

export function snapshotOf(
  sessionId: string,
  version: number,
  facts: Partial<StoredSnapshot> = {},
): StoredSnapshot {
  return {
    sessionId,
    version,
    kind: 'keyframe',
    checkpointId: null,
    foldVersion: 1,
    chainHash: sha256(`chain ${version}`),
    timeMax: null,
    body: Buffer.from(`body ${version}`),
    parts: [],
    bodyHash: sha256(`state ${version}`),
    ...facts,
  }
}

/** Makes a stream with events that add the tasks named, one command each. */
export async function streamWith(
  log: EventLog,
  sessionId: string,
  ...taskIds: readonly string[]
): Promise<void> {
  await log.transact((transaction) => {
    if (transaction.stream(sessionId) === null) transaction.create(sessionId, null)
    for (const taskId of taskIds) transaction.append(sessionId, [taskAdded(taskId)], summary)
  })
}

export async function read(
  log: EventLog,
  sessionId: string,
  range?: VersionRange,
): Promise<readonly LoggedEvent[]> {
  return collected(log.read(sessionId, range))
}

export async function rowsOf(
  log: EventLog,
  sessionId: string,
  range?: VersionRange,
): Promise<readonly StoredRow[]> {
  return collected(log.rows(sessionId, range))
}

export async function collected<T>(pages: AsyncIterable<readonly T[]>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const page of pages) all.push(...page)
  return all
}

export async function listed<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

/** What an event is about, in a word: its task, its call or its type. */
export function word(event: LoggedEvent): string {
  const data = event.data as { taskId?: string; callId?: string }
  return data.taskId ?? data.callId ?? event.type
}
