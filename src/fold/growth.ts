/**
 * How the window grows. Between two reports of the provider, texts come in; from the newest reports a line is
 * drawn, tokens = a + b · bytes, by least squares. It says how full the window is between reports, what a text without a
 * count weighs, and when the next phase begins. What it says is an estimate, and marked as one wherever it is used.
 */
import type { FoldableEvent } from '../events/envelope.ts'
import type { Forecast, GrowthKind } from '../events/usage.ts'
import { type BudgetPhase, budgetPhases } from '../events/usage.ts'
import { timeMaxMs } from '../kernel/clock.ts'
import { limits } from '../kernel/limits.ts'
import { type GrowthBytes, noBytes, tokensInWindow } from './context-state.ts'
import type { ReadonlyState, SessionState } from './state.ts'

/**
 * Tokens a byte of text takes where a session has not taught otherwise: characters / 4 is short by a factor of 1.7 over
 * 783 turns of real transcripts, hence 1.7 / 4.
 */
const tokensPerByteAssumed = 0.425

/** Fewer reports than this draw no line. */
const samplesMin = 5

/** A line through the newest reports: `tokens = perReport + perByte · bytes`. */
export interface GrowthLine {
  readonly perReport: number
  readonly perByte: number
  /** False where the session has not taught it yet. */
  readonly learned: boolean
}

/** The line that the newest reports draw; one through the origin where they draw none that rises. */
export function growthLineOf({ growth }: Pick<ReadonlyState, 'growth'>): GrowthLine {
  const points = growth.samples.map(({ bytes, tokens }) => ({ x: totalOf(bytes), y: tokens }))
  const assumed = { perReport: 0, perByte: tokensPerByteAssumed, learned: false }
  if (points.length < samplesMin) return assumed
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  let spread = 0
  let together = 0
  for (const { x, y } of points) {
    spread += (x - meanX) ** 2
    together += (x - meanX) * (y - meanY)
  }
  const perByte = spread === 0 ? 0 : together / spread
  const perReport = meanY - perByte * meanX
  if (perByte > 0 && perReport >= 0) return { perReport, perByte, learned: true }
  return meanX > 0 ? { perReport: 0, perByte: meanY / meanX, learned: true } : assumed
}

/**
 * What a byte of text can weigh: characters / 4 is short by a factor of 1.4 to 2.2, by model, and other scripts take fewer
 * tokens a byte. A session whose reports are explained by something else than their texts draws a line outside of it.
 */
const tokensPerByteRange = { min: 0.25, max: 0.55 } as const

/** Tokens that a text of so many bytes takes, at least 1 for a text that has any. */
export function estimatedTokens(state: Pick<ReadonlyState, 'growth'>, bytes: number): number {
  const { min, max } = tokensPerByteRange
  return Math.ceil(bytes * Math.min(max, Math.max(min, growthLineOf(state).perByte)))
}

/** What is in the window now: the latest report, and what came since. */
export interface CurrentWindow {
  readonly usedTokens: number
  readonly percent: number
  readonly availableTokens: number
  /** Something came since the latest report, so part of the figure is an estimate. */
  readonly estimated: boolean
}

/** How full the window is now. Just after a report that is the report itself. */
export function currentWindowOf(state: Pick<ReadonlyState, 'growth' | 'window'>): CurrentWindow {
  const { window, growth } = state
  const bytes = totalOf(growth.pending)
  const rise = bytes === 0 ? 0 : growthLineOf(state).perReport + bytes * growthLineOf(state).perByte
  const usedTokens = Math.max(0, Math.round(window.usedTokens + rise + growth.pendingItemTokens))
  return {
    usedTokens,
    percent: (usedTokens * 100) / window.totalTokens,
    availableTokens: Math.max(0, window.totalTokens - usedTokens),
    estimated: window.estimated || bytes > 0 || growth.pendingItemTokens !== 0,
  }
}

