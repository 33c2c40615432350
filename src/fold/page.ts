/** Pages of events as the fold takes them: a list, or one that is still packed by columns. */
import type { EventType } from '../events/catalogue.ts'
import type { FoldableEvent } from '../events/envelope.ts'
import type { AnyEvent } from './recipe.ts'

/** Events that follow one another in their stream. */
export type FoldablePage = readonly AnyEvent[] | PackedPage

/**
 * Events that are taken out one by one, so that none has to be made that nobody keeps. Going over it as over a list makes each anew: that is
 * the plain twin.
 */
export interface PackedPage extends Iterable<FoldableEvent> {
  readonly length: number
  /** The types that come up, one for each kind of event. */
  readonly types: readonly EventType[]
  /** The kind of each event, in the order of their versions. */
  readonly kinds: readonly number[]
  /** The event of a place; each has to be asked for once and in order. It is good until the next one is asked for, its data for ever. */
  readonly next: (place: number) => FoldableEvent
  /** The latest time of the kinds that count; `null` when there are none of them. */
  readonly latestTime: (counts: readonly boolean[]) => string | null
}

export function isPacked(page: FoldablePage): page is PackedPage {
  return 'kinds' in page
}
