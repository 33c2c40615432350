/**
 * Ids that an import made from texts: the words in small letters, cut to a length. A secret in such a text is in the id too, where no
 * pattern knows it again, and an id has to stay.
 */
import { limits } from '../kernel/limits.ts'
import type { RedactionRules } from './rules.ts'

/** Characters from which on the beginning of what was found counts as found: an id is cut anywhere. */
const beginningCharacters = 16

/** Characters that what was found has at the least: less is in every other id. */
const shortestCharacters = 4

/** Sentences, and hashes. */
const noId = /\s|^[0-9a-f]{64}$/

const notOfIds = /[^a-z0-9]+/g

/** Looks for what was found so far in the ids of each further event. An id is made when its text comes, so texts come first. */
export class MadeIds {
  readonly #rules: RedactionRules
  readonly #found = new Set<string>()

  constructor(rules: RedactionRules) {
    this.#rules = rules
  }

  /** Paths of fields of an event that hold something found as an id would; they are told, as they stay. */
  pathsIn(data: string, holdsMatch: boolean): readonly string[] {
    const { redact } = this.#rules
    if (redact === null || (!holdsMatch && !this.#isIn(data))) return []
    const fields = fieldsIn(JSON.parse(data), [])
    for (const { text } of fields) this.#remember(text)
    return fields
      .filter(({ text }) => !noId.test(text) && this.#isIn(text) && redact(text) === text)
      .map(({ path }) => path.join('.'))
  }

  #remember(text: string): void {
    for (const match of this.#rules.matchesIn(text)) {
      const inId = match
        .toLowerCase()
        .replace(notOfIds, '-')
        .replace(/^-|-$/g, '')
        .slice(0, beginningCharacters)
      if (inId.length < shortestCharacters || this.#found.size >= limits.redactionMatchesMax) continue
      this.#found.add(inId)
    }
  }

  #isIn(text: string): boolean {
    if (this.#found.size === 0) return false
    const lower = text.toLowerCase()
    for (const found of this.#found) if (lower.includes(found)) return true
    return false
  }
}

interface Field {
  readonly path: readonly string[]
  readonly text: string
}

function fieldsIn(value: unknown, path: readonly string[]): readonly Field[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => fieldsIn(inner, [...path, key]))
}
