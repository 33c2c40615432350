/** Which stored texts a redaction takes out, and what stands in their place. */
import { oneLine } from '../events/content.ts'
import { contentRefsIn, isContentRef } from '../events/references.ts'
import { redactedText } from '../events/secrets.ts'
import { packedContextIn } from '../handoff/critical-context.ts'
import { limits } from '../kernel/limits.ts'
import type { Segment } from '../log/lineage.ts'
import type { EventLog, StoredRow } from '../log/port.ts'
import { concernsType, matches, type RedactionRules } from './rules.ts'

/** Texts by the hash of the one that is taken out. */
export type Texts = ReadonlyMap<string, { readonly bytes: Uint8Array; readonly preview: string }>

/** Bytes of texts that one transaction takes out: what is held in memory at a time. */
const bytesPerRound = limits.contentBytesMax

/**
 * The texts that the events of these segments refer to and that rules find something in, as many at a time as are taken out together. Texts
 * that cannot be read are told by `onProblem`.
 */
export async function* textsOf(
  log: EventLog,
  segments: readonly Segment[],
  rules: RedactionRules,
  onProblem: (hash: string, reason: string) => void,
): AsyncGenerator<Texts, void, undefined> {
  let texts = new Map<string, { bytes: Uint8Array; preview: string }>()
  let bytes = 0
  for await (const { hash, isNamed } of referencesIn(log, segments, rules)) {
    const before = await textOf(log, hash, onProblem)
    if (before === null) continue
    const found = rules.redact?.(before) ?? before
    // A package of which a part is gone is none: nobody could check it any more.
    const isWhole = isNamed || isPackageWithMatch(before, found, rules)
    const after = isWhole ? redactedText : found
    if (after === before) continue
    const body = Buffer.from(after)
    texts.set(hash, { bytes: body, preview: oneLine(after, limits.previewCharactersMax) })
    bytes += body.length
    if (bytes < bytesPerRound && texts.size < limits.redactedEventsMax) continue
    yield texts
    texts = new Map()
    bytes = 0
  }
  if (texts.size > 0) yield texts
}

/** Whether a text is a package in which something is found: in its plain part, or in the context that is packed in it. */
function isPackageWithMatch(text: string, found: string, { redact }: RedactionRules): boolean {
  const context = redact === null ? null : packedContextIn(text)
  if (redact === null || context === null) return false
  return found !== text || textsWithin(context).some((each) => redact(each) !== each)
}

/** Every text in a value, the names of its fields included. */
function textsWithin(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => [key, ...textsWithin(inner)])
}

async function textOf(
  log: EventLog,
  hash: string,
  onProblem: (hash: string, reason: string) => void,
): Promise<string | null> {
  try {
    const bytes = await log.content(hash)
    return bytes === null ? null : Buffer.from(bytes).toString('utf8')
  } catch (error) {
    onProblem(hash, error instanceof Error ? error.message : String(error))
    return null
  }
}

/** Each text that is referred to, once, or once more where a later reference names all of it. */
async function* referencesIn(
  log: EventLog,
  segments: readonly Segment[],
  rules: RedactionRules,
): AsyncGenerator<{ readonly hash: string; readonly isNamed: boolean }, void, undefined> {
  const seen = new Set<string>()
  const named = new Set<string>()
  for (const { sessionId, after, to } of segments) {
    for await (const page of log.rows(sessionId, { after, to })) {
      for (const row of page) {
        if (!row.data.includes('"hash"')) continue
        const data: unknown = JSON.parse(row.data)
        for (const hash of namedIn(row, data, rules)) {
          if (!named.has(hash)) yield { hash, isNamed: true }
          named.add(hash)
          seen.add(hash)
        }
        for (const { hash } of contentRefsIn(data)) {
          if (!seen.has(hash)) yield { hash, isNamed: false }
          seen.add(hash)
        }
      }
    }
  }
}

/** Texts whose references a path names. */
function namedIn(row: StoredRow, data: unknown, rules: RedactionRules): readonly string[] {
  const type = typeOf(row)
  const paths = rules.paths.filter((rule) => concernsType(rule, type))
  const hashes: string[] = []
  const walk = (value: unknown, path: readonly string[], isNamed: boolean): void => {
    if (typeof value !== 'object' || value === null) return
    const isHere = isNamed || paths.some((rule) => matches(rule, path))
    if (isContentRef(value)) {
      if (isHere) hashes.push(value.hash)
    } else for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key], isHere)
  }
  if (paths.length > 0) walk(data, [], false)
  return hashes
}

/** The type of a row's event, and the version of its shape. */
export function shapeOf({ envelope }: StoredRow): { readonly type: string; readonly schemaVersion: number } {
  const value: unknown = JSON.parse(envelope)
  const field = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : null
  return { type: String(field('type')), schemaVersion: Number(field('schemaVersion')) }
}

function typeOf(row: StoredRow): string {
  return shapeOf(row).type
}
