/** Begins a session: with what it takes over from the one it continues, in one transaction, or not at all. */
import { type Command, parseCommand } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { CommandRefused, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog, LogTransaction } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import { openTasks } from '../views/brief/tasks.ts'
import { isUnreadable } from './brief-surroundings.ts'
import type { SessionHost } from './host.ts'
import { type CarryOptions, historyCommands } from './load-history.ts'
import { record } from './record.ts'
import { textOf, warn } from './warning.ts'

/** The code of warnings about what could not be taken over. */
const code = 'WAYMARK_HISTORY'

/**
 * What a session takes over from the one it continues, as commands. A session that is not at hand, or cannot be read, gives
 * nothing; the latter is told as a process warning.
 *
 * @throws WaymarkError `VERSION_NOT_FOUND` when that session has no such version.
 */
export async function historyOf(
  log: EventLog,
  { continuesSessionId, continuesVersion }: Command<'session.start'>,
  options: CarryOptions,
): Promise<readonly Command[]> {
  if (continuesSessionId === undefined || (await log.stream(continuesSessionId)) === null) return []
  try {
    const { state } = await loadState(log, continuesSessionId, continuesVersion)
    if (options.tasks === 'open') warnOfTasks(state)
    return historyCommands(state, options)
  } catch (error) {
    const isVersion = error instanceof WaymarkError && error.code === 'VERSION_NOT_FOUND'
    if (isVersion || !isUnreadable(error)) throw error
    warn(code, `nothing is taken over from session ${continuesSessionId}: ${textOf(error)}`)
    return []
  }
}

/**
 * Records the start of a session and what it takes over. What the rules refuse of that is left out, and told as a process
 * warning; any other failure leaves no session behind.
 *
 * @throws CommandRefused, or WaymarkError `LIMIT_REACHED`, `STORE_BUSY`, `STORE_FULL`
 */
export async function beginSession(
  host: SessionHost,
  start: Command<'session.start'>,
  history: readonly Command[],
): Promise<ReadonlyState> {
  const sessionId = `sess_${host.environment.ids.uuid()}`
  const { state, refused } = await host.log.transact((transaction) => {
    const request = { sessionId, command: start, expectedVersion: 'no-stream' } as const
    const begun = record(transaction, null, request, host.environment).state
    const carried = takeOver(transaction, begun, history, host)
    host.writers?.take(transaction, carried.state)
    takeKeyframeIfDue(transaction, carried.state)
    return carried
  })
  const [first] = refused
  if (first !== undefined) warn(code, `${refused.length} of what it continues was not taken over: ${first}`)
  host.writers?.committed(state)
  host.appended(sessionId)
  return state
}

/** Records command after command; one that is refused concerns nothing but itself. */
function takeOver(
  transaction: LogTransaction,
  begun: ReadonlyState,
  history: readonly Command[],
  { environment }: SessionHost,
): { readonly state: ReadonlyState; readonly refused: readonly string[] } {
  const refused: string[] = []
  let state = begun
  for (const next of history) {
    try {
      const request = { sessionId: state.sessionId, command: parseCommand(next), meta }
      state = record(transaction, state, request, environment).state
    } catch (error) {
      const isInvalid = error instanceof WaymarkError && error.code === 'COMMAND_INVALID'
      if (!isInvalid && !(error instanceof CommandRefused)) throw error
      refused.push(error.message)
    }
  }
  return { state, refused }
}

const meta = { actor: 'policy:load-history' } as const

function warnOfTasks(before: ReadonlyState): void {
  const count = openTasks(before).length
  if (count <= limits.carriedTasksMax) return
  warn(code, `${limits.carriedTasksMax} of ${count} open tasks of session ${before.sessionId} are taken over`)
}
