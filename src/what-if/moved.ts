/** Changes of a state that say no more than that something before them took an event more or less: only versions in them moved. */
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { type StateChange, type StateDiff, stateDiff } from '../views/state-diff.ts'
import { isSameValue } from './same.ts'

/**
 * From the recorded state to the played one. An event more or less moves all versions after it, so that decisions and merges, which are known by
 * theirs, would be taken for one another: they are known here by what they say.
 */
export function playedDiff(recorded: ReadonlyState, played: ReadonlyState): StateDiff {
  const diff = stateDiff(recorded, played)
  const lists = [
    ['knowledge.decisions', recorded.knowledge.decisions, played.knowledge.decisions],
    ['merges', recorded.merges, played.merges],
  ] as const
  let { changes, changeCount } = diff
  for (const [list, before, after] of lists) {
    const others = changes.filter(({ path }) => !path.startsWith(`${list}[`))
    const own = elementChanges(list, before, after)
    changeCount += own.length - (changes.length - others.length)
    changes = [...others, ...own]
  }
  return { ...diff, changeCount, changes: changes.slice(0, limits.changesListedMax) }
}

interface Versioned {
  readonly version: number
}

function elementChanges(
  list: string,
  before: readonly Versioned[],
  after: readonly Versioned[],
): readonly StateChange[] {
  const left = new Set(after)
  const changes: StateChange[] = []
  for (const [index, was] of before.entries()) {
    const is = [...left].find((one) => isSameApartFromVersions(was, one))
    const path = `${list}[${index}]`
    if (is === undefined) changes.push({ path, kind: 'removed', before: was, after: null })
    else if (left.delete(is) && is.version !== was.version) {
      changes.push({ path: `${path}.version`, kind: 'changed', before: was.version, after: is.version })
    }
  }
  for (const [index, is] of after.entries()) {
    if (left.has(is)) changes.push({ path: `${list}[${index}]`, kind: 'added', before: null, after: is })
  }
  return changes
}

export interface ToldAndMoved {
  /** Changes that say something. */
  readonly told: readonly StateChange[]
  /** Parts of the state in which only versions are others; an element of a list that was found again counts once. */
  readonly moved: number
}

/** Sets apart what only came at another version. An element that is gone from a list and is there again with another version is the same. */
export function toldApartFromMoved(changes: readonly StateChange[]): ToldAndMoved {
  const gone = new Map<string, StateChange[]>()
  for (const change of changes) {
    const list = listOf(change)
    if (change.kind === 'removed' && list !== null) gone.set(list, [...(gone.get(list) ?? []), change])
  }
  const left = new Set<StateChange>()
  let moved = 0
  for (const change of changes) {
    const found = change.kind === 'added' ? sameIn(gone.get(listOf(change) ?? ''), change, left) : undefined
    if (found !== undefined) left.add(found).add(change)
    else if (!isMoved(change)) continue
    else left.add(change)
    moved += 1
  }
  return { told: changes.filter((change) => !left.has(change)), moved }
}

function sameIn(
  removed: readonly StateChange[] = [],
  { after }: StateChange,
  left: ReadonlySet<StateChange>,
): StateChange | undefined {
  return removed.find((change) => !left.has(change) && isSameApartFromVersions(change.before, after))
}

/** The list that an element is in: `knowledge.decisions` of `knowledge.decisions[3]`. */
function listOf({ path }: StateChange): string | null {
  return /^(.*)\[\d+\]$/.exec(path)?.[1] ?? null
}

function isMoved({ path, kind, before, after }: StateChange): boolean {
  if (kind !== 'changed') return false
  if (versionName.test(path)) return typeof before === 'number' && typeof after === 'number'
  const areParts =
    typeof before === 'object' && typeof after === 'object' && before !== null && after !== null
  return areParts && isSameApartFromVersions(before, after)
}

const versionName = /(^|\.)([A-Za-z]+V|v)ersion$/

function isSameApartFromVersions(before: unknown, after: unknown): boolean {
  return isSameValue(withoutVersions(before), withoutVersions(after))
}

function withoutVersions(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withoutVersions)
  const entries = Object.entries(value).map(([name, part]: readonly [string, unknown]) => [
    name,
    versionName.test(name) && typeof part === 'number' ? 0 : withoutVersions(part),
  ])
  return Object.fromEntries(entries)
}
