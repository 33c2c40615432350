/** Which sessions a redaction concerns: those that hold what is taken out, those that inherit it, those that share a text. */
import type { ReplacedData, StreamInfo } from '../log/port.ts'

/** What a round found in one stream. */
export interface Found {
  readonly own: readonly ReplacedData[]
  readonly contents: ReadonlySet<string>
}

/** What is to be recorded in a stream. */
export interface Concerned {
  /** Inherited ones first. */
  readonly events: readonly ReplacedData[]
  readonly inherited: number
  readonly contents: ReadonlySet<string>
}

/** What is to be recorded in each stream: what was replaced in its own events, and in those that it inherited. Parents come first. */
export function withInherited(
  streams: readonly StreamInfo[],
  found: ReadonlyMap<string, Found>,
  named: ReadonlyMap<string, ReadonlySet<string>>,
): ReadonlyMap<string, Concerned> {
  const all = new Map<string, Concerned>()
  for (const { sessionId, forkedFrom } of streams) {
    const parent = forkedFrom === null ? undefined : all.get(forkedFrom.sessionId)
    const inherited = parent?.events.filter(({ version }) => version <= (forkedFrom?.version ?? 0)) ?? []
    const { own = [], contents = new Set<string>() } = found.get(sessionId) ?? {}
    const events = [...inherited, ...own]
    const texts = new Set([...(named.get(sessionId) ?? []), ...contents, ...(parent?.contents ?? [])])
    if (events.length > 0 || texts.size > 0) {
      all.set(sessionId, { events, inherited: inherited.length, contents: texts })
    }
  }
  return all
}

const hashPattern = /"hash":"([0-9a-f]{64})"/g

/** Hashes of the texts that data refers to, without taking it apart. */
export function hashesIn(data: string): readonly string[] {
  return [...data.matchAll(hashPattern)].map(([, hash = '']) => hash)
}
