/**
 * The JSON values of a line. A line has one, as a rule; two when a file that lacked its last newline was appended to.
 * What cannot be read is told, never repaired: the values before it stand.
 */

/** A line of which something could not be read, counted from 1. */
export interface DamagedLine {
  readonly line: number
  readonly reason: string
}

export type JsonObject = Readonly<Record<string, unknown>>

export interface LineValues {
  readonly objects: readonly JsonObject[]
  /** Why not all of the line could be read, or `null`. */
  readonly damage: string | null
}

const noObject = 'a JSON value that is not an object'
const scalar = /(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|"(?:[^"\\]|\\.)*")(?=$|[\s{["])/y

/** Reads the values of a line, from its first to the first that cannot be read. */
export function valuesOf(line: string): LineValues {
  const text = line.startsWith('\uFEFF') ? line.slice(1) : line
  const whole = parsed(text)
  if (whole.ok) {
    return isObject(whole.value)
      ? { objects: [whole.value], damage: null }
      : { objects: [], damage: noObject }
  }
  return severalValues(text)
}

function severalValues(text: string): LineValues {
  const objects: JsonObject[] = []
  let damage: string | null = null
  let at = afterSpace(text, 0)
  while (at < text.length) {
    const end = endOfValue(text, at)
    if (typeof end === 'string') return { objects, damage: end }
    const value = parsed(text.slice(at, end))
    if (!value.ok) return { objects, damage: 'not JSON' }
    if (isObject(value.value)) objects.push(value.value)
    else damage = noObject
    at = afterSpace(text, end)
  }
  return { objects, damage }
}

function parsed(text: string): { readonly ok: true; readonly value: unknown } | { readonly ok: false } {
  try {
    return { ok: true, value: JSON.parse(text) }
  } catch {
    return { ok: false }
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function afterSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && /\s/.test(text.charAt(at))) at += 1
  return at
}

/** Where the value that begins at `start` ends, or why it does not. */
function endOfValue(text: string, start: number): number | string {
  const first = text.charAt(start)
  if (first === '{' || first === '[') return endOfNested(text, start)
  scalar.lastIndex = start
  const found = scalar.exec(text)
  if (found !== null) return scalar.lastIndex
  return first === '"' ? 'unterminated string' : 'not JSON'
}

const quote = 0x22
const backslash = 0x5c
const opening: ReadonlySet<number> = new Set([0x7b, 0x5b])
const closing: ReadonlySet<number> = new Set([0x7d, 0x5d])

function endOfNested(text: string, start: number): number | string {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (inString) {
      if (code === backslash) at += 1
      else if (code === quote) inString = false
    } else if (code === quote) inString = true
    else if (opening.has(code)) depth += 1
    else if (closing.has(code)) {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return inString ? 'unterminated string' : 'cut off inside an object'
}
