/** Merges: what comes over, what is at odds, and what each policy makes of it. */
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { isKnown } from '../../src/events/envelope.ts'
import type { SessionState } from '../../src/fold/state.ts'
import { seeded } from '../../src/kernel/clock.ts'
import type { WaymarkError } from '../../src/kernel/errors.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { appendInto, decideNow } from '../../src/session/append.ts'
import type { MergePolicies } from '../../src/session/merge/draft.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const all = (policy: MergePolicies['tasks']): MergePolicies => ({
  tasks: policy,
  context: policy,
  decisions: policy,
})

async function sendAll(session: Session, ...commands: readonly Command[]): Promise<void> {
  for (const command of commands) await session.send(command)
}

const add = (taskId: string, title = taskId): Command => ({ type: 'task.add', taskId, title })
const start = (taskId: string): Command => ({ type: 'task.start', taskId })
const complete = (taskId: string): Command => ({ type: 'task.complete', taskId })
const item = (tag: string, tokens: number, tier: 'critical' | 'supporting' = 'supporting'): Command => ({
  type: 'context.add',
  tag,
  tier,
  category: 'reference.project',
  tokens,
})

async function parentWith(...commands: readonly Command[]): Promise<{ waymark: Waymark; parent: Session }> {
  const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(7) })
  const parent = await waymark.createSession({ model: 'm', configuration: { contextPreservation: 'all' } })
  await sendAll(parent, ...commands)
  return { waymark, parent }
}

const statusesOf = ({ state }: Session): Record<string, string> =>
  Object.fromEntries(Object.values(state.tasks).map(({ id, status }) => [id, status]))

async function refusalOf(work: Promise<unknown>): Promise<WaymarkError> {
  return work.then(
    () => {
      throw new Error('it was accepted')
    },
    (error: WaymarkError) => error,
  )
}

