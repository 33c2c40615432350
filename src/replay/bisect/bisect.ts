/**
 * The first version at which a predicate holds, found in about log2(n) reconstructions instead of n. That is the first one when the predicate
 * turns once; when it turns more often it is one of its turns, and only `scanFor` knows the others.
 */
import { frozen } from '../../fold/fold.ts'
import { initialState, type ReadonlyState } from '../../fold/state.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import type { EventLog } from '../../log/port.ts'
import { stateAt } from '../at.ts'
import { batchEndAt, batchEndUpTo } from '../batch-ends.ts'
import { streamOf } from '../load.ts'
import type { Predicate } from '../predicate/predicate.ts'

export interface BisectRange {
  /** The version to begin after; 0, before the first event, if left out. */
  readonly from?: number
  /** The last version to look at; the newest if left out. */
  readonly to?: number
}

/** One look at the session. */
export interface Probe {
  readonly version: number
  readonly holds: boolean
}

/**
 * - `found`: it does not hold at `from` and holds at `to`;
 * - `held-before`: it holds at `from` already;
 * - `not-held`: it holds neither at `from` nor at `to`.
 */
export type BisectOutcome = 'found' | 'held-before' | 'not-held'

export interface Bisected {
  readonly outcome: BisectOutcome
  /** A version at which it holds, and does not hold at `before`; `null` unless it was found. */
  readonly version: number | null
  /** The end of the batch before `version`. */
  readonly before: number | null
  /** Where was looked, in that order; both ends of the range come first. */
  readonly probes: readonly Probe[]
  /**
   * `false` when the looks show that it turns more than once, or from yes to no; `null` when nothing they saw speaks against it. What lies
   * between them was not looked at.
   */
  readonly monotone: false | null
  /** States that were reconstructed. */
  readonly reconstructions: number
  /** The states at `before` and `version`; `null` unless it was found. */
  readonly turn: { readonly before: ReadonlyState; readonly after: ReadonlyState } | null
}

/** A range whose ends are ends of batches. @throws WaymarkError `VERSION_NOT_FOUND`, `USAGE` when nothing lies in it */
export async function rangeOf(
  log: EventLog,
  sessionId: string,
  { from = 0, to }: BisectRange,
): Promise<Required<BisectRange>> {
  const { version: newest } = await streamOf(log, sessionId)
  const ends: number[] = []
  for (const version of [from, to ?? newest]) {
    if (!Number.isInteger(version) || version < 0 || version > newest) {
      throw new WaymarkError('VERSION_NOT_FOUND', {
        message: `session ${sessionId} has no version ${version}`,
        hint: `its versions are 0 to ${newest}`,
        details: { sessionId, version, newest },
      })
    }
    ends.push(await batchEndUpTo(log, sessionId, version, newest))
  }
  const [first = 0, last = 0] = ends
  if (first < last) return { from: first, to: last }
  const end = to ?? newest
  throw new WaymarkError('USAGE', {
    message:
      from >= end
        ? `there is nothing to look at from version ${from} to version ${end}: the first has to be the smaller one`
        : `no batch of session ${sessionId} ends after version ${from} and up to version ${end}: they are inside of one`,
    hint: 'name a version before and one after: --from 10 --to 200',
    details: { sessionId, from, to: end },
  })
}

/**
 * Looks for the first end of a batch at which the predicate holds, in at most ⌈log2(n)⌉ + 2 reconstructions for n versions.
 *
 * @throws WaymarkError `PREDICATE_INVALID`, `DAMAGED_RECORD` with its place
 */
export async function bisectBetween(
  log: EventLog,
  sessionId: string,
  predicate: Predicate,
  { from, to }: Required<BisectRange>,
): Promise<Bisected> {
  const probes: Probe[] = []
  let reconstructions = 0
  const ask = async (
    version: number,
  ): Promise<{ readonly state: ReadonlyState; readonly holds: boolean }> => {
    // Before the first event there is nothing to reconstruct.
    if (version > 0) reconstructions += 1
    const state = version === 0 ? frozen(initialState(sessionId)) : await stateAt(log, sessionId, version)
    const holds = predicate.holds(state)
    probes.push({ version, holds })
    return { state, holds }
  }
  const first = await ask(from)
  const last = await ask(to)
  if (first.holds || !last.holds) {
    const outcome = first.holds ? 'held-before' : 'not-held'
    const monotone = first.holds && !last.holds ? false : null
    return { outcome, version: null, before: null, probes, monotone, reconstructions, turn: null }
  }
  // It holds at `hi` and not at `lo`, both ends of batches. What is looked for is `hi`, or an end above `low` and below `high`.
  let lo = { version: from, state: first.state }
  let hi = { version: to, state: last.state }
  for (let low = from, high = to; high - low > 1; ) {
    const middle = low + Math.floor((high - low) / 2)
    const end = await batchEndAt(log, sessionId, middle, to)
    let isAbove = end >= hi.version
    if (!isAbove && end > lo.version) {
      const { state, holds } = await ask(end)
      isAbove = holds
      if (holds) hi = { version: end, state }
      else lo = { version: end, state }
    }
    if (isAbove) high = middle
    else low = middle
  }
  const turn = { before: lo.state, after: hi.state }
  return {
    outcome: 'found',
    version: hi.version,
    before: lo.version,
    probes,
    monotone: null,
    reconstructions,
    turn,
  }
}
