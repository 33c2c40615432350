/**
 * Goal: a machine's stream is decided and folded like a session's, and says where the machine is without asking it again. Method: random lives
 * of a machine with an effect, timers and a child, and the laws of the house over what they leave.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/decide/decide.ts'
import type { DurableMachine, StepAnswer } from '../../src/decide/durable/port.ts'
import { commandOf, type DecidedEvent } from '../../src/events/catalogue.ts'
import type { Command } from '../../src/events/commands.ts'
import { isKnown, type RecordedEvent } from '../../src/events/envelope.ts'
import { fold, foldByDraft, foldInto, frozen, stateHash } from '../../src/fold/fold.ts'
import { kindOf } from '../../src/fold/kinds.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { StreamInfo } from '../../src/log/port.ts'
import { loadState } from '../../src/replay/load.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'
import { life, live, order, startOf } from './histories.ts'

/** A machine that keeps the newest answer that it gave. */
function watched(machine: DurableMachine): DurableMachine & { newest(): StepAnswer | null } {
  let newest: StepAnswer | null = null
  const kept = (answer: StepAnswer): StepAnswer => {
    newest = answer
    return answer
  }
  return {
    ...machine,
    newest: () => newest,
    start: (input, at) => kept(machine.start(input, at)),
    deliver: (state, delivery, at) => kept(machine.deliver(state, delivery, at)),
  }
}

function decided(
  state: ReadonlyState,
  command: Command,
  machine: DurableMachine | undefined,
  now = '2026-01-01T00:00:00.000Z',
) {
  const none = (): never => expect.fail('no id is asked for')
  return decide(state, command, {
    now,
    ...(machine === undefined ? {} : { machine }),
    checkpointId: none,
    handoffId: none,
    countedCall: () => null,
  })
}

const stepTypes = new Set(['machine.transitioned', 'machine.effect-settled', 'machine.timer-fired'])

