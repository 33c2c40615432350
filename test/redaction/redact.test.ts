/**
 * Goal: what is taken out is gone, and everything else is as it was. Laws: a redaction keeps every hash, the fold works at every version,
 * and doing it again changes nothing.
 * Method: secrets in events, texts, titles, forks and snapshots of homes of each store; every file of a home is searched for them.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exportBundle } from '../../src/bundle/export.ts'
import { unbundle } from '../../src/bundle/unbundle.ts'
import { redactedText } from '../../src/events/secrets.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { readHandoff } from '../../src/handoff/validate.ts'
import { importFiles } from '../../src/import/import.ts'
import { changeOfList } from '../../src/import/task-list.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import type { RedactOptions } from '../../src/redaction/report.ts'
import { loadState } from '../../src/replay/load.ts'
import { planRecovery } from '../../src/replay/recover.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { filled, openHome, storeKinds, temporaryFolder } from '../bundle/support.ts'

const key = 'AKIAIOSFODNN7EXAMPLE'
const late = 'ghp_0123456789abcdefghijABCDEFGHIJ0123456789'.slice(0, 40)

const redact = (waymark: Waymark, session: Pick<Session, 'id'>, options: RedactOptions) =>
  redactSession(waymark.log, waymark.environment, session.id, options)

async function hashesOf(log: EventLog, sessionId: string): Promise<readonly string[]> {
  const hashes: string[] = []
  for await (const page of log.rows(sessionId))
    for (const { hash, envelope } of page) hashes.push(hash + envelope)
  return hashes
}

async function textsIn(log: EventLog, sessionId: string): Promise<string> {
  const texts: string[] = []
  for await (const page of log.rows(sessionId)) for (const { data } of page) texts.push(data)
  for await (const { hash } of log.auditContents())
    texts.push(Buffer.from((await log.content(hash)) ?? []).toString())
  for await (const snapshot of log.snapshots(sessionId)) texts.push(`snapshot ${snapshot.version}`)
  return texts.join('\n')
}

describe.each(storeKinds)('a redaction in %s', (kind) => {
  it('takes a secret out of events and texts, keeps every hash, and is found sound', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    await session.send({ type: 'task.add', taskId: 'K', title: `rotate ${key} today` })
    const before = await hashesOf(waymark.log, session.id)
    const report = await redact(waymark, session, { patterns: ['aws-key'], reason: 'it was in a prompt' })
    expect(report).toMatchObject({ events: 2, contents: 1, problemCount: 0, erased: true })
    const after = await textsIn(waymark.log, session.id)
    expect(after).not.toContain(key)
    expect(after).toContain(`rotate ${redactedText} today`)
    expect(after).toContain(`with the key ${redactedText} in it.`)
    expect(after).not.toContain('snapshot')
    expect((await hashesOf(waymark.log, session.id)).slice(0, -1)).toEqual(before)
    const verification = await verifyLog(waymark.log)
    expect(verification).toMatchObject({ ok: true, contents: { redacted: 1, problems: [] } })
    const by = before.length + 1
    expect(verification.sessions[0]).toMatchObject({
      redactedCount: 2,
      redacted: [
        { version: 2, by },
        { version: before.length, by },
      ],
    })
    expect((await planRecovery(waymark.log, session.id)).damage).toBeNull()
  })

  it('changes nothing the second time', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    await redact(waymark, session, { patterns: ['secrets'] })
    const before = await textsIn(waymark.log, session.id)
    expect(await redact(waymark, session, { patterns: ['secrets'] })).toMatchObject({
      events: 0,
      contents: 0,
    })
    expect(await textsIn(waymark.log, session.id)).toBe(before)
  })

  it('only says what it would do when asked to', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    const before = await textsIn(waymark.log, session.id)
    const dry = await redact(waymark, session, { patterns: ['aws-key'], dryRun: true })
    expect(dry).toMatchObject({ dryRun: true, events: 1, contents: 1, erased: null })
    expect(await textsIn(waymark.log, session.id)).toBe(before)
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({
      events: 1,
      contents: 1,
    })
  })

  it('takes fields out by their path, texts with them where the path names a text', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    expect(
      await redact(waymark, session, { paths: ['prompt.submitted:content', 'task:title'] }),
    ).toMatchObject({
      events: 2,
      contents: 1,
      rules: ['path prompt.submitted:content', 'path task:title'],
    })
    const { state } = await loadState(waymark.log, session.id)
    expect(state.tasks.A?.title).toBe(redactedText)
    const texts = await textsIn(waymark.log, session.id)
    expect(texts).not.toContain('Write the first test')
    expect(texts).toContain('Done, and some words')
    expect((await verifyLog(waymark.log)).ok).toBe(true)
  })

  it('refuses a path that names what must stay, and changes nothing', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    const before = await textsIn(waymark.log, session.id)
    for (const path of ['*.taskId', 'usage:outputTokens', 'task:status']) {
      await expect(redact(waymark, session, { paths: [path] })).rejects.toMatchObject({ code: 'USAGE' })
    }
    expect(await textsIn(waymark.log, session.id)).toBe(before)
  })

  it('says what a pattern found where nothing can be taken out', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    await session.send({ type: 'task.add', taskId: key, title: 'its id is a key' })
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({
      problemCount: 1,
      problems: [{ path: 'taskId', version: session.version }],
    })
    expect((await verifyLog(waymark.log)).ok).toBe(true)
  })

  it('is seen by forks, and by sessions that share a text', async () => {
    const waymark = await openHome(kind)
    const parent = await filled(waymark)
    const fork = await waymark.fork(parent.id, { at: 4 })
    await fork.checkpoint({ reason: 'holds what it inherited' })
    const other = await filled(waymark, 'shares the text')
    const lone = await waymark.createSession({ title: 'shares nothing' })
    const versions = { lone: lone.version }
    const report = await redact(waymark, parent, { patterns: ['aws-key'] })
    expect(report.streams).toEqual([
      { sessionId: parent.id, events: 1, inherited: 0 },
      { sessionId: fork.id, events: 0, inherited: 1 },
      { sessionId: other.id, events: 1, inherited: 0 },
    ])
    for (const { id } of [parent, fork, other]) expect(await textsIn(waymark.log, id)).not.toContain(key)
    expect((await waymark.log.stream(lone.id))?.version).toBe(versions.lone)
    expect((await verifyLog(waymark.log)).ok).toBe(true)
  })

  it('of a fork reaches what the fork inherited, where it lies', async () => {
    const waymark = await openHome(kind)
    const parent = await filled(waymark)
    await parent.send({ type: 'task.add', taskId: 'L', title: `later ${key}` })
    const fork = await waymark.fork(parent.id, { at: 4 })
    await redact(waymark, fork, { patterns: ['aws-key'] })
    const texts = await textsIn(waymark.log, parent.id)
    expect(texts).toContain(`later ${key}`)
    expect(texts).not.toContain(`with the key ${key}`)
    expect((await verifyLog(waymark.log)).ok).toBe(true)
  })

  it('is followed by sessions that are open: no snapshot brings the secret back', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    await session.send({ type: 'session.describe', title: `about ${key}` })
    await redact(waymark, session, { patterns: ['aws-key'] })
    await session.checkpoint({ reason: 'after' })
    expect(session.state.title).toBe(`about ${redactedText}`)
    expect((await waymark.log.stream(session.id))?.summary?.title).toBe(`about ${redactedText}`)
    expect((await verifyLog(waymark.log)).ok).toBe(true)
  })

  it('lets a command be repeated of which something was taken out', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    const command = { type: 'task.add', taskId: 'R', title: `uses ${key}` } as const
    await session.send(command, { commandId: 'once' })
    await redact(waymark, session, { patterns: ['aws-key'] })
    expect(await session.send(command, { commandId: 'once' })).toMatchObject({ repeated: true })
    await expect(session.send({ ...command, taskId: 'S' }, { commandId: 'once' })).rejects.toMatchObject({
      code: 'COMMAND_ID_REUSED',
    })
  })

  it('may be made in a session that has ended', async () => {
    const waymark = await openHome(kind)
    const session = await filled(waymark)
    await session.send({ type: 'session.end' })
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({ events: 1 })
    expect((await verifyLog(waymark.log)).ok).toBe(true)
  })

  it('travels: what was taken out is not in a bundle, and another home finds it sound', async () => {
    const [here, there] = [await openHome(kind), await openHome(kind, 2)]
    const parent = await filled(here)
    const fork = await here.fork(parent.id, { at: 4 })
    await redact(here, parent, { patterns: ['aws-key'] })
    const path = join(temporaryFolder(), 'fork.waymark')
    await exportBundle(here.log, fork.id, path)
    await unbundle(there.log, path)
    expect(await textsIn(there.log, fork.id)).not.toContain(key)
    expect((await verifyLog(there.log)).ok).toBe(true)
    const whole = join(temporaryFolder(), 'parent.waymark')
    await exportBundle(here.log, parent.id, whole)
    await unbundle(there.log, whole)
    expect((await verifyLog(there.log)).ok).toBe(true)
  })
})

describe('ids that an import made from texts', () => {
  it.each([
    [`use ${key}`, 'use-akiaiosfodnn7example'],
    [`say ${late} to the host and go`, 'say-ghp-0123456789'],
  ])('still tell what was in "%s", and that is said', async (text, told) => {
    const waymark = await openHome('memory')
    const session = await waymark.createSession({ title: 'Log in' })
    const { items } = changeOfList('todo', [], [{ id: null, text, status: 'pending' }])
    const taskId = items[0]?.name ?? ''
    expect(taskId).toContain(told)
    await session.send({ type: 'task.add', taskId: 'todo-use-the-key', title: 'use the key' })
    await session.send({ type: 'task.add', taskId, title: text })
    await session.send({ type: 'task.start', taskId })
    const { version } = session
    expect(await redact(waymark, session, { patterns: ['secrets'] })).toMatchObject({
      events: 1,
      problemCount: 2,
      problems: [
        { version: version - 1, path: 'taskId' },
        { version, path: 'taskId' },
      ],
    })
  })
})

describe('a redaction of a session that was handed off', () => {
  async function handedOff(content: string) {
    const waymark = await openHome('sqlite')
    const session = await waymark.createSession({ title: 'Log in', agent: 'a', windowTokens: 200_000 })
    await session.send({ type: 'prompt.submit', content })
    return { waymark, session }
  }

  it('takes packages out whole, also where the secret is only in what is packed in them', async () => {
    const { waymark, session } = await handedOff(`my key is ${key}`)
    const { package: made } = await session.handOff({ toAgent: 'b' })
    expect(JSON.stringify(made)).not.toContain(key)
    expect(JSON.stringify(readHandoff(made).context)).toContain(key)
    await session.acceptHandoff({ agent: 'b' })
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({
      contents: 2,
      problemCount: 0,
    })
    const by = (await session.refresh()).version
    await expect(session.handoffPackage()).rejects.toMatchObject({
      code: 'HANDOFF_INVALID',
      message: expect.stringContaining(`its package was redacted at version ${by}`),
      hint: 'what was taken out is gone for good',
    })
    const held = await textsIn(waymark.log, session.id)
    expect(held).not.toContain('critical_context')
    expect(held).not.toContain(key)
    expect((await verifyLog(waymark.log)).ok).toBe(true)
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({ contents: 0 })
  })

  it('takes them out where they were received, too', async () => {
    const { session } = await handedOff(`my key is ${key}`)
    const { package: made } = await session.handOff({ toAgent: 'b' })
    const there = await openHome('sqlite', 2)
    const { session: received } = await there.receiveHandoff(made)
    expect(await textsIn(there.log, received.id)).toContain('critical_context')
    await redact(there, received, { patterns: ['aws-key'] })
    const held = await textsIn(there.log, received.id)
    expect(held).not.toContain('critical_context')
    expect(held).not.toContain(key)
  })

  it('says that an offer stands without its package, and refuses it for that reason', async () => {
    const { waymark, session } = await handedOff('nothing secret')
    await session.send({ type: 'task.add', taskId: 'A', title: `rotate ${key}` })
    const { handoffId } = await session.handOff({ toAgent: 'b' })
    const problems = [{ sessionId: session.id, path: `handoff ${handoffId}` }]
    const dry = await redact(waymark, session, { patterns: ['aws-key'], dryRun: true })
    expect(dry).toMatchObject({ problemCount: 1, problems })
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({ problems })
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({ problems, contents: 0 })
    const { version } = await session.refresh()
    await expect(session.acceptHandoff({ agent: 'b' })).rejects.toMatchObject({
      code: 'HANDOFF_INVALID',
      message: expect.stringContaining(`its package was redacted at version ${version}`),
      hint: expect.stringContaining('withdraw it and offer again'),
    })
    await session.send({ type: 'session.resume' })
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({ problemCount: 0 })
    await session.handOff({ toAgent: 'b' })
    expect(await session.acceptHandoff({ agent: 'b' })).toMatchObject({ agent: 'b' })
  })

  it('leaves packages alone in which nothing is found', async () => {
    const { waymark, session } = await handedOff('nothing secret')
    await session.handOff({ toAgent: 'b' })
    expect(await redact(waymark, session, { patterns: ['aws-key'] })).toMatchObject({ contents: 0 })
    expect(await session.acceptHandoff({ agent: 'b' })).toMatchObject({ agent: 'b' })
  })
})

describe('a fork that was made after a redaction', () => {
  it('records what it inherits, and travels without its parent’s later events', async () => {
    const [here, there] = [await openHome('memory'), await openHome('memory', 2)]
    const parent = await filled(here)
    await redact(here, parent, { patterns: ['aws-key'] })
    const fork = await here.fork(parent.id, { at: 3 })
    const path = join(temporaryFolder(), 'fork.waymark')
    await exportBundle(here.log, fork.id, path)
    await unbundle(there.log, path)
    expect((await verifyLog(here.log)).ok).toBe(true)
    expect((await verifyLog(there.log)).ok).toBe(true)
    const [before, second] = [await here.log.position(), await there.fork(parent.id, { at: 3 })]
    await expect(
      exportBundle(there.log, second.id, join(temporaryFolder(), 'b.waymark')),
    ).rejects.toMatchObject({
      code: 'VERSION_NOT_FOUND',
    })
    await redact(there, second, { patterns: ['aws-key'] })
    const again = join(temporaryFolder(), 'c.waymark')
    await exportBundle(there.log, second.id, again)
    expect(await unbundle(here.log, again)).toMatchObject({ streams: [{ appended: 0 }, { status: 'new' }] })
    expect(await here.log.position()).toBeGreaterThan(before)
    expect((await verifyLog(here.log)).ok).toBe(true)
    const position = await there.log.position()
    await redact(there, second, { patterns: ['aws-key'] })
    expect(await there.log.position()).toBe(position)
  })
})

describe('a redaction that nobody recorded', () => {
  it('is damage', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await filled(waymark)
    await log.transact((transaction) => {
      transaction.redact(session.id, ({ version, data }) =>
        version === 4 ? data.replace('first', 'worst') : null,
      )
    })
    const { ok, sessions } = await verifyLog(log)
    expect(ok).toBe(false)
    expect(sessions[0]?.problems[0]).toMatchObject({ version: 4, kind: 'damaged-event' })
    expect((await planRecovery(log, session.id)).damage).toMatchObject({ version: 4 })
  })

  it('is damage when it puts something else there than what was recorded', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await filled(waymark)
    await redact(waymark, session, { paths: ['task:title'] })
    await log.transact((transaction) => {
      transaction.redact(session.id, ({ version, data }) =>
        version === 4 ? data.replace(redactedText, 'forged') : null,
      )
    })
    expect((await verifyLog(log)).sessions[0]?.problems[0]).toMatchObject({
      version: 4,
      kind: 'damaged-event',
    })
  })

  it('is damage of a text', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await filled(waymark)
    const [hash] = [...log.stored.contents.keys()]
    expect(session.version).toBeGreaterThan(1)
    await log.transact((transaction) => transaction.redactContent(hash ?? '', Buffer.from('x')))
    expect((await verifyLog(log)).contents.problems).toHaveLength(1)
  })
})

describe('any history', () => {
  it('keeps every hash, folds at every version, and is redacted once', async () => {
    let redacted = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (history) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, history)
        const waymark = await Waymark.open({ store: log, policies: [] })
        const before = await hashesOf(log, sessionId)
        const options = { patterns: ['/[aeiou]{2}/'] }
        const report = await redact(waymark, { id: sessionId }, options)
        redacted += report.events
        expect((await hashesOf(log, sessionId)).slice(0, before.length)).toEqual(before)
        const newest = (await log.stream(sessionId))?.version ?? 0
        for (let version = 0; version <= newest; version++) {
          expect(stateHash((await loadState(log, sessionId, version)).state)).toMatch(/^[0-9a-f]{64}$/)
        }
        expect((await verifyLog(log)).sessions[0]?.problems).toEqual([])
        expect(await redact(waymark, { id: sessionId }, options)).toMatchObject({ events: 0, contents: 0 })
      }),
      { numRuns: 25 },
    )
    expect(redacted).toBeGreaterThan(20)
  })
})

describe('a home on disk', () => {
  it('holds no byte of the secret in any of its files', async () => {
    const home = join(temporaryFolder(), '.moai')
    const waymark = await Waymark.open({ home })
    const session = await waymark.createSession({ title: `deploy with ${key}`, windowTokens: 200_000 })
    for (let n = 0; n < 40; n++) {
      await session.send({ type: 'task.add', taskId: `T-${n}`, title: `task ${n} uses ${late}${n}` })
      await session.send({ type: 'prompt.submit', content: `short ${n} ${key}` })
    }
    await session.send({ type: 'focus.change', objectives: [`use ${key}`] })
    await session.checkpoint({ reason: `knows ${key}` })
    await waymark.close()
    expect(filesWith(home, key)).not.toEqual([])
    const again = await Waymark.open({ home })
    const folder = join(home, 'sessions')
    const report = await redactSession(again.log, again.environment, session.id, {
      patterns: ['aws-key', 'github-token'],
      folder,
    })
    expect(report).toMatchObject({ erased: true, problemCount: 0 })
    again.appended(session.id)
    await again.close()
    expect(filesWith(home, key)).toEqual([])
    expect(filesWith(home, late)).toEqual([])
    const last = await Waymark.open({ home, readOnly: true })
    expect((await last.verify()).ok).toBe(true)
    await last.close()
  })
})

describe('an import after a redaction', () => {
  it('of the same file finds everything recorded, and brings nothing back', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [] })
    const source = fileURLToPath(
      new URL('../../examples/transcripts/claude-code-session.jsonl', import.meta.url),
    )
    const text = readFileSync(source, 'utf8')
    const path = join(temporaryFolder(), 'session.jsonl')
    const first = JSON.parse(text.split('\n').find((line) => line.includes('"type":"user"')) ?? '')
    const told = JSON.stringify(first.message.content).includes(key)
    expect(told).toBe(false)
    writeFileSync(path, text.replace(/("role":"user","content":")/, `$1${key} `))
    expect(readFileSync(path, 'utf8')).toContain(key)
    const { files } = await importFiles(log, waymark.environment, [path])
    const imported = files[0]?.sessionId ?? ''
    expect(await textsIn(log, imported)).toContain(key)
    const report = await redact(waymark, { id: imported }, { patterns: ['aws-key'] })
    expect(report.contents).toBeGreaterThan(0)
    expect([...log.stored.bookmarks.values()].join()).not.toContain(key)
    expect(await importFiles(log, waymark.environment, [path])).toMatchObject({ appended: 0 })
    expect(await textsIn(log, imported)).not.toContain(key)
    expect((await verifyLog(log)).ok).toBe(true)
  })
})

/** Files below a folder whose bytes hold a text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() && readFileSync(path).includes(text)
  })
}
