/** Homes with sessions for tests of what travels: forks, texts, checkpoints, and a way to compare two homes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { contentRefsIn } from '../../src/events/references.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { loadState } from '../../src/replay/load.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-travel-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export type StoreKind = 'memory' | 'sqlite'
export const storeKinds: readonly StoreKind[] = ['memory', 'sqlite']

export async function openHome(kind: StoreKind, seed = 1): Promise<Waymark> {
  const store =
    kind === 'memory' ? new MemoryLog() : await openSqliteLog({ path: join(temporaryFolder(), 'waymark.db') })
  const waymark = await Waymark.open({ store, ...seeded(seed), policies: [] })
  onTestFinished(() => waymark.close())
  return waymark
}

/** A session with texts, a call, a checkpoint, tasks. */
export async function filled(waymark: Waymark, title = 'to travel'): Promise<Session> {
  const session = await waymark.createSession({ title, model: 'claude-sonnet-4-5', windowTokens: 200_000 })
  await session.send({
    type: 'prompt.submit',
    content: 'Write the first test, with the key AKIAIOSFODNN7EXAMPLE in it.',
  })
  await session.send({
    type: 'usage.record',
    callId: 'msg_1',
    model: 'claude-sonnet-4-5',
    inputTokens: 10,
    outputTokens: 5,
    cacheReadTokens: 3,
    cacheCreationTokens: 2,
  })
  await session.send({ type: 'task.add', taskId: 'A', title: 'the first task' })
  await session.checkpoint({ reason: 'by hand' })
  await session.send({ type: 'task.start', taskId: 'A' })
  await session.send({ type: 'reply.record', kind: 'text', content: 'Done, and some words: äöü \u0001 €.' })
  return session
}

export interface Facts {
  readonly rows: readonly object[]
  readonly states: readonly string[]
  readonly contents: Readonly<Record<string, string | null>>
  readonly summary: unknown
  readonly forkedFrom: unknown
}

/** All that a home says of a session, without positions. */
export async function factsOf(log: EventLog, sessionId: string): Promise<Facts> {
  const stream = await log.stream(sessionId)
  const rows: object[] = []
  for await (const page of log.rows(sessionId)) {
    for (const { position: _position, checksum: _checksum, salt, ...row } of page) {
      rows.push({ ...row, salt: Buffer.from(salt).toString('hex') })
    }
  }
  const states: string[] = []
  const contents: Record<string, string | null> = {}
  for (let version = 0; version <= (stream?.version ?? 0); version++) {
    states.push(stateHash((await loadState(log, sessionId, version)).state))
  }
  for await (const page of log.read(sessionId)) {
    for (const event of page) {
      for (const { hash } of contentRefsIn(event.data)) {
        const bytes = await log.content(hash)
        contents[hash] = bytes === null ? null : Buffer.from(bytes).toString('hex')
      }
    }
  }
  return { rows, states, contents, summary: stream?.summary, forkedFrom: stream?.forkedFrom }
}
