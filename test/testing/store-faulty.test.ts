/**
 * Goal: a faulty log fails where its plan says, as it says, and nowhere else; and what Waymark records over it stays sound.
 * Method: each kind of fault by number and by seed over a log in memory; a law sends random commands through random faults, and
 * compares the log with what was acknowledged.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { CommandRefused, WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { planRecovery } from '../../src/replay/recover.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { commandArbitrary } from '../../src/testing/arbitrary/commands.ts'
import type { Fault, FaultPlan, FaultyCall } from '../../src/testing/store/fault-plan.ts'
import { faultyLog } from '../../src/testing/store/faulty-log.ts'
import {
  collected,
  listed,
  read,
  rowsOf,
  sending,
  sessionOf,
  snapshotOf,
  streamWith,
  words,
} from '../../src/testing/store/samples.ts'

const a = sessionOf('a')
const once = sending(a, 'once', 'X', 'Y')
const failures = ['STORE_BUSY', 'STORE_FULL', 'STORE_FAILED', 'HOME_NOT_WRITABLE'] as const

async function filled(): Promise<MemoryLog> {
  const memory = new MemoryLog()
  await streamWith(memory, a, 'A1', 'A2', 'A3', 'A4')
  return memory
}

/** What comes of a promise soon, or that nothing does. */
async function soon(promise: Promise<unknown>): Promise<unknown> {
  const nothing = new Promise((resolve) => setTimeout(() => resolve('nothing'), 20))
  return Promise.race([promise.catch((error: unknown) => error), nothing])
}

describe('a transaction', () => {
  it.each(failures)('fails with %s before, within or after, and is there only after', async (code) => {
    for (const when of ['before', 'within', 'after'] as const) {
      const memory = await filled()
      const log = faultyLog(memory, { faults: [{ on: 'transact', nth: 1, fault: 'fail', code, when }] })
      let runs = 0
      const work: typeof once = (transaction) => {
        runs += 1
        return once(transaction)
      }
      await expect(log.transact(work)).rejects.toMatchObject({ code, details: { injected: true } })
      expect(runs).toBe(when === 'before' ? 0 : 1)
      expect(words(await read(memory, a, { after: 4 }))).toEqual(when === 'after' ? ['X', 'Y'] : [])
      expect(words(await log.transact(work))).toEqual(['X', 'Y'])
      expect(words(await read(memory, a, { after: 4 }))).toEqual(['X', 'Y'])
      expect(log.injected).toMatchObject([{ call: 'transact', callNumber: 1, fault: { code, when } }])
    }
  })

  it('is run again, as after a conflict, and is there once', async () => {
    const memory = await filled()
    const log = faultyLog(memory, { faults: [{ on: 'transact', nth: 1, fault: 'again' }] })
    let runs = 0
    const answer = await log.transact((transaction) => {
      runs += 1
      return once(transaction)
    })
    expect(runs).toBe(2)
    expect(answer.map(({ version }) => version)).toEqual([5, 6])
    expect(words(await read(memory, a, { after: 4 }))).toEqual(['X', 'Y'])
  })

  it('that throws is answered with what it throws, whatever was to come', async () => {
    const refused = new Error('no')
    for (const fault of [
      { fault: 'again' },
      { fault: 'fail', code: 'STORE_FULL', when: 'within' },
    ] as const) {
      const log = faultyLog(await filled(), { faults: [{ on: 'transact', ...fault }] })
      await expect(
        log.transact(() => {
          throw refused
        }),
      ).rejects.toBe(refused)
    }
  })
})

