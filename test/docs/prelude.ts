/**
 * Names that examples in comments may use without making them. Pages import what they use, as a reader would have to.
 * Each example gets its own: an empty home in memory, and one session in it.
 */
import { createActor, setup, transition } from 'xstate'
import type { DecisionContext } from '../../src/decide/decision.ts'
import { standardConfiguration } from '../../src/events/session.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

export interface Prelude {
  /** From XState, for examples of machines. */
  readonly createActor: typeof createActor
  readonly transition: typeof transition
  /** The thresholds a session has unless it is configured: 60, 75, 85, hysteresis 2. */
  readonly thresholds: typeof standardConfiguration
  /** What a decision may look at: a checkpoint id, and no call counted before. */
  readonly context: DecisionContext
  /** A home in memory, with the clock and ids of a seed. */
  readonly waymark: Waymark
  /** A session of that home, at version 1. */
  readonly session: Session
  /** A machine with two states, `shut` and `open`, and the events `OPEN` and `SHUT`. */
  readonly doorMachine: typeof doorMachine
}

const doorMachine = setup({
  // XState takes its types from the type of a value that is never read.
  types: {} as { events: { type: 'OPEN' } | { type: 'SHUT' } },
}).createMachine({
  id: 'door',
  initial: 'shut',
  states: { shut: { on: { OPEN: 'open' } }, open: { on: { SHUT: 'shut' } } },
})

export const preludeNames: readonly (keyof Prelude)[] = [
  'createActor',
  'transition',
  'thresholds',
  'context',
  'waymark',
  'session',
  'doorMachine',
]

export async function prelude(): Promise<Prelude> {
  const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(1) })
  return {
    createActor,
    transition,
    thresholds: standardConfiguration,
    context: {
      now: '2026-01-01T00:00:00.000Z',
      checkpointId: () => 'ckpt_00000000-0000-4000-8000-000000000001',
      handoffId: () => 'hoff_00000000-0000-4000-8000-000000000001',
      countedCall: () => null,
    },
    waymark,
    session: await waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 }),
    doorMachine,
  }
}
