/**
 * What is decided about handoffs, recoveries, merges, rewinds and dependencies.
 *
 * Goal: each command is accepted where its machine accepts it, and refused with a reason that says what to do. Method: short
 * histories, played without policies; the last command's answer is looked at.
 */
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { recoverySteps } from '../../src/events/recovery.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { type PlayedStep, play } from '../../src/testing/play.ts'

const start: Command = { type: 'session.start', windowTokens: 200_000, agent: 'builder' }
const handoffId = 'hoff_00000000-0000-4000-8000-000000000001'
const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'
const otherRecoveryId = 'reco_00000000-0000-4000-8000-000000000002'
const checkpoint: Command = { type: 'checkpoint.create' }
const offer: Command = { type: 'session.hand-off', handoffId, toAgent: 'tester' }

async function last(...commands: readonly Command[]): Promise<PlayedStep> {
  const { steps } = await play(new MemoryLog(), [start, ...commands], { policies: [] })
  const step = steps[steps.length - 1]
  if (step === undefined) throw new Error('play has a step for each command')
  return step
}

const refusalOf = async (...commands: readonly Command[]): Promise<string | undefined> =>
  (await last(...commands)).refusal?.message

describe('a handoff', () => {
  it('names its giver, and is listed as offered', async () => {
    const { after } = await last(checkpoint, offer)
    expect(after.status).toBe('handed_off')
    expect(after.handoffs).toMatchObject([
      { id: handoffId, fromAgent: 'builder', toAgent: 'tester', status: 'offered', expiresAt: null },
    ])
  })

  it('is made an id when it brings none', async () => {
    const { after } = await last(checkpoint, { type: 'session.hand-off', toAgent: 'tester' })
    expect(after.handoffs[0]?.id).toMatch(/^hoff_[0-9a-f-]{36}$/)
  })

  it('raises the epoch when it is accepted, and is done when that is said', async () => {
    const accepted = await last(checkpoint, offer, { type: 'session.take-over', agent: 'tester', handoffId })
    expect([accepted.after.epoch, accepted.after.holder]).toEqual([2, 'tester'])
    expect(accepted.after.handoffs).toMatchObject([{ status: 'accepted', epoch: 2 }])
    const done = await last(
      checkpoint,
      offer,
      { type: 'session.take-over', agent: 'tester' },
      { type: 'handoff.complete', result: 'taken up' },
    )
    expect(done.after.handoffs).toMatchObject([{ status: 'done', reason: 'taken up' }])
  })

  it.each<[string, Command, string]>([
    ['rejected', { type: 'handoff.reject', agent: 'tester', reason: 'busy' }, 'rejected'],
    ['withdrawn by its giver', { type: 'session.resume' }, 'withdrawn'],
  ])('that is %s leaves the session with its holder', async (_, answer, status) => {
    const { after } = await last(checkpoint, offer, answer)
    expect([after.status, after.epoch, after.holder, after.offeredTo]).toEqual(['active', 1, 'builder', null])
    expect(after.handoffs).toMatchObject([{ status }])
  })

  it('that is over by its time is accepted no more, and can be ended', async () => {
    const timed: Command = { ...offer, expiresAt: '2026-01-01T00:00:03.000Z' }
    expect(await refusalOf(checkpoint, timed, { type: 'session.take-over', agent: 'tester' })).toContain(
      'the offer expired at 2026-01-01T00:00:03.000Z',
    )
    const { after } = await last(checkpoint, timed, { type: 'handoff.expire' })
    expect([after.status, after.handoffs[0]?.status]).toEqual(['active', 'expired'])
  })

  it.each<[string, readonly Command[], string]>([
    [
      'for another agent',
      [checkpoint, offer, { type: 'session.take-over', agent: 'x' }],
      'handed off to tester',
    ],
    [
      'rejected by another',
      [checkpoint, offer, { type: 'handoff.reject', agent: 'x' }],
      'handed off to tester',
    ],
    ['expired before its time', [checkpoint, offer, { type: 'handoff.expire' }], 'stands for ever'],
    [
      'completed before it is accepted',
      [checkpoint, offer, { type: 'handoff.complete' }],
      'not been accepted',
    ],
    ['completed where there is none', [{ type: 'handoff.complete' }], 'no such handoff'],
    ['rejected where there is none', [{ type: 'handoff.reject', agent: 'x' }], 'not been offered'],
    [
      'offered with a time that is over',
      [checkpoint, { ...offer, expiresAt: '2025-01-01T00:00:00.000Z' }],
      'its time would be over already',
    ],
    [
      'offered twice under one id',
      [checkpoint, offer, { type: 'handoff.reject', agent: 'tester' }, offer],
      'is there already',
    ],
  ])('is refused when %s', async (_, commands, reason) => {
    expect(await refusalOf(...commands)).toContain(reason)
  })
})