describe('a handle', () => {
  it('that is closed by a fault refuses this call and all later ones; the log it wraps goes on', async () => {
    const memory = await filled()
    const log = faultyLog(memory, { faults: [{ on: 'stream', nth: 2, fault: 'close' }] })
    expect(await log.stream(a)).not.toBeNull()
    await expect(log.stream(a)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    await expect(log.transact(once)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    expect(await memory.position()).toBe(4)
  })

  it('that has crashed answers nothing any more, and leaves what it had committed', async () => {
    for (const when of ['before', 'within', 'after'] as const) {
      const memory = await filled()
      const log = faultyLog(memory, { faults: [{ on: 'transact', nth: 1, fault: 'crash', when }] })
      const waiting = log.changed(4, new AbortController().signal)
      expect(await soon(log.transact(once))).toBe('nothing')
      expect(await soon(log.position())).toBe('nothing')
      expect(await soon(log.close())).toBe('nothing')
      expect(await soon(waiting)).toBe('nothing')
      expect(await memory.position()).toBe(when === 'after' ? 6 : 4)
    }
  })

  it('crashes when it is told to, also in the middle of a reading', async () => {
    const log = faultyLog(await filled(), { faults: [] })
    const reading = log.streams()[Symbol.asyncIterator]()
    expect((await reading.next()).done).toBe(false)
    log.crash()
    expect(await soon(reading.next())).toBe('nothing')
    expect(log.injected).toEqual([])
  })
})

describe('a reading', () => {
  const readings: Readonly<Record<string, (log: EventLog) => AsyncIterable<unknown>>> = {
    read: (log) => log.read(a),
    readToFold: (log) => log.readToFold(a),
    rows: (log) => log.rows(a),
    rowsToCheck: (log) => log.rowsToCheck(a),
    readAll: (log) => log.readAll(0),
    streams: (log) => log.streams(),
    snapshots: (log) => log.snapshots(a),
    auditContents: (log) => log.auditContents(),
  }
  const sizeOf = (page: unknown): number => {
    if (Array.isArray(page)) return page.length
    const rows: unknown = typeof page === 'object' && page !== null ? Reflect.get(page, 'rows') : null
    return Array.isArray(rows) ? rows.length : 1
  }

  it.each(Object.keys(readings))('of %s fails midway, with what came before it given', async (name) => {
    const memory = await filled()
    await memory.transact((transaction) => {
      for (const version of [1, 2, 3]) transaction.putSnapshot(snapshotOf(a, version))
      for (const text of ['x', 'y', 'z']) transaction.putContent(text, Buffer.from(text))
      for (const other of ['b', 'c', 'd']) transaction.create(sessionOf(other), null)
    })
    const fault = { fault: 'fail', code: 'STORE_FAILED', when: 'within', afterItems: 2, timesMax: 1 } as const
    // The names above are those of the methods.
    const log = faultyLog(memory, { faults: [{ on: name as FaultyCall, ...fault }] })
    const itemsIn = async (from: EventLog, told: (count: number) => void) => {
      for await (const page of readings[name]?.(from) ?? []) told(sizeOf(page))
    }
    const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
    const [whole, cut, again]: [number[], number[], number[]] = [[], [], []]
    await itemsIn(memory, (count) => whole.push(count))
    const failing = itemsIn(log, (count) => cut.push(count))
    await expect(failing).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await itemsIn(log, (count) => again.push(count))
    expect(sum(cut)).toBe(2)
    expect(sum(whole)).toBeGreaterThan(2)
    expect(again).toEqual(whole)
  })

  it('meets a damaged record at its version, by every door, and not before the fault', async () => {
    const memory = await filled()
    const damage = { on: 'position', nth: 1, fault: 'damage', sessionId: a, version: 3 } as const
    const log = faultyLog(memory, { faults: [damage] })
    expect(await read(log, a)).toHaveLength(4)
    await log.position()
    const place = { code: 'DAMAGED_RECORD', details: { sessionId: a, version: 3 } }
    await expect(read(log, a)).rejects.toMatchObject(place)
    await expect(listed(log.readToFold(a))).rejects.toMatchObject(place)
    await expect(collected(log.readAll(0))).rejects.toMatchObject(place)
    await expect(log.transact((transaction) => [...transaction.read(a, {})])).rejects.toMatchObject(place)
    expect(await read(log, a, { to: 2 })).toHaveLength(2)
    const commandId = (await read(memory, a))[2]?.commandId ?? ''
    await expect(log.transact((transaction) => transaction.batchOf(a, commandId))).rejects.toMatchObject(
      place,
    )
    const rows = await rowsOf(log, a)
    expect(rows.map(({ data }, index) => data === rows[index]?.data.trim())).toEqual([
      true,
      true,
      false,
      true,
    ])
    log.calm()
    expect(await read(log, a)).toHaveLength(4)
  })
})

describe('a waiting reader', () => {
  const waits = async (how: 'early' | 'late' | 'never', act: (memory: EventLog) => Promise<unknown>) => {
    const memory = await filled()
    const slept: number[] = []
    const sleep = async (delayMs: number) => void slept.push(delayMs)
    const faults = [{ on: 'changed', nth: 1, fault: 'wake', how, delayMs: 70 }] as const
    const log = faultyLog(memory, { faults, sleep })
    const stop = new AbortController()
    const waiting = log.changed(4, stop.signal).then(() => 'woken')
    await soon(act(memory))
    const woken = await soon(waiting)
    stop.abort()
    expect(await waiting).toBe('woken')
    return { woken, slept }
  }

  it('is woken early, late or never', async () => {
    expect(await waits('early', async () => null)).toEqual({ woken: 'woken', slept: [] })
    const append = async (memory: EventLog) => streamWith(memory, a, 'A5')
    expect(await waits('late', append)).toEqual({ woken: 'woken', slept: [70] })
    expect(await waits('late', async () => null)).toEqual({ woken: 'nothing', slept: [70] })
    expect(await waits('never', append)).toEqual({ woken: 'nothing', slept: [] })
  })

  it('is let go when the handle is closed', async () => {
    const faults: readonly Fault[] = [{ on: 'changed', fault: 'wake', how: 'never' }]
    const log = faultyLog(await filled(), { faults })
    const waiting = log.changed(4, new AbortController().signal).then(() => 'let go')
    expect(await soon(waiting)).toBe('nothing')
    await log.close()
    expect(await waiting).toBe('let go')
  })
})

describe('a plan', () => {
  const failing = (more: Partial<Fault>): FaultPlan => ({
    // What is given besides is of the kind that fails.
    faults: [{ on: 'position', fault: 'fail', code: 'STORE_BUSY', ...more } as Fault],
  })
  const callsThatFail = async (plan: FaultPlan, count = 200) => {
    const log = faultyLog(await filled(), plan)
    for (let call = 0; call < count; call++) await log.position().catch(() => null)
    return log.injected.map(({ callNumber }) => callNumber)
  }

  it('without faults injects none', async () => {
    expect(await callsThatFail({ faults: [] })).toEqual([])
  })

  it('names calls by their number, one or several, or means each', async () => {
    expect(await callsThatFail(failing({ nth: 3 }))).toEqual([3])
    expect(await callsThatFail(failing({ nth: [2, 5] }))).toEqual([2, 5])
    expect(await callsThatFail(failing({}), 3)).toEqual([1, 2, 3])
    expect(await callsThatFail(failing({ timesMax: 2 }))).toEqual([1, 2])
  })

  it('counts the calls of several methods together', async () => {
    const fault = { on: ['position', 'stream'], nth: [2, 4], fault: 'fail', code: 'STORE_BUSY' } as const
    const log = faultyLog(await filled(), { faults: [fault] })
    for (const _ of [1, 2]) {
      await log.position().catch(() => null)
      await log.stream(a).catch(() => null)
    }
    expect(log.injected.map(({ call, callNumber }) => [call, callNumber])).toEqual([
      ['stream', 1],
      ['stream', 2],
    ])
  })

  it('with a seed fails in the same calls again, and with another seed in others', async () => {
    const plan = (seed: number) => ({ ...failing({ probability: 0.2 }), seed })
    const first = await callsThatFail(plan(7))
    expect(first.length).toBeGreaterThan(20)
    expect(first.length).toBeLessThan(70)
    expect(await callsThatFail(plan(7))).toEqual(first)
    expect(await callsThatFail(plan(8))).not.toEqual(first)
    expect(await callsThatFail(failing({ probability: 0 }))).toEqual([])
    expect(await callsThatFail(failing({ probability: 1 }), 3)).toEqual([1, 2, 3])
  })

  it('tells each fault as it happens, and is ended by calm', async () => {
    const told: number[] = []
    const plan = {
      ...failing({}),
      onInjected: ({ callNumber }: { callNumber: number }) => told.push(callNumber),
    }
    const log = faultyLog(await filled(), {
      ...plan,
      onInjected: (injected) => void plan.onInjected(injected),
    })
    await expect(log.position()).rejects.toMatchObject({ code: 'STORE_BUSY' })
    expect(told).toEqual([1])
    log.calm()
    expect(await log.position()).toBe(4)
    expect(told).toEqual([1])
  })

  it('waits as it is told, by a timer or another clock', async () => {
    const slept: number[] = []
    const faults: readonly Fault[] = [{ on: 'position', fault: 'delay', delayMs: 40 }]
    const sleep = async (delayMs: number) => void slept.push(delayMs)
    expect(await faultyLog(await filled(), { faults, sleep }).position()).toBe(4)
    expect(slept).toEqual([40])
    expect(await soon(faultyLog(await filled(), { faults }).position())).toBe('nothing')
  })

  it.each([
    { nth: 0 },
    { nth: 1.5 },
    { nth: [1, -2] },
    { probability: 2 },
    { probability: Number.NaN },
    { nth: 1, probability: 1 },
  ])('that cannot be meant is refused: %o', (more) => {
    expect(() => faultyLog(new MemoryLog(), failing(more))).toThrow(WaymarkError)
  })
})

/** Faults of every kind that a writer may live through. */
const livable: readonly Fault[] = [
  ...failures.flatMap((code): readonly Fault[] => [
    { on: 'transact', fault: 'fail', code, when: 'before', probability: 0.06 },
    { on: 'transact', fault: 'fail', code, when: 'within', probability: 0.06 },
    { on: 'transact', fault: 'fail', code, when: 'after', probability: 0.06 },
  ]),
  { on: 'transact', fault: 'again', probability: 0.2 },
  { on: 'transact', fault: 'delay', delayMs: 5, probability: 0.1 },
  {
    on: ['read', 'readToFold', 'snapshots', 'stream'],
    fault: 'fail',
    code: 'STORE_FAILED',
    when: 'within',
    probability: 0.1,
  },
]

const triesMax = 60

/** Tries until the store does not fail: what comes of it then, refusals included. */
async function insist<T>(act: () => Promise<T>): Promise<T | CommandRefused> {
  for (let tries = 0; tries < triesMax; tries++) {
    try {
      return await act()
    } catch (error) {
      if (error instanceof CommandRefused) return error
      if (!(error instanceof WaymarkError) || error.details.injected !== true) throw error
    }
  }
  throw new Error(`still failing after ${triesMax} tries`)
}

describe('law: whatever fails, the log ends with the commands that were acknowledged, each once', () => {
  const request = fc.record({ command: commandArbitrary(), isGivenUp: fc.boolean() })

  it('over random commands and faults, with retries under the same command id', async () => {
    const met = new Set<string>()
    const law = fc.asyncProperty(
      fc.array(request, { minLength: 3, maxLength: 12 }),
      fc.nat(),
      async (requests, seed) => {
        const memory = new MemoryLog()
        const log = faultyLog(memory, { faults: livable, seed, sleep: async () => {} })
        const waymark = await Waymark.open({ store: log, ...seeded(seed) })
        const created = await insist(async () => waymark.createSession())
        if (created instanceof CommandRefused) throw created
        const session = await insist(async () => waymark.openSession(created.id))
        if (session instanceof CommandRefused) throw session
        const start: Command = { type: 'task.add', taskId: 'A', title: 'one' }
        const acknowledged = new Map<string, readonly { readonly id: string }[]>()
        const unheard = new Set<string>()
        for (const [index, { command, isGivenUp }] of [
          { command: start, isGivenUp: false },
          ...requests,
        ].entries()) {
          const commandId = `command-${index}`
          const act = async () => session.send(command, { commandId })
          // One that is given up after its first failure may be there all the same.
          const outcome = isGivenUp ? await act().catch((error: unknown) => error) : await insist(act)
          if (outcome instanceof Error) {
            if (!(outcome instanceof CommandRefused)) unheard.add(commandId)
          } else acknowledged.set(commandId, (outcome as Awaited<ReturnType<typeof act>>).events)
        }
        for (const { fault } of log.injected)
          met.add('when' in fault ? `${fault.fault} ${fault.when}` : fault.fault)
        log.calm()
        const events = await read(memory, created.id)
        for (const [commandId, answer] of acknowledged) {
          const own = events.filter((event) => event.commandId === commandId)
          expect(own.map(({ id }) => id)).toEqual(answer.map(({ id }) => id))
        }
        const asked = events.flatMap(({ commandId }) => (commandId.startsWith('command-') ? [commandId] : []))
        for (const commandId of asked)
          expect(acknowledged.has(commandId) || unheard.has(commandId)).toBe(true)
        expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
        expect(await verifyLog(memory, created.id)).toMatchObject({ ok: true })
        const fresh = await (await Waymark.open({ store: memory })).openSession(created.id)
        const recovered = stateHash((await planRecovery(memory, created.id)).state)
        expect(stateHash(fresh.state)).toBe(recovered)
        // A handle that has lost an answer catches up with its next command.
        await session.send({ type: 'session.describe', title: 'done' }).catch((error: unknown) => {
          if (!(error instanceof CommandRefused)) throw error
        })
        await session.refresh()
        const newest = await waymark.openSession(created.id)
        expect(stateHash(session.state)).toBe(stateHash(newest.state))
      },
    )
    await fc.assert(law, { numRuns: 40 })
    for (const kind of ['fail before', 'fail within', 'fail after', 'again', 'delay'])
      expect(met).toContain(kind)
  })
})
