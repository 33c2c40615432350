/** Random walks through a machine: any events with any data, each problem cut down to the fewest events that show it. */
import fc from 'fast-check'
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { reduce, type Trial } from '../../what-if/reduce.ts'
import { machineBounds } from './bounds.ts'
import type { EventSource } from './events.ts'
import { type Finding, keyOf, type MachineProblem, problemOf, type Step } from './finding.ts'
import { type Invariants, judgePlace, judgeStep } from './judge.ts'
import type { Observation, ObservedMachine } from './observe.ts'
import { textOf } from './spell.ts'
import { count, countOffered, type Tally } from './tally.ts'

export interface Walks {
  readonly machine: ObservedMachine
  readonly sources: readonly EventSource[]
  readonly start: AnyMachineSnapshot
  readonly invariants: Invariants
  readonly tally: Tally
  readonly seed: number
  readonly numRuns: number
  readonly lengthMax: number
  /** Keys of what was found before, which is not told again. */
  readonly known: ReadonlySet<string>
  /** Events in places that were looked at, by `stepKey`, and nothing was found. */
  readonly clean: Set<string>
}

/** An event in a place. */
export function stepKey(before: AnyMachineSnapshot, event: EventObject): string {
  return `${keyOf(before)} ${textOf(event)}`
}

export interface Walked {
  readonly problems: readonly MachineProblem[]
  readonly steps: number
}

/** Walks until nothing new is found, or one more of each kind than is told. */
export function walk(walks: Walks): Walked {
  const known = new Set(walks.known)
  const ofKind = new Map<string, number>()
  const isNew = ({ key, kind }: Finding): boolean =>
    !known.has(key) && (ofKind.get(kind) ?? 0) <= machineBounds.problemsMax
  const problems: MachineProblem[] = []
  let steps = 0
  for (let round = 0; ; round++) {
    const found = walkRound(walks, isNew, round)
    steps += found.steps
    if (found.problem === null) return { problems, steps }
    const { key, kind } = found.finding
    known.add(key)
    ofKind.set(kind, (ofKind.get(kind) ?? 0) + 1)
    problems.push(found.problem)
  }
}

/** An event of a walk. One object each, so that a walk can be cut down to some of them. */
interface Drawn {
  readonly event: EventObject
}

type Round =
  | { readonly problem: null; readonly steps: number }
  | { readonly problem: MachineProblem; readonly finding: Finding; readonly steps: number }

function walkRound(walks: Walks, isNew: (finding: Finding) => boolean, round: number): Round {
  const { sources, numRuns, lengthMax } = walks
  const arbitraries = sources.flatMap(({ arbitrary }) => arbitrary ?? [])
  if (arbitraries.length === 0) return { problem: null, steps: 0 }
  const drawn = fc.oneof(...arbitraries).map((event): Drawn => ({ event }))
  let wanted: string | null = null
  let shown: Shown | null = null
  let steps = 0
  const property = fc.property(fc.array(drawn, { maxLength: lengthMax, size: 'max' }), (events) => {
    const isWanted = (finding: Finding): boolean =>
      wanted === null ? isNew(finding) : finding.key === wanted
    const way = follow(walks, events, isWanted, wanted === null)
    if (wanted === null) steps += way.steps
    if (!isShown(way)) return true
    wanted = way.finding.key
    shown = way
    return false
  })
  const { errorInstance, failed } = fc.check(property, {
    seed: (walks.seed + round) | 0,
    numRuns,
  })
  if (!failed) return { problem: null, steps }
  if (shown === null) throw errorInstance ?? new Error('fast-check gave up the walks')
  const { finding } = shown
  return { problem: shortest(walks, shown), finding, steps }
}

interface Way {
  readonly finding: Finding | null
  /** Steps that changed something, and the one that shows the finding. */
  readonly made: readonly Step[]
  readonly kept: readonly Drawn[]
  readonly steps: number
}

interface Shown extends Way {
  readonly finding: Finding
}

function isShown(way: Way): way is Shown {
  return way.finding !== null
}

/** Follows events for as long as nothing that is looked for is found. */
function follow(
  walks: Walks,
  events: readonly Drawn[],
  isWanted: (finding: Finding) => boolean,
  isCounted: boolean,
): Way {
  const { machine, sources, start, invariants, tally } = walks
  const sourceOf = new Map(sources.map((source) => [source.type, source]))
  const made: Step[] = []
  const kept: Drawn[] = []
  let before = start
  let steps = 0
  for (const drawn of events) {
    const { event } = drawn
    if (before.status === 'error' || sourceOf.get(event.type)?.comes(before) !== true) continue
    const seen = machine.step(before, event)
    steps += 1
    const isEnd = before.status === 'done'
    if (isCounted && !isEnd) {
      count(tally, seen)
      countOffered(tally, before, event)
    }
    const findings = [
      ...judgeOnce(walks, before, event, seen, isCounted),
      ...(isEnd || seen.snapshot === before ? [] : judgePlace(seen.snapshot, invariants)),
    ]
    const finding = findings.find(isWanted)
    if (finding !== undefined || seen.accepted) {
      made.push({ event, after: seen.snapshot })
      kept.push(drawn)
    }
    if (finding !== undefined) return { finding, made, kept, steps }
    // An actor stops where it throws.
    if (seen.thrown !== null) break
    if (!isEnd) before = seen.snapshot
  }
  return { finding: null, made, kept, steps }
}

/** Asking a machine three times over costs more than to remember what was asked; what a search is for is asked again. */
function judgeOnce(
  { machine, clean }: Walks,
  before: AnyMachineSnapshot,
  event: EventObject,
  seen: Observation,
  isFirst: boolean,
): readonly Finding[] {
  const key = stepKey(before, event)
  const findings = judgeStep(machine, before, event, seen, !(isFirst && clean.has(key)))
  if (findings.length === 0) clean.add(key)
  return findings
}

/** fast-check leaves out events for as long as it is lucky; this leaves out every single one that can be left out. */
function shortest(walks: Walks, shown: Shown): MachineProblem {
  const { key } = shown.finding
  let best = shown
  const attempt = (candidate: readonly Drawn[]): Trial<Drawn> => {
    const way = follow(walks, candidate, (finding) => finding.key === key, false)
    if (!isShown(way)) return { verdict: 'absent' }
    best = way
    return { verdict: 'shows', kept: way.kept }
  }
  // A machine that chance plays a part in may not show it again: then the walk that did is told.
  reduce(shown.kept, attempt, { attemptsMax: machineBounds.shorterWalksMax })
  return problemOf(best.finding, walks.start, best.made)
}
