/** What differs between two states, by meaning: tasks by their id, checkpoints by theirs, and what is only bookkeeping set apart. */
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { pathText } from './state-path.ts'
import { type Shape, stateShape } from './state-shape.ts'
import { inNaturalOrder } from './text.ts'

export interface StateChange {
  /** Where in the state, as `valueAt` takes it. */
  readonly path: string
  readonly kind: 'added' | 'removed' | 'changed'
  /** `null` for what was added. */
  readonly before: unknown
  /** `null` for what was removed. */
  readonly after: unknown
}

export interface StateDiff {
  /** The first `limits.changesListedMax`, in the order in which a state tells its parts. */
  readonly changes: readonly StateChange[]
  /** All of them, listed or not. */
  readonly changeCount: number
  /** Parts that differ as well, and only say how the rest came about: version, history, samples of growth. */
  readonly folded: readonly string[]
}

export interface StateDiffOptions {
  /** Lists what is folded otherwise. */
  readonly all?: boolean
  /** Folds times too: of two sessions that have nothing in common, all of them differ. */
  readonly foldTimes?: boolean
  /** What an id of the state after is called in the state before; both are called the same if left out. */
  readonly nameOf?: (text: string) => string
}

/** Parts that nearly every event changes, and counts of what is listed anyway. */
const bookkeeping: ReadonlySet<string> = new Set([
  'sessionId',
  'version',
  'lastEventAt',
  'history',
  'growth',
  'talk',
  'taskCount',
  'openCallCount',
  'toolBegins',
  'checkpointCount',
  'earlyResults',
  'observations',
  'window.phaseSince',
  'window.availableTokens',
  'knowledge.decisionCount',
  'context.tagsMade',
])

/** What the elements of a list are known by; lists without it are compared as sets of values. */
const knownBy: Readonly<Record<string, string>> = {
  checkpoints: 'id',
  handoffs: 'id',
  merges: 'version',
  'recovery.steps': 'step',
  'knowledge.decisions': 'version',
  'talk.prompts': 'version',
  'talk.replies': 'version',
  'talk.files': 'path',
  'growth.samples': 'version',
  history: 'version',
}

/**
 * What differs between two states of one session, or of two.
 *
 * @example
 * ```ts
 * const before = session.state
 * await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
 * const { changes } = stateDiff(before, session.state)
 * changes.map(({ kind, path }) => `${kind} ${path}`) // ['added tasks.A']
 * ```
 */
export function stateDiff(
  before: ReadonlyState,
  after: ReadonlyState,
  { all = false, foldTimes = false, nameOf = asItIs }: StateDiffOptions = {},
): StateDiff {
  const changes: StateChange[] = []
  const folded = new Set<string>()
  let changeCount = 0
  const found: Found = (names, kind, was, is) => {
    const name = all ? undefined : foldedName(names, foldTimes)
    if (name !== undefined) {
      folded.add(name)
      return
    }
    changeCount += 1
    if (changes.length < limits.changesListedMax) {
      changes.push({ path: pathText(names), kind, before: was ?? null, after: is ?? null })
    }
  }
  compare([], before, after, stateShape, { found, nameOf })
  return { changes, changeCount, folded: [...folded] }
}

function asItIs(text: string): string {
  return text
}

/** Whether two values of states are the same, part by part; of two texts `isSameText` says it where they are not equal. */
export function isSame(a: unknown, b: unknown, isSameText?: (a: string, b: string) => boolean): boolean {
  if (isSameText !== undefined && typeof a === 'string' && typeof b === 'string') return isSameText(a, b)
  if (Object.is(a, b)) return true
  if (!isPart(a) || !isPart(b) || Array.isArray(a) !== Array.isArray(b)) return false
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every(
      (name) => Object.hasOwn(b, name) && isSame(Reflect.get(a, name), Reflect.get(b, name), isSameText),
    )
  )
}

const timeName = /At$|^time$|^runningSince$|^workedMs$/

type Names = readonly (string | number)[]
type Found = (names: Names, kind: StateChange['kind'], before: unknown, after: unknown) => void
interface Told {
  readonly found: Found
  readonly nameOf: (text: string) => string
}

function foldedName(names: Names, foldTimes: boolean): string | undefined {
  const [first, second] = names
  if (foldTimes && timeName.test(String(names.at(-1)))) return 'times'
  return [String(first), `${first}.${second}`].find((name) => bookkeeping.has(name))
}

function compare(names: Names, before: unknown, after: unknown, shape: Shape, told: Told): void {
  // Parts that did not change are shared between the states of one session.
  if (Object.is(before, after)) return
  if (shape === 'value' || !isPart(before) || !isPart(after)) {
    const isSameText = (was: string, is: string): boolean => was === is || was === told.nameOf(is)
    if (!isSame(before, after, isSameText)) told.found(names, kindOf(before, after), before, after)
    return
  }
  if ('list' in shape) {
    compareLists(names, asList(before), asList(after), shape.list, told)
    return
  }
  for (const name of namesIn(before, after, shape)) {
    const part = 'each' in shape ? shape.each : (shape.fields[name] ?? 'value')
    compare([...names, name], ownOf(before, name), ownOf(after, name), part, told)
  }
}

/** Fields in the order of the shape, ids of a table in the order in which people count. */
function namesIn(
  before: object,
  after: object,
  shape: Exclude<Shape, 'value' | { list: Shape }>,
): readonly string[] {
  if ('fields' in shape) return Object.keys(shape.fields)
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort(inNaturalOrder)
}

/** Elements with the same key are the same thing; an element without a key is the value it is. */
function compareLists(
  names: Names,
  before: readonly unknown[],
  after: readonly unknown[],
  shape: Shape,
  told: Told,
): void {
  const { found, nameOf } = told
  const key = knownBy[names.join('.')]
  const known = (list: readonly unknown[], named: (text: string) => string): Map<string, number> =>
    new Map(list.map((one, index) => [keyOf(one, key, named), index]))
  const [olds, news] = [known(before, asItIs), known(after, nameOf)]
  for (const [name, index] of olds) {
    if (!news.has(name)) found([...names, index], 'removed', before[index], undefined)
  }
  for (const [name, index] of news) {
    const old = olds.get(name)
    if (old === undefined) found([...names, index], 'added', undefined, after[index])
    else compare([...names, index], before[old], after[index], shape, told)
  }
}

function keyOf(one: unknown, key: string | undefined, nameOf: (text: string) => string): string {
  const known = key === undefined || !isPart(one) ? one : ownOf(one, key)
  return JSON.stringify(known, (_field, value: unknown) =>
    typeof value === 'string' ? nameOf(value) : value,
  )
}

/** A value that was `null` before was not there, as far as people are concerned, but its place was. */
function kindOf(before: unknown, after: unknown): StateChange['kind'] {
  if (before === undefined) return 'added'
  return after === undefined ? 'removed' : 'changed'
}

function asList(value: object): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function ownOf(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

function isPart(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
