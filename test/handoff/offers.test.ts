/**
 * Goal: an offer is checked, made room for, and ends in one of its ways; accepting it fences the holder off. Method: sessions
 * through the library, with a clock that can be moved.
 */
import { describe, expect, it } from 'vitest'
import { packageText, sealed } from '../../src/handoff/package.ts'
import { readHandoff } from '../../src/handoff/validate.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { HandOffOptions } from '../../src/session/hand-off.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { inMemory, onDisk, secretText, worked } from './support.ts'

const offerTo = (toAgent: string, more: Partial<HandOffOptions> = {}): HandOffOptions => ({
  toAgent,
  ...more,
})

/** A clock that stands still until it is moved. */
function movable() {
  let timeMs = Date.parse('2026-03-01T12:00:00.000Z')
  return {
    clock: { now: () => new Date(timeMs).toISOString() },
    move: (minutes: number) => {
      timeMs += minutes * 60_000
    },
  }
}

async function unchanged(session: Session, work: Promise<unknown>, expected: object): Promise<void> {
  const { version } = session
  await expect(work).rejects.toMatchObject(expected)
  await session.refresh()
  expect([session.version, session.state.status]).toEqual([version, 'active'])
}

describe('an offer', () => {
  it('names both agents, or is none', async () => {
    const session = await (await inMemory()).createSession({})
    await unchanged(session, session.handOff(offerTo('tester')), {
      code: 'HANDOFF_INVALID',
      message: 'Missing required field: from_agent',
    })
    await unchanged(session, session.handOff(offerTo('', { fromAgent: 'a' })), {
      message: 'Missing required field: to_agent',
    })
    for (const wrong of [{ fromAgent: 'x'.repeat(2_001) }, { fromAgent: 'a', reason: 'half \ud800' }]) {
      await unchanged(session, session.handOff(offerTo('tester', wrong)), { code: 'COMMAND_INVALID' })
    }
    const { package: handoff } = await session.handOff(offerTo('tester', { fromAgent: 'a' }))
    expect(handoff.from_agent).toBe('a')
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 600_000])(
    'cannot stand for %d minutes',
    async (minutes) => {
      const session = await worked(await inMemory())
      await unchanged(session, session.handOff(offerTo('tester', { expiresInMinutes: minutes })), {
        code: 'USAGE',
      })
    },
  )

  it('goes by the registry of agents', async () => {
    const agents = { 'spec-builder': { hands_to: ['tester'] }, tester: { hands_to: [] } }
    const session = await worked(await inMemory({ agents }))
    await unchanged(session, session.handOff(offerTo('tetser')), { code: 'AGENT_UNKNOWN' })
    const nobodys = await worked(await inMemory({ agents }), { agent: undefined })
    await unchanged(nobodys, nobodys.handOff(offerTo('spec-builder', { fromAgent: 'tester' })), {
      code: 'AGENTS_INCOMPATIBLE',
    })
    await session.handOff(offerTo('tester'))
    expect(session.state.status).toBe('handed_off')
  })

  it("is its holder's to make", async () => {
    const waymark = await inMemory()
    const session = await worked(waymark)
    await session.handOff(offerTo('tester'))
    const theirs = await waymark.openSession(session.id)
    await theirs.acceptHandoff({ agent: 'tester' })
    const anew = await waymark.openSession(session.id)
    await unchanged(anew, anew.handOff(offerTo('writer', { fromAgent: 'spec-builder' })), {
      code: 'COMMAND_REFUSED',
      message: `session.hand-off refused: session ${session.id} is held by tester, not by spec-builder`,
      hint: expect.stringContaining('ask tester for it'),
    })
    await theirs.checkpoint()
    const bare = { type: 'session.hand-off', fromAgent: 'spec-builder', toAgent: 'writer' } as const
    await unchanged(theirs, theirs.send(bare), {
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('tester holds it, so spec-builder cannot hand it off'),
    })
    await unchanged(theirs, session.handOff(offerTo('writer')), { code: 'STALE_HOLDER' })
    await theirs.handOff(offerTo('writer', { fromAgent: 'tester' }))
    expect(theirs.state.offeredTo).toBe('writer')
  })

  it('of a fork is that of the holder whose session was forked', async () => {
    const fork = await (await worked(await inMemory())).fork()
    await unchanged(fork, fork.handOff(offerTo('tester', { fromAgent: 'writer' })), {
      code: 'COMMAND_REFUSED',
    })
    await fork.handOff(offerTo('tester', { fromAgent: 'spec-builder' }))
  })

  it('that was made past the registry is not accepted past it', async () => {
    const agents = { 'spec-builder': { hands_to: ['tester'] }, writer: { hands_to: [] } }
    const session = await worked(await inMemory({ agents }))
    await session.send({ type: 'session.hand-off', toAgent: 'writer' })
    await expect(session.acceptHandoff({ agent: 'writer' })).rejects.toMatchObject({
      code: 'AGENTS_INCOMPATIBLE',
    })
    expect(session.state.epoch).toBe(1)
  })

  it('stands for one agent at a time, and a second one is refused as it was', async () => {
    const session = await worked(await inMemory())
    const { handoffId, version } = await session.handOff(offerTo('tester'))
    await expect(session.handOff(offerTo('writer'))).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('it is offered already'),
    })
    await session.refresh()
    expect([session.version, session.state.handoffs.at(-1)?.id]).toEqual([version, handoffId])
  })

  it('takes a checkpoint, also where policies take none; one of this very state is enough', async () => {
    const session = await worked(await inMemory({ autoCheckpoint: false }))
    expect(session.state.checkpointCount).toBe(0)
    await session.handOff(offerTo('tester'))
    expect(session.state.checkpoints).toMatchObject([{ trigger: 'handoff' }])
    await session.send({ type: 'session.resume' })
    await session.checkpoint({ reason: 'by hand' })
    await session.handOff(offerTo('tester'))
    expect(session.state.checkpoints.map(({ reason }) => reason)).toEqual([
      'before the handoff to tester',
      'by hand',
    ])
  })

  it('may be made of a suspended session, and of no other that is not active', async () => {
    const session = await worked(await inMemory())
    await session.send({ type: 'session.suspend' })
    await session.handOff(offerTo('tester'))
    await session.send({ type: 'session.end' })
    await expect(session.handOff(offerTo('tester'))).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
  })

  it('made while others append says which version it is of', async () => {
    const { waymark } = await onDisk()
    const session = await worked(waymark)
    const others = await Promise.all([1, 2, 3].map(async () => waymark.openSession(session.id)))
    const appended = others.flatMap((other, side) =>
      Array.from({ length: 20 }, async (_, n) => {
        const content = `text ${side}-${n}`
        await other
          .send({
            type: 'context.add',
            tag: `@T-${side}-${n}`,
            tier: 'critical',
            category: 'reference.project',
            content,
          })
          .catch(() => {})
      }),
    )
    const offer = await session.handOff(offerTo('tester'))
    await Promise.all(appended)
    const { context_snapshot: snapshot, waymark: own } = offer.package
    expect(own.session_version).toBe(offer.version - 1)
    const state = await session.at(own.session_version)
    const critical = Object.values(state.context.items).filter(({ tier }) => tier === 'critical')
    const { context } = readHandoff(offer.package)
    expect(context.items.map(({ tag }) => tag).sort()).toEqual(critical.map(({ tag }) => tag).sort())
    expect(context.items.filter(({ text }) => text === null)).toEqual([])
    expect(snapshot.session_checkpoints.at(-1)?.checkpoint_id).toBe(state.checkpoints.at(-1)?.id)
  })
})

