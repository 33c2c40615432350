/**
 * A session in memory written anew with other texts, each hash made as if they had always been these: what is left to find is what only
 * the machines, the schemas or the fold can tell.
 */
import { foldInto } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { summaryOf } from '../../src/fold/summary.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { chainHash, checksumOf, decodeRow } from '../../src/log/codec.ts'
import type { MemoryLog } from '../../src/log/memory.ts'
import type { StoredRow } from '../../src/log/port.ts'

type Fields = Record<string, unknown>

export interface ForgedEvent {
  readonly envelope: Fields
  readonly data: Fields
}

/** Rewrites a session: `change` gives what stands in the place of an event. */
export function forge(
  log: MemoryLog,
  sessionId: string,
  change: (event: ForgedEvent) => readonly ForgedEvent[],
): void {
  const stream = log.stored.streams.get(sessionId)
  if (stream === undefined) throw new Error(`no session ${sessionId}`)
  const rows: StoredRow[] = []
  let hash = ''
  for (const row of stream.rows) {
    const made = change({
      envelope: JSON.parse(row.envelope) as Fields,
      data: JSON.parse(row.data) as Fields,
    })
    for (const event of made) {
      const version = rows.length + 1
      const position = row.position * 1_000 + version
      const envelope = canonicalJson({ ...event.envelope, version })
      const data = canonicalJson(event.data)
      hash = chainHash(hash, envelope, data, row.salt)
      rows.push({
        ...row,
        version,
        position,
        envelope,
        data,
        hash,
        checksum: checksumOf(position, envelope, data),
      })
    }
  }
  const summary = summaryIn(sessionId, rows) ?? stream.summary
  Object.assign(stream, { rows, hash, version: rows.length, summary })
}

/** What a list would show; `null` where the events cannot be read. */
function summaryIn(sessionId: string, rows: readonly StoredRow[]): ReturnType<typeof summaryOf> | null {
  const state = initialState(sessionId)
  try {
    for (const row of rows) foldInto(state, [decodeRow(sessionId, row)])
  } catch {
    return null
  }
  return summaryOf(state)
}
