/** What a what-if finds, rule by rule, and what it cannot play. */
import { describe, expect, it } from 'vitest'
import { taskMachine } from '../../machines/task.ts'
import { standardMachines } from '../../src/decide/machines.ts'
import { machinesFrom } from '../../src/decide/machines-given.ts'
import type { Command } from '../../src/events/commands.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { PendingEvent } from '../../src/log/port.ts'
import { type Policy, standardPolicies } from '../../src/session/policy.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { toldApartFromMoved } from '../../src/what-if/moved.ts'
import { playCommands } from '../../src/what-if/play-commands.ts'
import { saveWhatIf } from '../../src/what-if/save.ts'
import { scriptOf } from '../../src/what-if/script.ts'
import { whatIf } from '../../src/what-if/what-if.ts'

const lower = { monitoringThresholdPercent: 20, warningThresholdPercent: 30, emergencyThresholdPercent: 40 }

function usage(callId: string, inputTokens: number, more: object = {}): Command<'usage.record'> {
  const rest = { outputTokens: 10, cacheReadTokens: 0, cacheCreationTokens: 0 }
  return { type: 'usage.record', callId, model: 'claude-sonnet-4-5', inputTokens, ...rest, ...more }
}

interface Home {
  readonly log: MemoryLog
  readonly waymark: Waymark
  readonly session: Session
}

async function home(policies: readonly Policy[] = standardPolicies): Promise<Home> {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, policies, ...seeded(3) })
  const session = await waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 })
  return { log, waymark, session }
}

/** Adds and starts a task, and gives the version of its start. */
async function started(session: Session, taskId: string): Promise<number> {
  await session.send({ type: 'task.add', taskId, title: taskId })
  return (await session.send({ type: 'task.start', taskId })).version
}

describe('policies of a what-if', () => {
  it('are those that are given', async () => {
    const { waymark, session } = await home()
    await session.send(usage('m1', 160_000))
    const found = await whatIf(waymark, session.id, { policies: [] })
    expect(found.checkpoints).toMatchObject({ recorded: 2, played: 0, missing: { count: 2 } })
    expect(found.partsAt).toMatchObject({ version: 1, command: 'session.start', kind: 'played' })
  })

  it('are not asked where the record shows that none were', async () => {
    const { waymark, session } = await home([])
    await session.send(usage('m1', 100_000))
    const standard = await Waymark.open({ store: waymark.log })
    expect(await whatIf(standard, session.id, {})).toMatchObject({ same: true })
    const found = await whatIf(standard, session.id, { configuration: lower })
    expect(found.phases.played.count).toBe(1)
    expect(found.checkpoints.played).toBe(0)
  })

  it('of a program that is not at hand are played as recorded, and counted', async () => {
    const own: Policy = {
      name: 'note-starts',
      follow: (_before, _after, cause) =>
        cause.type === 'task.start' ? [{ type: 'decision.record', text: `began ${cause.taskId}` }] : [],
    }
    const { waymark, session, log } = await home([...standardPolicies, own])
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    const { version } = session.state
    await session.send({ type: 'task.add', taskId: 'B', title: 'B' })
    for (const taskId of ['A', 'B']) await session.send({ type: 'task.start', taskId })
    expect(session.state.knowledge.decisions).toHaveLength(2)
    const standard = await Waymark.open({ store: log })
    expect(await whatIf(standard, session.id, {})).toMatchObject({ same: true })
    expect(
      (await scriptOf(log, session.id)).steps.filter(({ policies }) => policies === 'others'),
    ).toHaveLength(2)
    // The one that it belonged to is refused now, and with it what followed.
    const found = await whatIf(standard, session.id, { skip: [version] })
    expect(found.takenOver.policies).toBe(2)
    expect(found.state.played.knowledge.decisions.map(({ text }) => text)).toEqual(['began B'])
    const asked = await whatIf(waymark, session.id, { skip: [version] })
    expect(asked.takenOver.policies).toBe(0)
  })
})

