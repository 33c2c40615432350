/**
 * The way back. Goal: a step back costs what a step onwards costs. Method: states are asked for one after the other, backwards, and it is
 * looked whether the same objects come again, which only those can that were not folded anew; each is compared with one that was loaded.
 */
import { describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { loadState } from '../../src/replay/load.ts'
import { StretchWindow } from '../../src/replay/stepper/stretch.ts'
import { Waymark } from '../../src/session/waymark.ts'

describe('a window that is gone through backwards', () => {
  it('has the states between two that are kept at hand, and they are those of their versions', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [], ...seeded(5) })
    const session = await waymark.createSession({ windowTokens: 1_000_000 })
    for (let n = 0; n < limits.stepperStateEvents * 3; n += 1) {
      await session.send({ type: 'context.measure', contextTokens: n })
    }
    const window = new StretchWindow(log, session.id)
    const newest = await window.refresh()
    const seen = new Map<number, ReadonlyState>()
    for (let version = newest; version >= 0; version -= 1) {
      const state = await window.state(version)
      expect(stateHash(state)).toBe(stateHash((await loadState(log, session.id, version)).state))
      seen.set(version, state)
    }
    // The first step back has folded for the next ones too: more states stay than those that were asked for last.
    const back = new StretchWindow(log, session.id)
    await back.refresh()
    const top = limits.stepperStateEvents * 2 - 1
    await back.state(top + 1)
    const states: ReadonlyState[] = []
    for (let version = top; version > top - 6; version -= 1) states.push(await back.state(version))
    for (const state of states) expect(await back.state(state.version)).toBe(state)
    expect(seen.size).toBe(newest + 1)
    await waymark.close()
  })
})
