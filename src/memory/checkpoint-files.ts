/** `checkpoints/<checkpoint_id>.json`: each checkpoint with the state it is about, compressed. */
import { allocationBasisOf, reserveTokensOf } from '../fold/allocation.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { brotli } from '../kernel/compress.ts'
import { DamagedRecord } from '../kernel/errors.ts'
import { canonicalJson } from '../kernel/json.ts'
import type { EventLog, StoredSnapshot } from '../log/port.ts'
import type { Checkpoint } from '../replay/checkpoints.ts'
import { unpackSnapshot } from '../replay/snapshot/snapshot.ts'
import { checkpointJson } from '../views/checkpoint-json.ts'

/**
 * Those of a session's checkpoints that are its own. Those of the session it was forked from are that one's; they are files
 * already, or will be when it is the current one.
 */
export function ownCheckpoints(
  checkpoints: readonly Checkpoint[],
  { forkedAt }: ReadonlyState,
): readonly Checkpoint[] {
  return forkedAt === null ? checkpoints : checkpoints.filter(({ version }) => version >= forkedAt)
}

export interface CheckpointText {
  readonly checkpoint: Checkpoint
  readonly text: string
  /** The store still holds the state it is about. */
  readonly hasSnapshot: boolean
}

/** The texts of the wanted checkpoints, each as it is made: snapshots are large, and one at a time is enough. */
export async function* checkpointTexts(
  log: EventLog,
  state: ReadonlyState,
  wanted: readonly Checkpoint[],
): AsyncGenerator<CheckpointText, void, undefined> {
  const open = new Map(wanted.map((checkpoint) => [checkpoint.id, checkpoint]))
  if (open.size === 0) return
  const newest = Math.max(...wanted.map(({ version }) => version))
  const oldest = Math.min(...wanted.map(({ version }) => version))
  for await (const snapshot of readable(log, state.sessionId, newest)) {
    const checkpoint = snapshot.checkpointId === null ? undefined : open.get(snapshot.checkpointId)
    if (checkpoint !== undefined) {
      open.delete(checkpoint.id)
      yield checkpointText(state, checkpoint, snapshot)
    }
    if (open.size === 0 || snapshot.version < oldest) break
  }
  for (const checkpoint of open.values()) yield checkpointText(state, checkpoint, null)
}

/** Snapshots as long as the store can tell them. */
async function* readable(
  log: EventLog,
  sessionId: string,
  atMostVersion: number,
): AsyncGenerator<StoredSnapshot, void, undefined> {
  try {
    yield* log.snapshots(sessionId, atMostVersion)
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error
  }
}

function checkpointText(
  state: ReadonlyState,
  checkpoint: Checkpoint,
  snapshot: StoredSnapshot | null,
): CheckpointText {
  const { version, trigger, reason } = checkpoint
  const unpacked = snapshot === null ? null : unpackSnapshot(snapshot, snapshot.sessionId)
  const past = unpacked?.ok === true ? unpacked.fresh : null
  const packed = past === null ? null : brotli(Buffer.from(canonicalJson(past)))
  const reserved = past === null ? undefined : reserveTokensOf(allocationBasisOf(past))
  const { session_id, recovery_tokens_reserved, ...facts } = checkpointJson(state, checkpoint, reserved)
  const file = {
    ...facts,
    ...(packed === null
      ? { context_snapshot: null, context_snapshot_missing: missingText(snapshot, version) }
      : {
          context_snapshot_encoding: 'brotli+base64',
          context_snapshot: Buffer.from(packed).toString('base64'),
        }),
    session_id,
    recovery_tokens_reserved,
    version,
    trigger,
    reason,
  }
  return { checkpoint, text: `${JSON.stringify(file, null, 2)}\n`, hasSnapshot: packed !== null }
}

function missingText(snapshot: StoredSnapshot | null, version: number): string {
  const what = snapshot === null ? 'the store holds no snapshot of it any more' : 'its snapshot is damaged'
  return `${what}; replaying the log to version ${version} gives the same state`
}
