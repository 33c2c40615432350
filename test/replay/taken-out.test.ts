/**
 * Goal: what was taken out of a session is known to whoever shares its events, up to the version that he shares, and to nobody else.
 * Method: sessions in memory with forks, data taken out before and after they were made; each answer is held against the rows themselves.
 */
import { describe, expect, it } from 'vitest'
import { dataHashBytes } from '../../src/log/codec.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, StoredRow } from '../../src/log/port.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import { RedactionLookup, recordedTexts, redactionIn, redactionOfText } from '../../src/replay/redactions.ts'
import { takenOutUpTo, unrecordedIn } from '../../src/replay/taken-out.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const key = (n: number): string => `AKIAIOSFODNN7EXAMPL${'ABCDEFGHIJ'.charAt(n)}`

async function rowsOf(log: EventLog, sessionId: string): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = []
  for await (const page of log.rows(sessionId)) rows.push(...page)
  return rows
}

/** A session with keys in titles and in texts; others in between. */
async function withKeys() {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, policies: [] })
  const session = await waymark.createSession({ title: 'plain' })
  for (const n of [1, 2, 3]) {
    await session.send({ type: 'session.describe', title: `title ${key(n)}` })
    await session.send({ type: 'task.add', taskId: `T-${n}`, title: 'plain' })
    await session.send({ type: 'prompt.submit', content: `a text with ${key(n)} in it` })
  }
  const redact = async (id: string) => redactSession(log, waymark.environment, id, { patterns: ['aws-key'] })
  return { log, waymark, session, redact }
}

/** Versions of rows that another text stands in. */
function replaced(rows: readonly StoredRow[]): readonly number[] {
  return rows.filter(({ salt }) => salt.length === dataHashBytes).map(({ version }) => version)
}

describe('what was taken out', () => {
  it('is told up to each version, of a session and of its forks, inherited events included', async () => {
    const { log, session, redact } = await withKeys()
    const early = await session.fork({ at: 5 })
    const late = await session.fork()
    await early.send({ type: 'session.describe', title: `own ${key(8)}` })
    await late.send({ type: 'session.describe', title: `own ${key(9)}` })
    expect(await takenOutUpTo(log, session.id, session.version)).toEqual({ events: [], contents: [] })
    await redact(session.id)
    await redact(late.id)
    const parents = await rowsOf(log, session.id)
    const inTitles = replaced(parents)
    // The words of a prompt lie in a text, with a preview of it in the event.
    expect(inTitles.length).toBe(6)
    for (const one of [session, early, late]) {
      const own = (await rowsOf(log, one.id)).filter(({ version }) => one === session || version > 0)
      const shared =
        one === session
          ? []
          : parents.filter(({ version }) => version <= (one === early ? 5 : session.version - 1))
      const all = [...shared, ...own].toSorted((a, b) => a.version - b.version)
      const { version: newest } = await one.refresh()
      for (let version = 0; version <= newest; version += 1) {
        const expected = replaced(all.filter((row) => row.version <= version))
        const { events, contents } = await takenOutUpTo(log, one.id, version)
        expect([version, events.map((event) => event.version)]).toEqual([version, expected])
        const texts = (await eventsOf(log, one.id)).filter(
          (event) => event.version <= version && event.type === 'prompt.submitted',
        )
        expect(contents.length).toBe(texts.length)
      }
    }
  })

  it('is recorded in the forks too, and is told where one lost its record', async () => {
    const { log, session, redact } = await withKeys()
    const fork = await session.fork({ at: 7 })
    const nothing = { events: [], contents: [] }
    expect(await unrecordedIn(log, fork.id)).toEqual(nothing)
    expect(await redact(session.id)).toMatchObject({ contents: 3 })
    for (const { id } of [session, fork]) expect(await unrecordedIn(log, id)).toEqual(nothing)
    expect(stripped(log, fork.id)).toBe(1)
    const inFork = await unrecordedIn(log, fork.id)
    expect(inFork).toEqual(await takenOutUpTo(log, fork.id, 7))
    expect(inFork.events.map(({ version }) => version)).toEqual(
      replaced(await rowsOf(log, session.id)).filter((version) => version <= 7),
    )
    expect(inFork.contents.length).toBe(2)
    await redact(fork.id)
    expect(await unrecordedIn(log, fork.id)).toEqual(nothing)
    expect((await verifyLog(log, fork.id)).ok).toBe(true)
  })

  it('is listed by verification, each event with the newest that records it', async () => {
    const { log, session, redact } = await withKeys()
    await redact(session.id)
    const by = (await session.refresh()).version
    const { sessions } = await verifyLog(log, session.id)
    const versions = replaced(await rowsOf(log, session.id))
    expect(sessions[0]).toMatchObject({ ok: true, redactedCount: versions.length })
    expect(sessions[0]?.redacted).toEqual(versions.map((version) => ({ version, by })))
  })

  it('of texts is known by the newest event that says so, and by all that do', async () => {
    const { log, session, redact } = await withKeys()
    const hashes = (await eventsOf(log, session.id)).flatMap((event) =>
      event.type === 'prompt.submitted'
        ? [String(Reflect.get(Object(Reflect.get(Object(event.data), 'content')), 'hash'))]
        : [],
    )
    expect(hashes.length).toBe(3)
    expect([...(await recordedTexts(log))]).toEqual([])
    for (const hash of hashes) expect(await redactionOfText(log, session.id, hash)).toBeNull()
    await redact(session.id)
    const { version } = await session.refresh()
    expect([...(await recordedTexts(log))].toSorted()).toEqual(hashes.toSorted())
    for (const hash of hashes) expect(await redactionOfText(log, session.id, hash)).toBe(version)
    expect(await redactionOfText(log, session.id, 'f'.repeat(64))).toBeNull()
  })
})

