/**
 * Goal: a session travels whole. Law: what a second home holds of it after taking a bundle in is what the first one holds, and its own
 * bundle of it has the same bytes.
 * Method: sessions with forks, texts and checkpoints in homes of each store, and arbitrary histories; both homes are compared row by row.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exportBundle } from '../../src/bundle/export.ts'
import { unbundle } from '../../src/bundle/unbundle.ts'
import { importFiles } from '../../src/import/import.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { loadState } from '../../src/replay/load.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { factsOf, filled, openHome, storeKinds, temporaryFolder } from './support.ts'

describe.each(storeKinds)('a transcript and its resumed copy in two homes in %s', (kind) => {
  const source = fileURLToPath(
    new URL('../../examples/transcripts/claude-code-session.jsonl', import.meta.url),
  )
  const copyId = '11111111-2222-4333-8444-555555555555'

  /** The same messages under another session's id. */
  function resumedCopy(): string {
    const text = readFileSync(source, 'utf8')
    const [, id = ''] = /"sessionId":"([^"]+)"/.exec(text) ?? []
    const path = join(temporaryFolder(), `${copyId}.jsonl`)
    writeFileSync(path, text.replaceAll(id, copyId))
    return path
  }

  it('are told to be counted twice when the bundle comes last, and are not when it comes first', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const { files } = await importFiles(there.log, there.environment, [resumedCopy()])
    const path = join(temporaryFolder(), 'copy.waymark')
    await exportBundle(there.log, files[0]?.sessionId ?? '', path)
    const own = await importFiles(here.log, here.environment, [source])
    const { calls } = (await loadState(here.log, own.files[0]?.sessionId ?? '')).state.usage
    expect(calls).toBeGreaterThan(1)
    expect(await unbundle(here.log, path, { dryRun: true })).toMatchObject({ countedTwice: null })
    expect(await unbundle(here.log, path)).toMatchObject({ countedTwice: calls })
    expect(await unbundle(here.log, path)).toMatchObject({ countedTwice: 0 })
    const third = await openHome(kind, 3)
    expect(await unbundle(third.log, path)).toMatchObject({ countedTwice: 0 })
    const late = await importFiles(third.log, third.environment, [source])
    expect((await loadState(third.log, late.files[0]?.sessionId ?? '')).state.usage.calls).toBe(0)
  })
})