describe('merge', () => {
  it('brings tasks, items and decisions of a fork, each by legal commands in one transaction', async () => {
    const { waymark, parent } = await parentWith(add('A'), add('B'), start('A'), item('@BASE', 10))
    const fork = await parent.fork({ title: 'try it' })
    await sendAll(
      fork,
      { type: 'task.restore-context', taskIds: ['A'] },
      { type: 'task.enter-phase', taskId: 'A', phase: 'GREEN' },
      complete('A'),
      add('C', 'new here'),
      start('C'),
      { type: 'task.block', taskId: 'C', on: { kind: 'input', detail: 'which port?' } },
      { type: 'task.describe', taskId: 'B', title: 'B, said better' },
      item('@FORK', 20, 'critical'),
      { type: 'context.discard', tags: ['@BASE'] },
      { type: 'decision.record', text: 'use SQLite', reason: 'it is there', taskId: 'A' },
    )
    const before = parent.version
    const report = await parent.merge(fork)
    expect(report).toMatchObject({ recorded: true, conflicts: [], sourceVersion: fork.version })
    expect(statusesOf(parent)).toEqual({ A: 'completed', B: 'pending', C: 'blocked' })
    expect(parent.state.tasks.A?.phase).toBe('GREEN')
    expect(parent.state.tasks.B?.title).toBe('B, said better')
    expect(parent.state.tasks.C).toMatchObject({
      blockedOn: { kind: 'input', detail: 'which port?' },
      returnsTo: 'running',
    })
    expect(Object.keys(parent.state.context.items)).toEqual(['@FORK'])
    expect(parent.state.knowledge.decisions).toMatchObject([
      { text: 'use SQLite', reason: 'it is there', taskId: 'A' },
    ])
    expect(parent.state.merges).toMatchObject([{ sessionId: fork.id, sourceVersion: fork.version }])
    const [fact, ...brought] = (await eventsOf(waymark.log, parent.id)).slice(before).filter(isKnown)
    expect(fact).toMatchObject({
      type: 'session.merged',
      actor: 'user',
      data: { broughtCount: brought.length },
    })
    expect(new Set(brought.map(({ actor }) => actor))).toEqual(new Set([`merge:${fork.id}`]))
    expect(new Set(brought.map(({ causationId }) => causationId))).toEqual(new Set([fact?.id]))
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('the same merge again, and one of a fork with nothing new, append nothing', async () => {
    const { parent } = await parentWith(add('A'), start('A'), item('@X', 5))
    const fork = await parent.fork()
    expect(await parent.merge(fork)).toMatchObject({ recorded: false, changes: [], conflicts: [] })
    await sendAll(fork, add('B'), item('@Y', 5))
    expect(await parent.merge(fork)).toMatchObject({ recorded: true })
    const { version } = parent
    expect(await parent.merge(fork)).toMatchObject({ recorded: false, version })
    await fork.send({ type: 'session.describe', title: 'only its title' })
    expect(await parent.merge(fork.id)).toMatchObject({ recorded: false, version })
    expect(parent.version).toBe(version)
  })

  it.each([
    ['ours', { A: 'completed' }, 'Redis'],
    ['theirs', { A: 'completed', 'A~fork': 'failed' }, 'Redis, SQLite'],
    ['union', { A: 'completed', 'A~fork': 'failed' }, 'Redis, SQLite'],
  ] as const)('where both changed the same, %s decides', async (policy, statuses, decisions) => {
    const { parent } = await parentWith(add('A'), add('T', 'old'), start('A'), item('@X', 1))
    const fork = await parent.fork()
    const both = async (session: Session, tokens: number, text: string): Promise<void> =>
      sendAll(
        session,
        { type: 'task.describe', taskId: 'T', title: `of ${text}` },
        { type: 'context.discard', tags: ['@X'] },
        item('@X', tokens),
        { type: 'decision.record', text, taskId: 'A' },
      )
    await fork.send({ type: 'task.fail', taskId: 'A', reason: 'no network', retryable: false })
    await both(fork, 20, 'SQLite')
    await parent.send(complete('A'))
    await both(parent, 10, 'Redis')
    const short = fork.id.slice('sess_'.length, 'sess_'.length + 8)

    const { version } = parent
    const refusal = await refusalOf(parent.merge(fork))
    expect(refusal).toMatchObject({ code: 'MERGE_CONFLICT', details: { conflictCount: 4 } })
    const dry = await parent.merge(fork, { policies: all(policy), dryRun: true })
    expect(parent.version).toBe(version)
    const report = await parent.merge(fork, { policies: all(policy) })
    expect(report.conflicts).toEqual(dry.conflicts)
    expect(report.changes).toEqual(dry.changes)
    const second = { ours: [], theirs: [`A~${short}`], union: [`A~${short}`, `T~${short}`] }[policy]
    expect(Object.keys(parent.state.tasks)).toEqual(['A', 'T', ...second])
    expect(statusesOf(parent)).toMatchObject(
      Object.fromEntries(Object.entries(statuses).map(([id, status]) => [id.replace('fork', short), status])),
    )
    expect(parent.state.tasks.T?.title).toBe(policy === 'theirs' ? 'of SQLite' : 'of Redis')
    const tokens = Object.fromEntries(
      Object.values(parent.state.context.items).map((one) => [one.tag, one.tokens]),
    )
    expect(tokens).toEqual(
      { ours: { '@X': 10 }, theirs: { '@X': 20 }, union: { '@X': 10, [`@X.${short}`]: 20 } }[policy],
    )
    expect(parent.state.knowledge.decisions.map(({ text }) => text).join(', ')).toBe(decisions)
    expect(parent.state.merges).toMatchObject([{ conflictCount: 4 }])
    expect(await parent.merge(fork, { policies: all('fail') })).toMatchObject({ recorded: false })
  })

  it('a conflict of which one part is to fail merges nothing of any part, and says all of them as data', async () => {
    const { parent } = await parentWith(add('A'), item('@X', 1))
    const fork = await parent.fork()
    await sendAll(fork, { type: 'task.describe', taskId: 'A', title: 'theirs' }, add('NEW'))
    await parent.send({ type: 'task.describe', taskId: 'A', title: 'ours' })
    const { version } = parent
    const refusal = await refusalOf(parent.merge(fork, { policies: { context: 'theirs' } }))
    expect(refusal.details).toMatchObject({
      policies: { tasks: 'fail', context: 'theirs', decisions: 'fail' },
      conflicts: [
        {
          part: 'tasks',
          id: 'A',
          base: 'pending: A',
          ours: 'pending: ours',
          theirs: 'pending: theirs',
          resolution: null,
        },
      ],
    })
    expect((await parent.refresh()).version).toBe(version)
    const dry = await parent.merge(fork, { dryRun: true })
    expect(dry.conflicts).toEqual(refusal.details.conflicts)
  })

  it('one side may change the title of a task and the other its status: no conflict', async () => {
    const { parent } = await parentWith(add('A'))
    const fork = await parent.fork()
    await sendAll(fork, start('A'), complete('A'))
    await parent.send({ type: 'task.describe', taskId: 'A', title: 'said better' })
    expect(await parent.merge(fork)).toMatchObject({ conflicts: [] })
    expect(parent.state.tasks.A).toMatchObject({ title: 'said better', status: 'completed' })
  })

  it('what a fork drops of its context when it begins is not taken from the parent', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(8) })
    const parent = await waymark.createSession({ configuration: { contextPreservation: 'critical_only' } })
    await sendAll(parent, add('A'), start('A'), item('@KEEP', 10), {
      type: 'context.add',
      tag: '@TEMP',
      tier: 'temporary',
      category: 'reference.project',
      tokens: 3,
    })
    const fork = await parent.fork()
    expect(Object.keys(fork.state.context.items)).toEqual(['@KEEP'])
    await fork.send(add('B'))
    await parent.merge(fork)
    expect(Object.keys(parent.state.context.items)).toEqual(['@KEEP', '@TEMP'])
    expect(statusesOf(parent)).toEqual({ A: 'in_progress', B: 'pending' })
  })

  it('merges again from where it merged last, in both directions', async () => {
    const { waymark, parent } = await parentWith(add('A'), add('B'))
    const fork = await parent.fork()
    await sendAll(fork, start('A'))
    await parent.merge(fork)
    await sendAll(parent, complete('A'), { type: 'decision.record', text: 'of the parent' })
    await fork.merge(parent)
    expect(statusesOf(fork)).toEqual({ A: 'completed', B: 'pending' })
    await sendAll(fork, start('B'), { type: 'decision.record', text: 'of the fork' })
    await parent.send(add('C'))
    expect(await parent.merge(fork)).toMatchObject({ conflicts: [], recorded: true })
    expect(statusesOf(parent)).toEqual({ A: 'completed', B: 'in_progress', C: 'pending' })
    expect(parent.state.knowledge.decisions.map(({ text }) => text)).toEqual(['of the parent', 'of the fork'])
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('siblings, forks of forks and continuations meet where their lines part; strangers are refused', async () => {
    const { waymark, parent } = await parentWith(add('A'), add('B'))
    const left = await parent.fork()
    const right = await (await parent.fork()).fork()
    await sendAll(left, start('A'), complete('A'))
    await right.send(start('B'))
    expect(await right.merge(left)).toMatchObject({ conflicts: [], recorded: true })
    expect(statusesOf(right)).toEqual({ A: 'completed', B: 'in_progress' })
    await parent.merge(right)
    expect(statusesOf(parent)).toEqual({ A: 'completed', B: 'in_progress' })
    expect(await parent.merge(left)).toMatchObject({ recorded: false })

    const next = await waymark.createSession({
      continuesSessionId: parent.id,
      continuesVersion: parent.version,
    })
    await sendAll(next, add('D'), { type: 'decision.record', text: 'later' })
    expect(await parent.merge(next)).toMatchObject({ conflicts: [], recorded: true })
    expect(Object.keys(parent.state.tasks)).toEqual(['A', 'B', 'D'])
    expect(await parent.merge(next)).toMatchObject({ recorded: false })

    const taken = await waymark.createSession({ continuesSessionId: parent.id, tasks: 'open' })
    expect(statusesOf(taken)).toEqual({ B: 'pending', D: 'pending' })
    await sendAll(taken, start('B'), complete('B'))
    expect(await parent.merge(taken)).toMatchObject({ conflicts: [], recorded: true })
    expect(statusesOf(parent)).toEqual({ A: 'completed', B: 'completed', D: 'pending' })
    expect(parent.state.knowledge.decisions.map(({ text }) => text)).toEqual(['later'])

    const stranger = await waymark.createSession({})
    await stranger.send(add('Z'))
    expect(await refusalOf(parent.merge(stranger))).toMatchObject({ code: 'NO_COMMON_ANCESTOR' })
    expect(await refusalOf(parent.merge(parent))).toMatchObject({ code: 'USAGE' })
    expect(await refusalOf(parent.merge('sess_00000000-0000-4000-8000-000000000000'))).toMatchObject({
      code: 'SESSION_NOT_FOUND',
    })
  })

  it.each([
    ['ended', { type: 'session.end' } as const],
    ['suspended', { type: 'session.suspend' } as const],
    ['handed off', { type: 'session.hand-off', toAgent: 'tester' } as const],
  ])('into a session that is %s is refused, with and without something new', async (_status, command) => {
    const { parent } = await parentWith(add('A'))
    const fork = await parent.fork()
    await parent.send(command)
    for (const dryRun of [true, false]) {
      expect(await refusalOf(parent.merge(fork, { dryRun }))).toMatchObject({ code: 'COMMAND_REFUSED' })
    }
    await fork.send(add('B'))
    expect(await refusalOf(parent.merge(fork))).toMatchObject({ code: 'COMMAND_REFUSED' })
  })

  it('what callers get wrong is refused before anything is recorded', async () => {
    const { waymark, parent } = await parentWith(add('A'))
    const fork = await parent.fork()
    await sendAll(fork, { type: 'task.describe', taskId: 'A', title: '🧭'.repeat(1_000) }, add('B'))
    await parent.send({ type: 'task.describe', taskId: 'A', title: 'x'.repeat(2_000) })
    const position = await waymark.log.position()
    const wrong: readonly object[] = [{ policies: { tasks: 'mine' } }, { policies: all('ours'), actor: '' }]
    for (const options of wrong) {
      expect(await refusalOf(parent.merge(fork, options))).toMatchObject({ code: 'COMMAND_INVALID' })
    }
    for (const options of [
      { to: 1, reason: 'x'.repeat(3_000) },
      { to: 1, actor: '' },
    ]) {
      expect(await refusalOf(parent.rewind(options))).toMatchObject({ code: 'COMMAND_INVALID' })
    }
    for (const to of [-1, 1.5, Number.NaN, 1e9, 'ckpt_x', 'x'.repeat(100_000)]) {
      expect(await refusalOf(parent.rewind({ to }))).toMatchObject({ code: 'VERSION_NOT_FOUND' })
    }
    expect(await refusalOf(parent.rewind({ to: parent.version }))).toMatchObject({ code: 'COMMAND_REFUSED' })
    expect(await waymark.log.position()).toBe(position)
    expect(await parent.merge(fork, { policies: all('union') })).toMatchObject({ recorded: true })
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('a holder of an old epoch may not merge', async () => {
    const { waymark, parent } = await parentWith(add('A'))
    const fork = await parent.fork()
    await fork.send(add('B'))
    const other = await waymark.openSession(parent.id)
    await other.send({ type: 'session.hand-off', toAgent: 'tester' })
    await other.send({ type: 'session.take-over', agent: 'tester' })
    expect(await refusalOf(parent.merge(fork))).toMatchObject({ code: 'STALE_HOLDER' })
    expect(await other.merge(fork)).toMatchObject({ recorded: true })
  })

  it('what depends on what comes over in the order it needs, also below a task that stays as it was', async () => {
    const { parent } = await parentWith(add('A'), add('B'))
    const fork = await parent.fork()
    await sendAll(
      fork,
      { type: 'task.add', taskId: 'C', title: 'c', dependsOn: ['A'], parentTaskId: 'B' },
      { type: 'task.add', taskId: 'D', title: 'd', dependsOn: ['C'], parentTaskId: 'C' },
      start('A'),
      complete('A'),
      start('C'),
      complete('C'),
      start('D'),
      { type: 'task.describe', taskId: 'A', title: 'done' },
    )
    await parent.send({ type: 'task.cancel', taskId: 'A' })
    await parent.merge(fork, { policies: { tasks: 'ours' } })
    expect(statusesOf(parent)).toEqual({ A: 'failed', B: 'pending', C: 'completed', D: 'in_progress' })
    expect(parent.state.tasks.C).toMatchObject({ dependsOn: ['A'], parentTaskId: 'B' })
    expect(parent.state.tasks.D).toMatchObject({ dependsOn: ['C'], parentTaskId: 'C' })
    expect(parent.state.tasks.A?.title).toBe('done')
  })

  it('every status of a fork is reached from every status here, or comes beside it', async () => {
    const ways: Readonly<Record<string, readonly Command[]>> = {
      pending: [],
      running: [start('A')],
      blocked: [{ type: 'task.block', taskId: 'A', on: { kind: 'input' } }],
      blockedRunning: [start('A'), { type: 'task.block', taskId: 'A', on: { kind: 'permission' } }],
      completed: [start('A'), complete('A')],
      failed: [start('A'), { type: 'task.fail', taskId: 'A', reason: 'x', retryable: true }],
      givenUp: [start('A'), { type: 'task.fail', taskId: 'A', reason: 'x', retryable: false }],
      cancelled: [{ type: 'task.cancel', taskId: 'A' }],
      recovered: [
        start('A'),
        { type: 'task.fail', taskId: 'A', reason: 'x', retryable: true },
        { type: 'task.recover', taskId: 'A', checkpointId: 'origin' },
      ],
    }
    for (const [ours, oursWay] of Object.entries(ways)) {
      for (const [theirs, theirsWay] of Object.entries(ways)) {
        const { waymark, parent } = await parentWith(add('A'))
        const fork = await parent.fork()
        await sendAll(parent, ...oursWay)
        await sendAll(fork, ...theirsWay)
        await parent.merge(fork, { policies: all('theirs') })
        const [first, second] = Object.values(parent.state.tasks)
        const reached = second ?? first
        const { status, retryable, reason, blockedOn } = fork.state.tasks.A ?? {}
        const isAsked = theirs !== 'pending' && ours !== theirs
        if (isAsked)
          expect([ours, theirs, reached]).toMatchObject([
            ours,
            theirs,
            { status, retryable, reason, blockedOn },
          ])
        expect(await waymark.verify()).toMatchObject({ ok: true })
      }
    }
  })

  it('a session that holds all it may is told so, and nothing is merged', async () => {
    const { parent } = await parentWith(item('@X', 1))
    const fork = await parent.fork()
    await sendAll(fork, add('A'), item('@LAST', 1))
    for (let n = 1; n < limits.contextItemsMax; n++) await parent.send(item(`@N-${n}`, 1))
    const { version } = parent
    expect(await refusalOf(parent.merge(fork))).toMatchObject({ code: 'COMMAND_REFUSED' })
    expect((await parent.refresh()).version).toBe(version)
  })

  it('what was merged is known also when state lists it no more', async () => {
    const { parent } = await parentWith(add('A'))
    const first = await parent.fork()
    await first.send(start('A'))
    await parent.merge(first)
    await parent.send(complete('A'))
    for (let n = 0; n <= limits.mergesListedMax; n++) {
      const fork = await parent.fork()
      await fork.send(add(`N-${n}`))
      await parent.merge(fork)
    }
    expect(parent.state.merges.some(({ sessionId }) => sessionId === first.id)).toBe(false)
    await first.send({ type: 'task.describe', taskId: 'A', title: 'said later' })
    expect(await parent.merge(first, { dryRun: true })).toMatchObject({ conflicts: [] })
    await parent.merge(first)
    expect(parent.state.tasks.A).toMatchObject({ status: 'completed', title: 'said later' })
  })

  it('what a merge brought may be brought again after a rewind behind it', async () => {
    const { waymark, parent } = await parentWith(add('A'), item('@X', 1))
    const { version } = parent
    const fork = await parent.fork()
    await sendAll(fork, start('A'), add('B'), item('@Y', 2), { type: 'decision.record', text: 'x' })
    await parent.merge(fork)
    const merged = { ...parent.state.tasks }
    await parent.rewind({ to: version })
    expect(statusesOf(parent)).toEqual({ A: 'pending' })
    expect(parent.state.merges).toEqual([])
    expect(await parent.merge(fork)).toMatchObject({ recorded: true, conflicts: [] })
    expect(statusesOf(parent)).toEqual({ A: 'in_progress', B: 'pending' })
    expect(Object.keys(parent.state.tasks)).toEqual(Object.keys(merged))
    expect(parent.state.knowledge.decisions).toHaveLength(1)
    expect(await parent.merge(fork)).toMatchObject({ recorded: false })
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('merges five thousand tasks, each once', { timeout: 120_000 }, async () => {
    const { waymark, parent } = await parentWith(add('A'))
    const fork = await parent.fork()
    const ids = Array.from({ length: 5_000 }, (_, n) => `T-${n}`)
    await waymark.log.transact((transaction) => {
      const state = structuredClone(fork.state) as SessionState
      for (const taskId of ids) {
        for (const command of [add(taskId), start(taskId)]) {
          const meta = { commandId: `${command.type}.${taskId}`, actor: 'user' }
          const { decision, recordedAt } = decideNow(transaction, state, command, {}, waymark.environment)
          const events = decision.ok ? decision.events : []
          appendInto(transaction, state, { recordedAt, events }, meta, waymark.environment)
        }
      }
    })
    const report = await parent.merge(fork)
    expect(report).toMatchObject({ commandCount: 10_000, conflicts: [], recorded: true })
    expect(Object.values(parent.state.tasks).filter(({ status }) => status === 'in_progress')).toHaveLength(
      5_000,
    )
    expect(await parent.merge(fork)).toMatchObject({ recorded: false })
  })
})
