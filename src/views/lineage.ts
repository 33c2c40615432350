/** Where sessions come from and what became of them: forks, continuations and sub-agents below the session they belong to. */
import type { Counted } from '../events/shapes.ts'
import { noUsage } from '../fold/state.ts'
import type { MachineSummary, StreamSummary } from '../fold/summary.ts'
import { inNaturalOrder } from './text.ts'

/** What a log says of a session without reading its events. */
export interface SessionFacts {
  readonly sessionId: string
  readonly version: number
  readonly forkedFrom: { readonly sessionId: string; readonly version: number } | null
  readonly summary: StreamSummary | null
}

/** What a session is to the one above it; `root` where there is none here. */
export type LineageKind = 'root' | 'fork' | 'continuation' | 'child'

/** A merge, seen from one side of it. */
export interface MergeView {
  /** The other session. */
  readonly sessionId: string
  /** How far the source had come. */
  readonly sourceVersion: number
  /** The version of the merge, in the session that received. */
  readonly version: number
  readonly conflictCount: number
}

export interface LineageNode {
  readonly sessionId: string
  readonly kind: LineageKind
  readonly parentSessionId: string | null
  /** The version of the session above it from which it goes on; `null` where there is none, or it was not said. */
  readonly atVersion: number | null
  readonly depth: number
  readonly title: string | null
  readonly nativeId: string | null
  /** The machine that runs in it; `null` for sessions. */
  readonly machine: MachineSummary | null
  readonly status: StreamSummary['status']
  readonly startedAt: string | null
  readonly version: number
  /** What it spent itself. */
  readonly usage: Counted
  /** What was spent before it began, in the history it shares. */
  readonly inherited: Counted
  /** What it and all below it spent: each call once. */
  readonly total: Counted
  /** The newest merges of others into it, oldest first. */
  readonly merges: readonly MergeView[]
  /** Merges of it into others. */
  readonly mergedInto: readonly MergeView[]
}

/**
 * All sessions, each followed by what is below it, in the order they began. With a session named, only the tree it belongs to.
 * Sessions that say they are each other's ancestors have no top: each stands for itself.
 */
export function lineageOf(sessions: readonly SessionFacts[], named?: string): readonly LineageNode[] {
  const links = linksOf(sessions)
  const tops = [...links.values()].filter(({ above }) => above === null)
  const top = named === undefined ? undefined : topOf(links, named)
  const chosen = top === undefined ? tops : [top]
  const rows = chosen.flatMap((link) => below(links, link))
  const placed = new Set(rows.map(({ link }) => link.facts.sessionId))
  const loose = [...links.values()].filter(({ facts }) => !placed.has(facts.sessionId))
  const all = top === undefined ? [...rows, ...loose.map((link) => ({ link, depth: 0 }))] : rows
  const totals = totalsOf(all)
  const mergedInto = mergesBySource(sessions)
  return all.map(({ link, depth }, index) => {
    const { facts } = link
    return {
      ...nodeOf(link, depth),
      total: totals[index] ?? noUsage(),
      mergedInto: mergedInto.get(facts.sessionId) ?? [],
    }
  })
}

interface Link {
  readonly facts: SessionFacts
  readonly kind: LineageKind
  readonly above: string | null
  readonly atVersion: number | null
  readonly below: string[]
}

type Links = ReadonlyMap<string, Link>

function linksOf(sessions: readonly SessionFacts[]): Links {
  const ordered = sessions.filter(({ version }) => version > 0).sort(inOrderOfBeginning)
  const here = new Set(ordered.map(({ sessionId }) => sessionId))
  const links = new Map<string, Link>()
  for (const facts of ordered) {
    const origin = originOf(facts)
    const isHere = origin !== null && origin.above !== facts.sessionId && here.has(origin.above)
    const none = { kind: 'root', above: null, atVersion: null } as const
    links.set(facts.sessionId, { facts, ...(isHere ? origin : none), below: [] })
  }
  for (const { facts, above } of links.values()) {
    if (above !== null) links.get(above)?.below.push(facts.sessionId)
  }
  return links
}

