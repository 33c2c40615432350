/** What is said of something in a layer that may not be so: where, what is wrong, what would be right. */
import { nearest } from '../events/commands.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { type Origin, originText } from './origin.ts'
import { type Key, keys } from './settings.ts'

export interface Problem {
  /** The place; of a file as a whole only the file; `null` when it is about several places, or none. */
  readonly origin: Origin | { readonly layer: 'home' | 'project'; readonly file: string } | null
  /** The key, from `session` on; `null` when it is about the whole layer. */
  readonly key: string | null
  readonly what: string
  readonly right: string
}

/** The error that names the problems found. There must be one. */
export function invalid(problems: readonly Problem[]): WaymarkError {
  const told = problems.slice(0, limits.configurationProblemsMax)
  const [first] = told
  const alone = told.length === 1 && first !== undefined ? first : null
  return new WaymarkError('CONFIGURATION_INVALID', {
    message: told
      .map((problem) => `${placed(problem)}${alone === null ? `; ${problem.right}` : ''}`)
      .join('\n'),
    hint: alone?.right ?? 'docs/configuration.md says what each key takes',
    details: { problems: told },
  })
}

function placed({ origin, what }: Problem): string {
  if (origin === null) return what
  const place = 'file' in origin && !('line' in origin) ? origin.file : originText(origin)
  return place === null ? what : `${place}: ${what}`
}

/** A value that its key does not take; `text` is the value as it was written. */
export function wrongValue(origin: Problem['origin'], key: string, text: string, takes: string): Problem {
  return { origin, key, what: `${key} is ${text}`, right: `it takes ${takes}` }
}

const names = Object.values(keys).map(({ name }) => name)

/** A key that is none; `path` are its names below `session`. */
export function unknownKey(origin: Problem['origin'], path: readonly string[]): Problem {
  const key = `session.${path.map(shown).join('.')}`
  return { origin, key, what: `unknown key ${key}`, right: `did you mean ${namesLike(path).join(' or ')}?` }
}

/** Names of keys that were perhaps meant: those in the named object, that of the same last part, else the nearest ones. */
export function namesLike(path: readonly string[]): readonly Key['name'][] {
  const wanted = path.join('.').slice(0, limits.lineCharactersMax)
  const inside = names.filter((name) => name.startsWith(`${wanted}.`))
  if (inside.length > 0) return inside
  const last = lastPart(wanted.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  const elsewhere = names.filter((name) => lastPart(name) === last)
  return elsewhere.length > 0 ? elsewhere : nearest(wanted, names)
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

const shownCharactersMax = 60

/** A value or a name from outside, short enough for one line. */
export function shown(text: string): string {
  return text.length <= shownCharactersMax ? text : `${text.slice(0, shownCharactersMax)}…`
}
