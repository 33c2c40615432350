/**
 * Shrinking of histories: runs of items are left out, long ones first, for as long as the rest fails. That finds what shrinking items one by one
 * does not: a way there and back that was for nothing.
 */
import fc from 'fast-check'

/** Runs of these lengths are always tried; longer ones by halves. */
const shortRuns = [4, 3, 2, 1] as const

/**
 * The same values, which shrink by leaving out items. `remade` makes a value of those that are left; what then cannot stand any more, it leaves out
 * too.
 *
 * @param keep items at the beginning that stay
 */
export function leavingOut<Item, Value>(
  values: fc.Arbitrary<Value>,
  itemsOf: (value: Value) => readonly Item[],
  remade: (items: readonly Item[]) => Value,
  keep = 0,
): fc.Arbitrary<Value> {
  function* shorter(value: Value): IterableIterator<fc.Value<Value>> {
    const items = itemsOf(value)
    for (const size of runLengths(items.length - keep)) {
      for (let start = items.length - size; start >= keep; start--) {
        const rest = remade([...items.slice(0, start), ...items.slice(start + size)])
        if (itemsOf(rest).length < items.length) yield new fc.Value(rest, undefined)
      }
    }
  }
  return new LeavingOut(values, shorter)
}

/** Arbitraries that shrink in their own way have to be a class of fast-check's. */
class LeavingOut<Value> extends fc.Arbitrary<Value> {
  readonly #values: fc.Arbitrary<Value>
  readonly #shorter: (value: Value) => IterableIterator<fc.Value<Value>>

  constructor(values: fc.Arbitrary<Value>, shorter: (value: Value) => IterableIterator<fc.Value<Value>>) {
    super()
    this.#values = values
    this.#shorter = shorter
  }

  override generate(random: fc.Random, biasFactor: number | undefined): fc.Value<Value> {
    return new fc.Value(this.#values.generate(random, biasFactor).value, undefined)
  }

  override canShrinkWithoutContext(_value: unknown): _value is Value {
    return false
  }

  override shrink(value: Value): fc.Stream<fc.Value<Value>> {
    return new fc.Stream(this.#shorter(value))
  }
}

function runLengths(length: number): readonly number[] {
  const lengths: number[] = []
  for (let size = length; size > shortRuns[0]; size = Math.ceil(size / 2)) lengths.push(size)
  return [...lengths, ...shortRuns.filter((size) => size <= length)]
}
