/** What a player knows, and what a key makes of it: plain data in, plain data and a wish out. The terminal is somebody else's. */
import { limits } from '../../kernel/limits.ts'
import type { Step } from '../../replay/stepper/stepper.ts'
import type { Tone } from '../../views/text.ts'
import { whenOption } from '../verb.ts'
import { type Action, actionOf, type Key } from './keys.ts'

/** Times faster than it happened. */
export const speeds = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] as const
export const speedMax = 1024

/** What is being looked for: events of a type, or changes of a path. */
export interface Wanted {
  readonly kind: 'type' | 'path'
  readonly text: string
}

/** A line that is being typed, and what it is for. */
export interface Typing {
  readonly kind: 'place' | Wanted['kind']
  readonly text: string
}

export interface PlayerModel {
  readonly title: string | null
  readonly step: Step
  readonly newest: number
  readonly playing: boolean
  readonly speed: number
  readonly typing: Typing | null
  /** What was looked for last. */
  readonly wanted: Wanted | null
  readonly message: { readonly text: string; readonly tone: Tone } | null
  readonly help: boolean
}

/** What a key asks the terminal's side to do. */
export type Wish =
  | { readonly kind: 'next' | 'previous' | 'first' | 'last' | 'quit' | 'interrupt' }
  | { readonly kind: 'to'; readonly when: number | string }
  | ({ readonly kind: 'find'; readonly forwards: boolean } & { readonly wanted: Wanted })

export interface Pressed {
  readonly model: PlayerModel
  readonly wish: Wish | null
}

export function beginning(
  step: Step,
  about: Pick<PlayerModel, 'title' | 'newest' | 'speed' | 'playing'>,
): PlayerModel {
  return { ...about, step, typing: null, wanted: null, message: null, help: false }
}

/** What a key makes of the player. */
export function press(model: PlayerModel, key: Key): Pressed {
  const said = { ...model, message: null }
  if (model.typing !== null) return typed(said, model.typing, key)
  const action = actionOf(key)
  if (action === null) return stay(model)
  // Any key puts the help away; only leaving goes on from there.
  if (model.help && action !== 'quit' && action !== 'interrupt') return stay({ ...said, help: false })
  return actions[action](said)
}

function stay(model: PlayerModel): Pressed {
  return { model, wish: null }
}

/** A step of one's own ends the playing. */
function asks(model: PlayerModel, wish: Wish): Pressed {
  return { model: { ...model, playing: false }, wish }
}

const actions: Readonly<Record<Action, (model: PlayerModel) => Pressed>> = {
  play: (model) => stay({ ...model, playing: !model.playing }),
  next: (model) => asks(model, { kind: 'next' }),
  previous: (model) => asks(model, { kind: 'previous' }),
  first: (model) => asks(model, { kind: 'first' }),
  last: (model) => asks(model, { kind: 'last' }),
  onwards: (model) => asks(model, { kind: 'to', when: leap(model, 1) }),
  backwards: (model) => asks(model, { kind: 'to', when: leap(model, -1) }),
  faster: (model) => stay({ ...model, speed: speeds.find((one) => one > model.speed) ?? model.speed }),
  slower: (model) => stay({ ...model, speed: speeds.findLast((one) => one < model.speed) ?? model.speed }),
  place: (model) => stay(typing(model, 'place')),
  type: (model) => stay(typing(model, 'type')),
  path: (model) => stay(typing(model, 'path')),
  again: (model) => again(model, true),
  'again-backwards': (model) => again(model, false),
  help: (model) => stay({ ...model, help: true }),
  quit: (model) => asks(model, { kind: 'quit' }),
  interrupt: (model) => asks(model, { kind: 'interrupt' }),
}

/** Leaps that take one through a whole session. */
const leaps = 20

function leap({ step, newest }: PlayerModel, direction: 1 | -1): number {
  const far = Math.max(1, Math.round(newest / leaps))
  return Math.min(newest, Math.max(0, step.version + direction * far))
}

function typing(model: PlayerModel, kind: Typing['kind']): PlayerModel {
  return { ...model, playing: false, typing: { kind, text: '' } }
}

function again(model: PlayerModel, forwards: boolean): Pressed {
  const { wanted } = model
  if (wanted !== null) return asks(model, { kind: 'find', wanted, forwards })
  return stay({ ...model, message: { text: 'nothing was looked for yet: / or c', tone: 'warning' } })
}

function typed(model: PlayerModel, { kind, text }: Typing, key: Key): Pressed {
  const { name = '', ctrl = false, meta = false, sequence = '' } = key
  const closed = { ...model, typing: null }
  if (ctrl && name === 'c') return asks(closed, { kind: 'interrupt' })
  // An Esc and a key soon after it arrive as one.
  if (meta && name !== 'escape')
    return press(closed, { name, ctrl, sequence: sequence.replace('\u001b', '') })
  if (name === 'escape') return stay(closed)
  if (name === 'return' || name === 'enter') return entered({ ...model, typing: null }, kind, text.trim())
  if (name === 'backspace') {
    return stay({ ...model, typing: { kind, text: Array.from(text).slice(0, -1).join('') } })
  }
  const isText = !ctrl && /^[^\p{C}]+$/u.test(sequence)
  const longer = isText ? (text + sequence).slice(0, limits.idCharactersMax) : text
  return stay({ ...model, typing: { kind, text: longer } })
}

function entered(model: PlayerModel, kind: Typing['kind'], text: string): Pressed {
  if (text === '') return stay(model)
  if (kind !== 'place') {
    const wanted = { kind, text }
    return asks({ ...model, wanted }, { kind: 'find', wanted, forwards: true })
  }
  const when = whenOption.safeParse(text)
  if (when.success) return asks(model, { kind: 'to', when: when.data })
  const wrong = `"${text.slice(0, 60)}" is no time and no version: write 12 or 2026-01-31T12:00:00Z`
  return stay(told(model, wrong, 'bad'))
}

/** The player at another place. */
export function arrived(model: PlayerModel, step: Step, newest: number): PlayerModel {
  return { ...model, step, newest, title: step.state.title ?? model.title }
}

/** The player where it was, with something to say. */
export function told(model: PlayerModel, text: string, tone: Tone): PlayerModel {
  return { ...model, playing: false, message: { text, tone } }
}

/** Milliseconds to wait before a step is shown: as long as it took, long waits cut to a bound, all of it divided by the speed. */
export function waitBefore(shown: Step, next: Step, speed: number): number {
  const [before, after] = [timeOf(shown), timeOf(next)]
  if (before === null || after === null) return 0
  const gapMs = Math.max(0, Date.parse(after) - Date.parse(before))
  return Math.min(gapMs, limits.playerWaitMs) / speed
}

/** When a place was reached. */
export function timeOf({ events, state }: Step): string | null {
  return events.at(-1)?.time ?? state.lastEventAt
}
