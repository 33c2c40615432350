/** Recovery as a caller sees it: its steps, what each finds and does, and who is told. */
import { describe, expect, it } from 'vitest'
import { recoverySteps, reportedSteps } from '../../src/events/recovery.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { LogTransaction } from '../../src/log/port.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import type { RecoverOptions, RecoveryReport } from '../../src/session/recover.ts'
import type { ResumeHook } from '../../src/session/recover-resume.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

async function atWork(options: Partial<OpenOptions> = {}) {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, ...options })
  const session = await waymark.createSession({ model: 'm', windowTokens: 200_000, nativeId: 'native-1' })
  for (const taskId of ['A', 'B', 'C'])
    await session.send({ type: 'task.add', taskId, title: `task ${taskId}` })
  await session.send({ type: 'task.start', taskId: 'A' })
  await session.send({ type: 'task.complete', taskId: 'A' })
  await session.send({ type: 'task.start', taskId: 'B' })
  return { log, waymark, session }
}

/** A log to which nothing can be appended any more from a moment on, as when its process has gone. */
class Ending extends MemoryLog {
  isGone = false

  override async transact<T>(work: (transaction: LogTransaction) => T): Promise<T> {
    if (this.isGone) throw new Error('gone')
    return super.transact(work)
  }
}

const stepOf = ({ steps }: RecoveryReport, name: string) => steps.find(({ step }) => step === name)

async function usage(session: Session, inputTokens: number): Promise<void> {
  const rest = { outputTokens: 1, cacheReadTokens: 0, cacheCreationTokens: 0 }
  await session.send({ type: 'usage.record', callId: `c${inputTokens}`, model: 'm', inputTokens, ...rest })
}

