/**
 * Two places in histories.
 *
 * Goal: where two histories part is found, by lineage where they share events and by what they say where they do not; then each side is
 * counted. Method: real sessions, forks and forks of forks in memory; what is read is counted at the log.
 */
import { beforeEach, describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, VersionRange } from '../../src/log/port.ts'
import { diffHistories } from '../../src/replay/diff/diff.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

let log: MemoryLog
let waymark: Waymark
let session: Session

const add = (taskId: string) => ({ type: 'task.add', taskId, title: taskId }) as const

beforeEach(async () => {
  log = new MemoryLog()
  waymark = await Waymark.open({ store: log, policies: [] })
  session = await waymark.createSession()
  for (const taskId of ['A', 'B', 'C']) await session.send(add(taskId))
})

/** A log that notes which versions of which session are read. */
function watched(): { readonly log: EventLog; readonly reads: [string, VersionRange][] } {
  const reads: [string, VersionRange][] = []
  const seen = new Proxy<EventLog>(log, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: readonly unknown[]): unknown => {
        if (name === 'read') reads.push([String(given[0]), Object(given[1])])
        return Reflect.apply(member, target, given)
      }
    },
  })
  return { log: seen, reads }
}

describe('two versions of one session', () => {
  it('differ by what happened in between', async () => {
    await session.send({ type: 'task.start', taskId: 'A' })
    const found = await waymark.diff(`${session.id}@2`)
    expect(found).toMatchObject({
      relation: 'same-session',
      common: 2,
      before: { version: 2, events: 0, byType: {}, first: null },
      after: { version: 5, events: 3, byType: { 'task.added': 2, 'task.started': 1 } },
      same: false,
    })
    expect(found.after.first).toMatchObject({ version: 3, type: 'task.added' })
    expect(found.state.changes.map(({ path }) => path)).toContain('tasks.A.status')
    const back = await waymark.diff(`${session.id}@5`, '@2')
    expect(back).toMatchObject({ before: { events: 3 }, after: { events: 0 }, common: 2 })
  })

  it('are the same when they are one', async () => {
    const found = await waymark.diff(session.id, session.id)
    expect(found).toMatchObject({ same: true, state: { changeCount: 0 }, common: 4 })
  })
})

