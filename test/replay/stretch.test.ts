/**
 * Goal: a window gives the state and the event of every version, whatever way it is gone through, reads nothing twice that it holds, and notices
 * what is appended. Method: a session in memory, whose readings are counted; every way is held against the fold of all events.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { fold, stateHash } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { StretchWindow, type WindowSize } from '../../src/replay/stepper/stretch.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

const newest = 60
const log = new MemoryLog()
let sessionId: string
let events: readonly LoggedEvent[]
/** Hashes of the states, by version. */
const hashes: string[] = []
/** Versions that were read since it was emptied. */
let read: number[] = []

const reading: MemoryLog['read'] = async function* (sessionId, range) {
  for await (const page of log.read(sessionId, range)) {
    read.push(...page.map(({ version }) => version))
    yield page
  }
}
const counted = new Proxy(log, {
  get: (target, name) => {
    if (name === 'read' || name === 'readToFold') return reading
    const value: unknown = Reflect.get(target, name)
    return typeof value === 'function' ? value.bind(target) : value
  },
})

beforeAll(async () => {
  const played = await play(
    log,
    Array.from({ length: newest }, (_, n) =>
      n === 0 ? { type: 'session.start' } : { type: 'task.add', taskId: `T-${n}`, title: 'one' },
    ),
    { policies: [] },
  )
  sessionId = played.sessionId
  events = await eventsOf(log, sessionId)
  let state: ReadonlyState = initialState(sessionId)
  hashes.push(stateHash(state))
  for (const event of events) {
    state = fold(state, [event])
    hashes.push(stateHash(state))
  }
  expect(events.length).toBe(newest)
})

beforeEach(() => {
  read = []
})

async function windowOf(size: WindowSize): Promise<StretchWindow> {
  const window = new StretchWindow(counted, sessionId, size)
  expect(window.newest).toBe(0)
  expect(await window.refresh()).toBe(newest)
  expect(window.newest).toBe(newest)
  return window
}

const sizes: readonly WindowSize[] = [
  { stretchEvents: 10, stretchesMax: 2, stateEvents: 5 },
  { stretchEvents: 7, stretchesMax: 1, stateEvents: 3 },
  { stretchEvents: 60, stretchesMax: 3, stateEvents: 25 },
  { stretchEvents: 1, stretchesMax: 1, stateEvents: 1 },
]

const forward = Array.from({ length: newest + 1 }, (_, version) => version)
const ways: Readonly<Record<string, readonly number[]>> = {
  forward,
  backward: forward.toReversed(),
  'to and fro': forward.flatMap((version) =>
    version % 2 === 0 ? [version, Math.max(0, version - 3)] : [version - 1],
  ),
  'in jumps': forward.map((version) => (version * 37) % (newest + 1)),
  'back in jumps and steps': forward
    .toReversed()
    .flatMap((version) => [version, (version + 20) % newest, version]),
  'back over several at a time': [
    60, 57, 50, 49, 41, 40, 30, 29, 28, 12, 11, 10, 9, 8, 1, 0, 9, 8, 7, 60, 55, 54, 53,
  ],
}

describe.each(sizes)('a window of %o', (size) => {
  it.each(Object.entries(ways))('law: gives each state and each event, gone through %s', async (_, way) => {
    const window = await windowOf(size)
    for (const version of way) {
      expect(stateHash(await window.state(version))).toBe(hashes[version])
      // Asked again it is the same one, at no cost.
      read = []
      const again = await window.state(version)
      expect([again.version, read]).toEqual([version, []])
      expect(again).toBe(await window.state(version))
      if (version > 0) expect(await window.event(version)).toEqual(events[version - 1])
    }
  })

  it('reads each event once on the way on, and begins at no snapshot', async () => {
    const window = await windowOf(size)
    for (const version of forward) await window.state(version)
    expect(read).toEqual(forward.slice(1))
  })
})

describe('a window', () => {
  it('reads one stretch, and what lies before it, to go anywhere; what it holds is not read again', async () => {
    const window = await windowOf({ stretchEvents: 10, stretchesMax: 2, stateEvents: 5 })
    await window.state(35)
    // There is no snapshot: the state at 30 is folded from the first event on.
    expect(read).toEqual([...forward.slice(1, 31), ...forward.slice(31, 41)])
    read = []
    for (let version = 40; version > 30; version -= 1) await window.state(version)
    for (const version of [31, 40, 35, 33]) await window.event(version)
    expect(read).toEqual([])
    await window.event(41)
    expect(read).toEqual(forward.slice(41, 51))
    read = []
    // Two are held: that one and the one it was reached from. The one used longest ago has made room.
    await window.event(51)
    expect(read).toEqual(forward.slice(51))
    await window.event(41)
    expect(read).toEqual(forward.slice(51))
    read = []
    await window.event(31)
    expect(read.slice(-10)).toEqual(forward.slice(31, 41))
  })

  it('holds on to states it came by on the way back: the next steps back give the same objects', async () => {
    const window = await windowOf({ stretchEvents: 60, stretchesMax: 1, stateEvents: 30 })
    await window.state(30 - 1)
    const first = await window.state(28)
    const steps: ReadonlyState[] = []
    for (const version of [27, 26, 25]) steps.push(await window.state(version))
    // Far away and back, within what was passed.
    expect(await window.state(28)).toBe(first)
    for (const [at, version] of [27, 26, 25].entries()) expect(await window.state(version)).toBe(steps[at])
  })

  it('of a session that grows gives what came, in the stretch at its end too', async () => {
    const own = new MemoryLog()
    const commands = Array.from({ length: 12 }, (_, n) =>
      n === 0
        ? ({ type: 'session.start' } as const)
        : ({ type: 'task.add', taskId: `T-${n}`, title: 'one' } as const),
    )
    const all = await play(own, commands, { policies: [] })
    const whole = await eventsOf(own, all.sessionId)
    const stream = own.stored.streams.get(all.sessionId)
    if (stream === undefined) throw new Error('it is stored')
    const rows = [...stream.rows]
    const upTo = (version: number): void => {
      stream.rows.splice(0, stream.rows.length, ...rows.slice(0, version))
      Object.assign(stream, { version, hash: rows[version - 1]?.hash })
    }
    upTo(3)
    const window = new StretchWindow(own, all.sessionId, {
      stretchEvents: 5,
      stretchesMax: 3,
      stateEvents: 2,
    })
    for (let version = 3; version <= 12; version += 1) {
      upTo(version)
      expect(await window.refresh()).toBe(version)
      expect(window.newest).toBe(version)
      for (const at of [version, version - 1, 1]) {
        expect(await window.event(at)).toEqual(whole[at - 1])
        expect(await window.state(at)).toEqual(fold(initialState(all.sessionId), whole.slice(0, at)))
      }
    }
  })

  it('of an empty session has the state before its first event', async () => {
    const own = new MemoryLog()
    const id = 'sess_00000000-0000-4000-8000-000000000001'
    await own.transact((transaction) => transaction.create(id, null))
    const window = new StretchWindow(own, id)
    expect(await window.refresh()).toBe(0)
    expect(await window.state(0)).toEqual(initialState(id))
    await expect(window.event(1)).rejects.toThrow('a stretch holds the events of its versions')
  })
})
