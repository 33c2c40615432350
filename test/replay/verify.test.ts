/**
 * Goal: verification asks the machines again, says what does not follow any more, why, and where; and what it could not ask.
 * Method: sessions recorded for real, then written anew with sound hashes, verified with the usual machines or with changed ones.
 */
import { describe, expect, it } from 'vitest'
import { setup } from 'xstate'
import { budgetMachine } from '../../machines/budget.ts'
import { sessionMachine } from '../../machines/session.ts'
import { taskMachine } from '../../machines/task.ts'
import { machinesFrom } from '../../src/decide/machines-given.ts'
import type { Command } from '../../src/events/commands.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { foldVersion } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import { loadState } from '../../src/replay/load.ts'
import { packSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import type { MachinesVerdict } from '../../src/replay/verify/batch.ts'
import type { SessionVerification } from '../../src/replay/verify/session.ts'
import { type VerifyOptions, verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'
import { type ForgedEvent, forge } from '../support/forge.ts'

const usage = (callId: string, inputTokens: number): Command<'usage.record'> => ({
  type: 'usage.record',
  callId,
  model: 'claude-sonnet-4-5',
  inputTokens,
  outputTokens: 10,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
})

const commands: readonly Command[] = [
  { type: 'session.start', title: 'to be verified' },
  { type: 'task.add', taskId: 'A', title: 'first' },
  { type: 'task.add', taskId: 'B', title: 'second' },
  { type: 'task.start', taskId: 'A' },
  usage('msg_1', 160_000),
  { type: 'task.block', taskId: 'A', on: { kind: 'input' } },
  { type: 'task.unblock', taskId: 'A' },
  { type: 'task.complete', taskId: 'A' },
  { type: 'task.start', taskId: 'B' },
  { type: 'task.fail', taskId: 'B', reason: 'timeout', retryable: true },
  { type: 'task.describe', taskId: 'B', title: 'the second' },
]

async function recorded(): Promise<{ log: MemoryLog; sessionId: string }> {
  const log = new MemoryLog()
  const { sessionId, steps } = await play(log, commands, { policies: [] })
  expect(steps.filter(({ refusal }) => refusal !== null)).toEqual([])
  return { log, sessionId }
}

async function verified(log: MemoryLog, options: VerifyOptions = {}): Promise<SessionVerification> {
  const [first] = (await verifyLog(log, undefined, options)).sessions
  if (first === undefined) throw new Error('nothing was verified')
  return first
}

async function verdict(log: MemoryLog, options: VerifyOptions = {}): Promise<MachinesVerdict> {
  const { machines, problems } = await verified(log, options)
  expect(problems).toEqual([])
  if (machines === null) throw new Error('the machines were not asked')
  return machines
}

async function versionOf(log: MemoryLog, sessionId: string, type: string): Promise<number> {
  const event = (await eventsOf(log, sessionId)).find((one) => one.type === type)
  if (event === undefined) throw new Error(`no ${type}`)
  return event.version
}

/** Changes the data of every event of a type. */
const changed =
  (type: string, change: (data: ForgedEvent['data']) => ForgedEvent['data']) =>
  ({ envelope, data }: ForgedEvent): readonly ForgedEvent[] => [
    { envelope, data: envelope.type === type ? change(data) : data },
  ]

describe('events with sound hashes', () => {
  it('agree as they were recorded', async () => {
    const { log, sessionId } = await recorded()
    const { version } = (await loadState(log, sessionId)).state
    expect(await verdict(log)).toEqual({
      batches: commands.length,
      agreedEvents: version,
      divergenceCount: 0,
      divergences: [],
      outcomes: [],
      notAsked: [],
    })
  })

  it('are not asked about where nobody wants it', async () => {
    const { log } = await recorded()
    expect((await verified(log, { machines: null })).machines).toBeNull()
  })

  it('diverge where a figure does not follow from the command', async () => {
    const { log, sessionId } = await recorded()
    const version = await versionOf(log, sessionId, 'usage.recorded')
    forge(
      log,
      sessionId,
      changed('usage.recorded', (data) => ({
        ...data,
        counted: { ...Object(data.counted), inputTokens: 1 },
      })),
    )
    const { divergences, divergenceCount, agreedEvents, outcomes } = await verdict(log)
    expect(divergences).toMatchObject([
      {
        version,
        command: 'usage.record',
        cause: 'other-rules',
        outcome: 'other-events',
        difference: { path: '[0].data.counted.inputTokens', recorded: 1, now: 160_000 },
      },
    ])
    expect(divergenceCount).toBe(1)
    // It goes on from what is recorded: all others agree.
    expect(agreedEvents).toBeGreaterThan(8)
    expect(outcomes).toEqual([{ command: 'usage.record', outcome: 'other-events', count: 1, version }])
  })

  it('diverge where the budget would say another phase', async () => {
    const { log, sessionId } = await recorded()
    forge(
      log,
      sessionId,
      changed('budget.phase-changed', (data) => ({ ...data, to: 'monitoring' })),
    )
    const { divergences } = await verdict(log)
    expect(divergences[0]).toMatchObject({
      command: 'usage.record',
      cause: 'machine-changed',
      difference: { path: '[1].data.to', recorded: 'monitoring', now: 'warning' },
    })
  })

  it('diverge where a consequence is missing', async () => {
    const { log, sessionId } = await recorded()
    forge(log, sessionId, ({ envelope, data }) => {
      if (envelope.type === 'task.warned') return []
      return [{ envelope: { ...envelope, index: Math.min(Number(envelope.index), 2) }, data }]
    })
    const { divergences } = await verdict(log)
    expect(divergences[0]).toMatchObject({
      cause: 'machine-changed',
      outcome: 'other-events',
      difference: { path: '[2].type', recorded: 'budget.allocation-overrun', now: 'task.warned' },
    })
  })

  it('diverge where a machine would refuse: a task that is completed is started again', async () => {
    const { log, sessionId } = await recorded()
    const version = (await versionOf(log, sessionId, 'task.completed')) + 1
    forge(log, sessionId, (event) => {
      if (event.envelope.type !== 'task.completed') return [event]
      const { envelope } = event
      const again = {
        ...envelope,
        type: 'task.started',
        commandId: 'forged',
        id: '00000000-0000-4000-8000-000000000001',
      }
      return [event, { envelope: again, data: { taskId: 'A', status: 'token_warning' } }]
    })
    const found = await verified(log)
    expect(found.machines?.divergences[0]).toMatchObject({
      version,
      command: 'task.start',
      commandId: 'forged',
      cause: 'machine-changed',
      outcome: 'refused',
      difference: {
        path: '[0].type',
        recorded: 'task.started',
        now: { refused: 'it is completed, and that is final', subject: 'task A', status: 'completed' },
      },
    })
    expect(found.ok).toBe(false)
  })

  it('diverge where what was recorded adds nothing', async () => {
    const { log, sessionId } = await recorded()
    forge(
      log,
      sessionId,
      changed('task.described', (data) => ({ ...data, title: 'second' })),
    )
    const { divergences } = await verdict(log)
    expect(divergences[0]).toMatchObject({
      cause: 'other-rules',
      outcome: 'nothing-new',
      difference: { path: '[0].type', recorded: 'task.described', now: null },
    })
  })

  it('diverge where a batch lacks its beginning', async () => {
    const { log, sessionId } = await recorded()
    forge(log, sessionId, (event) => (event.envelope.type === 'usage.recorded' ? [] : [event]))
    const { divergences } = await verdict(log)
    expect(divergences[0]).toMatchObject({
      command: 'none',
      cause: 'other-rules',
      difference: { path: '[0].index', recorded: 1, now: 0 },
    })
  })

  it('of an older shape agree once they are brought to the shape of today', async () => {
    const { log, sessionId } = await recorded()
    const older = ({ envelope, data: { retryable, ...data } }: ForgedEvent): readonly ForgedEvent[] => [
      {
        envelope: { ...envelope, schemaVersion: 1 },
        data:
          envelope.type === 'task.failed'
            ? data
            : { ...data, ...(retryable === undefined ? {} : { retryable }) },
      },
    ]
    forge(log, sessionId, older)
    expect(await verdict(log)).toMatchObject({ divergences: [], notAsked: [] })
  })

  it('of an older shape that do not agree are told from those of today', async () => {
    const { log, sessionId } = await recorded()
    forge(log, sessionId, ({ envelope, data }) => {
      if (envelope.type !== 'task.failed') return [{ envelope, data }]
      return [{ envelope: { ...envelope, schemaVersion: 1 }, data: { taskId: 'A', reason: 'timeout' } }]
    })
    const { divergences } = await verdict(log)
    expect(divergences[0]).toMatchObject({ cause: 'missing-upcaster', outcome: 'refused' })
  })
})

describe('what cannot be asked', () => {
  it('an ignorable event that nobody here knows', async () => {
    const { log, sessionId } = await recorded()
    forge(log, sessionId, ({ envelope, data }) => [
      envelope.type === 'task.described'
        ? { envelope: { ...envelope, type: 'task.painted', ignorable: true }, data: { colour: 'red' } }
        : { envelope, data },
    ])
    expect(await verdict(log)).toMatchObject({
      divergences: [],
      notAsked: [{ reason: 'unknown-event', count: 1 }],
    })
  })

  it('a batch that ends where its stream was cut off', async () => {
    const { log, sessionId } = await recorded()
    const cut = await versionOf(log, sessionId, 'budget.phase-changed')
    forge(log, sessionId, (event) => (Number(event.envelope.version) > cut ? [] : [event]))
    expect(await verdict(log)).toMatchObject({
      divergences: [],
      notAsked: [{ reason: 'incomplete-batch', count: 1, version: cut - 1 }],
    })
  })

  it('what comes after damage', async () => {
    const { log, sessionId } = await recorded()
    const stream = log.stored.streams.get(sessionId)
    const row = stream?.rows[4]
    if (row === undefined) throw new Error('no fifth row')
    Object.assign(row, { data: row.data.replace('160000', '160001') })
    const { problems, machines, events } = await verified(log)
    expect(problems[0]).toMatchObject({ version: 5, kind: 'damaged-event', cause: 'damaged-event' })
    expect(machines).toMatchObject({
      divergences: [],
      batches: 4,
      notAsked: [{ reason: 'after-damage', version: 5, count: events - 4 }],
    })
  })

  it('data that was taken out, and what repeats it', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const session = await waymark.createSession({ title: 'one' })
    await session.send({ type: 'session.describe', title: 'AKIAIOSFODNN7EXAMPLE' })
    await session.send({ type: 'session.describe', title: 'AKIAIOSFODNN7EXAMPL2' })
    await session.send({ type: 'task.add', taskId: 'A', title: 'kept' })
    await redactSession(waymark.log, waymark.environment, session.id, { patterns: ['aws-key'] })
    const { ok, sessions } = await waymark.verify(session.id)
    expect(ok).toBe(true)
    expect(sessions[0]?.machines).toMatchObject({
      divergences: [],
      notAsked: [{ reason: 'data-taken-out', count: 2, version: 3 }],
    })
    await waymark.close()
  })
})

describe('what is wrong besides', () => {
  it('an event that only a newer version knows, and one of a shape that nothing brings here', async () => {
    for (const [change, cause] of [
      [{ type: 'task.painted' }, 'unknown-event'],
      [{ schemaVersion: 99 }, 'unknown-event'],
    ] as const) {
      const { log, sessionId } = await recorded()
      forge(log, sessionId, ({ envelope, data }) => [
        { envelope: envelope.type === 'task.described' ? { ...envelope, ...change } : envelope, data },
      ])
      expect((await verified(log)).problems[0]).toMatchObject({ kind: 'unknown-event', cause })
    }
    const { log, sessionId } = await recorded()
    forge(
      log,
      sessionId,
      changed('task.failed', ({ retryable: _gone, ...data }) => data),
    )
    expect((await verified(log)).problems[0]).toMatchObject({
      kind: 'invalid-event',
      cause: 'missing-upcaster',
    })
  })

  it('a fold that is not deterministic, with the event from which on it shows', async () => {
    const { log, sessionId } = await recorded()
    const version = await versionOf(log, sessionId, 'task.completed')
    let times = 0
    const fold: typeof foldInto = (state, events) => {
      foldInto(state, events)
      for (const event of events) if (event.version === version) state.title = `title ${times++}`
    }
    const { problems, ok } = await verified(log, { fold })
    expect(ok).toBe(false)
    expect(problems).toMatchObject([
      { version, kind: 'fold-differs', cause: 'fold-not-deterministic', difference: { path: 'title' } },
    ])
  })

  it('a snapshot that other code made under the same fold version', async () => {
    const { log, sessionId } = await recorded()
    const { state } = await loadState(log, sessionId)
    const { hash = '' } = (await log.stream(sessionId)) ?? {}
    const other = packSnapshot({ ...state, model: 'another' }, hash, null)
    await log.transact((transaction) => transaction.putSnapshot(other))
    const { problems } = await verified(log)
    expect(problems).toMatchObject([
      {
        version: state.version,
        kind: 'snapshot-differs',
        cause: 'snapshot-of-other-code',
        difference: { path: 'model', recorded: 'another', now: 'claude-sonnet-4-5' },
      },
    ])
  })

  it('but not a snapshot of another fold version: nobody uses it', async () => {
    const { log, sessionId } = await recorded()
    const { state } = await loadState(log, sessionId)
    const { hash = '' } = (await log.stream(sessionId)) ?? {}
    const older = { ...packSnapshot(state, hash, null), foldVersion: foldVersion - 1 }
    await log.transact((transaction) => transaction.putSnapshot(older))
    expect(await verified(log)).toMatchObject({ ok: true, snapshots: { count: 1, ofOtherFold: 1 } })
  })
})

describe('calls that are counted once in a home', () => {
  const shared = { ...usage('msg_1', 1_000), countedOnceIn: 'home' } as const

  it('are known from the reports that other sessions made before', async () => {
    const log = new MemoryLog()
    await play(log, [{ type: 'session.start', title: 'one' }, shared], { seed: 1 })
    await play(
      log,
      [
        { type: 'session.start', title: 'two' },
        { ...shared, inputTokens: 1_500 },
      ],
      { seed: 2 },
    )
    const { ok, sessions } = await verifyLog(log)
    expect(ok).toBe(true)
    expect(sessions.map(({ machines }) => machines?.notAsked)).toEqual([[], []])
    expect(sessions.map(({ machines }) => machines?.batches)).toEqual([3, 3])
  })

  it('are not asked about where the other report is not in this home', async () => {
    const log = new MemoryLog()
    await play(log, [{ type: 'session.start', title: 'one' }, shared], { seed: 1 })
    const { sessionId } = await play(log, [{ type: 'session.start', title: 'two' }, shared], { seed: 2 })
    for (const id of log.stored.streams.keys()) if (id !== sessionId) log.stored.streams.delete(id)
    const { machines } = await verified(log)
    expect(machines).toMatchObject({
      divergences: [],
      notAsked: [{ reason: 'counted-in-another-home', count: 1 }],
    })
  })
})

describe('changed machines', () => {
  /** The task machine with other states, under its own guards and actions. */
  function taskWith(states: object) {
    const { guards, actions } = taskMachine.implementations
    // What is changed here has no types any more: that is what a user's module looks like from outside.
    return setup({ guards, actions } as never).createMachine({
      ...taskMachine.config,
      states: { ...taskMachine.config.states, ...states },
    } as never)
  }

  it('say what they would refuse, and what they would lead elsewhere', async () => {
    const { log } = await recorded()
    const elsewhere = taskMachine.provide({ guards: { warned: () => false } })
    const { divergences } = await verdict(log, { machines: machinesFrom({ taskMachine: elsewhere }) })
    expect(divergences[0]).toMatchObject({
      command: 'task.unblock',
      cause: 'machine-changed',
      outcome: 'other-events',
      difference: { path: '[0].data.status', recorded: 'token_warning', now: 'in_progress' },
    })
  })

  it('that accept less refuse', async () => {
    const { log } = await recorded()
    const budget = budgetMachine.provide({ guards: { leads: () => false } })
    const of = await verdict(log, { machines: machinesFrom({ budgetMachine: budget }) })
    expect(of.divergences[0]).toMatchObject({
      command: 'usage.record',
      cause: 'machine-changed',
      difference: { path: '[1].type', recorded: 'budget.phase-changed', now: 'budget.allocation-overrun' },
    })
    const closed = sessionMachine.provide({ guards: { started: () => false } })
    const all = await verdict(log, { machines: machinesFrom({ sessionMachine: closed }) })
    expect(all).toMatchObject({
      divergenceCount: commands.length - 1,
      agreedEvents: 1,
      batches: commands.length,
    })
    expect(all.divergences[0]).toMatchObject({
      outcome: 'refused',
      difference: { now: { refused: 'the machine does not accept it' } },
    })
  })

  it('that lead where only the fold would say are found out', async () => {
    const { log, sessionId } = await recorded()
    const strange = taskWith({
      token_warning: { on: { 'task.block': 'pending', 'task.complete': 'failed' } },
    })
    const { divergences } = await verdict(log, { machines: machinesFrom({ taskMachine: strange }) })
    expect(divergences[0]).toMatchObject({
      version: await versionOf(log, sessionId, 'task.blocked'),
      command: 'task.block',
      outcome: 'goes-elsewhere',
      cause: 'machine-changed',
      difference: { path: 'tasks.A.status', recorded: 'blocked', now: 'pending' },
    })
  })

  it('that lead a started task where no event could say are found out too', async () => {
    const { log } = await recorded()
    const strange = taskWith({ pending: { on: { 'task.start': 'blocked' } } })
    const { divergences } = await verdict(log, { machines: machinesFrom({ taskMachine: strange }) })
    expect(divergences[0]).toMatchObject({
      command: 'task.start',
      outcome: 'goes-elsewhere',
      difference: { path: '[0].data.status', recorded: 'in_progress', now: 'blocked' },
    })
  })

  it('whose guards throw end it, with the place', async () => {
    const { log } = await recorded()
    const throwing = taskMachine.provide({
      guards: {
        warned: () => {
          throw new Error('no window')
        },
      },
    })
    await expect(verdict(log, { machines: machinesFrom({ taskMachine: throwing }) })).rejects.toMatchObject({
      code: 'MACHINES_INVALID',
      message: expect.stringContaining('taskMachine throws at task.start in pending'),
    })
  })
})
