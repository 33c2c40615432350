/** Forking: a new stream that begins where another one stood. */
import type { ReadonlyState } from '../fold/state.ts'
import { loadState } from '../replay/load.ts'
import type { SessionHost } from './host.ts'
import { record } from './record.ts'

export interface ForkOptions {
  /** The version to fork at; the newest if left out. */
  readonly at?: number
  readonly title?: string
}

/** Makes the fork in one transaction and returns its state. */
export async function forkSession(
  { log, environment, appended }: Pick<SessionHost, 'log' | 'environment' | 'appended'>,
  parentSessionId: string,
  options: ForkOptions,
): Promise<ReadonlyState> {
  const { state: inherited } = await loadState(log, parentSessionId, options.at)
  const sessionId = `sess_${environment.ids.uuid()}`
  const parentVersion = inherited.version
  const title = options.title === undefined ? {} : { title: options.title }
  const state = await log.transact((transaction) => {
    transaction.create(sessionId, { sessionId: parentSessionId, version: parentVersion })
    const known: ReadonlyState = { ...inherited, sessionId }
    const command = { type: 'session.fork', parentSessionId, parentVersion, ...title } as const
    return record(transaction, known, { sessionId, command }, environment).state
  })
  appended(sessionId)
  return state
}
