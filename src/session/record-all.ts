/** The commands of one transaction, one after the other: a refusal concerns its own command only. */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { LogTransaction } from '../log/port.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import type { WindowChange } from './budget-watch.ts'
import { type RecordEnvironment, type Recorded, type RecordRequest, record } from './record.ts'
import type { WriterPlace } from './writers.ts'

/** Who sends the commands: what it knows of the session, and the place it writes from. */
export interface Holder {
  readonly state: ReadonlyState
  /** The fencing number under which it took the session up. */
  readonly epoch: number
  readonly writers: WriterPlace | null
}

type Outcome = Omit<Recorded, 'state'> | { readonly error: unknown }

/** What came of the commands of one transaction. */
export interface RecordedAll {
  readonly outcomes: readonly Outcome[]
  readonly state: ReadonlyState
  readonly epoch: number
  /** The window before and after each command that changed it. */
  readonly windows: readonly WindowChange[]
  /** Something was appended: not everything was refused, or recorded before. */
  readonly appended: boolean
}

/**
 * Records commands of one holder. What is refused is told in its outcome.
 *
 * @throws WaymarkError `LIMIT_REACHED`, `DAMAGED_RECORD`, or a fault of the store; then nothing of all of them is recorded.
 */
export function recordAll(
  transaction: LogTransaction,
  holder: Holder,
  requests: readonly RecordRequest[],
  environment: RecordEnvironment,
): RecordedAll {
  const { sessionId } = holder.state
  const versionBefore = transaction.stream(sessionId)?.version ?? 0
  let { state, epoch } = holder
  const outcomes: Outcome[] = []
  const windows: WindowChange[] = []
  for (const request of requests) {
    try {
      const recorded = record(transaction, state, { ...request, epoch }, environment)
      if (recorded.state.window !== state.window) {
        windows.push({ before: state.window, after: recorded.state.window })
      }
      state = recorded.state
      if (request.command.type === 'session.take-over' && !recorded.repeated) epoch = state.epoch
      // Not its state: those of a long queue would all be alive at once.
      const { events, version, repeated } = recorded
      outcomes.push({ events, version, repeated })
    } catch (error) {
      if (!(error instanceof WaymarkError) || isStoreFault(error)) throw error
      outcomes.push({ error })
    }
  }
  const appended = (transaction.stream(sessionId)?.version ?? 0) > versionBefore
  if (appended) holder.writers?.take(transaction, state)
  takeKeyframeIfDue(transaction, state)
  return { outcomes, state, epoch, windows, appended }
}

/** Faults of the store end the transaction; a refusal concerns its own command only. */
function isStoreFault(error: WaymarkError): boolean {
  return (
    error.code === 'DAMAGED_RECORD' || error.code.startsWith('STORE_') || error.code === 'HOME_NOT_WRITABLE'
  )
}