describe('recover', () => {
  it('takes six steps and records each with its result, as recovery', async () => {
    const { log, waymark, session } = await atWork()
    const { version } = session
    const report = await waymark.recover(session.id)
    const events = (await eventsOf(log, session.id)).slice(version)
    expect(events.map(({ type }) => type)).toEqual([
      'recovery.began',
      ...recoverySteps.map(() => 'recovery.step-recorded'),
      'session.recovered',
    ])
    expect(new Set(events.map(({ actor }) => actor))).toEqual(new Set(['recovery']))
    expect(report).toMatchObject({ recorded: true, takenUp: false, taskPolicy: 'keep' })
    expect(report.steps.map(({ step, outcome }) => [step, outcome])).toEqual([
      ['restore', 'done'],
      ['validate', 'done'],
      ['resume', 'skipped'],
      ['assess', 'done'],
      ['plan', 'done'],
      ['notify', 'skipped'],
    ])
    expect(report.state.recovery?.status).toBe('recovered')
    expect(stepOf(report, 'assess')?.lines).toContain('completed: task A: task A')
    expect(stepOf(report, 'plan')?.lines.slice(0, 2)).toEqual(['go on with task B: task B', 'then start C'])
    expect(stepOf(report, 'plan')?.lines.at(-1)).toMatch(/^budget: 145,000 of 200,000 tokens to work with/)
  })

  it('tells calls apart: never started, begun with an unknown outcome, and unknown where nothing is said of begins', async () => {
    const { waymark, session } = await atWork()
    await session.send({ type: 'tool.call', toolCallId: 't1', name: 'Bash' })
    const unsaid = await waymark.recover(session.id)
    expect(unsaid.open.filter(({ kind }) => kind === 'call')).toMatchObject([
      { id: 't1', outcome: 'unknown' },
    ])
    await session.send({ type: 'tool.begin', toolCallId: 't1' })
    await session.send({ type: 'tool.call', toolCallId: 't2', name: 'Write', target: 'a.txt', writes: true })
    const report = await waymark.recover(session.id)
    expect(report.open.filter(({ kind }) => kind === 'call')).toMatchObject([
      { id: 't1', outcome: 'unknown' },
      { id: 't2', outcome: 'never-started', writes: 'a.txt' },
    ])
    expect(stepOf(report, 'plan')?.lines).toEqual(
      expect.arrayContaining([
        'call t1 of Bash: look first whether it had its effect: its outcome is unknown',
        'call t2 of Write: call again: it was never started',
      ]),
    )
  })

  it.each([
    ['keep', 'in_progress', []],
    ['block', 'blocked', ['task B blocked until somebody says how to go on (block)']],
    ['retry', 'recovered', ['task B failed and recovered, to be started again (retry)']],
  ] as const)('%s: a task in progress is %s then, visibly', async (tasks, status, lines) => {
    const { log, waymark, session } = await atWork()
    const { version } = session
    const report = await waymark.recover(session.id, { tasks })
    expect(report.state.tasks.B?.status).toBe(status)
    expect(stepOf(report, 'plan')?.lines.filter((line) => line.endsWith(`(${tasks})`))).toEqual(lines)
    const ofTasks = (await eventsOf(log, session.id))
      .slice(version)
      .filter(({ type }) => type.startsWith('task.'))
    expect(ofTasks.length > 0).toBe(tasks !== 'keep')
    expect(ofTasks.every(({ actor }) => actor === 'recovery')).toBe(true)
  })

  it('takes the policy of tasks from recovery_tasks unless it is told another one', async () => {
    const { waymark, session } = await atWork({ settings: { recoveryTasks: 'block' } })
    expect((await waymark.recover(session.id)).state.tasks.B?.status).toBe('blocked')
    const other = await atWork({ settings: { recoveryTasks: 'block' } })
    expect((await other.waymark.recover(other.session.id, { tasks: 'keep' })).taskPolicy).toBe('keep')
  })

  it('comes back to a checkpoint that was chosen, undoes nothing, and counts what came since', async () => {
    const { waymark, session } = await atWork()
    const start = session.state.checkpoints[0]
    await session.checkpoint()
    for (const from of [start?.id ?? '', start?.id.slice(0, 12) ?? '', 2]) {
      const report = await waymark.recover(session.id, { from })
      expect(report.chosenCheckpointId).toBe(start?.id)
      expect(report.state.recoveredFrom).toBe(start?.id)
      expect(stepOf(report, 'assess')?.detail).toMatch(/^since version 1: /)
      expect(report.state.tasks.A?.status).toBe('completed')
    }
    for (const from of ['ckpt_nobody', 'ckpt_', 0]) {
      await expect(waymark.recover(session.id, { from })).rejects.toMatchObject({ code: 'USAGE' })
    }
    const { version } = await session.refresh()
    await expect(waymark.recover(session.id, { from: version + 1 })).rejects.toMatchObject({
      code: 'VERSION_NOT_FOUND',
      hint: expect.stringContaining(`1 to ${version}`),
    })
    expect((await session.refresh()).version).toBe(version)
    const newest = await waymark.recover(session.id, { from: version })
    expect(newest.chosenCheckpointId).toBe(session.state.checkpoints.at(-1)?.id)
  })

  it('makes one with another choice give way to the one that is asked for', async () => {
    const { log, waymark, session } = await atWork()
    const recoveryId = 'reco_00000000-0000-4000-8000-000000000001' as const
    await session.send({ type: 'recovery.begin', recoveryId, taskPolicy: 'keep' })
    const taken = await waymark.recover(session.id)
    expect(taken).toMatchObject({ recoveryId, takenUp: true })
    await session.send({
      type: 'recovery.begin',
      recoveryId: recoveryId.replace('1', '2') as typeof recoveryId,
      taskPolicy: 'keep',
    })
    const other = await waymark.recover(session.id, { tasks: 'block' })
    expect(other.recoveryId).not.toBe(recoveryId)
    expect((await eventsOf(log, session.id)).filter(({ type }) => type === 'recovery.failed')).toHaveLength(1)
  })

  it('is complete where others completed it meanwhile and began the next one', async () => {
    const { waymark, session } = await atWork()
    const byOthers: RecoveryReport[] = []
    const resume: ResumeHook = async () => {
      for (let round = 0; round < 2; round++) byOthers.push(await waymark.recover(session.id))
      return { detail: 'others were first' }
    }
    const report = await waymark.recover(session.id, { resume })
    const [same, next] = byOthers
    expect(report).toMatchObject({ recorded: true, recoveryId: same?.recoveryId, version: same?.version })
    expect(report.steps).toEqual(same?.steps)
    expect(next?.recoveryId).not.toBe(report.recoveryId)
  })

  it('tells whoever wants to be told before it is closed, and records what came of it', async () => {
    const { log, waymark, session } = await atWork()
    const told: RecoveryReport[] = []
    const report = await waymark.recover(session.id, {
      notify: async (found) => {
        await Promise.resolve()
        told.push(found)
        expect((await session.refresh()).recovery?.status).toBe('notifying')
        return 'mailed'
      },
    })
    expect(told).toMatchObject([{ recorded: true, recoveryId: report.recoveryId }])
    expect(told[0]?.steps.map(({ step }) => step)).toEqual([...recoverySteps])
    expect(report.steps.map(({ step }) => step)).toEqual([...reportedSteps])
    const notified = { outcome: 'done', detail: 'mailed' }
    expect(stepOf(report, 'notify')).toMatchObject({ ...notified, lines: [] })
    expect((await eventsOf(log, session.id)).at(-1)).toMatchObject({
      type: 'session.recovered',
      data: { notified },
    })
  })

  it.each([
    ['throws', async () => Promise.reject(new Error('no bell')), 'no bell'],
    ['hangs', async () => new Promise<never>(() => {}), 'it took more than 20 ms'],
  ])(
    'closes a recovery whose notification %s, with the reason and a warning',
    async (_what, notify, text) => {
      const { waymark, session } = await atWork()
      const warned = new Promise((resolve) => process.once('warning', resolve))
      const report = await waymark.recover(session.id, { notify, notifyWaitMs: 20 })
      expect(await warned).toMatchObject({ message: text })
      expect(report.state.recovery?.status).toBe('recovered')
      expect(stepOf(report, 'notify')).toMatchObject({
        outcome: 'skipped',
        detail: `the notification failed: ${text}`,
      })
    },
  )

  it('tells again where the process went before the closing event, and only then', async () => {
    const store = new Ending()
    const { waymark, session } = await atWork({ store })
    let told = 0
    const notify = () => {
      told += 1
      store.isGone = told === 1
    }
    await expect(waymark.recover(session.id, { notify })).rejects.toThrow('gone')
    store.isGone = false
    const report = await waymark.recover(session.id, { notify })
    expect([told, report.takenUp, report.steps.length]).toEqual([2, true, 6])
  })

  it('appends nothing for a holder from whom the session was taken over', async () => {
    const { log, waymark, session } = await atWork()
    await session.handOff({ fromAgent: 'a', toAgent: 'b' })
    const theirs = await waymark.openSession(session.id)
    const { epoch } = await theirs.acceptHandoff({ agent: 'b' })
    const before = await eventsOf(log, session.id)
    await expect(waymark.recover(session.id, { epoch: 1 })).rejects.toMatchObject({ code: 'STALE_HOLDER' })
    expect(await eventsOf(log, session.id)).toHaveLength(before.length)
    expect((await waymark.recover(session.id, { epoch })).recorded).toBe(true)
  })

  it('stops at the step at which the session changes hands', async () => {
    const { waymark, session } = await atWork()
    const resume: ResumeHook = async () => {
      const theirs = await waymark.openSession(session.id)
      await theirs.handOff({ fromAgent: 'a', toAgent: 'b' })
      await theirs.acceptHandoff({ agent: 'b' })
      return { detail: 'resumed' }
    }
    const recovering = waymark.recover(session.id, { epoch: 1, resume })
    await expect(recovering).rejects.toMatchObject({ code: 'STALE_HOLDER' })
    expect((await session.refresh()).recovery?.steps.map(({ step }) => step)).toEqual(['restore', 'validate'])
  })
})

