/**
 * Goal: what is wrong with a stored session is named as what it is, once, with its place, by verification and by recovery; and what is not
 * wrong is not. Method: sessions in memory, with one thing changed in what is stored; every finding is compared, words included.
 */
import { beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/kernel/hash.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { MemoryStream } from '../../src/log/memory-transaction.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import { loadState, startingPoint } from '../../src/replay/load.ts'
import { planRecovery } from '../../src/replay/recover.ts'
import { packSnapshot, unpackSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

let log: MemoryLog
let waymark: Waymark
let session: Session
/** Version of the newest event. */
let last: number

beforeEach(async () => {
  log = new MemoryLog()
  waymark = await Waymark.open({ store: log, policies: [] })
  session = await waymark.createSession({ title: 'to be changed' })
  for (const taskId of ['A', 'B', 'C', 'D']) await session.send({ type: 'task.add', taskId, title: taskId })
  last = session.version
})

function stored(sessionId = session.id): MemoryStream {
  const stream = log.stored.streams.get(sessionId)
  if (stream === undefined) throw new Error('it is stored')
  return stream
}

/** What verification says of a session: version, kind and detail of each problem. */
async function problems(sessionId = session.id, within = log) {
  const { sessions } = await verifyLog(within, sessionId)
  const [one] = sessions
  if (one === undefined) throw new Error('it was verified')
  expect(one.ok).toBe(one.problems.length === 0)
  // Only where states differ is there a place to name.
  for (const { kind, ...problem } of one.problems) {
    expect([kind, Object.hasOwn(problem, 'difference')]).toEqual([kind, kind === 'snapshot-differs'])
  }
  return one.problems.map(({ version, kind, detail }) => [version, kind, detail])
}

describe('the head of a stream', () => {
  it('of which the last events are gone', async () => {
    stored().rows.splice(-2)
    expect(await problems()).toEqual([
      [last - 1, 'missing-events', `the last 2 of ${last} events are not there`],
    ])
    expect((await planRecovery(log, session.id)).damage).toEqual({
      version: last - 1,
      kind: 'missing-events',
      detail: `versions ${last - 1} to ${last} are not there`,
    })
  })

  it('with another hash', async () => {
    stored().hash = sha256('another')
    expect(await problems()).toEqual([
      [last, 'damaged-head', 'the head’s hash is not that of the newest event'],
    ])
    const { damage, version, state } = await planRecovery(log, session.id)
    expect(damage).toEqual({
      version: last,
      kind: 'damaged-head',
      detail: 'the head of the stream does not have the hash of its newest event',
    })
    expect([version, state.taskCount]).toEqual([last, 4])
  })

  it('that says fewer events than there are', async () => {
    const stream = stored()
    stream.version = last - 1
    stream.hash = stream.rows[last - 2]?.hash ?? ''
    expect((await problems())[0]).toEqual([
      last,
      'damaged-head',
      `the head says ${last - 1} events, and there are more`,
    ])
  })

  it('is sound where somebody appends while it is verified', async () => {
    const rows: MemoryLog['rows'] = async function* (sessionId, range) {
      if (range?.after === last) await session.send({ type: 'task.add', taskId: 'E', title: 'meanwhile' })
      yield* log.rows(sessionId, range)
    }
    const busy = new Proxy(log, {
      get: (target, name) => {
        if (name === 'rows') return rows
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    expect(await problems(session.id, busy)).toEqual([])
    expect(session.version).toBeGreaterThan(last)
  })
})

describe('the list entry of a session', () => {
  const differs = [['summary-differs', 'the list entry of this session is not what its events say']]
  const found = async (sessionId = session.id) => (await problems(sessionId)).map(([, ...rest]) => rest)

  it('that says something else, or is gone', async () => {
    const stream = stored()
    const { summary } = stream
    if (summary === null) throw new Error('it has one')
    stream.summary = { ...summary, title: 'another' }
    expect(await found()).toEqual(differs)
    stream.summary = null
    expect(await found()).toEqual(differs)
    expect((await problems())[0]?.[0]).toBe(last)
    stream.summary = summary
    expect(await found()).toEqual([])
  })

  it('that an older Waymark wrote says nothing of branches, and all else must be right', async () => {
    // What it inherits was spent elsewhere: that is what its entry says of branches.
    await session.send({
      type: 'usage.record',
      callId: 'msg_1',
      model: 'claude-sonnet-4-5',
      inputTokens: 100,
      outputTokens: 1,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
    })
    const fork = await session.fork()
    const stream = stored(fork.id)
    const { summary } = stream
    if (summary?.branch === undefined) throw new Error('it has one')
    const { branch, ...older } = summary
    stream.summary = older
    expect(await found(fork.id)).toEqual([])
    stream.summary = { ...older, title: 'another' }
    expect(await found(fork.id)).toEqual(differs)
    stream.summary = { ...summary, branch: { ...branch, continuesVersion: 99 } }
    expect(await found(fork.id)).toEqual(differs)
  })

  it('is not wanted of a stream without events of its own', async () => {
    await log.transact((transaction) => {
      transaction.create('sess_00000000-0000-4000-8000-000000000001', null)
      transaction.create('sess_00000000-0000-4000-8000-000000000002', { sessionId: session.id, version: 3 })
    })
    const { ok, sessions } = await verifyLog(log)
    expect(ok).toBe(true)
    expect(sessions.map(({ events }) => events)).toEqual([last, 0, 0])
    const empty = 'sess_00000000-0000-4000-8000-000000000002'
    const { summary } = stored()
    if (summary === null) throw new Error('it has one')
    stored(empty).summary = { ...summary, title: 'another' }
    expect(await found(empty)).toEqual(differs)
    const fork = await session.fork({ at: 2 })
    stored(fork.id).summary = null
    expect(await found(fork.id)).toEqual(differs)
  })

  it('is not judged where the events themselves are not sound', async () => {
    const stream = stored()
    stream.summary = null
    const [row] = stream.rows
    if (row === undefined) throw new Error('there are rows')
    stream.rows[0] = { ...row, data: row.data.replace('to be', 'to me') }
    const kinds = (await problems()).map(([version, kind]) => [version, kind])
    expect(kinds).toEqual([[1, 'damaged-event']])
  })
})

describe('a home', () => {
  it('is sound where all of its sessions are, and no text stands alone', async () => {
    const other = await waymark.createSession({ title: 'another' })
    expect((await verifyLog(log)).ok).toBe(true)
    for (const id of [session.id, other.id]) {
      const { hash } = stored(id)
      stored(id).hash = sha256('another')
      const { ok, sessions } = await verifyLog(log)
      expect([ok, sessions.filter((one) => one.ok).length]).toEqual([false, 1])
      stored(id).hash = hash
    }
  })
})

describe('what a fork inherits', () => {
  it('is damaged where its parent is, and only before the fork', async () => {
    const early = await session.fork({ at: 2 })
    const late = await session.fork({ at: 4 })
    const row = stored().rows[2]
    if (row === undefined) throw new Error('there are rows')
    stored().rows[2] = { ...row, data: row.data.replace('"B"', '"X"') }
    expect(await problems(early.id)).toEqual([])
    expect(await problems(late.id)).toEqual([
      [4, 'damaged-parent', expect.stringMatching(/^what it inherits cannot be read: .*version 3/)],
    ])
    expect((await planRecovery(log, early.id)).damage).toBeNull()
    expect((await planRecovery(log, late.id)).damage).toMatchObject({ version: 3, kind: 'damaged-event' })
    expect((await planRecovery(log, late.id)).version).toBe(2)
  })

  it('is missing where its parent lost it', async () => {
    const fork = await session.fork({ at: 4 })
    await fork.send({ type: 'task.add', taskId: 'own', title: 'own' })
    stored().rows.splice(2)
    expect((await planRecovery(log, fork.id)).damage).toEqual({
      version: 3,
      kind: 'missing-events',
      detail: 'versions 3 to 4 are not there',
    })
  })
})

describe('a session that is not there', () => {
  it('is refused by name, with what to do', async () => {
    for (const ask of [loadState, planRecovery]) {
      await expect(ask(log, 'sess_none')).rejects.toMatchObject({
        code: 'SESSION_NOT_FOUND',
        message: 'no session sess_none in memory',
        hint: 'waymark list shows the sessions of this home',
      })
    }
  })

  it('at a version that is not there either', async () => {
    for (const version of [-1, last + 1, 1.5]) {
      await expect(loadState(log, session.id, version)).rejects.toMatchObject({
        code: 'VERSION_NOT_FOUND',
        message: `session ${session.id} has no version ${version}`,
        hint: `its versions are 0 to ${last}`,
        details: { sessionId: session.id, version, newest: last },
      })
    }
    for (const version of [0, last]) {
      expect((await loadState(log, session.id, version)).state.version).toBe(version)
    }
  })
})

describe('a snapshot', () => {
  const changes = [
    ['of another fold', { foldVersion: 1 }, 'other-fold-version', /^made by fold version 1, this is \d+$/],
    [
      'of another history',
      { chainHash: sha256('another') },
      'foreign-snapshot',
      /^it belongs to another history than the events of this stream$/,
    ],
    [
      'with another time',
      { timeMax: '2020-01-01T00:00:00.000Z' },
      'damaged-snapshot',
      /^it does not have the hash that was stored with it$/,
    ],
    [
      'with another hash',
      { bodyHash: sha256('another') },
      'damaged-snapshot',
      /^it does not have the hash that was stored with it$/,
    ],
    [
      'without its parts',
      { parts: [] },
      'damaged-snapshot',
      /^it does not have the hash that was stored with it$/,
    ],
    [
      'with another body',
      { body: Uint8Array.of(0x50, 1, 2, 3) },
      'damaged-snapshot',
      /^it does not have the hash that was stored with it$/,
    ],
    [
      'of an older kind, with another body',
      { body: Uint8Array.of(1, 2, 3) },
      'damaged-snapshot',
      /^it cannot be decompressed$/,
    ],
  ] as const

  it.each(changes)('%s is passed over, and said to be', async (_, change, kind, detail) => {
    const older = await session.checkpoint()
    await session.send({ type: 'task.start', taskId: 'A' })
    const newest = await session.checkpoint()
    const before = await startingPoint(log, session.id, newest.version)
    expect(before).toMatchObject({ from: 'snapshot', passedOver: [] })
    const [first, second] = log.stored.snapshots
    if (first === undefined || second === undefined) throw new Error('there are two')
    Object.assign(log.stored.snapshots, { 1: { ...second, ...change } })
    const after = await startingPoint(log, session.id, session.version)
    const passed = { version: second.version, kind, detail: expect.stringMatching(detail) }
    expect(after).toMatchObject({ from: 'older-snapshot', passedOver: [passed] })
    expect(after.snapshot?.version).toBe(first.version)
    expect(after.passedOver).toHaveLength(1)
    expect((await planRecovery(log, session.id)).state).toEqual(session.state)
    Object.assign(log.stored.snapshots, { 0: { ...first, ...change } })
    const none = await startingPoint(log, session.id, session.version)
    expect(none).toMatchObject({ from: 'full-replay', snapshot: null })
    expect(none.passedOver.map((one) => [one.version, one.kind])).toEqual([
      [second.version, kind],
      [first.version, kind],
    ])
    expect([older.version <= first.version, (await loadState(log, session.id)).from]).toEqual([
      true,
      'full-replay',
    ])
  })

  it('says what is wrong with it, before anything of it is used', () => {
    const snapshot = packSnapshot(session.state, '', null)
    const other = packSnapshot({ ...session.state, version: 99 }, '', null)
    const foreign = packSnapshot({ ...session.state, sessionId: 'sess_other' }, '', null)
    const said = (change: object) => {
      const unpacked = unpackSnapshot({ ...snapshot, ...change }, session.id)
      return unpacked.ok ? 'nothing' : `${unpacked.kind}: ${unpacked.detail}`
    }
    expect(said({})).toBe('nothing')
    expect(said({ ...other, version: last })).toBe(`damaged-snapshot: it holds version 99 and says ${last}`)
    expect(said({ ...foreign, sessionId: session.id })).toBe('damaged-snapshot: it holds session sess_other')
    expect(said({ foldVersion: 2 })).toMatch(/^other-fold-version: made by fold version 2, this is \d+$/)
    expect(unpackSnapshot(snapshot, 'sess_fork')).toMatchObject({
      ok: true,
      state: { sessionId: 'sess_fork' },
    })
  })
})

describe('texts that were taken out', () => {
  const secret = 'my key is AKIAIOSFODNN7EXAMPLE, keep it'

  it('count as taken out where a session says so, even one that says it while others are read', async () => {
    await session.send({ type: 'prompt.submit', content: secret })
    let isLate = true
    const auditContents: MemoryLog['auditContents'] = async function* () {
      if (isLate) await redactSession(log, waymark.environment, session.id, { patterns: ['aws-key'] })
      isLate = false
      yield* log.auditContents()
    }
    const busy = new Proxy(log, {
      get: (target, name) => {
        if (name === 'auditContents') return auditContents
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const during = await verifyLog(busy)
    expect(during.contents).toEqual({ checked: 1, redacted: 1, problems: [] })
    expect((await verifyLog(log)).contents).toEqual({ checked: 1, redacted: 1, problems: [] })
    expect(await verifyLog(log, session.id)).toMatchObject({ ok: true, contents: { checked: 0 } })
  })

  it('are damage where none does, each by its name', async () => {
    const hash = sha256(secret)
    await log.transact((transaction) => transaction.putContent(hash, Buffer.from(secret)))
    expect((await verifyLog(log)).contents).toEqual({ checked: 1, redacted: 0, problems: [] })
    await log.transact((transaction) => transaction.redactContent(hash, Buffer.from('nothing')))
    const { ok, contents } = await verifyLog(log)
    const detail = 'another text stands in its place, and no redaction of a session says so'
    expect([ok, contents]).toEqual([false, { checked: 1, redacted: 0, problems: [{ hash, detail }] }])
  })
})
