/** Small events, summaries and snapshots for checks of stores, and ways to read a log whole. */
import { type EventData, type EventType, schemaVersionOf } from '../../events/catalogue.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import { initialState } from '../../fold/state.ts'
import { type StreamSummary, summaryOf } from '../../fold/summary.ts'
import { eventIdOf, seeded } from '../../kernel/clock.ts'
import { sha256 } from '../../kernel/hash.ts'
import type {
  EventLog,
  LogTransaction,
  PendingEvent,
  StoredRow,
  StoredSnapshot,
  VersionRange,
} from '../../log/port.ts'

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
    schemaVersion: schemaVersionOf(type),
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

export function usageRecorded(callId: string, outputTokens: number, inputTokens = 10): PendingEvent {
  const counters = { inputTokens, outputTokens, cacheReadTokens: 0, cacheCreationTokens: 0 }
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

/** A command as an honest sender records it: what it led to before, else a batch of its own. */
export function sending(
  sessionId: string,
  commandId: string,
  ...taskIds: readonly string[]
): (transaction: LogTransaction) => readonly LoggedEvent[] {
  return (transaction) => {
    if (transaction.stream(sessionId) === null) transaction.create(sessionId, null)
    const before = transaction.batchOf(sessionId, commandId)
    return before ?? transaction.append(sessionId, batchOfTasks(commandId, ...taskIds), summary)
  }
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
  const { data, type } = event
  if (typeof data !== 'object' || data === null) return type
  const name: unknown = Reflect.get(data, 'taskId') ?? Reflect.get(data, 'callId')
  return typeof name === 'string' ? name : type
}

export function words(events: readonly LoggedEvent[]): readonly string[] {
  return events.map(word)
}

export function versions(events: readonly { readonly version: number }[]): readonly number[] {
  return events.map(({ version }) => version)
}

/** 1, 2, 3 … up to a number. */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}