describe('rules of a what-if', () => {
  it('machines decide in place of the usual ones', async () => {
    const { waymark, session } = await home()
    await started(session, 'A')
    await session.send({ type: 'task.complete', taskId: 'A' })
    expect(await whatIf(waymark, session.id, { machines: standardMachines })).toMatchObject({ same: true })
    const machines = {
      ...standardMachines,
      task: (...[task, question]: Parameters<typeof standardMachines.task>) =>
        question.type === 'task.complete'
          ? { ok: false as const, reason: 'a review is missing', accepted: ['task.block'] }
          : standardMachines.task(task, question),
    }
    const found = await whatIf(waymark, session.id, { machines })
    expect(found.refused.listed).toMatchObject([
      {
        command: 'task.complete',
        status: 'in_progress',
        reason: 'a review is missing',
        accepted: ['task.block'],
      },
    ])
    expect(found.partsAt).toMatchObject({ kind: 'refused', played: [], recorded: ['task.completed'] })
    await expect(saveWhatIf(waymark, session.id, { machines })).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('a window of another size moves the thresholds, and cannot be saved, as nothing is shared', async () => {
    const { waymark, session } = await home()
    await session.send(usage('m1', 100_000))
    const found = await whatIf(waymark, session.id, { windowTokens: 120_000 })
    expect(found.phases.recorded.count).toBe(0)
    expect(found.phases.played.listed).toMatchObject([{ from: 'normal', to: 'warning' }])
    await expect(saveWhatIf(waymark, session.id, { windowTokens: 120_000 })).rejects.toThrow('very beginning')
  })

  it('a configuration that no session could begin with is refused', async () => {
    const { waymark, session } = await home()
    const changes = { configuration: { warningThresholdPercent: 99 } }
    await expect(whatIf(waymark, session.id, changes)).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    })
    await expect(saveWhatIf(waymark, session.id, changes)).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    })
    const fork = await session.fork()
    await expect(whatIf(waymark, fork.id, changes)).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' })
  })

  it('calls are counted by what was played', async () => {
    const { waymark, session } = await home()
    const first = await session.send(usage('m1', 1_000))
    await session.send(usage('m1', 4_000))
    expect(session.state.usage).toMatchObject({ calls: 1, inputTokens: 4_000 })
    const found = await whatIf(waymark, session.id, { skip: [first.version] })
    expect(found.state.played.usage).toMatchObject({ calls: 1, inputTokens: 4_000 })
    const edit = [{ version: first.version, fields: { inputTokens: 9_000 } }]
    const edited = await whatIf(waymark, session.id, { edit })
    expect(edited.state.played.usage).toMatchObject({ calls: 1, inputTokens: 9_000 })
  })

  it('calls that another session counted stay there', async () => {
    const { waymark, session } = await home()
    const other = await waymark.createSession({ model: 'claude-sonnet-4-5' })
    await other.send(usage('m1', 3_000))
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    const { version } = session.state
    await session.send(usage('m1', 5_000, { countedOnceIn: 'home' }))
    expect(session.state.usage).toMatchObject({ calls: 0, inputTokens: 2_000 })
    const found = await whatIf(waymark, session.id, { skip: [version] })
    expect(found.state.played.usage).toMatchObject({ calls: 0, inputTokens: 2_000 })
  })

  it('a retry goes on from the newest checkpoint of its own history', async () => {
    const { waymark, session } = await home()
    await started(session, 'A')
    await session.send({ type: 'task.fail', taskId: 'A', reason: 'no network', retryable: true })
    await session.send({ type: 'task.recover', taskId: 'A' })
    const found = await whatIf(waymark, session.id, { configuration: { autoCheckpoint: false } })
    expect(found.refused.count).toBe(0)
    expect(found.state.played.tasks).toMatchObject({ A: { status: 'recovered', checkpointId: 'origin' } })
  })

  it('a rewind goes back to the same place, wherever that lies now', async () => {
    const { waymark, session } = await home()
    await session.send({ type: 'decision.record', text: 'one' })
    const { version } = session.state
    await started(session, 'A')
    const place = session.state.version
    await session.send({ type: 'task.complete', taskId: 'A' })
    await session.rewind({ to: place })
    const found = await whatIf(waymark, session.id, { skip: [version] })
    expect(found.takenOver.rewind).toBe(1)
    const rewound = await whatIf(waymark, session.id, {})
    expect(rewound.same).toBe(true)
    expect(found.state.played.tasks).toMatchObject({ A: { status: 'in_progress' } })
    expect(found.refused.count).toBe(0)
  })
})

