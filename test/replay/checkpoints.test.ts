/**
 * Goal: all checkpoints of a session are found, as they are, at any of its versions, though state lists only the newest.
 * Method: a session with more checkpoints than state lists, some of them archived; each answer is held against what its events say.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { isKnown } from '../../src/events/envelope.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { type Checkpoint, checkpointsNamed, checkpointsOf, withListed } from '../../src/replay/checkpoints.ts'
import { loadState } from '../../src/replay/load.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

const log = new MemoryLog()
const readings = { count: 0 }
/** The log with a note of each time its events are read. */
const noted = new Proxy(log, {
  get: (target, name) => {
    if (name === 'read') readings.count += 1
    const value: unknown = Reflect.get(target, name)
    return typeof value === 'function' ? value.bind(target) : value
  },
})
const many = limits.checkpointsListedMax + 12
let sessionId: string
let newest: ReadonlyState

beforeAll(async () => {
  const begun = await play(log, checkpoints(many), { policies: [] })
  sessionId = begun.sessionId
  newest = begun.state
})

/** So many checkpoints with something between them, which archive two that state lists no more and one that it lists. */
function checkpoints(count: number): readonly Command[] {
  const commands: Command[] = [{ type: 'session.start' }]
  for (let n = 1; n <= count; n += 1) {
    commands.push({ type: 'observation.record', kind: `before-${n}` })
    commands.push({ type: 'checkpoint.create', checkpointId: idOf(n), reason: `the ${n}th` })
  }
  commands.push({ type: 'checkpoint.archive', checkpointIds: [idOf(2), idOf(5), idOf(count - 1)] })
  commands.push({ type: 'observation.record', kind: 'after' })
  return commands
}

function idOf(n: number): string {
  return `ckpt_00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

/** What the events up to a version say, without a fold. */
async function plainly(version: number): Promise<readonly (readonly [string, boolean])[]> {
  const found = new Map<string, boolean>()
  for (const event of (await eventsOf(log, sessionId)).slice(0, version)) {
    if (!isKnown(event)) continue
    if (event.type === 'checkpoint.created') found.set(event.data.checkpointId, false)
    if (event.type === 'checkpoint.archived') for (const id of event.data.checkpointIds) found.set(id, true)
  }
  return [...found]
}

const briefly = (found: readonly Checkpoint[]) => found.map(({ id, archived }) => [id, archived])

describe('the checkpoints of a session', () => {
  it('are all found, oldest first, with what became of them, at each of its versions', async () => {
    expect((await plainly(newest.version)).length).toBe(many)
    expect(newest.checkpoints.length).toBe(limits.checkpointsListedMax)
    for (let version = 1; version <= newest.version; version += version === newest.version - 6 ? 1 : 5) {
      const { state } = await loadState(log, sessionId, version)
      expect(briefly(await checkpointsOf(log, state))).toEqual(await plainly(version))
    }
    const all = await checkpointsOf(log, newest)
    expect(briefly(all)).toEqual(await plainly(newest.version))
    expect(all.filter(({ archived }) => archived).map(({ id }) => id)).toEqual([2, 5, many - 1].map(idOf))
    expect(all[0]).toMatchObject({ id: idOf(1), reason: 'the 1th', archived: false })
    expect(all.slice(-limits.checkpointsListedMax)).toEqual(newest.checkpoints)
  })

  it('are found without reading the log where state, and what was found before, has them all', async () => {
    const few = (await loadState(log, sessionId, 20)).state
    const all = await checkpointsOf(log, newest)
    const known = all.slice(0, -3)
    readings.count = 0
    expect(await checkpointsOf(noted, few)).toEqual(few.checkpoints)
    expect(await checkpointsOf(noted, newest, known)).toEqual(all)
    expect(readings.count).toBe(0)
    expect(await checkpointsOf(noted, newest)).toEqual(all)
    expect(readings.count).toBe(1)
  })

  it('are the one of a name, or all whose names begin with it', async () => {
    readings.count = 0
    expect(briefly(await checkpointsNamed(noted, newest, idOf(many)))).toEqual([[idOf(many), false]])
    expect(readings.count).toBe(0)
    expect(briefly(await checkpointsNamed(noted, newest, idOf(2)))).toEqual([[idOf(2), true]])
    const beginning = idOf(10).slice(0, -1)
    expect(briefly(await checkpointsNamed(noted, newest, beginning)).map(([id]) => id)).toEqual(
      Array.from({ length: 10 }, (_, n) => idOf(10 + n)),
    )
    expect(await checkpointsNamed(noted, newest, 'ckpt_1')).toEqual([])
  })

  it('of a later state replace those known before, and never are more than may be read', () => {
    const [one] = newest.checkpoints
    if (one === undefined) throw new Error('there are checkpoints')
    const before = [
      { ...one, id: 'ckpt_old' },
      { ...one, archived: !one.archived },
    ]
    expect(withListed(before, newest)).toEqual([before[0], ...newest.checkpoints])
    const most = Array.from({ length: limits.checkpointsReadMax }, (_, n) => ({ ...one, id: `ckpt_${n}` }))
    const both = withListed(most, newest)
    expect(both.length).toBe(limits.checkpointsReadMax)
    expect(both.at(-1)).toEqual(newest.checkpoints.at(-1))
    expect(both[0]?.id).toBe(`ckpt_${newest.checkpoints.length}`)
  })
})
