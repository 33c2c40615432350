import { z } from 'zod'
import { isKnown } from '../../events/envelope.ts'
import { systemClock } from '../../kernel/clock.ts'
import { limits } from '../../kernel/limits.ts'
import { stateAt } from '../../replay/at.ts'
import type { Waymark } from '../../session/waymark.ts'
import { adviceOf } from '../../views/advice.ts'
import {
  type BudgetReport,
  budgetReport,
  gaugeBar,
  type PhaseChange,
  phaseChangeOf,
} from '../../views/budget-report.ts'
import { growthText } from '../../views/context-lines.ts'
import { windowText } from '../../views/state-view.ts'
import { presentOf } from '../../views/task-list.ts'
import { countOf, countText, type Fact, percentText, timeText, toneOfPhase } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import type { Cell } from '../layout.ts'
import type { Output } from '../output.ts'
import { currentFacts, printAdvice, printAllocation } from '../panels.ts'
import { treeUsage } from '../tree.ts'
import { sessionArgument, verb } from '../verb.ts'

export const budget = verb(z.strictObject({ session: sessionArgument }), async ({ session }, context) => {
  const { output } = context
  const { report, advice } = await withWaymark(context, 'read', async (waymark) => {
    const state = await stateAt(waymark.log, await waymark.resolve(session))
    const changes = await phaseChanges(waymark, state.sessionId)
    return {
      report: budgetReport(state, changes, await treeUsage(waymark, state, null)),
      advice: adviceOf(state, presentOf(state, systemClock.now())),
    }
  })
  if (output.json) {
    await output.document({ ...report, advice })
    return exitCodes.fine
  }
  await printGauge(report, output)
  await printAllocation(output, report.allocation)
  await printPhases(report, output)
  await printTokens(report, output)
  await printAdvice(output, advice)
  return exitCodes.fine
})

/** The newest changes of phase, oldest first. */
async function phaseChanges(waymark: Waymark, sessionId: string): Promise<readonly PhaseChange[]> {
  const changes: PhaseChange[] = []
  for await (const page of waymark.log.read(sessionId)) {
    for (const event of page) {
      if (isKnown(event) && event.type === 'budget.phase-changed') changes.push(phaseChangeOf(event))
    }
    changes.splice(0, Math.max(0, changes.length - limits.pageEventsMax))
  }
  return changes
}

async function printGauge(report: BudgetReport, output: Output): Promise<void> {
  const { window, reserve } = report
  if (output.aligned) await output.line(gaugeBar(report))
  await output.facts(
    [
      { label: 'window', value: windowText(window), tone: toneOfPhase[window.phase] },
      ...currentFacts(report.current),
      { label: 'available', value: `${countText(window.availableTokens)} tokens` },
      { label: 'peak', value: `${countText(window.peakTokens)} tokens` },
      { label: 'size', value: sizeText[window.source] },
      {
        label: 'reserve',
        value: `${countText(reserve.leftTokens)} of ${countText(reserve.limitTokens)} tokens left (${percentText(reserve.leftPercent)} of the window)`,
        tone: reserve.takenTokens > 0 ? 'warning' : 'plain',
      },
      ...forecastFacts(report),
      ...cacheFact(report),
      { label: 'compactions', value: countText(report.compactions) },
    ],
    output.aligned ? undefined : 'window',
  )
}

async function printPhases(
  { thresholds, phaseChanges: changes }: BudgetReport,
  output: Output,
): Promise<void> {
  await output.table({
    section: 'thresholds',
    columns: ['phase', 'entered', 'tokens'],
    rows: thresholds.map(({ phase, percent, inclusive, tokens }) => [
      { text: phase, tone: toneOfPhase[phase] },
      `${inclusive ? 'at' : 'above'} ${percent} %`,
      tokens,
    ]),
  })
  if (changes.length > 0) {
    await output.table({
      section: 'phases',
      columns: ['time', 'version', 'change', 'at'],
      rows: changes.map(({ time, version, from, to, percent }) => [
        output.aligned ? timeText(time) : time,
        version,
        { text: `${from} → ${to}`, tone: toneOfPhase[to] },
        percentText(percent),
      ]),
    })
  }
}

async function printTokens({ usage, tree }: BudgetReport, output: Output): Promise<void> {
  await output.table({
    section: 'tokens',
    columns: ['kind', 'own', 'inherited', 'with children'],
    rows: kinds.map(({ name, key }): readonly Cell[] => [
      name,
      usage[key],
      usage.inherited[key],
      tree.usage[key],
    ]),
  })
  const models = Object.entries(usage.byModel).sort(([, a], [, b]) => b.calls - a.calls)
  if (models.length > 0) {
    await output.table({
      section: 'models',
      columns: ['model', ...kinds.map(({ name }) => name)],
      rows: models.map(([model, counted]) => [model, ...kinds.map(({ key }) => counted[key])]),
    })
  }
}

const sizeText: Readonly<Record<BudgetReport['window']['source'], string>> = {
  stated: 'stated with the session',
  configured: 'as configured',
  default: 'what most models have; nobody said otherwise',
  learned: 'learned from a larger reading',
}

const kinds = [
  { name: 'calls', key: 'calls' },
  { name: 'input', key: 'inputTokens' },
  { name: 'output', key: 'outputTokens' },
  { name: 'cache read', key: 'cacheReadTokens' },
  { name: 'cache creation', key: 'cacheCreationTokens' },
] as const

/** Where the window is heading, told once it is watched: from the phase monitoring on. */
function forecastFacts({ window, forecast }: BudgetReport): readonly Fact[] {
  if (window.phase === 'normal' || forecast === null) return []
  const { phase, tokensToGo, reportsToGo, expectedAt, kind, kindPercent } = forecast
  const when = expectedAt === null ? '' : `, about ${timeText(expectedAt)}`
  return [
    {
      label: 'forecast',
      value: `${phase} in ${countText(tokensToGo)} tokens, ${countOf(reportsToGo, 'report')}${when}`,
      tone: toneOfPhase[phase],
    },
    { label: 'grows by', value: `${growthText[kind]}, ${Math.round(kindPercent)} % of what came` },
  ]
}

function cacheFact({ cacheSharePercent }: BudgetReport): readonly Fact[] {
  return cacheSharePercent === null
    ? []
    : [{ label: 'from the cache', value: `${percentText(cacheSharePercent)} of all tokens read` }]
}