describe('a what-if of a fork', () => {
  it('begins where the fork began, or where a change lies', async () => {
    const { waymark, session } = await home()
    const version = await started(session, 'A')
    const fork = await session.fork()
    await fork.send({ type: 'task.restore-context', taskIds: ['A'] })
    await fork.send({ type: 'task.complete', taskId: 'A' })
    const own = await whatIf(waymark, fork.id, { skip: [fork.state.version] })
    expect(own).toMatchObject({ playedFrom: version, refused: { count: 0 } })
    expect(own.state.played.tasks).toMatchObject({ A: { status: 'in_progress' } })
    const inherited = await whatIf(waymark, fork.id, { skip: [version] })
    expect(inherited.playedFrom).toBe(0)
    expect(inherited.refused.listed.map(({ command }) => command)).toEqual([
      'task.restore-context',
      'task.complete',
    ])
  })

  it('is configured from the point where it began, and is saved as a fork of the fork', async () => {
    const { waymark, session } = await home()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    const fork = await session.fork()
    await fork.send(usage('m1', 10_000))
    const { version } = fork.state
    await fork.send(usage('m2', 70_000))
    const found = await whatIf(waymark, fork.id, { configuration: lower })
    expect(found.phases.played.listed).toMatchObject([{ from: 'normal', to: 'warning' }])
    expect(found.partsAt).toMatchObject({ version: version + 1, command: 'usage.record' })
    const saved = await saveWhatIf(waymark, fork.id, { configuration: lower })
    expect(saved).toMatchObject({ parentSessionId: fork.id, forkedAt: version, leftOut: { count: 0 } })
    expect((await waymark.openSession(saved.sessionId)).state.window.phase).toBe('warning')
    expect((await waymark.verify()).ok).toBe(true)
  })
})

describe('events of types that are not known', () => {
  async function withUnknown(ignorable: boolean): Promise<Home> {
    const made = await home()
    const { log, session } = made
    const { ids, clock } = seeded(9)
    const now = clock.now()
    const about = { id: ids.uuid(), type: 'task.painted', schemaVersion: 1, data: { colour: 'red' } }
    const from = { time: now, recordedAt: now, actor: 'user', commandId: 'paint-1', index: 0 }
    const event = { ...about, ...from, causationId: null, correlationId: null, ignorable, salt: ids.salt() }
    await log.transact((transaction) => {
      const summary = transaction.stream(session.id)?.summary
      if (summary === undefined || summary === null) throw new Error('a session has a summary')
      // What a later version writes, through the port of this one.
      transaction.append(session.id, [event as unknown as PendingEvent], summary)
    })
    await session.refresh()
    await started(session, 'A')
    return made
  }

  it('are taken over when their writer allows it, and cannot be changed', async () => {
    const { waymark, session } = await withUnknown(true)
    expect(await whatIf(waymark, session.id, {})).toMatchObject({ same: true })
    const found = await whatIf(waymark, session.id, { edit: [{ version: 1, fields: { title: 'x' } }] })
    expect(found.takenOver.unknown).toBe(1)
    const edit = [{ version: 3, fields: { colour: 'blue' } }]
    await expect(whatIf(waymark, session.id, { edit })).rejects.toMatchObject({ code: 'USAGE' })
    expect((await whatIf(waymark, session.id, { skip: [3] })).partsAt).toMatchObject({ kind: 'skipped' })
  })

  it('end it with a clear error when they do not', async () => {
    const failed = withUnknown(false).then(({ waymark, session }) => whatIf(waymark, session.id, {}))
    await expect(failed).rejects.toMatchObject({ code: 'UNKNOWN_EVENT' })
  })
})

