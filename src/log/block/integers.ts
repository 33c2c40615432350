/**
 * Lists of integers as they stand in a block, `[1,-2,30]`, taken from its bytes: most columns are such lists, and this takes a third of what
 * parsing them as JSON does. Whatever is written in any other way is left to the plain way, `JSON.parse`.
 */

/** What becomes of each integer of a list. */
export type IntegerForm = 'plain' | 'sums'

const comma = 44
const minus = 45
const zero = 48
const nine = 57
const bracketOpen = 91
const bracketClose = 93

/** More digits than this may not come out exact. */
const digitsMax = 15

/**
 * The integers between two places of `bytes`, as they stand there or each added to those before it; `null` when there stands
 * anything else than a list of `count` of them.
 */
export function integersIn(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  form: IntegerForm = 'plain',
): number[] | null {
  if (count < 1 || bytes[start] !== bracketOpen || bytes[end - 1] !== bracketClose) return null
  // oxlint-disable-next-line unicorn/no-new-array -- of a known length: made by a function it costs several times as much
  const values = new Array<number>(count)
  const isSummed = form === 'sums'
  let at = start + 1
  let sum = 0
  for (let index = 0; index < count; index++) {
    const isNegative = bytes[at] === minus
    if (isNegative) at++
    const first = at
    let value = 0
    let byte = bytes[at] ?? 0
    while (byte >= zero && byte <= nine) {
      value = value * 10 + (byte - zero)
      byte = bytes[++at] ?? 0
    }
    if (!isWritten(bytes, first, at) || byte !== (index === count - 1 ? bracketClose : comma)) return null
    if (isNegative) value = -value
    sum = isSummed ? sum + value : value
    values[index] = sum
    at++
  }
  return at === end && Number.isSafeInteger(sum) ? values : null
}

/** Whether the digits between two places are an integer as JSON has it. */
function isWritten(bytes: Uint8Array, first: number, end: number): boolean {
  const digits = end - first
  return digits === 1 || (digits > 1 && digits <= digitsMax && bytes[first] !== zero)
}