/** Where the window is heading; `null` when it does not grow or no phase lies ahead. */
export function forecastOf(
  state: Pick<ReadonlyState, 'growth' | 'window' | 'configuration'>,
): Forecast | null {
  const { samples } = state.growth
  const first = samples[0]
  const last = samples[samples.length - 1]
  const next = nextPhaseOf(state)
  if (first === undefined || last === undefined || next === null) return null
  const tokensPerReport = mean(samples.map(({ tokens }) => tokens))
  if (tokensPerReport <= 0) return null
  const tokensToGo = Math.max(0, Math.ceil(next.atTokens - state.window.usedTokens))
  const reportsToGo = Math.ceil(tokensToGo / tokensPerReport)
  const spanMs = Date.parse(last.time) - Date.parse(first.time)
  const perReportMs = samples.length > 1 && spanMs > 0 ? spanMs / (samples.length - 1) : null
  const expectedMs = perReportMs === null ? null : Date.parse(last.time) + reportsToGo * perReportMs
  return {
    phase: next.phase,
    tokensToGo,
    tokensPerReport,
    reportsToGo,
    expectedAt: expectedMs !== null && expectedMs < timeMaxMs ? new Date(expectedMs).toISOString() : null,
    ...mostOf(samples.map(({ bytes }) => bytes)),
  }
}

function nextPhaseOf({
  window,
  configuration,
}: Pick<ReadonlyState, 'window' | 'configuration'>): { phase: BudgetPhase; atTokens: number } | null {
  const percents: Readonly<Record<BudgetPhase, number>> = {
    normal: 0,
    monitoring: configuration.monitoringThresholdPercent,
    warning: configuration.warningThresholdPercent,
    emergency: configuration.emergencyThresholdPercent,
    exhausted: 100,
  }
  const phase = budgetPhases[budgetPhases.indexOf(window.phase) + 1]
  return phase === undefined ? null : { phase, atTokens: (window.totalTokens * percents[phase]) / 100 }
}

function mostOf(parts: readonly Readonly<GrowthBytes>[]): { kind: GrowthKind; kindPercent: number } {
  const kinds = ['prompts', 'replies', 'toolInputs', 'toolOutputs'] as const
  const sums = kinds.map((kind) => ({ kind, bytes: parts.reduce((sum, part) => sum + part[kind], 0) }))
  const all = sums.reduce((sum, { bytes }) => sum + bytes, 0)
  const most = sums.reduce((best, sum) => (sum.bytes > best.bytes ? sum : best))
  if (all === 0) return { kind: 'unknown', kindPercent: 0 }
  return { kind: most.kind, kindPercent: (most.bytes * 100) / all }
}

/** A text came into the window. */
export function grow(state: SessionState, kind: keyof GrowthBytes, bytes: number | undefined): void {
  state.growth.pending[kind] += bytes ?? 0
}

/** A report came: what came before it explains by how much the window rose. Called before the gauge is set. */
export function learn(
  state: SessionState,
  { usedTokens, estimated }: { readonly usedTokens: number; readonly estimated: boolean },
  report: Pick<FoldableEvent, 'time' | 'version'>,
): void {
  const { growth, window } = state
  const rise = usedTokens - window.usedTokens
  const explained = !growth.interrupted && !window.estimated && !estimated && window.usedTokens > 0
  if (explained && rise > 0 && totalOf(growth.pending) > 0) {
    const { version, time } = report
    growth.samples.push({ version, time, tokens: rise, usedTokens, bytes: growth.pending })
    if (growth.samples.length > limits.growthSamplesMax) growth.samples.shift()
  }
  beginAnew(state, estimated)
}

/** The context was cut or exchanged: the next report says nothing about growth. */
export function interruptGrowth(state: SessionState): void {
  beginAnew(state, true)
}

/** From here on counts what comes until the next report. What is empty already stays, so that a copy shares it. */
function beginAnew({ growth }: SessionState, interrupted: boolean): void {
  if (totalOf(growth.pending) > 0) growth.pending = noBytes()
  growth.pendingItemTokens = 0
  growth.interrupted = interrupted
  if (growth.cutTags.length > 0) growth.cutTags = []
}

/**
 * The whole context was cut, and what is left of it was said: items that were in it are no longer there, or are counted in
 * what is left. To be taken out of the window again they would be taken off twice.
 */
export function noteCut({ growth, context }: SessionState): void {
  growth.cutTags = Object.values(context.items)
    .filter((item) => tokensInWindow(item) > 0)
    .map(({ tag }) => tag)
    .sort()
}

function totalOf(bytes: Readonly<GrowthBytes>): number {
  return bytes.prompts + bytes.replies + bytes.toolInputs + bytes.toolOutputs
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
