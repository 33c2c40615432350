/**
 * Goal: a snapshot is never more than a shortcut, though snapshots share their parts: what comes out is what went in, at every version,
 * in both stores, in forks, whatever part is damaged, and after data was taken out.
 * Method: random commands over a state that is large enough to be cut into parts; a snapshot is put at every version.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { foldInto, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, StoredSnapshot } from '../../src/log/port.ts'
import { loadState } from '../../src/replay/load.ts'
import { planRecovery } from '../../src/replay/recover.ts'
import { lazilyCopied } from '../../src/replay/snapshot/lazy-copy.ts'
import { splitState } from '../../src/replay/snapshot/parts.ts'
import { isSameValue } from '../../src/replay/snapshot/shared.ts'
import { packSnapshot, unpackSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { commandArbitrary } from '../../src/testing/arbitrary/commands.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

let folder: string
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-snapshots-'))
})

afterAll(async () => rm(folder, { recursive: true, force: true }))

const stores: readonly (readonly [string, () => Promise<EventLog>])[] = [
  ['in memory', async () => new MemoryLog()],
  ['in a file', async () => openSqliteLog({ path: join(folder, `${files++}.db`) })],
]

/** Random commands behind enough tasks that they are cut into several parts. */
function largeHistory(lengthMax: number): fc.Arbitrary<readonly Command[]> {
  const tasks = Array.from(
    { length: 40 },
    (_, n): Command => ({ type: 'task.add', taskId: `task-${n}`, title: `the ${n}th task`.repeat(3) }),
  )
  const odd: Command = { type: 'task.add', taskId: 'constructor', title: 'an id that objects know' }
  return fc
    .array(commandArbitrary(), { maxLength: lengthMax })
    .map((commands) => [{ type: 'session.start' }, ...tasks, odd, ...commands])
}

function plainFold(sessionId: string, events: readonly LoggedEvent[]): ReadonlyState {
  const state = initialState(sessionId)
  foldInto(state, events)
  return frozen(state)
}

/** Puts a snapshot of every third version, as a live session would pack it. */
async function putSnapshots(log: EventLog, states: ReadonlyMap<number, ReadonlyState>): Promise<void> {
  const [first] = states.values()
  const hashes = new Map<number, string>()
  for await (const page of log.rows(first?.sessionId ?? '')) {
    for (const { version, hash } of page) hashes.set(version, hash)
  }
  await log.transact((transaction) => {
    for (const [version, state] of states) {
      if (version % 3 === 0) transaction.putSnapshot(packSnapshot(state, hashes.get(version) ?? '', null))
    }
  })
}

async function snapshotsOf(log: EventLog, sessionId: string): Promise<StoredSnapshot[]> {
  const found: StoredSnapshot[] = []
  for await (const snapshot of log.snapshots(sessionId)) found.push(snapshot)
  return found
}

describe.each(stores)('snapshots %s', (_, open) => {
  it('law: the state at every version is the fold of the events up to it, whatever snapshots share', async () => {
    await fc.assert(
      fc.asyncProperty(largeHistory(20), async (commands) => {
        const log = await open()
        const { sessionId, steps } = await play(log, commands)
        await putSnapshots(log, new Map(steps.map(({ after }) => [after.version, after])))
        const events = await eventsOf(log, sessionId)
        for (let version = 40; version <= events.length; version++) {
          const { state } = await loadState(log, sessionId, version)
          expect(stateHash(state)).toBe(stateHash(plainFold(sessionId, events.slice(0, version))))
          expect(Object.isFrozen(state.tasks) && Object.isFrozen(state.tasks['task-1'])).toBe(true)
        }
        const recovery = await planRecovery(log, sessionId)
        expect(recovery.passedOver).toEqual([])
        expect(stateHash(recovery.state)).toBe(stateHash(plainFold(sessionId, events)))
        await log.close()
      }),
      { numRuns: 15 },
    )
  })

  it('law: a fork reads its parent’s snapshots up to its fork point', async () => {
    await fc.assert(
      fc.asyncProperty(largeHistory(15), fc.nat(), async (commands, choice) => {
        const log = await open()
        const { sessionId, steps } = await play(log, commands)
        await putSnapshots(log, new Map(steps.map(({ after }) => [after.version, after])))
        const waymark = await Waymark.open({ store: log })
        const events = await eventsOf(log, sessionId)
        const at = 1 + (choice % events.length)
        const fork = await (await waymark.openSession(sessionId)).fork({ at })
        const own = await eventsOf(log, fork.id)
        expect(stateHash(fork.state)).toBe(stateHash(plainFold(fork.id, own)))
        const { state } = await loadState(log, fork.id, at)
        expect(stateHash(state)).toBe(stateHash(plainFold(fork.id, own.slice(0, at))))
        await waymark.close()
      }),
      { numRuns: 15 },
    )
  })

  it('keeps a part once, and as long as a snapshot holds it', async () => {
    const log = await open()
    const { sessionId, steps } = await play(log, [
      { type: 'session.start' },
      ...Array.from({ length: 60 }, (_, n) => ({ type: 'task.add', taskId: `t${n}`, title: 'x' }) as const),
      { type: 'task.start', taskId: 't3' },
      { type: 'task.complete', taskId: 't3' },
      { type: 'task.start', taskId: 't3' },
    ])
    const states = new Map(steps.map(({ after }) => [after.version, after]))
    await putSnapshots(log, states)
    const held = await snapshotsOf(log, sessionId)
    const [newest, before] = held
    const shared = newest?.parts.filter(({ hash }) => before?.parts.some((part) => part.hash === hash))
    expect(shared?.length).toBeGreaterThan(1)
    expect(await log.transact((transaction) => held.map((one) => transaction.bytesToPut(one)))).toEqual(
      held.map(({ body, parts }) =>
        log instanceof MemoryLog ? body.length : body.length + 32 * parts.length,
      ),
    )
    await log.compact({ dropSnapshot: ({ version }) => version !== newest?.version })
    const state = unpackSnapshot((await snapshotsOf(log, sessionId))[0] ?? fail(), sessionId)
    expect(state.ok && stateHash(state.state)).toBe(stateHash(states.get(newest?.version ?? 0) ?? fail()))
    const kept = new Set(newest?.parts.map(({ hash }) => hash))
    for (const snapshot of held) {
      for (const part of snapshot.parts)
        expect([part.hash, part.body() !== null]).toEqual([part.hash, kept.has(part.hash)])
    }
    await log.close()
  })
})