describe('a fork and what it came from', () => {
  it('part where it was forked, and what they share is not read again', async () => {
    const fork = await session.fork({ at: 3 })
    await fork.send(add('D'))
    const { log: seen, reads } = watched()
    const found = await diffHistories(
      seen,
      { sessionId: session.id, version: 4 },
      { sessionId: fork.id, version: fork.version },
    )
    expect(found).toMatchObject({ relation: 'shared-past', common: 3, same: false })
    expect(found.before).toMatchObject({ events: 1, first: { version: 4, type: 'task.added' } })
    expect(found.after).toMatchObject({ first: { version: 4, type: 'session.forked' } })
    expect(found.state.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual(
      expect.arrayContaining(['removed tasks.C', 'added tasks.D']),
    )
    // The two states are folded; beyond that only what comes after the fork is read.
    const again = reads.filter(([, { after = 0 }]) => after < 3)
    expect(again.length).toBeLessThanOrEqual(2)
    expect(await waymark.diff(fork.id)).toEqual(found)
  })

  it('are compared at the place where the older of two forks begins', async () => {
    const early = await session.fork({ at: 2 })
    const late = await session.fork({ at: 3 })
    const deep = await late.fork()
    expect(await waymark.diff(early.id, deep.id)).toMatchObject({ relation: 'shared-past', common: 2 })
    expect(await waymark.diff(late.id, deep.id)).toMatchObject({ common: late.version })
    // Forked below its own fork point, it shares less than its parent does.
    const below = await late.fork({ at: 1 })
    expect(await waymark.diff(session.id, below.id)).toMatchObject({ common: 1 })
  })

  it('share a version that both have', async () => {
    const fork = await session.fork()
    expect(await waymark.diff(`${session.id}@2`, `${fork.id}@2`)).toMatchObject({
      relation: 'shared-past',
      common: 2,
      same: true,
    })
  })
})

describe('two sessions that share nothing', () => {
  it('are compared by what happened', async () => {
    const other = await waymark.createSession()
    for (const taskId of ['A', 'B', 'X']) await other.send(add(taskId))
    const found = await waymark.diff(session.id, other.id)
    expect(found).toMatchObject({ relation: 'apart', common: 3, same: false })
    expect([found.before.first?.text, found.after.first?.text]).toEqual([
      expect.stringContaining('C'),
      expect.stringContaining('X'),
    ])
    expect(found.state.changes.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'removed tasks.C',
      'added tasks.X',
    ])
  })

  it('are the same when the same happened, whenever that was', async () => {
    const other = await waymark.createSession()
    for (const taskId of ['A', 'B', 'C']) await other.send(add(taskId))
    expect(await waymark.diff(session.id, other.id)).toMatchObject({
      relation: 'apart',
      common: 4,
      same: true,
    })
    await other.send(add('D'))
    expect(await waymark.diff(session.id, other.id)).toMatchObject({
      common: 4,
      same: false,
      before: { events: 0 },
      after: { events: 1, first: { version: 5 } },
    })
  })

  it('match ids that were made by the order in which they came up, in events and in states', async () => {
    const twins = await Promise.all(
      [1, 2].map(async () => {
        const twin = await waymark.createSession({ windowTokens: 100_000 })
        await twin.send(add('A'))
        await twin.send({ type: 'task.start', taskId: 'A' })
        const first = await twin.checkpoint({ phase: 'RED' })
        const second = await twin.checkpoint({ phase: 'GREEN' })
        await twin.send({ type: 'task.fail', taskId: 'A', reason: 'no network', retryable: true })
        return { twin, first, second }
      }),
    )
    const [one, other] = twins
    if (one === undefined || other === undefined) throw new RangeError('two twins')
    const recover = async ({ twin }: typeof one, { id: checkpointId }: { readonly id: string }) =>
      twin.send({ type: 'task.recover', taskId: 'A', checkpointId })
    await recover(one, one.first)
    const before = `${one.twin.id}@7`
    await recover(other, other.first)
    expect(await waymark.diff(before, `${other.twin.id}@7`)).toMatchObject({
      relation: 'apart',
      same: true,
      common: 7,
      state: { changes: [] },
    })
    // The same command about another checkpoint is another command.
    const third = await waymark.createSession({ windowTokens: 100_000 })
    await third.send(add('A'))
    await third.send({ type: 'task.start', taskId: 'A' })
    await third.checkpoint({ phase: 'RED' })
    const late = await third.checkpoint({ phase: 'GREEN' })
    await third.send({ type: 'task.fail', taskId: 'A', reason: 'no network', retryable: true })
    await third.send({ type: 'task.recover', taskId: 'A', checkpointId: late.id })
    const found = await waymark.diff(before, third.id)
    expect(found.before.first?.type).toBe('task.recovered')
    expect(found.state.changes.map(({ path }) => path)).toEqual(['tasks.A.checkpointId', 'recoveredFrom'])
  })

  it('match what was made after they parted as well', async () => {
    const other = await waymark.createSession()
    for (const taskId of ['A', 'B', 'X']) await other.send(add(taskId))
    for (const each of [session, other]) await each.checkpoint({ phase: 'RED' })
    const { state, common } = await waymark.diff(session.id, other.id)
    expect(common).toBe(3)
    expect(state.changes.map(({ path }) => path).filter((path) => path.startsWith('checkpoints'))).toEqual([])
  })

  it('may differ from their first events on', async () => {
    const other = await waymark.createSession({ title: 'another' })
    expect(await waymark.diff(session.id, other.id)).toMatchObject({ relation: 'apart', common: 0 })
  })
})

describe('a place', () => {
  it('is a version, one before the newest, a checkpoint or a time', async () => {
    const { id } = await session.checkpoint({ phase: 'RED' })
    await session.send(add('D'))
    const versionOf = async (at: string): Promise<number> =>
      (await waymark.diff(`${session.id}@${at}`)).before.version
    expect(await versionOf('3')).toBe(3)
    expect(await versionOf('-2')).toBe(4)
    expect(await versionOf(id)).toBe(4)
    expect(await versionOf(id.slice(0, 12))).toBe(4)
    expect(await versionOf(id.slice('ckpt_'.length))).toBe(4)
    expect(await versionOf('2000-01-01')).toBe(0)
    expect(await versionOf('2000-01-01T12:00')).toBe(0)
    expect(await versionOf('9999-01-01T00:00:00Z')).toBe(session.version)
  })

  it('may stand behind a name that has the sign in it', async () => {
    const odd = await waymark.createSession({ tool: 'other', nativeId: 'me@home' })
    expect((await waymark.diff('me@home@1', 'me@home')).after.sessionId).toBe(odd.id)
  })

  it.each([
    ['@3', undefined, 'USAGE'],
    ['@3', '@4', 'USAGE'],
    ['S', undefined, 'USAGE'],
    ['S@', undefined, 'USAGE'],
    ['S@soon', undefined, 'USAGE'],
    ['S@2026-13-45', undefined, 'USAGE'],
    ['S@99', undefined, 'VERSION_NOT_FOUND'],
    ['S@-99', undefined, 'VERSION_NOT_FOUND'],
    ['S@ckpt_00', undefined, 'VERSION_NOT_FOUND'],
    ['S@abc', undefined, 'VERSION_NOT_FOUND'],
    ['nothere@3', undefined, 'SESSION_NOT_FOUND'],
    ['S@3', 'nothere', 'SESSION_NOT_FOUND'],
  ])('that is none is refused: %s and %s', async (before, after, code) => {
    await expect(waymark.diff(before.replace('S', session.id), after)).rejects.toMatchObject({ code })
  })
})
