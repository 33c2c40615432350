/** Finding a session by what people call it: its id, a unique beginning of it, or its id in the tool it came from. */
import { SessionNotFound, WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { checkName } from './doors.ts'

/** Characters a prefix needs after `sess_`, so that a slip of the finger does not pick a session. */
const prefixCharactersMin = 4

/**
 * The id of the session meant by `name`.
 *
 * @throws SessionNotFound; WaymarkError `SESSION_AMBIGUOUS` with the sessions that match, `USAGE` for what is no text
 */
export async function resolveSession(log: EventLog, name: string): Promise<string> {
  checkName(name, 'a session')
  if ((await log.stream(name)) !== null) return name
  const bare = name.startsWith('sess_') ? name : `sess_${name}`
  const exact: string[] = []
  const beginning: string[] = []
  for await (const page of log.streams()) {
    for (const { sessionId, summary } of page) {
      const nativeId = summary?.nativeId ?? null
      if (nativeId === name) exact.push(sessionId)
      else if (isPrefix(name, bare, sessionId, nativeId)) beginning.push(sessionId)
    }
  }
  const matches = exact.length > 0 ? exact : beginning
  const [found, ...others] = matches
  if (found === undefined) {
    throw new SessionNotFound({
      message: `no session "${name}" in ${log.location}`,
      hint: 'waymark list shows the sessions of this home; --home <folder> names another home',
    })
  }
  if (others.length === 0) return found
  throw new WaymarkError('SESSION_AMBIGUOUS', {
    message: `"${name}" means ${matches.length} sessions: ${matches.slice(0, 5).join(', ')}${matches.length > 5 ? ' …' : ''}`,
    hint: 'write more of the id',
    details: { matches },
  })
}

function isPrefix(name: string, bare: string, sessionId: string, nativeId: string | null): boolean {
  if (bare.length >= 'sess_'.length + prefixCharactersMin && sessionId.startsWith(bare)) return true
  return name.length >= prefixCharactersMin && nativeId !== null && nativeId.startsWith(name)
}