describe('too little room', () => {
  async function crowded(waymark: Waymark): Promise<Session> {
    const session = await worked(waymark, {
      configuration: {
        emergencyThresholdPercent: 99,
        warningThresholdPercent: 98,
        monitoringThresholdPercent: 97,
      },
    })
    const add = (tag: string, tier: 'supporting' | 'temporary', content?: string) =>
      session.send({
        type: 'context.add',
        tag,
        tier,
        category: 'reference.project',
        tokens: 20_000,
        ...(content === undefined ? {} : { content }),
      })
    await add('@LONG-001', 'supporting', 'A telling sentence about the design.\n'.repeat(800))
    await add('@BARE-001', 'supporting')
    await add('@OLD-001', 'supporting', 'old')
    await session.send({ type: 'context.defer', tags: ['@OLD-001'] })
    await add('@PASSING-001', 'temporary', 'passing')
    await session.send({ type: 'context.measure', contextTokens: 180_000 })
    return session
  }

  it('is made more of first: dropped, summarized, deferred, archived; and that is told', async () => {
    const session = await crowded(await inMemory())
    const { compression, package: handoff } = await session.handOff(offerTo('tester'))
    expect(compression).toMatchObject({
      minimum_tokens: 30_000,
      available_tokens_before: 20_000,
      enough: true,
      discarded: 2,
      summarized: 1,
      deferred: 1,
      archived: 1,
      skipped: null,
    })
    expect(compression?.available_tokens_after).toBe(handoff.session_context.available_tokens)
    expect(handoff.session_context.available_tokens).toBeGreaterThan(30_000)
    expect(handoff.waymark.compression).toEqual(compression)
    expect(readHandoff(handoff).context.items[0]?.text).toBe(secretText)
  })

  it('is as much as the settings say', async () => {
    const few = await crowded(await inMemory({ handoffMinimumTokens: 20_000 }))
    expect((await few.handOff(offerTo('tester'))).compression).toBeNull()
    const none = await crowded(await inMemory({ handoffMinimumTokens: 0 }))
    await none.send({ type: 'context.measure', contextTokens: 199_999 })
    expect((await none.handOff(offerTo('tester'))).compression).toBeNull()
  })

  it('that cannot be made stops no offer, and is told', async () => {
    const all = await crowded(await inMemory({ contextPreservation: 'all' }))
    const { compression } = await all.handOff(offerTo('tester'))
    expect(compression).toMatchObject({
      enough: false,
      discarded: 0,
      skipped: expect.stringContaining('all'),
    })
    const bare = await (await inMemory()).createSession({ windowTokens: 20_000, agent: 'a' })
    expect((await bare.handOff(offerTo('tester'))).compression).toMatchObject({
      enough: false,
      skipped: expect.stringContaining('nothing in the context'),
    })
    const idle = await crowded(await inMemory())
    await idle.send({ type: 'session.suspend' })
    expect((await idle.handOff(offerTo('tester'))).compression).toMatchObject({
      skipped: 'the session is suspended',
    })
  })
})