describe('the validation of the context', () => {
  async function heavy(strategy: 'progressive_summarization' | 'full_context', policies?: []) {
    const made = await atWork({
      settings: {
        recoveryStrategy: strategy,
        autoCheckpoint: false,
        warningThresholdPercent: 83,
        emergencyThresholdPercent: 84,
      },
      ...(policies === undefined ? {} : { policies }),
    })
    const { session } = made
    const item = { type: 'context.add', category: 'conversation.references' } as const
    await session.send({ ...item, tag: '@RULES', tier: 'critical', tokens: 5_000 })
    await session.send({ ...item, tag: '@NOTES', tier: 'temporary', tokens: 20_000 })
    await usage(session, 160_000)
    return made
  }

  it('makes room where it does not fit beside the reserve, and keeps what is critical', async () => {
    const { waymark, session } = await heavy('progressive_summarization')
    const report = await waymark.recover(session.id)
    expect(Object.keys(report.state.context.items)).toEqual(['@RULES'])
    expect(stepOf(report, 'validate')?.detail).toMatch(
      /^it did not fit beside its reserve, and room was made/,
    )
    expect(stepOf(report, 'validate')?.lines).toContain('context.discard: @NOTES')
  })

  it.each([
    ['full_context', undefined],
    ['progressive_summarization', [] as []],
  ] as const)('leaves it as it was with %s and policies %j, and says so', async (strategy, policies) => {
    const { waymark, session } = await heavy(strategy, policies)
    const report = await waymark.recover(session.id)
    expect(Object.keys(report.state.context.items)).toEqual(['@RULES', '@NOTES'])
    expect(stepOf(report, 'validate')?.detail).toMatch(/^it does not fit beside its reserve/)
  })
})

