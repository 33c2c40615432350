/**
 * Goal: a state is cut into parts of even size that hold what they say, whoever changes what afterwards; a keyframe of a fork is taken where it
 * pays. Method: maps of many sizes, frozen and not; each part is unpacked and held against the map it was cut from.
 */
import { describe, expect, it } from 'vitest'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { expand } from '../../src/kernel/compress.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { SnapshotPart } from '../../src/log/port.ts'
import { takeKeyframeOfFork } from '../../src/replay/snapshot/keyframe.ts'
import { forgetParts, readPart, readStoredPart } from '../../src/replay/snapshot/part-cache.ts'
import { joinState, type SplitState, splitState } from '../../src/replay/snapshot/parts.ts'
import { play } from '../../src/testing/play.ts'

const { state: begun } = await play(
  new MemoryLog(),
  [{ type: 'session.start' }, { type: 'task.add', taskId: 'A', title: 'one' }],
  { policies: [] },
)
const [oneTask] = Object.values(begun.tasks)
if (oneTask === undefined) throw new Error('there is a task')
type Task = typeof oneTask

function tasksOf(ids: readonly string[], title = 'a title'): Record<string, Task> {
  return Object.fromEntries(ids.map((id) => [id, { ...oneTask, id, title } as Task]))
}

function idsTo(count: number, prefix = 'SPEC'): readonly string[] {
  return Array.from({ length: count }, (_, n) => `${prefix}-${n}`)
}

function withTasks(tasks: ReadonlyState['tasks']): ReadonlyState {
  return { ...begun, tasks }
}

function frozenTasks(tasks: Record<string, Task>): Record<string, Task> {
  for (const task of Object.values(tasks)) Object.freeze(task)
  return Object.freeze(tasks)
}

/** What lies in a part, by its stored bytes alone. */
function inside(part: SnapshotPart): unknown {
  const bytes = expand(part.body() ?? new Uint8Array(), limits.stateBytesMax)
  expect(sha256(bytes ?? '')).toBe(part.hash)
  return JSON.parse(Buffer.from(bytes ?? '').toString('utf8'))
}

/** The parts of the tasks, each as its list of entries. */
function chunksOf({ slots, parts }: SplitState): readonly (readonly (readonly [string, Task])[])[] {
  let next = 0
  for (const [path, chunks] of slots) {
    const own = parts.slice(next, next + Math.max(chunks, 1))
    next += Math.max(chunks, 1)
    if (path === 'tasks' && chunks > 0) return own.map((part) => inside(part) as [string, Task][])
  }
  return []
}

function expectJoined(split: SplitState, state: ReadonlyState): void {
  const plain: unknown = JSON.parse(JSON.stringify(state))
  for (const read of [readPart, readStoredPart]) {
    const rest = JSON.parse(JSON.stringify(split.rest)) as Record<string, unknown>
    expect(joinState(rest, split.slots, split.parts, read)).toEqual(plain)
  }
  forgetParts()
}

