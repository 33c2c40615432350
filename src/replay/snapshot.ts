/** Snapshots: state packed for the store, and taken out again only when it is provably the state that was put in. */

import { foldVersion, type ReadonlyState, type SessionState } from '../fold/state.ts'
import { compress, expand } from '../kernel/compress.ts'
import { sha256 } from '../kernel/hash.ts'
import { canonicalJson } from '../kernel/json.ts'
import type { StoredSnapshot } from '../log/port.ts'

/** Bytes that an expanded state may have; far above any session, far below what would stop a process. */
const stateBytesMax = 1_073_741_824

/** Packs `state`, whose newest event has the chain hash `chainHash`. */
export function packSnapshot(
  state: ReadonlyState,
  chainHash: string,
  checkpointId: string | null,
): StoredSnapshot {
  const text = canonicalJson(state)
  return {
    sessionId: state.sessionId,
    version: state.version,
    kind: checkpointId === null ? 'keyframe' : 'checkpoint',
    checkpointId,
    foldVersion,
    stateHash: sha256(text),
    chainHash,
    body: compress(Buffer.from(text)),
  }
}

export type UnpackedSnapshot =
  | { readonly ok: true; readonly state: SessionState }
  | { readonly ok: false; readonly kind: 'damaged-snapshot' | 'other-fold-version'; readonly detail: string }

/** Unpacks a snapshot for the session `sessionId`; for a fork that may be a snapshot of its parent. */
export function unpackSnapshot(stored: StoredSnapshot, sessionId: string): UnpackedSnapshot {
  if (stored.foldVersion !== foldVersion) {
    const detail = `made by fold version ${stored.foldVersion}, this is ${foldVersion}`
    return { ok: false, kind: 'other-fold-version', detail }
  }
  const bytes = expand(stored.body, stateBytesMax)
  if (bytes === null) return damaged('it cannot be decompressed')
  if (sha256(bytes) !== stored.stateHash)
    return damaged('its bytes do not have the hash that was stored with it')
  // The hash has just shown that these are the bytes that packSnapshot wrote.
  const state = JSON.parse(Buffer.from(bytes).toString('utf8')) as SessionState
  if (state.version !== stored.version)
    return damaged(`it holds version ${state.version} and says ${stored.version}`)
  if (state.sessionId !== stored.sessionId) return damaged(`it holds session ${state.sessionId}`)
  state.sessionId = sessionId
  return { ok: true, state }
}

function damaged(detail: string): UnpackedSnapshot {
  return { ok: false, kind: 'damaged-snapshot', detail }
}