describe('a recovery', () => {
  const begin: Command = { type: 'recovery.begin', recoveryId, taskPolicy: 'keep' }
  const step = (name: 'restore' | 'validate' | 'resume' | 'assess' | 'plan'): Command => ({
    type: 'recovery.record-step',
    recoveryId,
    step: name,
    outcome: 'done',
    detail: name,
  })
  const notify: Command = {
    type: 'session.recover',
    recoveryId,
    from: 'snapshot',
    checkpointId: null,
    snapshotVersion: 1,
    replayedEvents: 2,
    open: [],
    openCount: 0,
  }
  const steps = [step('restore'), step('validate'), step('resume'), step('assess'), step('plan')]

  it('goes through its steps and ends recovered', async () => {
    const { after, refusal } = await last(begin, ...steps, notify)
    expect(refusal).toBe(null)
    expect(after.recovery?.status).toBe('recovered')
    expect(after.recovery?.steps.map(({ step }) => step)).toEqual([...recoverySteps])
    expect(after.recoveries).toBe(1)
  })

  it.each<[string, readonly Command[], string]>([
    ['a second one', [begin, { ...begin, recoveryId: otherRecoveryId }], 'is going on'],
    ['a step too early', [begin, step('plan')], 'the step before it is missing: recovery.restore'],
    ['a step again', [begin, step('restore'), step('restore')], 'done already'],
    ['an end too early', [begin, notify], 'the step before it is missing'],
    [
      'a step of another',
      [begin, { ...step('restore'), recoveryId: otherRecoveryId } as Command],
      'not the one',
    ],
    [
      'a step after it failed',
      [begin, { type: 'recovery.fail', recoveryId, reason: 'x' }, step('restore')],
      'has failed',
    ],
  ])('refuses %s', async (_, commands, reason) => {
    expect(await refusalOf(...commands)).toContain(reason)
  })

  it('can begin again after one that failed', async () => {
    const { after } = await last(
      begin,
      { type: 'recovery.fail', recoveryId, reason: 'no answer' },
      { ...begin, recoveryId: otherRecoveryId },
    )
    expect(after.recovery).toMatchObject({ id: otherRecoveryId, status: 'restoring' })
  })
})

describe('tasks that wait for tasks', () => {
  const add = (taskId: string, dependsOn: readonly string[] = []): Command => ({
    type: 'task.add',
    taskId,
    title: taskId,
    dependsOn: [...dependsOn],
  })

  it('start when all of them are completed', async () => {
    const waiting = [add('A'), add('B'), add('C', ['A', 'B'])]
    expect(await refusalOf(...waiting, { type: 'task.start', taskId: 'C' })).toContain('it waits for A, B')
    const { refusal } = await last(
      ...waiting,
      ...['A', 'B'].flatMap((taskId): readonly Command[] => [
        { type: 'task.start', taskId },
        { type: 'task.complete', taskId },
      ]),
      { type: 'task.start', taskId: 'C' },
    )
    expect(refusal).toBe(null)
  })

  it.each<[string, readonly Command[], string]>([
    ['itself', [add('A', ['A'])], 'it would wait for itself: A → A'],
    ['one that is not there', [add('A', ['Z'])], 'task Z, which it is to depend on, is not there'],
    ['one twice', [add('A'), add('B', ['A', 'A'])], 'named twice'],
    [
      'one that waits for it, over others',
      [add('A'), add('B', ['A']), add('C', ['B']), { type: 'task.describe', taskId: 'A', dependsOn: ['C'] }],
      'it would wait for itself: A → C → B → A',
    ],
  ])('cannot wait for %s', async (_, commands, reason) => {
    expect(await refusalOf(...commands)).toContain(reason)
  })

  it('say who works on them, and where', async () => {
    const workSessionId = 'sess_00000000-0000-4000-8000-000000000009'
    const { after } = await last(add('A'), {
      type: 'task.start',
      taskId: 'A',
      agent: 'tester',
      workSessionId,
    })
    expect(after.tasks.A).toMatchObject({ agent: 'tester', workSessionId, dependsOn: [] })
  })

  it('enter phases while they run', async () => {
    const phase: Command = { type: 'task.enter-phase', taskId: 'A', phase: 'RED' }
    expect(await refusalOf(add('A'), phase)).toContain('nobody is working on it')
    const { after } = await last(add('A'), { type: 'task.start', taskId: 'A' }, phase)
    expect(after.tasks.A?.phase).toBe('RED')
  })
})

