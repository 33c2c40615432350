/** Snapshots: state packed for the store, and taken out again only when it is provably the state that was put in. */

import { foldVersion, type ReadonlyState, type SessionState } from '../../fold/state.ts'
import { compress, expand } from '../../kernel/compress.ts'
import { sha256, sha256Of } from '../../kernel/hash.ts'
import { limits } from '../../kernel/limits.ts'
import type { StoredSnapshot } from '../../log/port.ts'
import { readPart } from './part-cache.ts'
import { joinState, type PlainRecord, type ReadPart, type Slot, splitState } from './parts.ts'
import { copied } from './shared.ts'

/** First byte of a body that has parts beside it. One of the codecs stands first in a body that is the whole state. */
const splitMark = 0x50

/** Packs `state`, whose newest event has the chain hash `chainHash`. */
export function packSnapshot(
  state: ReadonlyState,
  chainHash: string,
  checkpointId: string | null,
  timeMax: string | null = null,
): StoredSnapshot {
  const { rest, slots, parts } = splitState(state)
  const text = JSON.stringify({ rest, slots })
  const body = Buffer.concat([Uint8Array.of(splitMark), compress(Buffer.from(text))])
  const { sessionId, version } = state
  const kind = checkpointId === null ? 'keyframe' : 'checkpoint'
  const facts = { sessionId, version, kind, checkpointId, foldVersion, chainHash, timeMax } as const
  return { ...facts, body, parts, bodyHash: bodyHashOf({ timeMax, body, parts }) }
}

function bodyHashOf({ timeMax, body, parts }: Pick<StoredSnapshot, 'timeMax' | 'body' | 'parts'>): string {
  return sha256Of(body, `\n${timeMax ?? ''}\n`, parts.map(({ hash }) => hash).join(''))
}

/** Whether what stands beside the state of a snapshot, such as its time, is as it was put in. Snapshots without a time cannot tell. */
export function isWhole(stored: StoredSnapshot): boolean {
  return stored.body[0] === splitMark && bodyHashOf(stored) === stored.bodyHash
}

export type UnpackedSnapshot =
  | {
      readonly ok: true
      /** The state: what is frozen in it is shared with others, the rest is held by nobody else. */
      readonly fresh: SessionState
      /** A copy that nobody else holds. */
      readonly state: SessionState
    }
  | { readonly ok: false; readonly kind: 'damaged-snapshot' | 'other-fold-version'; readonly detail: string }

/**
 * Unpacks a snapshot for the session `sessionId`; for a fork that may be a snapshot of its parent. Parts that are at hand are not read
 * again, unless `read` is `readStoredPart`.
 */
export function unpackSnapshot(
  stored: StoredSnapshot,
  sessionId: string,
  read: ReadPart = readPart,
): UnpackedSnapshot {
  if (stored.foldVersion !== foldVersion) {
    const detail = `made by fold version ${stored.foldVersion}, this is ${foldVersion}`
    return { ok: false, kind: 'other-fold-version', detail }
  }
  const found = stored.body[0] === splitMark ? joined(stored, read) : whole(stored)
  if (typeof found === 'string') return damaged(found)
  if (found.version !== stored.version)
    return damaged(`it holds version ${found.version} and says ${stored.version}`)
  if (found.sessionId !== stored.sessionId) return damaged(`it holds session ${found.sessionId}`)
  found.sessionId = sessionId
  return {
    ok: true,
    fresh: found,
    get state() {
      return copied(found)
    },
  }
}

/** A state whose parts lie beside it, or what is wrong with them. */
function joined(stored: StoredSnapshot, read: ReadPart): SessionState | string {
  if (bodyHashOf(stored) !== stored.bodyHash) return 'it does not have the hash that was stored with it'
  const bytes = expand(stored.body.subarray(1), limits.stateBytesMax)
  if (bytes === null) return 'it cannot be decompressed'
  // The hash has just shown that these are the bytes that packSnapshot wrote.
  const { rest, slots } = JSON.parse(Buffer.from(bytes).toString('utf8')) as {
    rest: PlainRecord
    slots: readonly Slot[]
  }
  const state = joinState(rest, slots, stored.parts, read)
  // Put together as it was cut, from parts that each have their hash.
  return state === null ? 'one of its parts is missing or damaged' : (state as unknown as SessionState)
}

/** A body that is the whole state, as they were before states had parts. */
function whole({ body, bodyHash }: StoredSnapshot): SessionState | string {
  const bytes = expand(body, limits.stateBytesMax)
  if (bytes === null) return 'it cannot be decompressed'
  if (sha256(bytes) !== bodyHash) return 'its bytes do not have the hash that was stored with it'
  // The hash has just shown that these are the bytes of a state.
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as SessionState
}

function damaged(detail: string): UnpackedSnapshot {
  return { ok: false, kind: 'damaged-snapshot', detail }
}
