/**
 * The section `session` of a JSON text, key by key, with the place of each. What stands in other sections is passed over,
 * however deep it goes: only whether the whole is JSON is asked.
 */
import { createScanner, type JSONScanner, printParseErrorCode, visit } from 'jsonc-parser'
import { shown } from './problem.ts'

/** Counted from 1. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A key of the section, or the section itself. */
export interface Entry {
  /** Names from the top: `['session', 'context_budget', 'reserve_tokens']`. */
  readonly path: readonly string[]
  readonly place: Place
  readonly valuePlace: Place
  readonly kind: 'object' | 'list' | 'scalar'
  /** Of a scalar; of others `undefined`. */
  readonly value: unknown
  /** The value as the text has it, shortened. */
  readonly text: string
}

const sectionName = 'session'
/** Names that a path may have at most: those of settings, of what an object that is a setting holds, and `session`. */
const pathLengthMax = 4

/** Something open around the place that is read: an object with the key that is being told, or a list. */
interface Container {
  key: { readonly name: string; readonly place: Place } | null
  readonly isObject: boolean
  awaitsKey: boolean
}

/** The entries of the section, in the order of the text, keys that are told twice included. The text must be JSON. */
export function sectionEntries(text: string): readonly Entry[] {
  const entries: Entry[] = []
  const open: Container[] = []
  const scanner = createScanner(text, true)
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const first = text.charAt(scanner.getTokenOffset())
    const container = open.at(-1)
    if (first === '}' || first === ']') open.pop()
    else if (first === ',') {
      if (container?.isObject === true) container.awaitsKey = true
    } else if (first === '"' && container?.awaitsKey === true) {
      container.key = { name: scanner.getTokenValue(), place: placeOf(scanner) }
      container.awaitsKey = false
    } else if (first !== ':') {
      const entry = entryAt(text, scanner, first, open)
      if (entry !== null) entries.push(entry)
      if (first === '{') open.push({ key: null, isObject: true, awaitsKey: true })
      if (first === '[') open.push({ key: null, isObject: false, awaitsKey: false })
    }
  }
  return entries
}

/** The value that begins at the scanner's token, when it belongs to the section. */
function entryAt(
  text: string,
  scanner: JSONScanner,
  first: string,
  open: readonly Container[],
): Entry | null {
  const keys = open.length > pathLengthMax ? [] : open.flatMap(({ key }) => key ?? [])
  const last = keys.at(-1)
  // Inside a list there are no keys: what is there belongs to the value that the list is.
  if (last === undefined || keys.length < open.length || keys[0]?.name !== sectionName) return null
  const offset = scanner.getTokenOffset()
  const token = text.slice(offset, offset + scanner.getTokenLength())
  const kind = first === '{' ? 'object' : first === '[' ? 'list' : 'scalar'
  return {
    path: keys.map(({ name }) => name),
    place: last.place,
    valuePlace: placeOf(scanner),
    kind,
    value: kind === 'scalar' ? JSON.parse(token) : undefined,
    text: kind === 'scalar' ? shown(token) : kind === 'object' ? 'an object' : 'a list',
  }
}

function placeOf(scanner: JSONScanner): Place {
  return { line: scanner.getTokenStartLine() + 1, column: scanner.getTokenStartCharacter() + 1 }
}

/** Why a text is no JSON, and where; `null` when it is. */
export function notJson(text: string): { readonly place: Place | null; readonly what: string } | null {
  try {
    JSON.parse(text)
    return null
  } catch {
    return firstError(text)
  }
}

const errorText: Readonly<Record<string, string>> = {
  InvalidSymbol: 'a word or sign that JSON does not have',
  InvalidNumberFormat: 'a number that is not written as JSON has it',
  PropertyNameExpected: 'a key in double quotes should follow; a comma after the last entry is not allowed',
  ValueExpected: 'a value should follow',
  ColonExpected: 'a colon should stand between key and value',
  CommaExpected: 'a comma should stand between two entries',
  CloseBraceExpected: 'a } is missing',
  CloseBracketExpected: 'a ] is missing',
  EndOfFileExpected: 'something follows after the end',
  InvalidCommentToken: 'JSON has no comments',
  UnexpectedEndOfComment: 'JSON has no comments',
  UnexpectedEndOfString: 'a text does not end on its line',
  UnexpectedEndOfNumber: 'a number is not finished',
  InvalidUnicode: 'after \\u four hexadecimal digits should follow',
  InvalidEscapeCharacter: 'a text holds a backslash before a character that needs none',
  InvalidCharacter: 'a text holds a control character',
}

function firstError(text: string): { readonly place: Place | null; readonly what: string } {
  const found: { place: Place; what: string }[] = []
  try {
    const onError = (code: number, _offset: number, _length: number, line: number, column: number): void => {
      if (found.length > 0) return
      const what = errorText[printParseErrorCode(code)] ?? 'it is not JSON'
      found.push({ place: { line: line + 1, column: column + 1 }, what })
    }
    visit(text, { onError }, { disallowComments: true })
  } catch (error) {
    // The parser descends with the text: one of very many levels ends its stack.
    if (!(error instanceof RangeError)) throw error
    if (found.length === 0) return { place: null, what: 'it is nested too deeply to say where' }
  }
  return found[0] ?? { place: null, what: 'it is not JSON' }
}
