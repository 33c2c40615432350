/** A session's brief, with what it needs from the log: texts, the last events, the end of the session it continues. */
import type { ReadonlyState } from '../fold/state.ts'
import type { EventLog } from '../log/port.ts'
import { type Brief, type BriefOptions, brief, textsForBrief } from '../views/brief.ts'
import { isUnreadable, surroundingsOf } from './brief-surroundings.ts'

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
  const around = await surroundingsOf(log, state)
  const hashes = new Set([
    ...textsForBrief(state),
    ...(around.predecessor === null ? [] : textsForBrief(around.predecessor.state)),
    ...(around.answered === null ? [] : [around.answered.content.hash]),
  ])
  const texts = new Map<string, string>()
  for (const hash of hashes) {
    const text = await readableText(log, hash)
    if (text !== null) texts.set(hash, text)
  }
  return brief(state, texts, { ...options, ...around })
}

/** A text of the store; `null` when it is missing or damaged. */
export async function readableText(log: EventLog, hash: string): Promise<string | null> {
  try {
    const bytes = await log.content(hash)
    return bytes === null ? null : Buffer.from(bytes).toString('utf8')
  } catch (error) {
    if (isUnreadable(error)) return null
    throw error
  }
}