describe('what a row records as taken out', () => {
  it('is told of redactions alone, and only as long as they can be gone by', async () => {
    const { log, session, redact } = await withKeys()
    // Another event with the name of a redaction in its envelope.
    await session.send({ type: 'turn.complete' }, { correlationId: 'session.redacted' })
    await redact(session.id)
    const rows = await rowsOf(log, session.id)
    const events = await eventsOf(log, session.id)
    expect(rows.filter(({ envelope }) => envelope.includes('"session.redacted"')).length).toBe(2)
    for (const [at, row] of rows.entries()) {
      const event = events[at]
      expect(redactionIn(session.id, row)).toEqual(event?.type === 'session.redacted' ? event.data : null)
    }
    const record = rows.at(-1)
    if (record === undefined) throw new Error('there are rows')
    expect(redactionIn(session.id, record)).not.toBeNull()
    expect(redactionIn(session.id, { ...record, salt: new Uint8Array(dataHashBytes) })).toBeNull()
    expect(redactionIn(session.id, { ...record, data: `${record.data}}` })).toBeNull()
    expect(redactionIn(session.id, { ...record, checksum: record.checksum + 1 })).toBeNull()
  })

  it('is looked up for the events that a fork shares, not for those of the same version behind the fork', async () => {
    const { log, session, redact } = await withKeys()
    const fork = await session.fork({ at: 5 })
    for (const n of [5, 6]) await fork.send({ type: 'session.describe', title: `own ${key(n)}` })
    await redact(fork.id)
    const shared = replaced(await rowsOf(log, session.id))
    const own = replaced(await rowsOf(log, fork.id))
    expect([shared.every((version) => version <= 5), own.every((version) => version > 5)]).toEqual([
      true,
      true,
    ])
    expect([shared.length > 0, own.length]).toEqual([true, 2])
    const recordedBy = (await fork.refresh()).version
    const parents = stripped(log, session.id)
    const lookup = new RedactionLookup(log, session.id)
    const { by, dataHashes } = await lookup.forPage(await rowsOf(log, session.id))
    // The parent's own record is gone: what its fork says of the events they share is taken, and nothing else.
    expect(parents).toBe(1)
    expect([...by]).toEqual(shared.map((version) => [version, recordedBy]))
    expect([...dataHashes.keys()]).toEqual(shared)
    const plain = new RedactionLookup(log, session.id)
    const none = await plain.forPage(
      (await rowsOf(log, session.id)).filter(({ version }) => !shared.includes(version)),
    )
    expect([none.by.size, none.dataHashes.size]).toEqual([0, 0])
  })

  it('is looked up again when something was taken out since', async () => {
    const { log, session, redact } = await withKeys()
    const lookup = new RedactionLookup(log, session.id)
    expect((await lookup.forPage(await rowsOf(log, session.id))).by.size).toBe(0)
    await redact(session.id)
    const first = replaced(await rowsOf(log, session.id))
    expect([...(await lookup.forPage(await rowsOf(log, session.id))).by.keys()]).toEqual(first)
    await session.refresh()
    await session.send({ type: 'session.describe', title: `late ${key(7)}` })
    const { version } = session
    await redact(session.id)
    const { by } = await lookup.forPage(await rowsOf(log, session.id))
    expect([...by.keys()].toSorted((a, b) => a - b)).toEqual([...first, version])
    expect(by.get(version)).toBe((await session.refresh()).version)
    // Each by the newest that names it.
    const words = (await eventsOf(log, session.id)).filter(({ type }) => type === 'session.redacted')
    expect(words.length).toBe(2)
  })
})

/** Takes a session's own records of what was taken out away, as if only a part of it had come here. Says how many there were. */
function stripped(log: MemoryLog, sessionId: string): number {
  const stream = log.stored.streams.get(sessionId)
  if (stream === undefined) throw new Error('it is stored')
  const kept = stream.rows.filter(({ envelope }) => !envelope.includes('"session.redacted"'))
  const gone = stream.rows.length - kept.length
  const newest = kept.at(-1)
  stream.rows.splice(0, stream.rows.length, ...kept)
  Object.assign(stream, { version: newest?.version, hash: newest?.hash })
  return gone
}
