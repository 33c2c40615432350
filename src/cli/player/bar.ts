/** The bar of a session: its versions from left to right, each place marked by how full the window was there. */
import { budgetPhases } from '../../events/usage.ts'
import { limits } from '../../kernel/limits.ts'
import { toneOfPhase } from '../../views/text.ts'
import type { StyledText } from '../layout.ts'

/** What is known of a session's phases: for each place the highest, by its rank; `null` where nobody has looked yet. */
export interface Bar {
  /** The version at the right end. */
  readonly newest: number
  readonly places: readonly (number | null)[]
}

/** One sign for each phase, so that the bar reads the same without colour. */
export const signOfPhase = {
  normal: '-',
  monitoring: '~',
  warning: '=',
  emergency: '#',
  exhausted: '!',
} as const satisfies Readonly<Record<(typeof budgetPhases)[number], string>>

const unknownSign = '.'

export function emptyBar(newest: number): Bar {
  const length = Math.max(1, Math.min(newest, limits.playerBarPlacesMax))
  return { newest, places: Array.from({ length }, () => null) }
}

/** The bar with the phase of the versions `from` to `to` marked. */
export function marked(bar: Bar, from: number, to: number, rank: number): Bar {
  const places = [...bar.places]
  const last = placeOf(bar, to, places.length)
  for (let place = placeOf(bar, from, places.length); place <= last; place += 1) {
    places[place] = Math.max(places[place] ?? 0, rank)
  }
  return { ...bar, places }
}

function placeOf({ newest }: Bar, version: number, length: number): number {
  const place = Math.floor(((Math.max(1, version) - 1) * length) / Math.max(1, newest))
  return Math.min(length - 1, Math.max(0, place))
}

/** The bar in so many columns: in each the highest phase that lies there. Neighbours alike are one part. */
export function barParts(bar: Bar, columns: number): readonly StyledText[] {
  const parts: { text: string; tone: NonNullable<StyledText['tone']> }[] = []
  for (let column = 0; column < columns; column += 1) {
    const { sign, tone } = columnOf(bar, column, columns)
    const last = parts.at(-1)
    if (last?.tone === tone) last.text += sign
    else parts.push({ text: sign, tone })
  }
  return parts
}

function columnOf({ places }: Bar, column: number, columns: number) {
  const begin = Math.floor((column * places.length) / columns)
  const end = Math.max(begin + 1, Math.floor(((column + 1) * places.length) / columns))
  const known = places.slice(begin, end).filter((rank) => rank !== null)
  const phase = known.length === 0 ? undefined : budgetPhases[Math.max(...known)]
  return phase === undefined
    ? ({ sign: unknownSign, tone: 'quiet' } as const)
    : { sign: signOfPhase[phase], tone: toneOfPhase[phase] }
}

/** The column of a version, for the cursor below the bar. */
export function columnAt(bar: Bar, version: number, columns: number): number {
  return placeOf(bar, version, columns)
}
