/** The panel that `waymark show` prints: what a session is, then layer by layer. */
import { offeredHandoff } from '../fold/handoff.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { type Layers, layersOf, layerTitles } from './layers.ts'
import { contextTexts, machineText } from './machine-view.ts'
import { countedText, type StateView, windowText } from './state-view.ts'
import { taskCountsText } from './task-list.ts'
import { countOf, countText, type Fact, namesText, percentText, timeText, toneOfPhase } from './text.ts'

export interface FactSection {
  /** `null` for what comes before the layers. */
  readonly title: string | null
  readonly facts: readonly Fact[]
}

/** The panel in sections: the session itself, then its six layers. */
export function stateSections(view: StateView, state: ReadonlyState): readonly FactSection[] {
  const layers = layersOf(state)
  const factsOf: Readonly<Record<keyof Layers, readonly Fact[]>> = {
    contextAwareness: awarenessFacts(view, layers),
    activeContext: activeFacts(view, state, layers),
    history: historyFacts(view, layers),
    project: projectFacts(layers),
    user: userFacts(layers),
    system: systemFacts(layers),
  }
  return [
    { title: null, facts: sessionFacts(view, state) },
    ...layerNames.map((name) => ({
      title: layerTitles[name],
      facts: orNothing(factsOf[name], fillers[name]),
    })),
  ]
}

const layerNames: readonly (keyof Layers)[] = [
  'contextAwareness',
  'activeContext',
  'history',
  'project',
  'user',
  'system',
]

/** A command that says something of a layer of which nothing is known. */
const fillers: Readonly<Record<keyof Layers, string>> = {
  contextAwareness: 'context.measure',
  activeContext: 'focus.change',
  history: 'decision.record',
  project: 'project.describe',
  user: 'user.describe',
  system: 'system.describe',
}

function orNothing(facts: readonly Fact[], command: string): readonly Fact[] {
  return facts.length > 0
    ? facts
    : [{ label: 'nothing', value: `nobody said; ${command} does`, tone: 'quiet' }]
}

/** The offer that stands, and until when. */
function offerFacts(state: ReadonlyState): readonly Fact[] {
  const offer = offeredHandoff(state)
  if (offer === undefined) return []
  const { id, fromAgent, toAgent, offeredAt, expiresAt } = offer
  const from = fromAgent === null ? '' : ` by ${fromAgent}`
  const until = expiresAt === null ? '' : `, stands until ${timeText(expiresAt)}`
  const value = `${id}: to ${toAgent}${from} since ${timeText(offeredAt)}${until}`
  return [{ label: 'offered', value, tone: 'warning' }]
}

function sessionFacts(view: StateView, state: ReadonlyState): readonly Fact[] {
  return [
    fact('session', view.sessionId),
    ...optional('title', view.title),
    { label: 'status', value: statusText(view, state), tone: view.status === 'active' ? 'good' : 'quiet' },
    ...offerFacts(state),
    fact('version', countText(view.version)),
    ...optional(
      'native id',
      view.nativeId === null ? null : [view.nativeId, view.tool].filter(Boolean).join(', '),
    ),
    ...optional('parent', parentText(view)),
    ...optional('continues', view.continuesSessionId),
    ...optional('started', view.startedAt === null ? null : timeText(view.startedAt)),
    ...optional('last event', view.lastEventAt === null ? null : timeText(view.lastEventAt)),
  ]
}

function awarenessFacts(view: StateView, { contextAwareness }: Layers): readonly Fact[] {
  const { window, usage, tree } = view
  const { model, current, allocation, reserve, phase, growth } = contextAwareness
  const { forecast } = growth
  const overrun = allocation.flatMap((part) => [part, ...part.categories]).filter((one) => one.overrun)
  return [
    ...optional('model', model),
    { label: 'window', value: windowText(window), tone: toneOfPhase[window.phase] },
    ...(current.estimated && current.usedTokens !== window.usedTokens
      ? [fact('now', `${countText(current.usedTokens)} tokens (${percentText(current.percent)}), estimated`)]
      : []),
    fact('peak', `${countText(window.peakTokens)} tokens`),
    {
      label: 'reserve',
      value: `${countText(reserve.leftTokens)} of ${countText(reserve.limitTokens)} tokens left`,
      tone: reserve.takenTokens > 0 ? 'warning' : 'plain',
    },
    ...(overrun.length === 0
      ? []
      : [
          {
            label: 'overrun',
            value: namesText(
              overrun.map(({ name }) => name),
              5,
            ),
            tone: 'warning' as const,
          },
        ]),
    ...(forecast === null || phase === 'normal'
      ? []
      : [fact('forecast', `${forecast.phase} in ${countText(forecast.tokensToGo)} tokens`)]),
    fact('spent', countedText(usage)),
    ...(usage.inherited.calls > 0 ? [fact('inherited', countedText(usage.inherited))] : []),
    ...(tree.usage.calls > usage.calls ? [fact('with children', countedText(tree.usage))] : []),
  ]
}

