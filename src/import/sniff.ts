/** A file's format, told by what stands in it: names and endings say little, and the first line less. */
import type { Format } from './identity.ts'
import { isObject, type JsonObject } from './values.ts'

const codexTypes: ReadonlySet<unknown> = new Set([
  'session_meta',
  'turn_context',
  'response_item',
  'event_msg',
  'compacted',
  'world_state',
  'inter_agent_communication_metadata',
])

const speakers: ReadonlySet<unknown> = new Set(['user', 'assistant'])

type Sign = (record: JsonObject) => boolean

const signs: Readonly<Record<Format | 'gemini', Sign>> = {
  codex: ({ payload, type }) => isObject(payload) && codexTypes.has(type),
  'claude-code': ({ message, type, sessionId, summary, leafUuid, snapshot }) =>
    (isObject(message) && (speakers.has(message.role) || speakers.has(type))) ||
    (typeof sessionId === 'string' && typeof type === 'string') ||
    (typeof summary === 'string' && leafUuid !== undefined) ||
    (type === 'file-history-snapshot' && isObject(snapshot)),
  gemini: ({ projectHash, type, $set, messages, sessionId }) =>
    typeof projectHash === 'string' ||
    type === 'gemini' ||
    $set !== undefined ||
    (Array.isArray(messages) && sessionId !== undefined),
}

export type Sniffed = { readonly format: Format } | { readonly format: null; readonly reason: string }

/** The format that most of the first entries have the signs of. */
export function sniff(records: readonly JsonObject[]): Sniffed {
  if (records.length === 0) return { format: null, reason: 'it holds no JSON lines' }
  const count = (sign: Sign): number => records.filter(sign).length
  const [codex, claude, gemini] = [count(signs.codex), count(signs['claude-code']), count(signs.gemini)]
  if (gemini > 0 && codex === 0)
    return { format: null, reason: 'it looks like a Gemini session, which is not read yet' }
  if (codex > claude) return { format: 'codex' }
  if (claude > 0) return { format: 'claude-code' }
  return { format: null, reason: 'it is neither a Claude Code transcript nor a Codex rollout' }
}