describe('accepting', () => {
  it('makes the agent the holder under a new epoch; tasks in hand lose their context; the old holder is refused', async () => {
    const { waymark } = await onDisk()
    const session = await worked(waymark)
    const { handoffId, package: handoff } = await session.handOff(offerTo('tester'))
    const other = await waymark.openSession(session.id)
    const accepted = await other.acceptHandoff({ agent: 'tester' })
    expect(accepted).toMatchObject({
      handoffId,
      agent: 'tester',
      epoch: 2,
      switchedTasks: ['T-1'],
      package: handoff,
    })
    expect(other.state).toMatchObject({ status: 'active', holder: 'tester', epoch: 2, offeredTo: null })
    expect(other.state.tasks['T-1']).toMatchObject({ status: 'context_switch', switchCause: 'handoff' })
    expect(other.state.handoffs.at(-1)).toMatchObject({ status: 'accepted', epoch: 2 })
    await expect(session.send({ type: 'turn.complete' })).rejects.toMatchObject({ code: 'STALE_HOLDER' })
    await expect(session.handOff(offerTo('writer'))).rejects.toMatchObject({ code: 'STALE_HOLDER' })
    await other.send({ type: 'task.restore-context', taskIds: ['T-1'] })
    await other.send({ type: 'handoff.complete', handoffId })
    expect(other.state.handoffs.at(-1)).toMatchObject({ status: 'done' })
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('is for the agent it was offered to, and once', async () => {
    const session = await worked(await inMemory())
    await session.handOff(offerTo('tester'))
    await expect(session.acceptHandoff({ agent: 'writer' })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
    })
    await session.acceptHandoff({ agent: 'tester' })
    await expect(session.acceptHandoff({ agent: 'tester' })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
    })
    expect(session.state.epoch).toBe(2)
  })

  it('compares a package that came by another way', async () => {
    const waymark = await inMemory()
    const session = await worked(waymark)
    const { package: earlier } = await session.handOff(offerTo('tester'))
    await session.send({ type: 'session.resume' })
    const { package: handoff } = await session.handOff(offerTo('tester'))
    const { package_hash: _old, ...own } = handoff.waymark
    const forged = sealed({
      ...handoff,
      task_context: { ...handoff.task_context, next_step: 'deploy' },
      waymark: own,
    })
    const foreign = (await (await worked(waymark)).handOff(offerTo('tester'))).package
    for (const [given, message] of [
      [earlier, 'is offered'],
      [forged, 'it says something else than what was offered'],
      [foreign, 'it is of session'],
      ['{}', 'Missing required field'],
    ] as const) {
      await expect(session.acceptHandoff({ agent: 'tester', package: given })).rejects.toMatchObject({
        code: 'HANDOFF_INVALID',
        message: expect.stringContaining(message),
      })
    }
    expect(session.state.epoch).toBe(1)
    await session.acceptHandoff({ agent: 'tester', package: Buffer.from(packageText(handoff)) })
    expect(session.state.epoch).toBe(2)
  })

  it('takes an offer without a package as it is', async () => {
    const session = await worked(await inMemory())
    await session.send({ type: 'session.hand-off', toAgent: 'tester' })
    expect(await session.acceptHandoff({ agent: 'tester' })).toMatchObject({ package: null, epoch: 2 })
  })

  it('hands on and back: each epoch has one writer', async () => {
    const waymark = await inMemory()
    const first = await worked(waymark)
    await first.handOff(offerTo('tester'))
    const second = await waymark.openSession(first.id)
    await second.acceptHandoff({ agent: 'tester' })
    await second.handOff(offerTo('spec-builder'))
    await expect(first.acceptHandoff({ agent: 'spec-builder' })).rejects.toMatchObject({
      code: 'STALE_HOLDER',
    })
    const back = await waymark.openSession(first.id)
    expect(await back.acceptHandoff({ agent: 'spec-builder' })).toMatchObject({ epoch: 3 })
    await expect(second.send({ type: 'turn.complete' })).rejects.toMatchObject({ code: 'STALE_HOLDER' })
    await back.send({ type: 'turn.complete' })
  })
})

