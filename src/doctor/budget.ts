/** Sessions whose context window is full, and what fills it. */

import { allocationBasisOf, unattributedTokens } from '../fold/allocation.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { StreamSummary } from '../fold/summary.ts'
import { serverViews } from '../views/servers.ts'
import { countText, percentText } from '../views/text.ts'
import { bounds } from './bounds.ts'
import type { SessionContext } from './check.ts'
import type { Found, Severity } from './finding.ts'
import { isPast } from './past.ts'

/** What a window in that phase is worth telling; it is told by the list entry, so that no other session has to be read. */
const severityOf: Readonly<Record<StreamSummary['phase'], Severity | null>> = {
  normal: null,
  monitoring: null,
  warning: null,
  emergency: 'warning',
  exhausted: 'problem',
}

export async function budgetExceeded(context: SessionContext): Promise<readonly Found[]> {
  const { summary, sessionId } = context.stream
  const severity = severityOf[summary?.phase ?? 'normal']
  if (severity === null || summary?.status === 'ended') return []
  const state = await context.state()
  const { window } = state
  const size = `${countText(window.usedTokens)} of ${countText(window.totalTokens)} tokens`
  const servers = serverViews(state).filter(({ tokens }) => tokens > 0)
  const ofServers = servers.length === 0 ? '' : `; MCP servers: ${consumersText(servers)}`
  return [
    {
      severity: isPast(state, context.nowMs) ? 'notice' : severity,
      subject: sessionId,
      message: `${window.phase} since version ${window.phaseSince}: ${size} (${percentText(window.percent)}); heaviest: ${consumersText(consumersOf(state))}${ofServers}`,
      proposal: waysOut(state),
    },
  ]
}

interface Consumer {
  readonly name: string
  readonly tokens: number
}

/** Categories of items, and what no item explains. */
function consumersOf(state: ReadonlyState): readonly Consumer[] {
  const categories = Object.entries(state.context.tokensByCategory).map(([name, tokens]) => ({
    name,
    tokens,
  }))
  const talk = { name: 'prompts, replies and results', tokens: unattributedTokens(allocationBasisOf(state)) }
  return [...categories, talk].filter(({ tokens }) => tokens > 0)
}

function consumersText(consumers: readonly Consumer[]): string {
  return consumers
    .toSorted((a, b) => b.tokens - a.tokens)
    .slice(0, bounds.consumersNamed)
    .map(({ name, tokens }) => `${name} ${countText(tokens)}`)
    .join(', ')
}

/** A fork helps only from where the window was not full yet. */
function waysOut(state: ReadonlyState): string {
  const { sessionId, checkpoints, configuration } = state
  const roomy = checkpoints.findLast(({ usedTokens, availableTokens, version }) => {
    const percent = (usedTokens * 100) / Math.max(1, usedTokens + availableTokens)
    return version > 0 && percent <= configuration.warningThresholdPercent
  })
  const fork =
    roomy === undefined ? '' : `, waymark fork ${sessionId} --at ${roomy.version} to go on from a checkpoint`
  return `waymark context ${sessionId} to see what could go; waymark new to begin again${fork}`
}
