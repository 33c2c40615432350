/** The readings of the window, of all sessions of a home, in the order in which they were recorded. */
import { isKnown, type LoggedEvent, type RecordedEvent } from '../events/envelope.ts'
import type { BudgetPhase } from '../events/usage.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from '../replay/load.ts'

/** One line of `token-usage.log`. */
export interface TokenReading {
  readonly timestamp: string
  readonly session_id: string
  readonly version: number
  readonly position: number
  readonly used: number
  readonly available: number
  /** May be above 100. */
  readonly percent: number
  /** The phase that the reading led to. */
  readonly phase: BudgetPhase
}

/** Readings that came together, and how far the log has been read with them. */
export interface ReadingsPage {
  readonly readings: readonly TokenReading[]
  readonly position: number
}

/** Sessions whose phase is remembered while reading on; of others it is looked up again. */
const phasesRememberedMax = 10_000

/** The readings after a position, to the end of the log. */
export async function* readingsAfter(
  log: EventLog,
  afterPosition: number,
): AsyncGenerator<ReadingsPage, void, undefined> {
  yield* readingsIn(log, log.readAll(afterPosition))
}

/** The readings of one session, those it inherited included. */
export async function* readingsOfSession(
  log: EventLog,
  sessionId: string,
): AsyncGenerator<ReadingsPage, void, undefined> {
  yield* readingsIn(log, log.read(sessionId))
}

async function* readingsIn(
  log: EventLog,
  pages: AsyncIterable<readonly LoggedEvent[]>,
): AsyncGenerator<ReadingsPage, void, undefined> {
  const phases = new Map<string, BudgetPhase>()
  let waiting: Omit<TokenReading, 'phase'> | null = null
  let position = 0
  const settle = async (): Promise<readonly TokenReading[]> => {
    if (waiting === null) return []
    const reading = waiting
    waiting = null
    const phase = phases.get(reading.session_id) ?? (await phaseAt(log, reading))
    phases.set(reading.session_id, phase)
    return [{ ...reading, phase }]
  }
  for await (const page of pages) {
    const readings: TokenReading[] = []
    for (const event of page) {
      // A batch may end here: only now it is known whether its reading changed the phase.
      if (event.index === 0) readings.push(...(await settle()))
      position = event.position
      if (!isKnown(event)) continue
      if (event.type === 'session.started') phases.set(event.sessionId, 'normal')
      if (event.type === 'budget.phase-changed') phases.set(event.sessionId, event.data.to)
      waiting = readingOf(event) ?? waiting
    }
    // A reading that still waits may have changed its phase already: that is remembered until it is told.
    if (phases.size > phasesRememberedMax && waiting === null) phases.clear()
    if (readings.length > 0) yield { readings, position: lastPosition(readings) }
  }
  yield { readings: await settle(), position }
}

function lastPosition(readings: readonly TokenReading[]): number {
  return readings[readings.length - 1]?.position ?? 0
}

async function phaseAt(
  log: EventLog,
  { session_id, version }: Omit<TokenReading, 'phase'>,
): Promise<BudgetPhase> {
  return (await loadState(log, session_id, version)).state.window.phase
}

type ReadingType = 'usage.recorded' | 'context.measured' | 'context.compacted' | 'model.switched'

const readingTypes: ReadonlySet<string> = new Set<ReadingType>([
  'usage.recorded',
  'context.measured',
  'context.compacted',
  'model.switched',
])

function isReading(event: RecordedEvent): event is RecordedEvent<ReadingType> {
  return readingTypes.has(event.type)
}

function readingOf(event: RecordedEvent): Omit<TokenReading, 'phase'> | null {
  if (!isReading(event) || event.data.window === null) return null
  const { usedTokens, totalTokens } = event.data.window
  return {
    timestamp: event.time,
    session_id: event.sessionId,
    version: event.version,
    position: event.position,
    used: usedTokens,
    available: Math.max(0, totalTokens - usedTokens),
    percent: (usedTokens * 100) / totalTokens,
  }
}