describe('a call', () => {
  it('begins once it is open', async () => {
    const begin: Command = { type: 'tool.begin', toolCallId: 't1' }
    expect(await refusalOf(begin)).toContain('is not open')
    const { after } = await last({ type: 'tool.call', toolCallId: 't1', name: 'Bash' }, begin)
    expect([after.openCalls.t1?.begunAt, after.toolBegins]).toEqual(['2026-01-01T00:00:02.000Z', 1])
  })
})

describe('a merge and a rewind', () => {
  const merge: Extract<Command, { type: 'session.merge' }> = {
    type: 'session.merge',
    sourceSessionId: 'sess_00000000-0000-4000-8000-000000000009',
    sourceVersion: 9,
    baseVersion: 2,
    policies: { tasks: 'ours', context: 'ours', decisions: 'union' },
    broughtCount: 0,
    conflicts: [],
    conflictCount: 0,
  }
  const nothing = { tasks: {}, items: {}, knowledge: null }

  it('of what was merged before has nothing to add', async () => {
    const { events, refusal } = await last(merge, { ...merge, sourceVersion: 8 })
    expect([events, refusal]).toEqual([[], null])
  })

  it.each<[string, readonly Command[], string]>([
    ['merged before its base', [{ ...merge, baseVersion: 12 }], 'lies before the base'],
    ['rewound to itself', [{ type: 'session.rewind', toVersion: 1, restored: nothing }], 'not earlier'],
    [
      'rewound with a task under another name',
      [
        { type: 'task.add', taskId: 'A', title: 'a' },
        {
          type: 'session.rewind',
          toVersion: 1,
          restored: { ...nothing, tasks: { B: null, A: taskOf('C') } },
        },
      ],
      'A is called C inside',
    ],
    [
      'rewound with a task that waits for nothing there',
      [
        { type: 'task.add', taskId: 'A', title: 'a' },
        {
          type: 'session.rewind',
          toVersion: 1,
          restored: { ...nothing, tasks: { A: { ...taskOf('A'), dependsOn: ['B'] } } },
        },
      ],
      'task A needs task B',
    ],
    [
      'rewound against the budget',
      [
        { type: 'task.add', taskId: 'A', title: 'a' },
        {
          type: 'session.rewind',
          toVersion: 1,
          restored: { ...nothing, tasks: { A: { ...taskOf('A'), status: 'token_warning' } } },
        },
      ],
      'the budget says in_progress',
    ],
  ])('is refused when %s', async (_, commands, reason) => {
    expect(await refusalOf(...commands)).toContain(reason)
  })
})

function taskOf(id: string) {
  return {
    id,
    title: 'a',
    description: null,
    parentTaskId: null,
    specId: null,
    phase: null,
    dependsOn: [] as string[],
    agent: null,
    workSessionId: null,
    status: 'pending' as const,
    blockedOn: null,
    returnsTo: null,
    switchCause: null,
    retryable: null,
    reason: null,
    checkpointId: null,
    attempts: 0,
    addedAt: '2026-01-01T00:00:00.000Z',
    startedAt: null,
    endedAt: null,
    runningSince: null,
    workedMs: 0,
  }
}