describe('a machine in a stream', () => {
  it('is decided again from what was recorded, and where it was led is where it is', async () => {
    const types = new Set<string>()
    let refusals = 0
    await fc.assert(
      fc.asyncProperty(life, async (lived) => {
        const machine = watched(order())
        const { steps } = await live(new MemoryLog(), lived, machine)
        for (const { before, after, events, refusal } of steps) {
          if (refusal !== null) {
            refusals += 1
            expect(after).toBe(before)
          }
          const [first] = events.filter(isKnown)
          if (first === undefined || !first.type.startsWith('machine.')) continue
          types.add(first.type)
          const command = commandOf(first as DecidedEvent)
          if (command === null) throw new RangeError('each of these opens a batch')
          const again = decided(before, command, machine, first.time)
          expect(again).toEqual({ ok: true, events: events.map(({ type, data }) => ({ type, data })) })
          const answer = machine.newest()
          if (!stepTypes.has(first.type) || answer?.ok !== true) continue
          expect(after.machine?.snapshot).toEqual(answer.outcome.snapshot)
          const { value, context } = machine.snapshotOf(after.machine ?? expect.fail('it runs a machine'))
          expect({ value, context }).toEqual({
            value: answer.outcome.snapshot['value'],
            context: answer.outcome.snapshot['context'],
          })
        }
      }),
      { numRuns: 30 },
    )
    expect([...types].sort()).toEqual(
      expect.arrayContaining([
        'machine.effect-settled',
        'machine.event-ignored',
        'machine.timer-fired',
        'machine.transitioned',
      ]),
    )
    expect(refusals).toBeGreaterThan(10)
  })

  it('folds to the same state live, in bulk, by draft, and from any version on', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (lived) => {
        const log = new MemoryLog()
        const { sessionId, state } = await live(log, lived, order())
        const events = await eventsOf(log, sessionId)
        const bulk = initialState(sessionId)
        foldInto(bulk, events)
        expect(stateHash(frozen(bulk))).toBe(stateHash(state))
        const first = frozen(initialState(sessionId))
        expect(stateHash(foldByDraft(first, events))).toBe(stateHash(state))
        let step: ReadonlyState = first
        for (const [index, event] of events.entries()) {
          step = fold(step, [event])
          if (index % 3 > 0) continue
          const tail = structuredClone(step) as typeof bulk
          foldInto(tail, events.slice(index + 1))
          expect(stateHash(frozen(tail))).toBe(stateHash(state))
        }
        expect(stateHash((await loadState(log, sessionId)).state)).toBe(stateHash(state))
      }),
      { numRuns: 12 },
    )
  })

  it('takes any event of its own in any state without harm', () => {
    const sessionId = 'sess_00000000-0000-4000-8000-000000000000'
    const started = decided(frozen(initialState(sessionId)), startOf(order()), order())
    const [opening] = started.ok ? started.events : []
    const events = [
      opening,
      {
        type: 'machine.transitioned',
        data: {
          event: { type: 'X' },
          value: 'a',
          transition: 4,
          patch: [{ op: 'replace', path: '', value: 7 }],
        },
      },
      {
        type: 'machine.timer-fired',
        data: {
          timerId: '9:9',
          value: { b: 'c' },
          transition: 0,
          patch: [{ op: 'add', path: '/context/x/y', value: 1 }],
        },
      },
      {
        type: 'machine.timers-resumed',
        data: {
          policy: 'restart',
          stoppedAt: '2026-01-01T00:00:00.000Z',
          timers: [{ timerId: '7:7', dueAt: '2026-01-01T00:00:00.000Z' }],
        },
      },
      {
        type: 'machine.effect-settled',
        data: {
          effectId: '7:7',
          outcome: 'done',
          value: null,
          transition: 1,
          effects: [{ effectId: '1:0', path: [], src: 'x' }],
        },
      },
      {
        type: 'machine.action-failed',
        data: { effectId: '7:7', action: 'x', error: { name: 'E', message: '' } },
      },
    ].map((event, index) => ({
      ...event,
      version: index + 1,
      time: '2026-01-01T00:00:00.000Z',
    })) as unknown as RecordedEvent[]
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...events), { maxLength: 6 }), (picked) => {
        const bulk = initialState(sessionId)
        foldInto(bulk, picked)
        expect(stateHash(fold(frozen(initialState(sessionId)), picked))).toBe(stateHash(frozen(bulk)))
        expect(kindOf(bulk)).toBe(
          picked.some(({ type }) => type === 'machine.started') ? 'machine' : 'session',
        )
      }),
      { numRuns: 100 },
    )
  })

  it('forks: neither side hears of the other, and both go on from the same place', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const machine = order()
    const sessionId = 'sess_00000000-0000-4000-8000-0000000000aa'
    const { session } = await waymark.openMachine({ machine, sessionId, start: startOf(machine) })
    await session.send({ type: 'machine.send', event: { type: 'PAY' } })
    const fork = await session.fork()
    const [effectId = ''] = Object.keys(fork.state.machine?.effects ?? {})
    await fork.send({ type: 'machine.settle-effect', effectId, outcome: 'done', output: 'r1' })
    await session.send({ type: 'machine.send', event: { type: 'CANCEL' } })
    expect(fork.state.machine?.snapshot['value']).toBe('shipping')
    expect((await session.refresh()).machine?.status).toBe('done')
    expect(session.state.machine?.snapshot['context']).toMatchObject({ receipt: null })
    expect(fork.state.nativeId).toBeNull()
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })
})

