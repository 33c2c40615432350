/** A session's state as others read it: `waymark show --json`. Keys are stable; new ones may be added. */
import type { Counted } from '../events/shapes.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { type TaskView, tasksInOrder } from './task-list.ts'
import { countOf, countText, percentText } from './text.ts'

type CountedView = Readonly<Counted>

export interface OpenCallView {
  readonly toolCallId: string
  readonly name: string
  /** Version of the event that recorded the call. */
  readonly version: number
  readonly time: string
  readonly childSessionId: string | null
  /** The file the call is to change. */
  readonly writes: string | null
}

/** The gauge: what is in the context window now. */
export interface WindowView {
  readonly totalTokens: number
  readonly usedTokens: number
  readonly availableTokens: number
  /** May be above 100. */
  readonly percent: number
  readonly phase: ReadonlyState['window']['phase']
  readonly peakTokens: number
  /** Where `totalTokens` comes from. */
  readonly source: ReadonlyState['window']['totalSource']
  readonly estimated: boolean
  /** Version at which the phase was entered. */
  readonly phaseSince: number
}

/** The counters: what the session itself has spent; `inherited` came with a copied or forked history. */
export interface UsageView extends CountedView {
  readonly inherited: CountedView
  readonly byModel: Readonly<Record<string, CountedView>>
  readonly estimatedCalls: number
}

export interface ContextView extends Omit<ReadonlyState['context'], 'items' | 'tagsMade'> {
  /** How many there are. */
  readonly items: number
}

export interface StateView {
  readonly sessionId: string
  readonly nativeId: string | null
  readonly parentSessionId: string | null
  readonly forkedAt: number | null
  readonly continuesSessionId: string | null
  readonly tool: string | null
  readonly version: number
  readonly status: ReadonlyState['status']
  readonly holder: string | null
  readonly offeredTo: string | null
  readonly epoch: number
  readonly endReason: string | null
  readonly title: string | null
  readonly model: string | null
  readonly cwd: string | null
  readonly gitBranch: string | null
  readonly toolVersion: string | null
  readonly permissionMode: string | null
  readonly startedAt: string | null
  readonly lastEventAt: string | null
  readonly window: WindowView
  readonly usage: UsageView
  /** The session and everything below it, each call counted once. */
  readonly tree: { readonly usage: CountedView }
  readonly compactions: number
  readonly turns: ReadonlyState['turns']
  readonly failures: ReadonlyState['failures']
  readonly tasks: readonly TaskView[]
  readonly openCalls: readonly OpenCallView[]
  readonly forgottenCalls: number
  readonly checkpoints: ReadonlyState['checkpoints']
  readonly checkpointCount: number
  readonly recoveries: number
  readonly recoveredFrom: string | null
  /** What items bring into the window; the items themselves are in the layers. */
  readonly context: ContextView
  /** Where the words are that say what the session is about. */
  readonly talk: ReadonlyState['talk']
  readonly observations: Readonly<Record<string, number>>
  readonly configuration: ReadonlyState['configuration']
  readonly history: ReadonlyState['history']
}

/**
 * The view of `state`; `treeUsage` is what the session and all below it have spent. What is known beside tasks and tokens, and how
 * the window grows, is in the layers.
 */
export function stateView(state: ReadonlyState, treeUsage: CountedView): StateView {
  const {
    tasks: _tasks,
    openCalls: _calls,
    earlyResults: _early,
    growth: _growth,
    knowledge: _knowledge,
    ...facts
  } = state
  const { items, tagsMade: _tags, ...context } = state.context
  return {
    ...facts,
    context: { ...context, items: Object.keys(items).length },
    window: windowView(state),
    usage: usageView(state),
    tree: { usage: countedOf(treeUsage) },
    tasks: tasksInOrder(state),
    openCalls: openCallsInOrder(state),
  }
}

export function windowView({ window }: ReadonlyState): WindowView {
  const { totalSource, ...gauge } = window
  return { ...gauge, source: totalSource }
}

export function usageView({ usage }: ReadonlyState): UsageView {
  const { inherited, byModel, estimatedCalls } = usage
  return { ...countedOf(usage), inherited: countedOf(inherited), byModel, estimatedCalls }
}

/** Calls without a result, oldest first. */
function openCallsInOrder(state: ReadonlyState): readonly OpenCallView[] {
  return Object.entries(state.openCalls)
    .map(([toolCallId, call]) => ({ toolCallId, ...call }))
    .sort((a, b) => a.version - b.version || (a.toolCallId < b.toolCallId ? -1 : 1))
}

/** The five counters of a larger object. */
function countedOf({
  calls,
  inputTokens,
  outputTokens,
  cacheReadTokens,
  cacheCreationTokens,
}: CountedView): Counted {
  return { calls, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens }
}

/** `12 calls, 3,400 in, 560 out, 78,000 cache read, 9,000 cache creation` */
export function countedText(counted: CountedView): string {
  return [countOf(counted.calls, 'call'), ...tokenParts(counted)].join(', ')
}

/** The kinds of tokens in words, those that are zero left out unless all are. */
export function tokenParts(counters: Omit<CountedView, 'calls'>): string[] {
  const parts: [number, string][] = [
    [counters.inputTokens, 'in'],
    [counters.outputTokens, 'out'],
    [counters.cacheReadTokens, 'cache read'],
    [counters.cacheCreationTokens, 'cache creation'],
  ]
  const spent = parts.filter(([tokens]) => tokens > 0)
  return spent.length === 0 ? ['no tokens'] : spent.map(([tokens, kind]) => `${countText(tokens)} ${kind}`)
}

/** `85,000 of 200,000 tokens (42.5 %), normal` */
export function windowText(
  window: Pick<StateView['window'], 'usedTokens' | 'totalTokens' | 'percent' | 'phase' | 'estimated'>,
): string {
  const estimate = window.estimated ? ', estimated' : ''
  return `${countText(window.usedTokens)} of ${countText(window.totalTokens)} tokens (${percentText(window.percent)})${estimate}, ${window.phase}`
}