function machineFacts(machine: Layers['activeContext']['machine']): readonly Fact[] {
  if (machine === undefined) return []
  const { context, timers, effects, children, ignoredEvents, failedActions } = machine
  return [
    fact('machine', machineText(machine)),
    ...several('context', contextTexts(context), contextNamesMax),
    ...several(
      'timer',
      timers.map(({ timerId, name, dueAt }) => `${timerId} ${name}, due ${timeText(dueAt)}`),
    ),
    ...several(
      'effect',
      effects.map(({ effectId, src, since }) => `${effectId} ${src}, runs since version ${countText(since)}`),
    ),
    ...several(
      'child',
      children.map(({ path, status, value }) => `${path}, ${status}${value === null ? '' : `: ${value}`}`),
    ),
    ...(ignoredEvents > 0 ? [fact('ignored', countOf(ignoredEvents, 'event'))] : []),
    ...(failedActions > 0
      ? [{ label: 'failed', value: countOf(failedActions, 'action'), tone: 'warning' as const }]
      : []),
  ]
}

function activeFacts(view: StateView, state: ReadonlyState, { activeContext }: Layers): readonly Fact[] {
  const { tasks, objectives, constraints, scope, nextStep, variables, items, openCalls } = activeContext
  return [
    ...machineFacts(activeContext.machine),
    fact('tasks', taskCountsText(state)),
    ...several(
      'in hand',
      tasks.map(({ id, title }) => `${id}: ${title}`),
    ),
    ...several('objective', objectives),
    ...several('constraint', constraints),
    ...optional('scope', scope),
    ...optional('next step', nextStep),
    ...several('variable', pairs(variables)),
    ...(view.context.items === 0
      ? []
      : [
          fact(
            'items',
            `${items.critical.length} critical, ${items.supporting.length} supporting, ${items.temporary.length} temporary`,
          ),
        ]),
    ...(openCalls.length > 0
      ? [
          {
            label: 'open calls',
            value: `${openCalls.length}: ${listed(openCalls.map(({ name }) => name))}`,
            tone: 'warning' as const,
          },
        ]
      : []),
  ]
}

function historyFacts(view: StateView, { history }: Layers): readonly Fact[] {
  const { turns, failures, decisions, decisionCount, actions } = history
  const earlier = decisionCount - Math.min(shownMax, decisions.length)
  return [
    fact(
      'turns',
      `${countOf(turns.prompts, 'prompt')}, ${turns.completed} completed, ${turns.interrupted} interrupted`,
    ),
    fact('compactions', countText(history.compactions)),
    ...(failures.retries + failures.givenUp > 0 ? [fact('failures', failuresText(failures))] : []),
    fact('checkpoints', countText(view.checkpointCount)),
    ...(view.recoveries > 0 ? [fact('recoveries', countText(view.recoveries))] : []),
    ...optional('recovery', recoveryText(history.recovery)),
    ...optional('handoff', handoffText(history.handoffs)),
    ...(history.merges.length > 0 ? [fact('merges', countText(history.merges.length))] : []),
    ...optional('observed', observationsText(history.observations)),
    ...decisions.slice(-shownMax).map(({ text, reason }) => {
      return fact('decided', reason === null ? text : `${text}, because ${reason}`)
    }),
    ...(earlier > 0 ? [fact('decided', `and ${earlier} before`)] : []),
    ...actions.slice(-shownMax).map(({ version, text }) => fact('recent', `${countText(version)}  ${text}`)),
  ]
}

/** A recovery that has not ended, or has failed; one that went well is counted. */
function recoveryText(recovery: Layers['history']['recovery']): string | null {
  if (recovery === null || recovery.status === 'recovered') return null
  const reason = recovery.reason === null ? '' : `: ${recovery.reason}`
  return `${recovery.status}${reason}, begun at version ${countText(recovery.version)}`
}