describe('openMachine', () => {
  const sessionId = 'sess_00000000-0000-4000-8000-0000000000ab'

  it('begins a stream once, and takes it up afterwards', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const machine = order()
    const request = { machine, sessionId, start: startOf(machine) }
    const both = await Promise.all([waymark.openMachine(request), waymark.openMachine(request)])
    expect(both.map(({ first }) => first.map(({ type }) => type))).toEqual([['machine.started'], []])
    const [one, other] = both.map(({ session }) => session)
    await one?.send({ type: 'machine.send', event: { type: 'ADD', item: 'hat' } })
    await other?.send({ type: 'machine.send', event: { type: 'ADD', item: 'bag' } })
    expect(other?.state.machine?.snapshot['context']).toMatchObject({ items: ['shoes', 'hat', 'bag'] })
    let listed: StreamInfo | undefined
    for await (const info of waymark.sessions()) listed = info
    expect(listed?.summary).toMatchObject({
      nativeId: 'order-42',
      title: 'Shoes',
      machine: { machineId: 'order', status: 'active', value: 'open' },
    })
    expect((await waymark.openSession('order-42')).id).toBe(sessionId)
    await expect(
      waymark.openMachine({ machine, sessionId: sessionId.replace('ab', 'ac') }),
    ).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })

  it('refuses a stream in which no machine runs', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const session = await waymark.createSession()
    await expect(waymark.openMachine({ machine: order(), sessionId: session.id })).rejects.toMatchObject({
      code: 'MACHINE_MISMATCH',
    })
  })
})

