/** Places in a state by their path: `tasks.SPEC-001.status`, `tasks["a.b"].title`, `checkpoints[0].phase`. */
import { nearest } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { type Shape, stateShape } from './state-shape.ts'

/** A path that was read once, to be asked of many states. */
export interface StatePath {
  readonly text: string
  readonly words: readonly Word[]
}

interface Word {
  readonly text: string
  /** Stood in brackets: it is a name as a whole. Others may be a part of an id with dots. */
  readonly whole: boolean
}

/**
 * Reads a path, and refuses one that no state can have. Ids may contain dots: what fits is looked for, the longest id first;
 * one that ends the path is written in brackets.
 *
 * @throws WaymarkError `USAGE` with names like the one that is not there
 */
export function parsePath(text: string): StatePath {
  const words = wordsOf(text)
  if (words === null) {
    throw noPath(text, 'it cannot be read', 'write it as tasks.SPEC-001.status or tasks["a.b"].status')
  }
  const misses: Miss[] = []
  if (!fits(words, 0, stateShape, misses)) {
    const miss = misses.reduce((deepest, one) => (one.index > deepest.index ? one : deepest))
    const place = words
      .slice(0, miss.index)
      .map((word) => word.text)
      .join('.')
    const owner = place === '' ? 'a state' : place
    const wanted = words[miss.index]?.text ?? ''
    if (miss.names === null) {
      throw noPath(text, `${owner} is a single value`, `${owner} itself can be looked at`)
    }
    const hint =
      miss.names.length === 0
        ? `${owner} is a list: its parts are ${owner}[0], ${owner}[1] …`
        : `did you mean ${nearest(wanted, miss.names).join(' or ')}?`
    throw noPath(text, `${owner} has no ${wanted}`, hint)
  }
  return { text, words }
}

/**
 * The value at a path of a state; `undefined` when there is none there yet. A path that is asked of many states is read once with
 * {@link parsePath}.
 *
 * @throws WaymarkError `USAGE` for a path that no state can have
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'v1.2', title: 'Log in' })
 * valueAt(session.state, 'tasks.v1.2.status') // 'pending'
 * valueAt(session.state, 'tasks.v1.3.status') // undefined
 * valueAt(session.state, 'tasks.v1.2.sttus') // throws USAGE
 * ```
 */
export function valueAt(state: ReadonlyState, path: StatePath | string): unknown {
  const { words } = typeof path === 'string' ? parsePath(path) : path
  return valueIn(state, words, 0, stateShape)
}

/** A path written so that it is read back as it was meant. */
export function pathText(names: readonly (string | number)[]): string {
  return names.reduce<string>((text, name) => {
    if (typeof name === 'number') return `${text}[${name}]`
    if (!plainName.test(name)) return `${text}[${JSON.stringify(name)}]`
    return text === '' ? name : `${text}.${name}`
  }, '')
}

const plainName = /^[^\s.[\]"']+$/
/** A name, or something in brackets: a number, or a text in quotes. */
const wordPattern = /\.?([^\s.[\]"']+)|\[(\d{1,9})\]|\[("(?:[^"\\]|\\.)*")\]|\['([^'\\]*)'\]/y

function wordsOf(text: string): readonly Word[] | null {
  if (text === '' || text.startsWith('.') || text.length > limits.lineCharactersMax) return null
  const words: Word[] = []
  wordPattern.lastIndex = 0
  while (wordPattern.lastIndex < text.length) {
    const [, plain, index, quoted, single] = wordPattern.exec(text) ?? []
    const name = plain ?? index ?? single ?? unquoted(quoted)
    if (name === undefined) return null
    words.push({ text: name, whole: plain === undefined })
  }
  return words
}

function unquoted(quoted: string | undefined): string | undefined {
  if (quoted === undefined) return undefined
  try {
    return String(JSON.parse(quoted))
  } catch {
    return undefined
  }
}

/** Where a path left what there can be: the names that could have stood there, or `null` below a single value. */
interface Miss {
  readonly index: number
  readonly names: readonly string[] | null
}

function fits(words: readonly Word[], index: number, shape: Shape, misses: Miss[] | null): boolean {
  const word = words[index]
  if (word === undefined) return true
  if (shape === 'value') {
    misses?.push({ index, names: null })
    return false
  }
  if ('each' in shape) {
    return idsAt(words, index, shape.each).some(({ next }) => fits(words, next, shape.each, misses))
  }
  if ('list' in shape) {
    if (isIndex(word.text)) return fits(words, index + 1, shape.list, misses)
    misses?.push({ index, names: [] })
    return false
  }
  const field = Object.hasOwn(shape.fields, word.text) ? shape.fields[word.text] : undefined
  if (field !== undefined) return fits(words, index + 1, field, misses)
  misses?.push({ index, names: Object.keys(shape.fields) })
  return false
}

/**
 * The ids that may begin at a word, the longest first, each with the index of the word after it. An id with dots that ends the path stands
 * in brackets, where something could come after it: `tasks.A.sttus` is a slip of the finger, and no task.
 */
function idsAt(words: readonly Word[], index: number, shape: Shape): readonly Id[] {
  const first = words[index]
  if (first === undefined) return []
  const found = [{ id: first.text, next: index + 1 }]
  if (first.whole) return found
  let id = first.text
  for (let next = index + 1; next < words.length && next - index < idWordsMax; next += 1) {
    const word = words[next]
    if (word === undefined || word.whole) break
    id = `${id}.${word.text}`
    if (shape === 'value' || next + 1 < words.length) found.unshift({ id, next: next + 1 })
  }
  return found
}

interface Id {
  readonly id: string
  readonly next: number
}

/** Dots that an id outside brackets may have. */
const idWordsMax = 20

function valueIn(value: unknown, words: readonly Word[], index: number, shape: Shape): unknown {
  const word = words[index]
  if (word === undefined) return value
  if (typeof value !== 'object' || value === null || shape === 'value') return undefined
  if ('each' in shape) {
    const found = idsAt(words, index, shape.each).find(
      ({ id, next }) => Object.hasOwn(value, id) && fits(words, next, shape.each, null),
    )
    return found === undefined ? undefined : valueIn(own(value, found.id), words, found.next, shape.each)
  }
  const part = 'list' in shape ? shape.list : shape.fields[word.text]
  return part === undefined ? undefined : valueIn(own(value, word.text), words, index + 1, part)
}

function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
}

function isIndex(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}

function noPath(text: string, what: string, hint: string): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `no state has a path ${text.slice(0, limits.previewCharactersMax)}: ${what}`,
    hint,
    details: { path: text.slice(0, limits.lineCharactersMax) },
  })
}
