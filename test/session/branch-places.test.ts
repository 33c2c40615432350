/** Places on a history that branches are made at and come back from: below a fork's own beginning, inside a merge, before the first event. */
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

async function addTasks(session: Session, ...taskIds: readonly string[]): Promise<void> {
  for (const taskId of taskIds) await session.send({ type: 'task.add', taskId, title: taskId })
}

const idsOf = ({ state }: Session): readonly string[] => Object.keys(state.tasks)

/** A session at version 10, and a fork of it there. */
async function forkedAtTen(): Promise<{ waymark: Waymark; parent: Session; fork: Session }> {
  const waymark = await Waymark.open({ store: new MemoryLog() })
  const parent = await waymark.createSession({ agent: 'a', windowTokens: 200_000 })
  await addTasks(parent, 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H')
  expect(parent.version).toBe(10)
  return { waymark, parent, fork: await parent.fork() }
}

const work = ['W0', 'W1', 'W2', 'W3', 'W4', 'W5', 'W6', 'W7', 'W8']

describe('a fork that begins at a version its parent inherited', () => {
  it('is merged from there on: all of its work comes', async () => {
    const { waymark, parent, fork } = await forkedAtTen()
    const below = await fork.fork({ at: 3 })
    expect(await parent.merge(below, { dryRun: true })).toMatchObject({ baseVersion: 3, changes: [] })
    await addTasks(below, ...work)
    const { baseVersion, changes } = await parent.merge(below)
    expect([baseVersion, changes.map(({ id }) => id)]).toEqual([3, work])
    expect(await parent.merge(below)).toMatchObject({ recorded: false })
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('takes in what its parent and its grandparent came to since', async () => {
    const { parent, fork } = await forkedAtTen()
    const below = await fork.fork({ at: 3 })
    await addTasks(fork, 'mine')
    const policies = { tasks: 'theirs' } as const
    expect(await below.merge(parent, { policies })).toMatchObject({ baseVersion: 3, conflicts: [] })
    expect(idsOf(below)).toEqual(['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'])
    const { changes } = await below.merge(fork, { policies })
    expect(changes.map(({ id }) => id)).toEqual(['mine'])
  })

  it('has of the fork in between what a sibling merged of it, and no more', async () => {
    const { parent, fork } = await forkedAtTen()
    const below = await fork.fork({ at: 5 })
    const sibling = await parent.fork({ at: 2 })
    await addTasks(fork, 'mine')
    await sibling.merge(fork)
    await addTasks(below, 'deep')
    const { baseVersion, changes } = await sibling.merge(below)
    expect([baseVersion, changes.map(({ id }) => id)]).toEqual([5, ['deep']])
  })

  it('a beginning that dropped context is no change, on either side', async () => {
    const { parent, fork } = await forkedAtTen()
    await parent.send({
      type: 'context.add',
      tag: '@X',
      tier: 'temporary',
      category: 'reference.project',
      tokens: 5,
    })
    const dropping = await parent.fork()
    const below = await dropping.fork({ at: 3 })
    expect(Object.keys(dropping.state.context.items)).not.toContain('@X')
    expect(await dropping.merge(below)).toMatchObject({ recorded: false, conflicts: [] })
    expect(await parent.merge(dropping)).toMatchObject({ recorded: false, conflicts: [] })
    expect(await fork.merge(below)).toMatchObject({ recorded: false, conflicts: [] })
  })
})

describe('a session that continues a fork from a version it inherited', () => {
  it('is compared with what stood there: what both added is at odds', async () => {
    const { waymark, parent, fork } = await forkedAtTen()
    const { session } = await waymark.recoverAfresh(fork.id, { from: 3 })
    await parent.send({ type: 'task.describe', taskId: 'B', title: 'changed here' })
    await session.send({ type: 'task.add', taskId: 'B', title: 'mine' })
    const { conflicts } = await parent.merge(session, { dryRun: true })
    expect(conflicts).toMatchObject([{ id: 'B', base: null }])
  })
})

describe('a version inside a merge', () => {
  async function merged() {
    const { waymark, parent, fork } = await forkedAtTen()
    await addTasks(fork, 'X', 'Y', 'Z')
    await parent.merge(fork)
    expect([parent.state.merges[0]?.version, parent.version]).toEqual([11, 14])
    return { waymark, parent, fork }
  }
  const refusal = {
    code: 'USAGE',
    message: expect.stringContaining('versions 11 to 14'),
    hint: 'take version 10, before the merge, or 14, after it',
    details: { before: 10, after: 14 },
  }

  it.each([11, 12, 13])(
    '%i is no place to go back to or to fork at; it is still there to look at',
    async (at) => {
      const { parent } = await merged()
      await addTasks(parent, 'later')
      await expect(parent.rewind({ to: at })).rejects.toMatchObject(refusal)
      await expect(parent.rewind({ to: at, dryRun: true })).rejects.toMatchObject(refusal)
      await expect(parent.fork({ at })).rejects.toMatchObject(refusal)
      expect((await parent.at(at)).version).toBe(at)
      const fork = await parent.fork()
      await expect(fork.fork({ at })).rejects.toMatchObject(refusal)
    },
  )

  it('its end and the version before it are such places', async () => {
    const { parent, fork } = await merged()
    await addTasks(parent, 'later')
    expect(idsOf(await parent.fork({ at: 14 }))).toEqual(expect.arrayContaining(['X', 'Y', 'Z']))
    await parent.rewind({ to: 14 })
    expect(await parent.merge(fork)).toMatchObject({ recorded: false })
    const before = await parent.fork({ at: 10 })
    expect((await before.merge(fork)).changes.map(({ id }) => id)).toEqual(['X', 'Y', 'Z'])
    await parent.rewind({ to: 10 })
    expect((await parent.merge(fork)).changes.map(({ id }) => id)).toEqual(['X', 'Y', 'Z'])
  })
})

describe('version 0', () => {
  it('is no place to fork at: nothing has begun there', async () => {
    const { parent, waymark } = await forkedAtTen()
    await expect(parent.fork({ at: 0 })).rejects.toMatchObject({
      code: 'USAGE',
      message: `session ${parent.id} had not begun at version 0`,
    })
    await expect(parent.fork({ at: 11 })).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' })
    const sessions = []
    for await (const { sessionId } of waymark.sessions()) sessions.push(sessionId)
    expect(sessions).toHaveLength(2)
  })
})

describe('a holder of an old epoch', () => {
  it('is refused a dry run too, and where nothing would be recorded', async () => {
    const { waymark, parent, fork } = await forkedAtTen()
    await parent.handOff({ toAgent: 'b' })
    const taker = await waymark.openSession(parent.id)
    await taker.acceptHandoff({ agent: 'b' })
    const stale = { code: 'STALE_HOLDER' }
    await expect(parent.rewind({ to: 3 })).rejects.toMatchObject(stale)
    await expect(parent.rewind({ to: 3, dryRun: true })).rejects.toMatchObject(stale)
    await expect(parent.rewind({ to: 10 })).rejects.toMatchObject(stale)
    await expect(parent.merge(fork)).rejects.toMatchObject(stale)
    await expect(parent.merge(fork, { dryRun: true })).rejects.toMatchObject(stale)
    await expect(taker.rewind({ to: 3, dryRun: true })).resolves.toMatchObject({ recorded: false })
  })
})