/** Frozen with all that is in it. */
function expectFrozen(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  expect(Object.isFrozen(value)).toBe(true)
  for (const inner of Object.values(value)) expectFrozen(inner)
}

function fail(): never {
  throw new Error('it is there')
}

describe('parts', () => {
  it('law: what is cut apart is put together again, and other values are told from it', async () => {
    await fc.assert(
      fc.asyncProperty(largeHistory(30), async (commands) => {
        const { sessionId, steps, state } = await play(new MemoryLog(), commands)
        for (const { after } of [...steps.slice(-12), { after: initialState(sessionId) }]) {
          const unpacked = unpackSnapshot(packSnapshot(after, '', null), sessionId)
          if (!unpacked.ok) throw new Error(unpacked.detail)
          expect(unpacked.state).toEqual(after)
          expect(isSameValue(unpacked.fresh, after)).toBe(true)
          expect(isSameValue(after, state)).toBe(stateHash(after) === stateHash(state))
          expect(Object.keys(unpacked.state.tasks)).toEqual(Object.keys(after.tasks))
        }
      }),
      { numRuns: 25 },
    )
  })

  it('law: a state that is folded on from a lazy copy is the one folded on from a whole copy', async () => {
    await fc.assert(
      fc.asyncProperty(largeHistory(40), fc.nat(), async (commands, choice) => {
        const log = new MemoryLog()
        const { sessionId, steps } = await play(log, commands)
        const from = steps[choice % steps.length]?.after ?? fail()
        const tail = (await eventsOf(log, sessionId)).slice(from.version)
        const unpacked = unpackSnapshot(packSnapshot(from, '', null), sessionId)
        const again = unpackSnapshot(packSnapshot(from, '', null), sessionId)
        if (!unpacked.ok || !again.ok) throw new Error('it was just packed')
        const lazy = lazilyCopied(unpacked.fresh)
        foldInto(lazy.state, tail)
        const whole = again.state
        foldInto(whole, tail)
        const settled = lazy.settled()
        expect(settled).toEqual(whole)
        expectFrozen(settled)
        // What is shared was changed by neither.
        const third = unpackSnapshot(packSnapshot(from, '', null), sessionId)
        expect(third.ok && third.state).toEqual(from)
      }),
      { numRuns: 25 },
    )
  })

  it('a change of one task touches one of its parts, and an entry that goes moves no other', async () => {
    const { steps, state } = await play(new MemoryLog(), [
      { type: 'session.start' },
      ...Array.from({ length: 400 }, (_, n) => ({ type: 'task.add', taskId: `t-${n}`, title: 'x' }) as const),
      { type: 'task.start', taskId: 't-200' },
    ])
    const before = splitState(steps[400]?.after ?? fail())
    const after = splitState(state)
    const hashes = new Set(before.parts.map(({ hash }) => hash))
    expect(before.parts.length).toBeGreaterThan(10)
    const ofTasks = (split: typeof after): number => split.slots.find(([path]) => path === 'tasks')?.[1] ?? 0
    const changed = after.parts.filter(({ hash }) => !hashes.has(hash)).length
    // One part of tasks, and the short lists of what happened lately.
    expect(changed).toBeLessThan(4)
    expect(ofTasks(after)).toBe(ofTasks(before))
    const { 't-7': gone, ...others } = state.tasks
    const fewer = splitState({ ...state, tasks: others })
    expect(gone?.id).toBe('t-7')
    expect(
      fewer.parts.filter(({ hash }) => !after.parts.some((part) => part.hash === hash)).length,
    ).toBeLessThan(3)
  })

  it('takes the fast way: parts that did not change are not written again as text', async () => {
    const { state } = await play(new MemoryLog(), [
      { type: 'session.start' },
      ...Array.from({ length: 200 }, (_, n) => ({ type: 'task.add', taskId: `t-${n}`, title: 'x' }) as const),
    ])
    let looks = 0
    const watched = Object.fromEntries(
      Object.entries(state.tasks).map(([id, task]) => {
        const entry = Object.freeze({
          ...task,
          get title() {
            looks += 1
            return task.title
          },
        })
        return [id, entry]
      }),
    )
    const once = splitState({ ...state, tasks: Object.freeze({ ...watched }) })
    expect(looks).toBe(200)
    const other = Object.freeze({
      ...watched,
      't-5': Object.freeze({ ...(state.tasks['t-5'] ?? fail()), title: 'y' }),
    })
    const twice = splitState({ ...state, tasks: other })
    expect(looks).toBeLessThan(300)
    expect(twice.parts.filter((part, at) => part.hash !== once.parts[at]?.hash)).toHaveLength(1)
  })

  it('the generator is not vacuous: states have parts of several kinds', async () => {
    const [commands] = fc.sample(largeHistory(30), 1)
    const { state } = await play(new MemoryLog(), commands ?? fail())
    const slots = new Map(splitState(state).slots)
    expect(slots.get('tasks')).toBeGreaterThan(1)
    expect(slots.size).toBeGreaterThan(1)
  })
})
