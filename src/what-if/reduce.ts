/**
 * Delta debugging: the fewest items of a list that still show a problem. It knows nothing of sessions; what a candidate shows is
 * for its caller to say. Pure: the same list and the same answers lead to the same result by the same way.
 */

/**
 * What came of a candidate. One that shows the problem says which of its items took part: those that it shows it without, such as
 * refused ones, need not be tried one by one. With `kept` alone it shows the problem again.
 */
export type Trial<Item> =
  | { readonly verdict: 'shows'; readonly kept: readonly Item[] }
  | { readonly verdict: 'absent' }
  /** It cannot be tried at all. For the search that is no other answer than `absent`; for people it is. */
  | { readonly verdict: 'unplayable' }

export interface ReduceProgress {
  readonly attempts: number
  /** Items left so far. */
  readonly left: number
}

export interface ReduceOptions {
  /** Candidates tried at most; one seen before is not tried again and does not count. */
  readonly attemptsMax: number
  readonly onProgress?: (progress: ReduceProgress) => void
}

export interface Reduction<Item> {
  readonly items: readonly Item[]
  readonly attempts: number
  /** Of `attempts`, those that could not be tried. */
  readonly unplayable: number
  /** No single item can be left out. False when the attempts came to their bound before that was known. */
  readonly isMinimal: boolean
}

/**
 * Leaves items out of a list for as long as the rest shows the problem: halves first, then quarters, down to single ones, the last
 * before the first, because what comes later is needed by less. Items are distinct. Gives `null` when the whole list does not show it.
 *
 * @example
 * ```ts
 * const showsIt = (kept: readonly number[]) =>
 *   kept.includes(3) && kept.includes(6) ? ({ verdict: 'shows', kept } as const) : ({ verdict: 'absent' } as const)
 * reduce([1, 2, 3, 4, 5, 6, 7, 8], showsIt, { attemptsMax: 100 })?.items // [3, 6]
 * ```
 */
export function reduce<Item>(
  items: readonly Item[],
  attempt: (candidate: readonly Item[]) => Trial<Item>,
  options: ReduceOptions,
): Reduction<Item> | null {
  const counted = { attempts: 0, unplayable: 0 }
  const tried = triedOnce(items, attempt, counted)
  const whole = tried(items)
  if (whole === null) return null
  let left = whole
  let isMinimal = false
  for (let size = halfOf(left.length); ; ) {
    let isSmaller = false
    for (let end = left.length; end > 0; end = Math.min(end - size, left.length)) {
      if (counted.attempts >= options.attemptsMax) return { items: left, ...counted, isMinimal }
      const start = Math.max(0, end - size)
      const shown = tried([...left.slice(0, start), ...left.slice(end)])
      options.onProgress?.({ attempts: counted.attempts, left: shown?.length ?? left.length })
      if (shown === null) continue
      left = shown
      isSmaller = true
    }
    isMinimal = size === 1 && !isSmaller
    if (isMinimal || left.length === 0) return { items: left, ...counted, isMinimal: true }
    size = Math.min(halfOf(size), halfOf(left.length))
  }
}

function halfOf(length: number): number {
  return Math.max(1, Math.ceil(length / 2))
}

/** Tries each candidate once: what shows the problem, `null` when it does not. */
function triedOnce<Item>(
  items: readonly Item[],
  attempt: (candidate: readonly Item[]) => Trial<Item>,
  counted: { attempts: number; unplayable: number },
): (candidate: readonly Item[]) => readonly Item[] | null {
  const places = new Map(items.map((item, index) => [item, index]))
  const known = new Map<string, readonly Item[] | null>()
  return (candidate) => {
    const key = keyOf(candidate.map((item) => places.get(item) ?? -1))
    const before = known.get(key)
    if (before !== undefined) return before
    counted.attempts += 1
    const trial = attempt(candidate)
    if (trial.verdict === 'unplayable') counted.unplayable += 1
    const shown = trial.verdict === 'shows' ? trial.kept : null
    known.set(key, shown)
    return shown
  }
}

/** Places in order as text, neighbours as one range: candidates consist of few long ranges. */
function keyOf(places: readonly number[]): string {
  const ranges: string[] = []
  let start = 0
  for (const [index, place] of places.entries()) {
    if (places[index + 1] === place + 1) continue
    ranges.push(`${places[start]}-${place}`)
    start = index + 1
  }
  return ranges.join()
}