describe('what is refused', () => {
  const sessionId = 'sess_00000000-0000-4000-8000-0000000000ad'
  const opened = async (unknownEvents: 'refuse' | 'record' | 'ignore' = 'refuse') => {
    const waymark = await Waymark.open({ store: new MemoryLog(), policies: [] })
    const machine = order()
    return {
      waymark,
      machine,
      ...(await waymark.openMachine({ machine, sessionId, start: startOf(machine, unknownEvents) })),
    }
  }

  it('says where the machine is and what it takes there', async () => {
    const { session } = await opened()
    await expect(session.send({ type: 'machine.send', event: { type: 'RETURN' } })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      details: { subject: 'machine order', status: 'open', accepted: ['ADD', 'PAY', 'CANCEL'] },
    })
    await expect(
      session.send({ type: 'machine.send', event: { type: 'PACK' }, to: ['parcel'] }),
    ).rejects.toThrow(/no child parcel/)
    await expect(
      session.send({ type: 'machine.settle-effect', effectId: '3:0', outcome: 'done' }),
    ).rejects.toThrow(/effect 3:0 is not running/)
    await expect(session.send({ type: 'machine.fire-timer', timerId: '3:0' })).rejects.toThrow(
      /timer 3:0 is not set/,
    )
    await session.send({ type: 'machine.send', event: { type: 'CANCEL' } })
    await expect(session.send({ type: 'machine.send', event: { type: 'ADD', item: 'x' } })).rejects.toThrow(
      /it has reached its final state/,
    )
    expect(session.version).toBe(2)
  })

  it('goes by the policy for events it has no transition for', async () => {
    const { session } = await opened('record')
    await session.send({ type: 'machine.send', event: { type: 'RETURN' } })
    expect(session.state.machine).toMatchObject({ ignoredEvents: 1, transitions: 1 })
    const { session: deaf } = await opened('ignore')
    expect((await deaf.send({ type: 'machine.send', event: { type: 'RETURN' } })).events).toEqual([])
  })

  it('needs the machine that recorded it', async () => {
    const { waymark, machine } = await opened()
    const plain = await waymark.openSession(sessionId)
    await expect(plain.send({ type: 'machine.send', event: { type: 'PAY' } })).rejects.toThrow(
      /needs the machine at hand/,
    )
    await plain.send({ type: 'task.add', taskId: 'A', title: 'beside it' })
    const newer = { ...machine, machineVersion: '2', machineHash: 'd'.repeat(64) }
    const { session } = await waymark.openMachine({ machine: newer, sessionId })
    await expect(session.send({ type: 'machine.send', event: { type: 'PAY' } })).rejects.toMatchObject({
      code: 'MACHINE_MISMATCH',
    })
    const { machineId, machineVersion, machineHash } = newer
    const migrate = { type: 'machine.migrate', machineId, machineVersion, machineHash } as const
    await expect(session.send({ ...migrate, fromVersion: '0' })).rejects.toThrow(
      /recorded by version 1, not 0/,
    )
    const moved = {
      status: 'active',
      value: 'forgotten',
      context: { items: [] },
      children: {},
      historyValue: {},
    }
    await expect(
      session.send({ ...migrate, fromVersion: '1', snapshot: { ...moved, value: 'nowhere' } }),
    ).rejects.toMatchObject({ code: 'MACHINE_MISMATCH' })
    await session.send({ ...migrate, fromVersion: '1', snapshot: moved, unknownEvents: 'ignore' })
    expect(session.state.machine).toMatchObject({
      machineVersion: '2',
      snapshot: moved,
      unknownEvents: 'ignore',
      timerPolicy: 'elapsed',
    })
    await session.send({ type: 'machine.send', event: { type: 'RETURN' } })
    // The older one must not go on from a state that it does not know.
    const { session: old } = await waymark.openMachine({ machine, sessionId })
    await expect(old.send({ type: 'machine.send', event: { type: 'PAY' } })).rejects.toMatchObject({
      code: 'MACHINE_MISMATCH',
    })
  })

  it('has no machine in a session', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const session = await waymark.createSession()
    await expect(session.send({ type: 'machine.send', event: { type: 'PAY' } })).rejects.toThrow(
      /no machine runs in it/,
    )
    await expect(session.send(startOf(order()))).rejects.toThrow(/it has begun already/)
    expect('machine' in session.state).toBe(false)
  })

  it('is too large, or is no JSON', async () => {
    const { session } = await opened()
    const large = 'x'.repeat(limits.commandBytesMax)
    await expect(session.send({ type: 'machine.send', event: { type: 'ADD', item: large } })).rejects.toThrow(
      /takes 10\d{5} bytes as JSON, more than 1048576/,
    )
    const circle: Record<string, unknown> = { type: 'ADD' }
    circle['self'] = circle
    const odd: readonly unknown[] = [
      circle,
      { type: 'ADD', at: 1n },
      { type: 'ADD', at: new Date(0) },
      { type: 'ADD', n: Number.NaN },
      JSON.parse('{"type":"ADD","item":{"__proto__":1}}'),
    ]
    for (const event of odd) {
      await expect(
        session.send({ type: 'machine.send', event } as Command<'machine.send'>),
      ).rejects.toMatchObject({ code: 'COMMAND_INVALID' })
    }
    const half = 'x'.repeat(limits.commandBytesMax / 2)
    await session.send({ type: 'machine.send', event: { type: 'ADD', item: half } })
    await expect(
      session.send({ type: 'machine.send', event: { type: 'ADD', item: half } }),
    ).rejects.toMatchObject({
      code: 'MACHINE_INVALID',
      message: expect.stringMatching(/snapshot, context and children together, takes \d+ bytes as JSON/),
    })
    expect(session.version).toBe(2)
  })

  it('are timers that nobody has set: those that are, are put off as the policy says', async () => {
    const { session } = await opened()
    const [timer] = Object.values(session.state.machine?.timers ?? {})
    const dueMs = Date.parse(timer?.dueAt ?? '')
    const at = (ms: number): string => new Date(dueMs + ms).toISOString()
    const resumed = async (policy: 'elapsed' | 'remaining' | 'restart') => {
      await session.send(
        { type: 'machine.resume-timers', policy, stoppedAt: at(-20_000) },
        { time: at(5_000) },
      )
      return Object.values(session.state.machine?.timers ?? {})[0]?.dueAt
    }
    expect(await resumed('elapsed')).toBe(at(0))
    expect(await resumed('remaining')).toBe(at(25_000))
    expect(await resumed('restart')).toBe(at(65_000))
    await session.send({ type: 'machine.fire-timer', timerId: timer?.timerId ?? '' })
    expect(session.state.machine).toMatchObject({ timers: {}, snapshot: { value: 'forgotten' } })
    const none = { type: 'machine.resume-timers', policy: 'elapsed', stoppedAt: at(0) } as const
    expect((await session.send(none)).events).toEqual([])
  })
})