describe('bounds of a what-if', () => {
  it('it ends between two steps when it is told to', async () => {
    const { waymark, session } = await home()
    const signal = AbortSignal.abort()
    await expect(whatIf(waymark, session.id, {}, { signal })).rejects.toThrow('abort')
  })

  it.each([
    [null, /object/],
    [{ skp: [9] }, /skp/],
    [{ configuration: { warningPercent: 5 } }, /warningPercent/],
    [{ edit: [{ version: 3 }] }, /edit\.0\.fields/],
    [{ skip: ['3'] }, /skip\.0/],
    [{ skip: [1.5] }, /whole number/],
  ])('%j is no change that can be asked for', async (changes, message) => {
    const { waymark, session } = await home()
    // As a program without types gives it.
    const given = JSON.parse(JSON.stringify(changes))
    await expect(whatIf(waymark, session.id, given)).rejects.toMatchObject({ code: 'USAGE', message })
    await expect(saveWhatIf(waymark, session.id, given)).rejects.toMatchObject({ code: 'USAGE', message })
  })

  it('other arguments that cannot be meant are told at the door', async () => {
    const { waymark, session } = await home()
    const usage = { code: 'USAGE' }
    await expect(waymark.bisect(session.id, JSON.parse('null'))).rejects.toMatchObject(usage)
    await expect(waymark.diff(session.id, JSON.parse('5'))).rejects.toMatchObject(usage)
    await expect(whatIf(waymark, JSON.parse('null'), {})).rejects.toMatchObject(usage)
    for (const seed of [-1, 1.5, Number.NaN]) {
      expect(() => playCommands([{ type: 'session.start' }], { seed })).toThrow('is no seed')
    }
    expect(() => machinesFrom({})).toThrow('no machine was given')
  })

  it('what only came at another version is set apart from what differs, in every part of the state', async () => {
    const { waymark, session } = await home()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    const { version } = session.state
    const unchanged: readonly Command[] = [
      { type: 'decision.record', text: 'use cookies' },
      { type: 'decision.record', text: 'use tokens' },
      { type: 'focus.change', nextStep: 'write tests' },
      { type: 'spec.update', specId: 'S', title: 'Log in' },
      { type: 'milestone.update', milestoneId: 'M', title: 'beta' },
      { type: 'server.describe', server: 'files', tools: ['read'] },
      { type: 'context.add', tier: 'critical', category: 'reference.tools', title: 'read', tokens: 10 },
      { type: 'checkpoint.create', trigger: 'manual' },
    ]
    for (const command of unchanged) await session.send(command)
    const { diff } = await whatIf(waymark, session.id, { skip: [version] })
    const { told, moved } = toldApartFromMoved(diff.changes)
    expect(told.map(({ kind, path }) => `${kind} ${path}`)).toEqual(['removed tasks.A'])
    expect(moved).toBeGreaterThanOrEqual(6)
    // A decision that is another one is told, though one is gone and one is new.
    const edited = await whatIf(waymark, session.id, {
      edit: [{ version: version + 1, fields: { text: 'use neither' } }],
    })
    expect(toldApartFromMoved(edited.diff.changes).told).not.toEqual([])
  })

  it('machines are given alike everywhere: made before, or as XState machines', async () => {
    const { waymark, session } = await home()
    await started(session, 'A')
    for (const machines of [standardMachines, { taskMachine }, machinesFrom({ taskMachine })]) {
      expect(await whatIf(waymark, session.id, { machines })).toMatchObject({ same: true })
      expect(await waymark.verify(session.id, { machines })).toMatchObject({ ok: true })
      expect(playCommands([{ type: 'session.start' }], { machines }).outcome.answer).toBe('accepted')
    }
  })

  it('names only so many versions', async () => {
    const { waymark, session } = await home()
    const skip = Array.from({ length: limits.whatIfChangesMax + 1 }, (_, index) => index + 1)
    await expect(whatIf(waymark, session.id, { skip })).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('lists so many entries, and counts all', async () => {
    const { waymark, session } = await home()
    const version = await started(session, 'A')
    const count = limits.whatIfListedMax + 5
    const commands = Array.from({ length: count }, (_, index) => `RED-${index}`)
    await Promise.all(commands.map((phase) => session.send({ type: 'task.enter-phase', taskId: 'A', phase })))
    const found = await whatIf(waymark, session.id, { skip: [version] })
    expect(found.refused.count).toBe(count)
    expect(found.refused.listed).toHaveLength(limits.whatIfListedMax)
  })

  it('a script begins and ends at whole batches', async () => {
    const { log, session } = await home()
    await session.send(usage('m1', 160_000))
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    const { version } = session.state
    await expect(scriptOf(log, session.id, { after: 3 })).rejects.toMatchObject({ code: 'USAGE' })
    await expect(scriptOf(log, session.id, { to: version + 1 })).rejects.toMatchObject({
      code: 'VERSION_NOT_FOUND',
    })
    await expect(scriptOf(log, session.id, { after: version + 1 })).rejects.toMatchObject({
      code: 'VERSION_NOT_FOUND',
    })
    const { steps, version: end } = await scriptOf(log, session.id, { to: 3 })
    expect(steps.map(({ command }) => command?.type)).toEqual(['session.start', 'usage.record'])
    expect(end).toBe(version - 1)
  })
})
