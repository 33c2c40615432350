/** What the kit says to options that cannot be meant. */
import { WaymarkError } from '../kernel/errors.ts'

export function usage(message: string, hint: string): WaymarkError {
  return new WaymarkError('USAGE', { message, hint })
}

/** @throws WaymarkError `USAGE` for a number that is not whole or too small */
export function assertWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw usage(`${name} cannot be ${String(value)}`, `it is a whole number, ${least} or more`)
}

/** @throws WaymarkError `USAGE` for a name that is none of the known ones */
export function assertKnown(what: string, value: unknown, known: readonly string[]): void {
  if (typeof value === 'string' && known.includes(value)) return
  const shown = typeof value === 'string' ? `"${value.slice(0, 60)}"` : String(value)
  throw usage(`there is no ${what} ${shown}`, `there are ${known.join(', ')}`)
}

/** The same for a list of them, of which there has to be one at least. */
export function assertAllKnown(what: string, values: readonly unknown[], known: readonly string[]): void {
  if (values.length === 0)
    throw usage(`no ${what} was named`, `name some, or leave the list out: ${known.join(', ')}`)
  for (const value of values) assertKnown(what, value, known)
}
