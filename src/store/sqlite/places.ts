/** Places: where events lie in the trees of `events` and `blocks`. */

/**
 * Versions a stream may have, and the number by which streams are told apart in `events.place`. A place is
 * `stream * 2^32 + version`: one ordered tree, so that a replay reads neighbouring pages from first to last.
 */
export const placesPerStream = 4_294_967_296

/** Streams a log may have, so that a place stays an integer that JavaScript holds exactly. */
export const streamsMax = 2_097_151

/** The place of a version of a stream. */
export function placeOf(key: number, version: number): number {
  return key * placesPerStream + version
}
