/**
 * Events are facts, and are often folded more than once from the same objects. Goal: no recipe changes the event it folds, nor does a later one
 * change it through the state. Method: a history that goes back to what it knew before and then learns more is folded twice.
 */
import { expect, it } from 'vitest'
import { foldInto, stateHash } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

it('folding leaves events as they were, also what a session went back to', async () => {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, policies: [], ...seeded(4) })
  const session = await waymark.createSession({ title: 'Log in' })
  await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
  await session.send({ type: 'decision.record', text: 'use sessions' })
  const { version } = session
  await session.send({ type: 'decision.record', text: 'use tokens' })
  await session.rewind({ to: version })
  await session.send({ type: 'decision.record', text: 'use both' })
  await session.send({ type: 'task.start', taskId: 'A' })
  const events = await eventsOf(log, session.id)
  const before = JSON.stringify(events)
  const hashes = [0, 1].map(() => {
    const state = initialState(session.id)
    foldInto(state, events)
    return stateHash(state)
  })
  expect(JSON.stringify(events)).toBe(before)
  expect(hashes).toEqual([stateHash(session.state), stateHash(session.state)])
  await waymark.close()
})
