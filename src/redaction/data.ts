/** The data of one event with what rules find taken out. Pure: the texts that it refers to have been looked at before. */
import { isEventType } from '../events/catalogue.ts'
import { isContentRef } from '../events/references.ts'
import { redactedText } from '../events/secrets.ts'
import { upcast } from '../events/upcast.ts'
import { canonicalJson } from '../kernel/json.ts'
import { dataSchemaOf } from '../log/codec.ts'
import { concernsType, matches, type PathRule, type RedactionRules } from './rules.ts'

/** Texts that are taken out: by the hash of each, the preview of what stands in its place. */
export type Previews = ReadonlyMap<string, string>

/** Something that was found and has to stay, and why. */
export interface Kept {
  readonly path: string
  readonly reason: string
  /** A path named it: the whole redaction is refused. A pattern only found it. */
  readonly isNamed: boolean
}

export interface RedactedData {
  /** Canonical JSON; `null` when nothing of it changes. */
  readonly data: string | null
  readonly kept: readonly Kept[]
}

interface Edit {
  readonly path: readonly string[]
  readonly value: string
  readonly isNamed: boolean
}

export interface EventText {
  readonly type: string
  readonly schemaVersion: number
  /** JSON as stored. */
  readonly data: string
}

/** @param rules `null` where only the previews of texts change: in sessions that merely share a text. */
export function redactedData(
  event: EventText,
  rules: RedactionRules | null,
  previews: Previews,
): RedactedData {
  // What was taken out is recorded there: it holds no data of anybody, and verification lives on it.
  if (event.type === 'session.redacted') return { data: null, kept: [] }
  const value: unknown = JSON.parse(event.data)
  const search: Search = {
    paths: rules?.paths.filter((rule) => concernsType(rule, event.type)) ?? [],
    redact: rules?.redact ?? null,
    previews,
    edits: [],
    kept: [],
  }
  find(search, value, [], false)
  if (search.edits.length === 0) return { data: null, kept: search.kept }
  const all = search.edits.reduce(edited, value)
  const { result, kept } = fits(event, all) ? { result: all, kept: [] } : oneByOne(event, value, search.edits)
  const data = canonicalJson(result)
  return { data: data === event.data ? null : data, kept: [...search.kept, ...kept] }
}

interface Search {
  readonly paths: readonly PathRule[]
  readonly redact: RedactionRules['redact']
  readonly previews: Previews
  readonly edits: Edit[]
  readonly kept: Kept[]
}

function find(search: Search, value: unknown, path: readonly string[], isNamed: boolean): void {
  const named = isNamed || search.paths.some((rule) => matches(rule, path))
  if (isContentRef(value)) {
    const { hash, preview } = value
    const after = search.previews.get(hash) ?? search.redact?.(preview) ?? preview
    const isPreviewNamed = search.paths.some((rule) => matches(rule, [...path, 'preview']))
    const next = named || isPreviewNamed ? redactedText : after
    if (next !== preview) search.edits.push({ path: [...path, 'preview'], value: next, isNamed: named })
  } else if (typeof value === 'string') {
    const after = named ? redactedText : (search.redact?.(value) ?? value)
    if (after !== value) search.edits.push({ path, value: after, isNamed: named })
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (search.redact !== null && search.redact(key) !== key) {
        search.kept.push({ path: path.join('.'), reason: 'it is the name of a field', isNamed: false })
      }
      find(search, inner, [...path, key], named)
    }
  } else if (named && value !== null) {
    search.kept.push({ path: path.join('.'), reason: 'it is no text', isNamed: true })
  }
}

/** The value with a text replaced; what lies beside the path is shared. */
function edited(value: unknown, { path, value: text }: Pick<Edit, 'path' | 'value'>): unknown {
  const [key, ...rest] = path
  if (key === undefined) return text
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) =>
      String(index) === key ? edited(item, { path: rest, value: text }) : item,
    )
  }
  if (typeof value !== 'object' || value === null) return value
  return { ...value, [key]: edited(Reflect.get(value, key), { path: rest, value: text }) }
}

/** Whether an event of that type may hold that data. */
function fits({ type, schemaVersion }: EventText, data: unknown): boolean {
  if (!isEventType(type)) return true
  const current = upcast(type, schemaVersion, data)
  return !current.ok || dataSchemaOf(type).safeParse(current.data).success
}

/** Makes the edits that the event's shape allows; where a part may not be replaced, perhaps the whole field may. */
function oneByOne(
  event: EventText,
  value: unknown,
  edits: readonly Edit[],
): { readonly result: unknown; readonly kept: readonly Kept[] } {
  const kept: Kept[] = []
  let result = value
  for (const edit of edits) {
    const candidates = [edited(result, edit), edited(result, { ...edit, value: redactedText })]
    const next = candidates.find((candidate) => fits(event, candidate))
    if (next !== undefined) result = next
    else {
      const reason = `${event.type} must hold something of a certain form there`
      kept.push({ path: edit.path.join('.'), reason, isNamed: edit.isNamed })
    }
  }
  return { result, kept }
}
