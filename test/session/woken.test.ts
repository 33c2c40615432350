/** Sessions that their own silence suspended, taken up again by what is worked out in several steps: merges, plans and rewinds. */
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

/** A session with a fork that has something new, suspended for a reason. */
async function suspended(reason: string): Promise<{ waymark: Waymark; session: Session; fork: Session }> {
  const waymark = await Waymark.open({ store: new MemoryLog() })
  const session = await waymark.createSession()
  await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
  const fork = await session.fork()
  await fork.send({ type: 'task.add', taskId: 'B', title: 'b' })
  await session.send({ type: 'session.suspend', reason })
  return { waymark, session, fork }
}

const typesAfter = async (waymark: Waymark, { id }: Session, version: number) =>
  (await eventsOf(waymark.log, id)).slice(version).map(({ type, actor }) => [type, actor])

const woken = ['session.resumed', 'policy:wake-after-timeout']

describe('a session that its silence suspended', () => {
  it('is woken by a merge; a dry run says what would come and wakes nobody', async () => {
    const { waymark, session, fork } = await suspended('timeout')
    const { version } = session
    const dry = await session.merge(fork, { dryRun: true })
    expect(dry).toMatchObject({ changes: [{ id: 'B' }], version, recorded: false })
    expect([session.version, session.state.status]).toEqual([version, 'suspended'])
    const { changes } = await session.merge(fork)
    expect(changes).toEqual(dry.changes)
    expect(session.state.status).toBe('active')
    expect(await typesAfter(waymark, session, version)).toEqual([
      woken,
      ['session.merged', 'user'],
      ['task.added', `merge:${fork.id}`],
    ])
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('stays as it is when a merge brings nothing, or is at odds', async () => {
    const { session, fork } = await suspended('timeout')
    const { version } = session
    const empty = await session.fork({ at: 3 })
    expect(await session.merge(empty)).toMatchObject({ recorded: false, version })
    await fork.send({ type: 'task.describe', taskId: 'A', title: 'theirs' })
    await session.send({ type: 'task.describe', taskId: 'A', title: 'ours' })
    await session.send({ type: 'session.suspend', reason: 'timeout' })
    await expect(session.merge(fork)).rejects.toMatchObject({ code: 'MERGE_CONFLICT' })
    expect((await session.refresh()).status).toBe('suspended')
  })

  it('is woken by a plan that adds something', async () => {
    const { waymark, session } = await suspended('timeout')
    const { version } = session
    const graph = await waymark.graph(session.id)
    await expect(graph.plan([{ id: 'A', title: 'a' }])).resolves.toMatchObject({ added: [] })
    expect((await session.refresh()).version).toBe(version)
    await graph.plan([
      { id: 'Q', title: 'q', dependsOn: ['P'] },
      { id: 'P', title: 'p' },
    ])
    expect(await typesAfter(waymark, session, version)).toEqual([
      woken,
      ['task.added', 'user'],
      ['task.added', 'user'],
    ])
    expect((await session.refresh()).status).toBe('active')
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('can be rewound, and a dry run of it says so', async () => {
    const { session } = await suspended('timeout')
    const { version } = session
    expect(await session.rewind({ to: 2, dryRun: true })).toMatchObject({ tasks: { removed: ['A'] } })
    expect(await session.rewind({ to: 3 })).toMatchObject({ recorded: false, version })
    expect(session.state.status).toBe('suspended')
    expect(await session.rewind({ to: 2 })).toMatchObject({ recorded: true })
    expect(session.state.status).toBe('active')
  })
})

describe('a session that somebody suspended', () => {
  it('takes nothing in until it is resumed', async () => {
    const { waymark, session, fork } = await suspended('lunch')
    const graph = await waymark.graph(session.id)
    const refused = { code: 'COMMAND_REFUSED' }
    for (const dryRun of [true, false]) {
      await expect(session.merge(fork, { dryRun })).rejects.toMatchObject(refused)
      await expect(session.rewind({ to: 2, dryRun })).rejects.toMatchObject(refused)
    }
    await expect(graph.plan([{ id: 'Q', title: 'q' }])).rejects.toMatchObject(refused)
    expect((await session.refresh()).status).toBe('suspended')
  })
})