describe('a map in parts', () => {
  it.each([8, 9, 31, 100, 256, 257, 700, 1_500])(
    'of %d entries has them all, in their order, in parts of even size',
    (count) => {
      const tasks = tasksOf(idsTo(count))
      const state = withTasks(tasks)
      const chunks = chunksOf(splitState(state))
      expect(chunks.flat()).toEqual(Object.entries(tasks).map(([id, task]) => [id, { ...task }]))
      const most = Math.max(16, 2 ** Math.ceil(Math.log2(Math.sqrt(count))))
      const sizes = chunks.map(({ length }) => length)
      expect(Math.max(...sizes)).toBeLessThanOrEqual(2 * most)
      expect(Math.min(...sizes)).toBeGreaterThan(0)
      // About as many entries as parts: neither one part for each, nor a few for all.
      expect(chunks.length).toBeLessThanOrEqual(count / (most / 4) + 4)
      expect(chunks.length).toBeGreaterThanOrEqual(count / (2 * most))
      if (count > 2 * most) expect(new Set(sizes).size).toBeGreaterThan(1)
      expectJoined(splitState(state), state)
    },
  )

  it('of fewer entries than eight stays in one piece', () => {
    const { slots } = splitState(withTasks(tasksOf(idsTo(7))))
    expect(slots.find(([path]) => path === 'tasks')).toEqual(['tasks', 0])
    expect(
      splitState(withTasks(tasksOf(idsTo(8)))).slots.find(([path]) => path === 'tasks')?.[1],
    ).toBeGreaterThan(0)
  })

  it('of keys of any name comes out as it went in', () => {
    const odd = ['__proto__', 'constructor', 'toString', '0', 'ü', '']
    const tasks: Record<string, Task> = {}
    for (const id of [...odd, ...idsTo(10)]) {
      Object.defineProperty(tasks, id, {
        value: { ...oneTask, id },
        enumerable: true,
        configurable: true,
        writable: true,
      })
    }
    const { rest, slots, parts } = splitState(withTasks(tasks))
    const joined = joinState({ ...rest }, slots, parts, readPart)
    const found = joined?.tasks
    expect(Object.keys(Object(found))).toEqual(Object.keys(tasks))
    expect(Object.getPrototypeOf(found)).toBe(Object.prototype)
    for (const id of Object.keys(tasks)) {
      expect(Object.getOwnPropertyDescriptor(found, id)).toMatchObject({
        value: { id },
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
  })

  it('law: an entry that comes, goes or changes moves few parts, wherever it stands', () => {
    const ids = idsTo(300, 'task')
    const before = new Set(splitState(withTasks(tasksOf(ids))).parts.map(({ hash }) => hash))
    const newParts = (tasks: Record<string, Task>): number =>
      splitState(withTasks(tasks)).parts.filter(({ hash }) => !before.has(hash)).length
    for (let at = 0; at < ids.length; at += 7) {
      const { [ids[at] ?? '']: changed, ...others } = tasksOf(ids)
      expect(newParts(others)).toBeLessThanOrEqual(2)
      expect(newParts({ ...tasksOf(ids), [ids[at] ?? '']: { ...oneTask, ...changed, title: 'new' } })).toBe(1)
      const more = [...ids.slice(0, at), 'one more', ...ids.slice(at)]
      expect(newParts(tasksOf(more))).toBeLessThanOrEqual(2)
    }
  })
})

describe('what is not frozen', () => {
  it.each([5, 100])('is cut as it is at that time, of %d entries', (count) => {
    const ids = idsTo(count)
    const hashOf = (tasks: Record<string, Task>): readonly string[] =>
      splitState(withTasks(tasks)).parts.map(({ hash }) => hash)
    const freeze = {
      nothing: (tasks: Record<string, Task>) => tasks,
      'the map alone': (tasks: Record<string, Task>) => Object.freeze(tasks),
      'all entries but one': (tasks: Record<string, Task>) => {
        for (const [id, task] of Object.entries(tasks)) if (id !== ids[count - 2]) Object.freeze(task)
        return tasks
      },
      'all but one, and the map': (tasks: Record<string, Task>) => {
        for (const [id, task] of Object.entries(tasks)) if (id !== ids[count - 2]) Object.freeze(task)
        return Object.freeze(tasks)
      },
    }
    for (const [what, made] of Object.entries(freeze)) {
      // Entries long enough for a part of their own, where the map is one.
      const tasks = made(tasksOf(ids, 'x'.repeat(400)))
      const first = hashOf(tasks)
      Object.assign(tasks[ids[count - 2] ?? ''] ?? {}, { title: 'y'.repeat(400) })
      // A map that is frozen is one whose entries are, by agreement: where it is cut as a whole, only that is looked at.
      if (count < 8 && Object.isFrozen(tasks)) continue
      const second = hashOf(tasks)
      expect([what, second.filter((hash) => !first.includes(hash)).length]).toEqual([what, 1])
      expectJoined(splitState(withTasks(tasks)), withTasks(tasks))
    }
  })
})

describe('what is frozen', () => {
  it.each([1, 5, 100])('is cut once, and gives the same parts each time, of %d entries', (count) => {
    let looks = 0
    const tasks = tasksOf(idsTo(count), 'x'.repeat(1_200))
    for (const task of Object.values(tasks)) {
      const { title } = task
      Object.defineProperty(task, 'title', {
        enumerable: true,
        get: () => {
          looks += 1
          return title
        },
      })
    }
    const state = withTasks(frozenTasks(tasks))
    const first = splitState(state)
    expect(looks).toBe(count)
    const states = [state, { ...state, model: 'another' }]
    const again = states.map(splitState)
    expect(looks).toBe(count)
    for (const split of again) {
      expect(split.slots).toEqual(first.slots)
      expect(split.parts.map(({ hash }) => hash)).toEqual(first.parts.map(({ hash }) => hash))
    }
    for (const [at, one] of states.entries()) expectJoined(again[at] ?? first, one)
    // In a map of its own too, with one more entry in it.
    const more = { ...state, tasks: { ...tasks, more: oneTask } }
    if (count > 8) {
      looks = 0
      splitState(more)
      expect(looks).toBeLessThan(count / 2)
    }
    expectJoined(splitState(more), more)
  })

  it('and lies in another map, under other keys or beside others, is told from what was cut before', () => {
    const tasks = frozenTasks(tasksOf(idsTo(60)))
    splitState(withTasks(tasks))
    const entries = Object.entries(tasks)
    const renamed = Object.fromEntries(entries.map(([id, task], at) => [at === 20 ? 'another' : id, task]))
    const fewer = Object.fromEntries(entries.filter((_, at) => at !== 20))
    const swapped = Object.fromEntries(
      entries.map(([id, task], at) => [id, entries[at === 20 ? 21 : at]?.[1] ?? task]),
    )
    for (const map of [renamed, fewer, swapped, Object.fromEntries(entries.toReversed())]) {
      const state = withTasks(Object.freeze(map))
      expectJoined(splitState(state), state)
    }
  })
})

describe('a value in one part', () => {
  const stateWith = (length: number): ReadonlyState => ({
    ...initialState(begun.sessionId),
    tasks: { A: { ...oneTask, title: 'x'.repeat(length) } },
  })
  const bytesAt = (length: number): number => JSON.stringify(stateWith(length).tasks).length

  it('is one from a kilobyte on; what is smaller stays where it is', () => {
    const least = limits.partBytesMin - bytesAt(0)
    for (const [length, isPart] of [
      [0, false],
      [least - 1, false],
      [least, true],
      [least + 1, true],
      [20_000, true],
    ] as const) {
      const state = stateWith(length)
      for (const frozen of [false, true, true]) {
        if (frozen) Object.freeze(state.tasks)
        const { rest, slots, parts } = splitState(state)
        expect(slots).toEqual(isPart ? [['tasks', 0]] : [])
        expect(Object.hasOwn(rest, 'tasks')).toBe(!isPart)
        expect(parts.map(inside)).toEqual(isPart ? [state.tasks] : [])
      }
    }
  })

  it('that is missing or another is not put in its place', () => {
    const { rest, slots, parts } = splitState(stateWith(5_000))
    const gone = parts.map((part) => ({ ...part, body: () => null }))
    forgetParts()
    expect(joinState({ ...rest }, slots, gone, readStoredPart)).toBeNull()
    expect(joinState({ ...rest }, slots, [], readStoredPart)).toBeNull()
    expect(joinState({ ...rest }, slots, [...parts, ...parts], readStoredPart)).toBeNull()
    expect(joinState({ ...rest }, [['nowhere.tasks', 0]], parts, readStoredPart)).toBeNull()
    expect(joinState({ ...rest }, slots, parts, readStoredPart)).not.toBeNull()
  })
})

describe('a keyframe of a fork', () => {
  it.each([
    [10, 10, 999, false],
    [10, 10, 1_000, true],
    [1_200, 300, 1_499, false],
    [1_200, 300, 1_500, true],
    [300, 1_200, 1_499, false],
    [300, 1_200, 1_500, true],
    [0, 0, 0, false],
  ])(
    'of a state of %d tasks and %d items, folded from %d events: %s',
    async (taskCount, itemCount, events, isTaken) => {
      const log = new MemoryLog()
      const { state, sessionId } = await play(log, [{ type: 'session.start' }], { policies: [] })
      const [item] = Object.values(
        (
          await play(new MemoryLog(), [
            { type: 'session.start' },
            { type: 'context.add', tag: '@A', tier: 'temporary', category: 'reference.project', tokens: 1 },
          ])
        ).state.context.items,
      )
      if (item === undefined) throw new Error('there is an item')
      const items = Object.fromEntries(idsTo(itemCount, '@I').map((tag) => [tag, { ...item, tag }]))
      const large = { ...state, tasks: tasksOf(idsTo(taskCount)), context: { ...state.context, items } }
      await log.transact((transaction) => takeKeyframeOfFork(transaction, large, events))
      expect(log.stored.snapshots.map(({ kind, version }) => [kind, version])).toEqual(
        isTaken ? [['keyframe', state.version]] : [],
      )
      const { hash } = (await log.stream(sessionId)) ?? {}
      for (const { chainHash } of log.stored.snapshots) expect(chainHash).toBe(hash)
    },
  )

  it('that is not there any more is not taken', async () => {
    const log = new MemoryLog()
    await log.transact((transaction) => takeKeyframeOfFork(transaction, begun, 10_000))
    expect(log.stored.snapshots).toEqual([])
  })
})
