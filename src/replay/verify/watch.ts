/** Events gone through with one watch over as many of them as can be gone through at once: machines of others may never answer. */
import { askingWithin } from '../../decide/machines-given.ts'
import { limits } from '../../kernel/limits.ts'

/**
 * Visits items in order, and waits where a visit has to.
 *
 * @throws WaymarkError `MACHINES_INVALID` for a machine that does not come to an answer
 */
export async function eachWatched<Item>(
  items: readonly Item[],
  isWatched: boolean,
  visit: (item: Item) => Promise<void> | null,
): Promise<void> {
  let place = 0
  const untilOneWaits = (): Promise<void> | null => {
    for (; place < items.length; ) {
      const item = items[place]
      place += 1
      const wait = item === undefined ? null : visit(item)
      if (wait !== null) return wait
    }
    return null
  }
  while (place < items.length) {
    const wait = isWatched ? askingWithin(limits.machinesPageWaitMs, untilOneWaits) : untilOneWaits()
    if (wait !== null) await wait
  }
}