describe('the other ends', () => {
  it('are rejected and withdrawn: the session goes on with its holder', async () => {
    const session = await worked(await inMemory())
    await session.handOff(offerTo('tester'))
    await session.send({ type: 'handoff.reject', agent: 'tester', reason: 'no time' })
    await session.handOff(offerTo('tester'))
    await session.send({ type: 'session.resume' })
    expect(session.state.handoffs.map(({ status }) => status)).toEqual(['rejected', 'withdrawn'])
    expect(session.state).toMatchObject({ status: 'active', holder: 'spec-builder', epoch: 1 })
    expect(session.state.tasks['T-1']?.status).toBe('in_progress')
  })

  it('an offer whose time is over is noticed by the next command that it stands in the way of', async () => {
    const { clock, move } = movable()
    const session = await worked(await inMemory({}, { clock }))
    const { handoffId } = await session.handOff(offerTo('tester', { expiresInMinutes: 60 }))
    move(59)
    await expect(session.send({ type: 'turn.complete' })).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    await expect(session.send({ type: 'handoff.expire' })).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    move(1)
    await expect(session.acceptHandoff({ agent: 'tester' })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('expired'),
    })
    await session.send({ type: 'turn.complete' })
    expect(session.state.handoffs).toMatchObject([{ id: handoffId, status: 'expired' }])
    expect(session.state).toMatchObject({ status: 'active', turns: { completed: 1 } })
  })

  it('an offer whose time is over gives way to the next one', async () => {
    const { clock, move } = movable()
    const session = await worked(await inMemory({}, { clock }))
    await session.handOff(offerTo('tester', { expiresInMinutes: 1 }))
    move(2)
    await session.handOff(offerTo('writer', { expiresInMinutes: 1 }))
    expect(session.state.handoffs.map(({ status }) => status)).toEqual(['expired', 'offered'])
    move(2)
    await session.send({ type: 'handoff.expire' })
    expect(session.state.handoffs.map(({ status }) => status)).toEqual(['expired', 'expired'])
  })
})

