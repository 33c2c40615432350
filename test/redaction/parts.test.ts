/**
 * Goal: data that was taken out of events is in no part of a snapshot any more, whoever shared it, and what is left of the parts still makes
 * sound snapshots.
 * Method: a secret in a title among many tasks, snapshots before and after it, and a fork that has snapshots of its own.
 */
import { describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { expand } from '../../src/kernel/compress.ts'
import { limits } from '../../src/kernel/limits.ts'
import type { EventLog, SnapshotPart, StoredSnapshot } from '../../src/log/port.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import { readStoredPart } from '../../src/replay/snapshot/part-cache.ts'
import { unpackSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import type { Session } from '../../src/session/session.ts'
import { openHome, storeKinds } from '../bundle/support.ts'

const key = 'AKIAIOSFODNN7EXAMPLE'

async function addTasks(session: Session, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    const title = `task number ${n}, with words enough to make a part of it`
    await session.send({ type: 'task.add', taskId: `T-${n}`, title })
  }
}

async function snapshotsOf(log: EventLog, sessionId: string): Promise<StoredSnapshot[]> {
  const found: StoredSnapshot[] = []
  for await (const snapshot of log.snapshots(sessionId)) found.push(snapshot)
  return found
}

function textOf(part: SnapshotPart): string | null {
  const body = part.body()
  const bytes = body === null ? null : expand(body, limits.stateBytesMax)
  return bytes === null ? null : Buffer.from(bytes).toString('utf8')
}

describe.each(storeKinds)('a redaction in %s', (kind) => {
  it('leaves no part that held what was taken out, and all parts of the snapshots that stay', async () => {
    const waymark = await openHome(kind)
    const { log } = waymark
    const session = await waymark.createSession()
    await addTasks(session, 0, 30)
    const early = await session.checkpoint({ reason: 'before the secret' })
    await session.send({ type: 'task.add', taskId: 'K', title: `rotate ${key} today` })
    await addTasks(session, 30, 60)
    await session.checkpoint({ reason: 'after it' })
    const fork = await session.fork()
    await addTasks(fork, 60, 70)
    await fork.checkpoint({ reason: 'in the fork' })

    const own = (await snapshotsOf(log, fork.id)).concat(await snapshotsOf(log, session.id))
    const parts = own.flatMap((snapshot) => snapshot.parts)
    const secret = parts.filter((part) => textOf(part)?.includes(key) === true)
    expect(
      new Set(
        own
          .filter((one) => one.parts.some((part) => secret.includes(part)))
          .map(({ sessionId }) => sessionId),
      ),
    ).toEqual(new Set([session.id, fork.id]))

    const redacted = await redactSession(log, waymark.environment, session.id, {
      patterns: ['aws-key'],
      reason: 'a key',
    })
    expect(redacted).toMatchObject({ problemCount: 0, erased: true })
    expect(secret.map(textOf)).toEqual(secret.map(() => null))
    const left = await snapshotsOf(log, session.id)
    const kept = new Set(left.flatMap((snapshot) => snapshot.parts.map(({ hash }) => hash)))
    expect(left.map(({ version }) => version)).toContain(early.version)
    for (const part of parts) expect(kept.has(part.hash) || part.body() === null).toBe(true)
    for (const snapshot of left) {
      const unpacked = unpackSnapshot(snapshot, session.id, readStoredPart)
      expect(unpacked.ok && stateHash(unpacked.state)).toBe(stateHash(await session.at(snapshot.version)))
    }
    expect(await waymark.verify()).toMatchObject({ ok: true })
    expect(JSON.stringify(await (await waymark.openSession(fork.id)).at(50))).not.toContain(key)
    await waymark.close()
  })
})