describe('the resume hook', () => {
  const tried = async (resume: ResumeHook, options: RecoverOptions = {}) => {
    const { waymark, session } = await atWork({ resume })
    return stepOf(await waymark.recover(session.id, { resumeWaitMs: 200, ...options }), 'resume')
  }

  it('is told what an SDK resumes by, and its answer is recorded', async () => {
    const seen: unknown[] = []
    const step = await tried(async ({ nativeId, model, sessionId, state }) => {
      seen.push(nativeId, model, state.sessionId === sessionId)
      return { sessionRef: 'native-2', detail: 'resumed' }
    })
    expect(seen).toEqual(['native-1', 'm', true])
    expect(step).toMatchObject({ outcome: 'done', detail: 'resumed', lines: ['resumed as native-2'] })
  })

  const hanging: ResumeHook = async () => new Promise(() => {})
  it.each<[string, ResumeHook, RegExp]>([
    ['throws', () => Promise.reject(new Error('no such session')), /failed: no such session/],
    [
      'throws what has no text',
      () => {
        throw Object.create(null)
      },
      /failed: /,
    ],
    ['hangs', hanging, /failed: it took more than 200 ms/],
    ['gives nothing', (async () => undefined) as never, /gave no \{ sessionRef\?, detail \}/],
  ])(
    'that %s is recorded as skipped, with the reason, and the recovery goes on',
    async (_what, hook, reason) => {
      const step = await tried(hook)
      expect(step).toMatchObject({ outcome: 'skipped', detail: expect.stringMatching(reason) })
    },
  )

  it('is told to stop when it takes too long, and may be another one for one recovery', async () => {
    let aborted = false
    const slow: ResumeHook = async ({ signal }) =>
      new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          aborted = true
          resolve({ detail: 'too late' })
        })
      })
    expect(await tried(async () => ({ detail: 'of the home' }), { resume: slow })).toMatchObject({
      outcome: 'skipped',
    })
    expect(aborted).toBe(true)
  })
})
