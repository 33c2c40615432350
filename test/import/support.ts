/** Imports into a log in memory, and what came of it. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { EventData, EventType } from '../../src/events/catalogue.ts'
import { isKnown, type LoggedEvent } from '../../src/events/envelope.ts'
import type { ContentRef } from '../../src/events/shapes.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { type ImportOptions, type ImportResult, importFiles } from '../../src/import/import.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { loadState } from '../../src/replay/load.ts'
import type { RecordEnvironment } from '../../src/session/record.ts'
import { eventsOf } from '../support/events.ts'

export const fixtures = fileURLToPath(new URL('../fixtures/transcripts', import.meta.url))

export function fixture(name: string): string {
  return join(fixtures, name)
}

export function environment(): RecordEnvironment {
  return { ...seeded(1), policies: [] }
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-import-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A copy of a fixture that a test may change. */
export function copied(path: string): string {
  const copy = join(temporaryFolder(), basename(path))
  copyFileSync(path, copy)
  return copy
}

export interface Imported {
  readonly log: EventLog
  readonly result: ImportResult
  readonly states: readonly ReadonlyState[]
  /** The state of the session with this native id. */
  stateOf(nativeId: string): ReadonlyState
  /** The only session that is no other's child. */
  readonly top: ReadonlyState
  readonly figures: Figures
}

/** What the files add up to: the top sessions with their children, each call once. */
export interface Figures {
  readonly calls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheCreationTokens: number
  readonly compactions: number
  readonly peakTokens: number
}

export async function imported(
  paths: readonly string[],
  log: EventLog = new MemoryLog(),
  options: ImportOptions = {},
): Promise<Imported> {
  const result = await importFiles(log, environment(), paths, options)
  const states = await statesOf(log)
  const tops = topsOf(states)
  return {
    log,
    result,
    states,
    stateOf: (nativeId) => one(states.filter((state) => state.nativeId === nativeId)),
    get top() {
      return one(tops)
    },
    figures: figuresOf(states),
  }
}

function one<T>(found: readonly T[]): T {
  const [only, ...others] = found
  if (only === undefined || others.length > 0)
    throw new Error(`${found.length} sessions where one was expected`)
  return only
}

export async function statesOf(log: EventLog): Promise<readonly ReadonlyState[]> {
  const states: ReadonlyState[] = []
  for await (const page of log.streams()) {
    for (const { sessionId } of page) states.push((await loadState(log, sessionId)).state)
  }
  return states
}

function topsOf(states: readonly ReadonlyState[]): readonly ReadonlyState[] {
  const ids = new Set(states.map(({ sessionId }) => sessionId))
  return states.filter(({ parentSessionId }) => parentSessionId === null || !ids.has(parentSessionId))
}

export function figuresOf(states: readonly ReadonlyState[]): Figures {
  const sum = (pick: (state: ReadonlyState) => number): number =>
    states.reduce((total, state) => total + pick(state), 0)
  return {
    calls: sum(({ usage }) => usage.calls),
    inputTokens: sum(({ usage }) => usage.inputTokens),
    outputTokens: sum(({ usage }) => usage.outputTokens),
    cacheReadTokens: sum(({ usage }) => usage.cacheReadTokens),
    cacheCreationTokens: sum(({ usage }) => usage.cacheCreationTokens),
    compactions: sum(({ compactions }) => compactions),
    peakTokens: Math.max(0, ...topsOf(states).map(({ window }) => window.peakTokens)),
  }
}

/** The figures as one line, in the order calls, input, output, cache read, cache creation; compactions; peak. */
export function figuresText(figures: Figures): string {
  const { calls, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens, compactions, peakTokens } =
    figures
  const tokens = [inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens].join(' ')
  return `${calls} calls, ${tokens}, ${compactions} compactions, peak ${peakTokens}`
}

/** Everything of a log that must be the same however an import went: all but the moments of recording and the salts. */
export async function storyOf(log: EventLog): Promise<readonly string[]> {
  const story: string[] = []
  for await (const page of log.streams()) {
    for (const { sessionId } of page) {
      for (const event of await eventsOf(log, sessionId)) story.push(JSON.stringify(timeless(event)))
    }
  }
  return story
}

function timeless(event: LoggedEvent): unknown {
  const { recordedAt: _recordedAt, position: _position, ...rest } = event
  return rest
}

/** Types of a session's events, in order. */
export async function typesOf(log: EventLog, sessionId: string): Promise<readonly string[]> {
  return (await eventsOf(log, sessionId)).map(({ type }) => type)
}

/** What a session's events of one type say, in order. */
export async function dataOf<T extends EventType>(
  log: EventLog,
  sessionId: string,
  type: T,
): Promise<readonly EventData<T>[]> {
  const events = await eventsOf(log, sessionId)
  // The type has been compared; the compiler does not carry it over to the data.
  return events.flatMap((event) =>
    isKnown(event) && event.type === type ? [event.data as EventData<T>] : [],
  )
}

/** The text that an event's content reference points to. */
export async function textOf(log: EventLog, content: ContentRef | undefined): Promise<string | null> {
  const bytes = content === undefined ? null : await log.content(content.hash)
  return bytes === null ? null : Buffer.from(bytes).toString('utf8')
}
