/**
 * Goal: between two reports the window is told well enough to act on. Method: every report of real transcripts is foretold
 * from what came before it, one report ahead and twenty, and set against what the provider then said. The transcripts are
 * other people's and not part of this project; where they are not at hand, the test says so.
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { isKnown, type LoggedEvent } from '../../src/events/envelope.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { currentWindowOf, type GrowthLine, growthLineOf } from '../../src/fold/growth.ts'
import { initialState } from '../../src/fold/state.ts'
import { importFiles } from '../../src/import/import.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = resolve(root, process.env.WAYMARK_TRANSCRIPTS ?? '../shared/transcripts')
const isThere = existsSync(folder)
const title = isThere ? 'estimates' : `estimates: skipped, there are no transcripts in ${folder}`

/** A report, the line known before it, and the bytes that came until the next one. */
interface Report {
  readonly line: GrowthLine
  readonly usedTokens: number
  readonly interrupted: boolean
  bytes: number
}

function bytesOf(event: LoggedEvent): number {
  if (!isKnown(event)) return 0
  if (event.type === 'prompt.submitted' || event.type === 'reply.recorded') return event.data.content.bytes
  if (event.type === 'tool.called') return event.data.input?.bytes ?? 0
  return event.type === 'tool.returned' ? (event.data.output?.bytes ?? 0) : 0
}

/** The errors of all estimates in one session, in percent of what was then reported. */
function errorsIn(sessionId: string, events: readonly LoggedEvent[]): { one: number[]; twenty: number[] } {
  const state = initialState(sessionId)
  const reports: Report[] = []
  const one: number[] = []
  for (const event of events) {
    if (isKnown(event) && event.type === 'usage.recorded' && event.data.window !== null) {
      const { usedTokens } = event.data.window
      const line = growthLineOf(state)
      const { interrupted } = state.growth
      const foretold = currentWindowOf(state)
      if (line.learned && !interrupted && foretold.estimated)
        one.push(errorOf(foretold.usedTokens, usedTokens))
      reports.push({ line, usedTokens, interrupted, bytes: 0 })
    }
    const latest = reports[reports.length - 1]
    if (latest !== undefined) latest.bytes += bytesOf(event)
    foldInto(state, [event])
  }
  return { one, twenty: twentyAhead(reports) }
}

function twentyAhead(reports: readonly Report[]): number[] {
  return reports.flatMap((from, index) => {
    const to = reports[index + 20]
    const between = reports.slice(index + 1, index + 21)
    if (to === undefined || !from.line.learned || between.some(({ interrupted }) => interrupted)) return []
    if (to.usedTokens <= from.usedTokens) return []
    const steps = reports.slice(index, index + 20).filter(({ bytes }) => bytes > 0)
    const rise = steps.reduce((sum, { bytes }) => sum + from.line.perReport + from.line.perByte * bytes, 0)
    return [errorOf(from.usedTokens + rise, to.usedTokens)]
  })
}

function errorOf(foretold: number, reported: number): number {
  return ((foretold - reported) * 100) / reported
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN
}

describe.skipIf(!isThere)(title, () => {
  it('of the window are within 3 % one report ahead and 20 % twenty ahead, eight times in ten', {
    timeout: 120_000,
  }, async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    await importFiles(log, waymark.environment, [folder])
    const all = { one: [] as number[], twenty: [] as number[] }
    for await (const { sessionId } of waymark.sessions()) {
      const { one, twenty } = errorsIn(sessionId, await eventsOf(log, sessionId))
      all.one.push(...one)
      all.twenty.push(...twenty)
    }
    expect(all.one.length).toBeGreaterThan(1_000)
    expect(all.twenty.length).toBeGreaterThan(500)
    const [low, middle, high] = [0.1, 0.5, 0.9].map((share) => quantile(all.one, share))
    expect([low, middle, high].every((error = 100) => Math.abs(error) < 3)).toBe(true)
    expect(Math.abs(quantile(all.twenty, 0.5))).toBeLessThan(5)
    expect(quantile(all.twenty, 0.1)).toBeGreaterThan(-20)
    expect(quantile(all.twenty, 0.9)).toBeLessThan(20)
  })
})
