/** A session's brief with the texts it needs from the content store, and the end of the session it continues. */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import type { Predecessor } from '../views/brief/source.ts'
import { type Brief, type BriefOptions, brief, textsForBrief } from '../views/brief.ts'

/**
 * The brief of `state`: what an agent needs to go on. A text that is missing or damaged is quoted as far as the log's events know
 * it; the brief comes all the same. Where the session continues another one and has no summary of its own, the end of that one is
 * told too.
 *
 * @throws WaymarkError `USAGE` when `tokens` are too few for the first line; `details.tokensMin` says how many it takes.
 * @example
 * ```ts
 * await session.send({ type: 'focus.change', objectives: ['Log in'], nextStep: 'hash passwords' })
 * const { text, tokens } = await briefOf(waymark.log, session.state, { tokens: 500, level: 1 })
 * text.includes('hash passwords') // true
 * tokens <= 500 // true
 * ```
 */
export async function briefOf(
  log: EventLog,
  state: ReadonlyState,
  options: BriefOptions = {},
): Promise<Brief> {
  const predecessor = state.talk.summary === null ? await predecessorOf(log, state) : null
  const hashes = new Set([
    ...textsForBrief(state),
    ...(predecessor === null ? [] : textsForBrief(predecessor.state)),
  ])
  const texts = new Map<string, string>()
  for (const hash of hashes) {
    const text = await readableText(log, hash)
    if (text !== null) texts.set(hash, text)
  }
  return brief(state, texts, { ...options, predecessor })
}

/** The session that this one continues, if it is at hand and sound. A fork has what its parent knew in its own state. */
async function predecessorOf(
  log: EventLog,
  { continuesSessionId }: ReadonlyState,
): Promise<Predecessor | null> {
  if (continuesSessionId === null) return null
  try {
    const { state } = await loadState(log, continuesSessionId)
    return { sessionId: continuesSessionId, state }
  } catch (error) {
    if (unreadable(error)) return null
    throw error
  }
}

async function readableText(log: EventLog, hash: string): Promise<string | null> {
  try {
    const bytes = await log.content(hash)
    return bytes === null ? null : Buffer.from(bytes).toString('utf8')
  } catch (error) {
    if (unreadable(error)) return null
    throw error
  }
}

/** What a brief goes on without: a record that is not there, damaged, or of an unknown kind. */
function unreadable(error: unknown): boolean {
  return (
    error instanceof WaymarkError &&
    ['DAMAGED_RECORD', 'SESSION_NOT_FOUND', 'UNKNOWN_EVENT'].includes(error.code)
  )
}