describe.each(storeKinds)('a bundle between homes in %s', (kind) => {
  it('brings a session with all that belongs to it', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const session = await filled(here)
    const path = join(temporaryFolder(), 'a.waymark')
    const bundled = await exportBundle(here.log, session.id, path)
    expect(bundled).toMatchObject({ version: session.version, snapshots: 1, contents: 2, missingContents: 0 })
    const received = await unbundle(there.log, path)
    expect(received).toMatchObject({
      sessionId: session.id,
      appended: session.version,
      snapshots: 1,
      contents: 2,
      streams: [{ status: 'new', version: session.version }],
    })
    expect(await factsOf(there.log, session.id)).toEqual(await factsOf(here.log, session.id))
    expect((await verifyLog(there.log)).ok).toBe(true)
    const again = join(temporaryFolder(), 'b.waymark')
    await exportBundle(there.log, session.id, again)
    expect(readFileSync(again)).toEqual(readFileSync(path))
  })

  it('brings what a fork shares, and nothing else of its ancestors', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const parent = await filled(here)
    const fork = await here.fork(parent.id, { at: 4 })
    await fork.send({ type: 'task.add', taskId: 'B', title: 'in the fork' })
    const deep = await here.fork(fork.id, { at: 2 })
    await deep.send({ type: 'task.add', taskId: 'C', title: 'in a fork of what it inherited' })
    for (const session of [fork, deep]) {
      const path = join(temporaryFolder(), 'a.waymark')
      await exportBundle(here.log, session.id, path)
      await unbundle(there.log, path)
      const facts = await factsOf(there.log, session.id)
      expect({ ...facts, forkedFrom: null }).toEqual({
        ...(await factsOf(here.log, session.id)),
        forkedFrom: null,
      })
      const again = join(temporaryFolder(), 'b.waymark')
      await exportBundle(there.log, session.id, again)
      expect(readFileSync(again)).toEqual(readFileSync(path))
    }
    expect(await there.log.stream(parent.id)).toMatchObject({ version: 4 })
    expect((await verifyLog(there.log)).ok).toBe(true)
    const whole = join(temporaryFolder(), 'parent.waymark')
    await exportBundle(here.log, parent.id, whole)
    expect(await unbundle(there.log, whole)).toMatchObject({
      streams: [{ status: 'extended', appended: parent.version - 4 }],
    })
    expect(await factsOf(there.log, parent.id)).toEqual(await factsOf(here.log, parent.id))
    expect((await verifyLog(there.log)).ok).toBe(true)
  })

  it('takes in only what is new, and nothing where nothing is', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const session = await filled(here)
    const first = join(temporaryFolder(), 'a.waymark')
    await exportBundle(here.log, session.id, first)
    await unbundle(there.log, first)
    expect(await unbundle(there.log, first)).toMatchObject({
      appended: 0,
      streams: [{ status: 'unchanged' }],
    })
    await session.send({ type: 'task.add', taskId: 'Z', title: 'later' })
    const second = join(temporaryFolder(), 'b.waymark')
    await exportBundle(here.log, session.id, second)
    expect(await unbundle(there.log, second, { dryRun: true })).toMatchObject({ appended: 1 })
    expect(await unbundle(there.log, second)).toMatchObject({
      appended: 1,
      streams: [{ status: 'extended' }],
    })
    expect(await unbundle(there.log, first)).toMatchObject({
      appended: 0,
      streams: [{ status: 'unchanged' }],
    })
    expect(await factsOf(there.log, session.id)).toEqual(await factsOf(here.log, session.id))
  })

  it('finds commands and calls of what it took in again', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const session = await filled(here)
    await session.send({ type: 'task.add', taskId: 'B', title: 'once' }, { commandId: 'once' })
    const path = join(temporaryFolder(), 'a.waymark')
    await exportBundle(here.log, session.id, path)
    await unbundle(there.log, path)
    const copy = await there.openSession(session.id)
    expect(
      await copy.send({ type: 'task.add', taskId: 'B', title: 'once' }, { commandId: 'once' }),
    ).toMatchObject({ repeated: true })
    await there.log.transact((transaction) => {
      expect(transaction.countedCall(session.id, 'msg_1', 'home')).toMatchObject({ outputTokens: 5 })
    })
  })

  it('refuses a session that went its own way, with the version where both part', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const session = await filled(here)
    const path = join(temporaryFolder(), 'a.waymark')
    await exportBundle(here.log, session.id, path)
    await unbundle(there.log, path)
    const parting = session.version + 1
    const copy = await there.openSession(session.id)
    for (const side of [session, copy]) {
      for (const n of [1, 2, 3]) await side.send({ type: 'task.add', taskId: `S-${n}`, title: 'same words' })
    }
    const later = join(temporaryFolder(), 'b.waymark')
    await exportBundle(here.log, session.id, later)
    const before = await factsOf(there.log, session.id)
    await expect(unbundle(there.log, later)).rejects.toMatchObject({
      code: 'HISTORY_DIVERGED',
      details: { sessionId: session.id, version: parting },
    })
    expect(await factsOf(there.log, session.id)).toEqual(before)
  })

  it('raises the epoch: who held the session before is refused', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const session = await here.createSession({ title: 'held', agent: 'alpha' })
    const first = join(temporaryFolder(), 'a.waymark')
    await exportBundle(here.log, session.id, first)
    await unbundle(there.log, first)
    const old = await there.openSession(session.id)
    await session.checkpoint({ reason: 'before the handoff' })
    await session.send({ type: 'session.hand-off', toAgent: 'beta' })
    await (await here.openSession(session.id)).send({ type: 'session.take-over', agent: 'beta' })
    const second = join(temporaryFolder(), 'b.waymark')
    await exportBundle(here.log, session.id, second)
    await unbundle(there.log, second)
    await expect(old.send({ type: 'task.add', taskId: 'A', title: 'too late' })).rejects.toMatchObject({
      code: 'STALE_HOLDER',
    })
  })
})

describe('any history', () => {
  it('makes the round trip as it is', async () => {
    const folder = temporaryFolder()
    let runs = 0
    let events = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (history) => {
        runs += 1
        const here = new MemoryLog()
        const { sessionId } = await play(here, history)
        if ((await here.stream(sessionId)) === null) return
        const there = new MemoryLog()
        const [path, again] = [join(folder, `${runs}.waymark`), join(folder, `${runs}-again.waymark`)]
        events += (await exportBundle(here, sessionId, path)).events
        await unbundle(there, path)
        expect(await factsOf(there, sessionId)).toEqual(await factsOf(here, sessionId))
        await exportBundle(there, sessionId, again)
        expect(readFileSync(again).equals(readFileSync(path))).toBe(true)
      }),
      { numRuns: 25 },
    )
    expect(events).toBeGreaterThan(100)
  })
})

describe('a bundle as a file', () => {
  it('is one that gzip reads: lines of JSON', async () => {
    const here = await openHome('memory')
    const session = await filled(here)
    const path = join(temporaryFolder(), 'a.waymark')
    await exportBundle(here.log, session.id, path)
    const lines = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual([
      'waymark-bundle',
      'event',
      'event',
      'event',
      'event',
      'snapshot',
      ...Array.from({ length: session.version - 4 }, () => 'event'),
      'content',
      'content',
      'end',
    ])
  })

  it('is not written over another file', async () => {
    const here = await openHome('memory')
    const session = await filled(here)
    const path = join(temporaryFolder(), 'a.waymark')
    await exportBundle(here.log, session.id, path)
    await expect(exportBundle(here.log, session.id, path)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
  })
})