function originOf({
  forkedFrom,
  summary,
}: SessionFacts): (Pick<Link, 'kind' | 'atVersion'> & { above: string }) | null {
  if (forkedFrom !== null) {
    return { kind: 'fork', above: forkedFrom.sessionId, atVersion: forkedFrom.version }
  }
  const parent = summary?.parentSessionId ?? null
  if (parent !== null) return { kind: 'child', above: parent, atVersion: null }
  const { continuesSessionId = null, continuesVersion = null } = summary?.branch ?? {}
  return continuesSessionId === null
    ? null
    : { kind: 'continuation', above: continuesSessionId, atVersion: continuesVersion }
}

function inOrderOfBeginning(a: SessionFacts, b: SessionFacts): number {
  const [first, second] = [a.summary?.startedAt ?? '', b.summary?.startedAt ?? '']
  return first < second ? -1 : first > second ? 1 : inNaturalOrder(a.sessionId, b.sessionId)
}

/** The top of the tree that a session belongs to; itself where its ancestors stand in a circle. */
function topOf(links: Links, sessionId: string): Link | undefined {
  const met = new Set<string>()
  let link = links.get(sessionId)
  while (link !== undefined && link.above !== null) {
    if (met.has(link.facts.sessionId)) return links.get(sessionId)
    met.add(link.facts.sessionId)
    link = links.get(link.above)
  }
  return link
}

interface Row {
  readonly link: Link
  readonly depth: number
}

/** A session and all below it, each before what is below it; none twice. */
function below(links: Links, top: Link): readonly Row[] {
  const rows: Row[] = []
  const met = new Set<string>()
  const waiting: Row[] = [{ link: top, depth: 0 }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (met.has(next.link.facts.sessionId)) continue
    met.add(next.link.facts.sessionId)
    rows.push(next)
    const depth = next.depth + 1
    for (const id of next.link.below.toReversed()) {
      const link = links.get(id)
      if (link !== undefined) waiting.push({ link, depth })
    }
  }
  return rows
}

function nodeOf(
  { facts, kind, above, atVersion }: Link,
  depth: number,
): Omit<LineageNode, 'total' | 'mergedInto'> {
  const { sessionId, version, summary } = facts
  return {
    sessionId,
    kind,
    parentSessionId: above,
    atVersion,
    depth,
    title: summary?.title ?? null,
    nativeId: summary?.nativeId ?? null,
    machine: summary?.machine ?? null,
    status: summary?.status ?? 'active',
    startedAt: summary?.startedAt ?? null,
    version,
    usage: summary?.usage ?? noUsage(),
    inherited: summary?.branch?.inherited ?? noUsage(),
    merges: ownMerges(facts),
  }
}

/** For each row the sum of its own usage and that of the rows below it. */
function totalsOf(rows: readonly Row[]): readonly Counted[] {
  const totals = rows.map(({ link }) => ({ ...noUsage(), ...link.facts.summary?.usage }))
  const open: number[] = []
  const close = (depth: number): void => {
    while (open.length > depth) {
      const [done, above] = [open.pop(), open[open.length - 1]]
      const [part, total] = [totals[done ?? -1], totals[above ?? -1]]
      if (part !== undefined && total !== undefined) addUsage(total, part)
    }
  }
  for (const [index, { depth }] of rows.entries()) {
    close(depth)
    open.push(index)
  }
  close(0)
  return totals
}

export function addUsage(total: Counted, part: Readonly<Counted>): void {
  total.calls += part.calls
  total.inputTokens += part.inputTokens
  total.outputTokens += part.outputTokens
  total.cacheReadTokens += part.cacheReadTokens
  total.cacheCreationTokens += part.cacheCreationTokens
}

/** A fork knows the merges of its history too; they were made by the session it came from. */
function ownMerges({ forkedFrom, summary }: SessionFacts): readonly MergeView[] {
  const merges = summary?.branch?.merges ?? []
  return merges.filter(({ version }) => version > (forkedFrom?.version ?? 0))
}

function mergesBySource(sessions: readonly SessionFacts[]): ReadonlyMap<string, readonly MergeView[]> {
  const bySource = new Map<string, MergeView[]>()
  for (const facts of sessions) {
    const { sessionId } = facts
    for (const { sessionId: source, ...merge } of ownMerges(facts)) {
      const merges = bySource.get(source)
      if (merges === undefined) bySource.set(source, [{ sessionId, ...merge }])
      else merges.push({ sessionId, ...merge })
    }
  }
  return bySource
}
