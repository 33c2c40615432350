/** Recovery as a session does it: find the newest sound state, record what was found, say what was left open. */
import type { CommandMeta } from '../events/envelope.ts'
import { DamagedRecord } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { type OpenItem, planRecovery, type Recovery } from '../replay/recover.ts'
import { type RecordEnvironment, record } from './record.ts'

export interface RecoveryReport extends Recovery {
  /** Whether the recovery was recorded in the log; not when the log is damaged or the session has ended. */
  readonly recorded: boolean
}

const openLinesMax = 100

/**
 * Recovers a session. A damaged log is not appended to: the report then says up to which version it is sound.
 */
export async function recoverSession(
  log: EventLog,
  environment: RecordEnvironment,
  sessionId: string,
  meta: CommandMeta = {},
): Promise<RecoveryReport> {
  const recovery = await planRecovery(log, sessionId)
  if (
    recovery.damage !== null ||
    recovery.state.status === 'ended' ||
    recovery.state.status === 'handed_off'
  ) {
    return { ...recovery, recorded: false }
  }
  const { from, checkpointId, snapshotVersion, replayedEvents, open } = recovery
  const command = {
    type: 'session.recover',
    from,
    checkpointId,
    snapshotVersion,
    replayedEvents,
    open: open.slice(0, openLinesMax).map(lineOf),
    openCount: open.length,
  } as const
  const request = { sessionId, command: { ...command, open: [...command.open] }, meta }
  try {
    const { state } = await log.transact((transaction) =>
      record(transaction, recovery.state, request, environment),
    )
    return { ...recovery, state, version: state.version, recorded: true }
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error
    // The events are sound and the head of the stream is not: nothing can be appended.
    const damage = { version: recovery.version, kind: 'damaged-head', detail: error.message } as const
    return { ...recovery, damage, recorded: false }
  }
}

/** An open item on one line, for the log and for people. */
export function lineOf(item: OpenItem): string {
  return item.kind === 'task'
    ? `task ${item.id} ${item.status}: ${item.title}`.slice(0, 300)
    : `call ${item.id} of ${item.name} since version ${item.version}: no result`
}