/** The newest handoff. */
function handoffText(handoffs: Layers['history']['handoffs']): string | null {
  const newest = handoffs[handoffs.length - 1]
  if (newest === undefined) return null
  const { status, fromAgent, toAgent } = newest
  return `${status}: ${fromAgent === null ? '' : `from ${fromAgent} `}to ${toAgent}`
}

function projectFacts({ project }: Layers): readonly Fact[] {
  const { name, root, gitBranch, specs, milestones } = project
  return [
    ...optional('project', name),
    ...optional('root', root),
    ...optional('branch', gitBranch),
    ...several('SPEC', specs.map(specText)),
    ...several(
      'milestone',
      milestones.map(({ id, title, status }) => `${id}${title === null ? '' : ` ${title}`}: ${status}`),
    ),
  ]
}

function specText(spec: Layers['project']['specs'][number]): string {
  const { id, title, phase, status, progressPercent, progressBy, tasks } = spec
  const progress =
    progressPercent === null
      ? null
      : progressBy === 'tasks'
        ? `${tasks.completed} of ${countOf(tasks.total, 'task')} completed`
        : `${Math.round(progressPercent)} %`
  const facts = [phase, status === 'active' ? null : status, progress].filter((one) => one !== null)
  return `${id}${title === null ? '' : ` ${title}`}${facts.length === 0 ? '' : `: ${facts.join(', ')}`}`
}

function userFacts({ user }: Layers): readonly Fact[] {
  return [
    ...optional('language', user.language),
    ...optional('expertise', user.expertise),
    ...several('preference', pairs(user.preferences)),
  ]
}

function systemFacts({ system }: Layers): readonly Fact[] {
  const { tool, toolVersion, cwd, tools, servers, permissions, environment } = system
  return [
    ...optional(
      'tool',
      tool === null && toolVersion === null ? null : [tool, toolVersion].filter(Boolean).join(' '),
    ),
    ...optional('folder', cwd),
    ...optional('permissions', permissions.mode),
    ...several('permission', pairs(permissions.named)),
    ...optional('tools', tools.length === 0 ? null : `${tools.length}: ${listed(tools)}`),
    ...several(
      'MCP server',
      servers.map(
        ({ name, enabled, calls }) => `${name}: ${enabled ? '' : 'off, '}${countOf(calls, 'call')}`,
      ),
    ),
    ...several('environment', pairs(environment)),
  ]
}

/** Facts of one kind that a panel shows. */
const shownMax = 5
/** Names of a machine's context that a panel shows: it is what its author wants to see first. */
const contextNamesMax = 20

function fact(label: string, value: string): Fact {
  return { label, value }
}

function optional(label: string, value: string | null): readonly Fact[] {
  return value === null || value === '' ? [] : [{ label, value }]
}

/** One fact a line, the first few. */
function several(label: string, values: readonly string[], max = shownMax): readonly Fact[] {
  const shown = values.slice(0, max).map((value) => fact(label, value))
  const rest = values.length - shown.length
  return rest === 0 ? shown : [...shown, fact(label, `and ${countText(rest)} more`)]
}

function pairs(named: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(named)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name} = ${value}`)
}

function statusText({ status, endReason, offeredTo, holder }: StateView, { machine }: ReadonlyState): string {
  const detail = {
    ended: endReason,
    handed_off: offeredTo === null ? null : `to ${offeredTo}`,
    suspended: null,
    active: holder,
  }
  const end = machine === undefined || machine.status === 'active' ? null : `machine ${machine.status}`
  const said = [detail[status], end].filter((one) => one !== null).join(', ')
  return `${status.replace('_', ' ')}${said === '' ? '' : ` (${said})`}`
}

function parentText({ parentSessionId, forkedAt }: StateView): string | null {
  if (parentSessionId === null) return null
  return forkedAt === null ? parentSessionId : `${parentSessionId}, forked at version ${forkedAt}`
}

function failuresText({ retries, givenUp, last }: StateView['failures']): string {
  return `${retries} retried, ${givenUp} given up${last === null ? '' : `, last: ${last}`}`
}

function observationsText(observations: StateView['observations']): string {
  return Object.entries(observations)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, count]) => `${countText(count)} ${kind}`)
    .join(', ')
}

function listed(names: readonly string[]): string {
  return names.length > 5 ? `${names.slice(0, 5).join(', ')} …` : names.join(', ')
}
