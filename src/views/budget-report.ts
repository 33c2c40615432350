/** Where the tokens are and where they went: the gauge with its thresholds, the phases it went through, the counters by kind and model. */
import type { RecordedEvent } from '../events/envelope.ts'
import type { Counted } from '../events/shapes.ts'
import { type BudgetPhase, budgetPhases, type Forecast } from '../events/usage.ts'
import type { GrowthBytes } from '../fold/context-state.ts'
import { forecastOf } from '../fold/growth.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { allocationTable, type PartView, type ReserveView, reserveOf } from './allocation-table.ts'
import { type CurrentView, currentView } from './context-report.ts'
import { type UsageView, usageView, type WindowView, windowView } from './state-view.ts'
import { type Tone, toneOfPhase } from './text.ts'

export interface Threshold {
  readonly phase: BudgetPhase
  /** The phase is entered above this; the last one at it. */
  readonly percent: number
  readonly inclusive: boolean
  readonly tokens: number
}

export interface PhaseChange {
  readonly version: number
  readonly time: string
  readonly from: BudgetPhase
  readonly to: BudgetPhase
  readonly percent: number
}

/** What the window grew by, as far as it is remembered: reports of the provider, and bytes of the texts that came between. */
export interface GrowthView {
  readonly reports: number
  readonly tokens: number
  readonly bytes: Readonly<GrowthBytes>
}

export interface BudgetReport {
  readonly sessionId: string
  readonly version: number
  /** As it was last reported. */
  readonly window: WindowView
  /** With what came since. */
  readonly current: CurrentView
  readonly allocation: readonly PartView[]
  readonly reserve: ReserveView
  readonly growth: GrowthView
  /** Where the window is heading; `null` when it does not grow or no phase lies ahead. */
  readonly forecast: Forecast | null
  readonly thresholds: readonly Threshold[]
  readonly hysteresisPercent: number
  readonly phaseChanges: readonly PhaseChange[]
  readonly usage: UsageView
  readonly tree: { readonly usage: Readonly<Counted> }
  /** Of all tokens read by the model, those that came out of the cache; `null` before the first call. */
  readonly cacheSharePercent: number | null
  readonly compactions: number
}

export function phaseChangeOf({ version, time, data }: RecordedEvent<'budget.phase-changed'>): PhaseChange {
  return { version, time, ...data }
}

export function budgetReport(
  state: ReadonlyState,
  phaseChanges: readonly PhaseChange[],
  treeUsage: Readonly<Counted>,
): BudgetReport {
  return {
    sessionId: state.sessionId,
    version: state.version,
    window: windowView(state),
    current: currentView(state),
    allocation: allocationTable(state),
    reserve: reserveOf(state),
    growth: growthView(state),
    forecast: forecastOf(state),
    thresholds: thresholdsOf(state),
    hysteresisPercent: state.configuration.hysteresisPercent,
    phaseChanges,
    usage: usageView(state),
    tree: { usage: treeUsage },
    cacheSharePercent: cacheSharePercent(state.usage),
    compactions: state.compactions,
  }
}

function growthView({ growth: { samples } }: Pick<ReadonlyState, 'growth'>): GrowthView {
  const sum = (of: (sample: (typeof samples)[number]) => number): number =>
    samples.reduce((total, sample) => total + of(sample), 0)
  return {
    reports: samples.length,
    tokens: sum(({ tokens }) => tokens),
    bytes: {
      prompts: sum(({ bytes }) => bytes.prompts),
      replies: sum(({ bytes }) => bytes.replies),
      toolInputs: sum(({ bytes }) => bytes.toolInputs),
      toolOutputs: sum(({ bytes }) => bytes.toolOutputs),
    },
  }
}

/** Where each phase begins, in percent and in tokens of this window. */
export function thresholdsOf({
  configuration,
  window,
}: Pick<ReadonlyState, 'configuration' | 'window'>): readonly Threshold[] {
  const percentOf: Readonly<Record<BudgetPhase, number>> = {
    normal: 0,
    monitoring: configuration.monitoringThresholdPercent,
    warning: configuration.warningThresholdPercent,
    emergency: configuration.emergencyThresholdPercent,
    exhausted: 100,
  }
  return budgetPhases
    .filter((phase) => phase !== 'normal')
    .map((phase) => ({
      phase,
      percent: percentOf[phase],
      inclusive: phase === 'exhausted',
      tokens: Math.floor((window.totalTokens * percentOf[phase]) / 100),
    }))
}

/** Cached tokens among all that the model read, in percent. */
export function cacheSharePercent(usage: Omit<Counted, 'calls'>): number | null {
  const read = usage.inputTokens + usage.cacheReadTokens + usage.cacheCreationTokens
  return read === 0 ? null : (usage.cacheReadTokens * 100) / read
}

/** A part of the gauge that is drawn in one tone. */
export interface GaugePart {
  readonly text: string
  readonly tone: Tone
}

/**
 * The gauge as a bar: full cells up to the reading, a stroke where each threshold lies. A reading above 100 % fills the
 * bar and goes on with an arrow.
 */
export function gaugeBar(
  report: Pick<BudgetReport, 'window' | 'thresholds'>,
  cells = 40,
): readonly GaugePart[] {
  const { percent, phase } = report.window
  const fullCells = Math.min(cells, Math.round((percent * cells) / 100))
  const marks = new Set(report.thresholds.map((threshold) => Math.round((threshold.percent * cells) / 100)))
  const rest = Array.from({ length: cells - fullCells }, (_, index) =>
    marks.has(fullCells + index) ? '│' : '░',
  ).join('')
  const parts: GaugePart[] = [
    { text: '█'.repeat(fullCells), tone: toneOfPhase[phase] },
    { text: rest, tone: 'quiet' },
    { text: percent > 100 ? '▶' : '', tone: 'bad' },
  ]
  return parts.filter(({ text }) => text !== '')
}
