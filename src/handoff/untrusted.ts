/** JSON that comes from elsewhere: bounded in depth before anything walks through it. */
import { limits } from '../kernel/limits.ts'

export type ParsedJson =
  | { readonly ok: true; readonly value: unknown; readonly text: string }
  | { readonly ok: false; readonly reason: string }

const codes = { quote: 0x22, backslash: 0x5c, opening: [0x7b, 0x5b], closing: [0x7d, 0x5d] } as const

/** Parses bytes of UTF-8, or a text. */
export function parseJson(input: string | Uint8Array): ParsedJson {
  const text = typeof input === 'string' ? input : decoded(input)
  if (text === null) return { ok: false, reason: 'it is not UTF-8' }
  if (isTooDeep(text)) {
    return { ok: false, reason: `it is nested deeper than ${limits.jsonLevelsMax} levels` }
  }
  try {
    const value: unknown = JSON.parse(text)
    return { ok: true, value, text }
  } catch (error) {
    return { ok: false, reason: `it is not JSON: ${error instanceof Error ? error.message : String(error)}` }
  }
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}

/** Whether every text in a value is whole: half a surrogate pair has no canonical JSON. For values of a known, flat shape. */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isWellFormed)
}

/** Whether brackets outside of texts open deeper than they may. What is no JSON is told later. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let inText = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inText) {
      if (code === codes.backslash) index += 1
      else if (code === codes.quote) inText = false
    } else if (code === codes.quote) inText = true
    else if (code === codes.opening[0] || code === codes.opening[1]) {
      depth += 1
      if (depth > limits.jsonLevelsMax) return true
    } else if (code === codes.closing[0] || code === codes.closing[1]) depth -= 1
  }
  return false
}