describe('receiving a package elsewhere', () => {
  it('begins a session that takes the work further', async () => {
    const session = await worked(await inMemory())
    const { package: handoff, handoffId } = await session.handOff(offerTo('tester'))
    const there = await inMemory()
    const { session: taken, leftOut } = await there.receiveHandoff(packageText(handoff))
    expect(leftOut).toEqual([])
    expect(taken.state).toMatchObject({
      holder: 'tester',
      continuesSessionId: session.id,
      continuesVersion: handoff.waymark.session_version,
      title: 'Log in',
      model: 'claude-sonnet-4-5',
      window: { totalTokens: 200_000 },
      observations: { 'handoff-received': 1 },
      knowledge: {
        user: { language: 'ko', expertise: 'intermediate' },
        project: { name: 'MoAI-ADK' },
        focus: { constraints: ['must_use_pytest', 'coverage_85'], nextStep: 'write_tests' },
        specs: {
          'SPEC-001': { phase: 'implementation', completedSteps: ['spec_complete', 'architecture_defined'] },
        },
      },
      tasks: {
        'SPEC-001': { status: 'pending' },
        'T-1': { status: 'pending', parentTaskId: 'SPEC-001' },
        'T-2': { status: 'pending', dependsOn: ['T-1'] },
      },
    })
    const secret = taken.state.context.items['@SECRET-001']
    expect(secret?.tier).toBe('critical')
    expect(await there.content(secret?.content?.hash ?? '')).toBe(secretText)
    expect((await taken.brief()).text).toContain('write_tests')
    await expect(there.receiveHandoff(handoff)).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      message: expect.stringContaining(taken.id),
    })
    expect(handoffId).toBe(handoff.handoff_id)
  })

  it('refuses what is not for this agent, too late, changed, or of a session that is here', async () => {
    const { clock, move } = movable()
    const here = await inMemory({}, { clock })
    const session = await worked(here)
    const { package: handoff } = await session.handOff(offerTo('tester', { expiresInMinutes: 1 }))
    await expect(here.receiveHandoff(handoff)).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    const there = await inMemory({}, { clock })
    await expect(there.receiveHandoff(handoff, { agent: 'writer' })).rejects.toMatchObject({
      code: 'HANDOFF_INVALID',
    })
    await expect(there.receiveHandoff({ ...handoff, from_agent: 'mallory' })).rejects.toMatchObject({
      code: 'HANDOFF_INVALID',
    })
    const strict = await inMemory({ agents: { tester: { hands_to: [] } } }, { clock })
    await expect(strict.receiveHandoff(handoff)).rejects.toMatchObject({ code: 'AGENT_UNKNOWN' })
    move(1)
    await expect(there.receiveHandoff(handoff)).rejects.toMatchObject({
      message: expect.stringContaining('expired'),
    })
    const sessions: string[] = []
    for await (const { sessionId } of there.sessions()) sessions.push(sessionId)
    expect(sessions).toEqual([])
  })

  it('takes in what it can of tasks that go round in circles', async () => {
    const { package: handoff } = await (await worked(await inMemory())).handOff(offerTo('tester'))
    const todo = (task_id: string, parent_task_id: string | null, depends_on: string[]) => ({
      task_id,
      content: task_id,
      status: 'pending' as const,
      parent_task_id,
      spec_id: null,
      phase: null,
      depends_on,
    })
    const { package_hash: _old, ...own } = handoff.waymark
    const active_todos = [
      todo('A', 'B', []),
      todo('B', 'A', []),
      todo('C', null, ['D', 'gone']),
      todo('D', null, ['C']),
      todo('C', null, []),
    ]
    const odd = sealed({
      ...handoff,
      context_snapshot: { ...handoff.context_snapshot, active_todos },
      waymark: own,
    })
    const there = await Waymark.open({ store: new MemoryLog() })
    const { session, leftOut } = await there.receiveHandoff(odd)
    expect(Object.keys(session.state.tasks).sort()).toEqual(['C', 'D'])
    expect(session.state.tasks).toMatchObject({ C: { dependsOn: ['D'] }, D: { dependsOn: [] } })
    // A and B by their parents, the second C, and D that would wait for itself.
    expect(leftOut.length).toBeGreaterThanOrEqual(4)
  })
})
