/** What kind of run a seed stands for: runs differ in how many there are and what goes wrong, so that rare mixtures come up often. */
import type { Fault } from '../store/fault-plan.ts'
import { chanceOf } from './chance.ts'

/** How a run is shaped. All probabilities are of one turn, unless they say otherwise. */
export interface Profile {
  readonly processes: number
  readonly followers: number
  readonly sessionsMax: number
  /** Probability that a process goes on rather than another one beginning something new: how much is under way at once. */
  readonly goesOn: number
  readonly crash: number
  readonly powerCut: number
  readonly clockJump: number
  readonly clockStepMs: number
  /** Probability of a command that a writer names the version it expects. */
  readonly expects: number
  readonly faults: readonly Fault[]
  /** Probability of a session that what takes long is done with it at the end: recovery, verification, loading versions of the past. */
  readonly looksAt: number
}

/** The profile of a seed. */
export function profileOf(seed: number): Profile {
  const chance = chanceOf(seed ^ 0x0f11e)
  const processes = 1 + chance.whole(4)
  const crashes = chance.happens(0.75)
  const faulty = chance.happens(0.6)
  return {
    processes,
    followers: chance.oneOf([0, 0, 1, 1, 2]),
    sessionsMax: 2 + chance.whole(3),
    goesOn: chance.oneOf([0.5, 0.8, 0.95]),
    crash: crashes ? chance.oneOf([0.004, 0.012, 0.03]) : 0,
    powerCut: crashes ? chance.oneOf([0, 0.002, 0.005]) : 0,
    clockJump: chance.oneOf([0, 0.002, 0.01]),
    clockStepMs: chance.oneOf([0, 1, 137, 60_000]),
    expects: chance.oneOf([0, 0.2, 0.6]),
    faults: faulty ? faultsOf(chance.oneOf([0.01, 0.04, 0.1])) : [],
    looksAt: chance.happens(0.2) ? 1 : 0.3,
  }
}

/** A disk that fails now and then, in every way in which a disk may. */
function faultsOf(probability: number): readonly Fault[] {
  return [
    { on: 'transact', probability, fault: 'fail', code: 'STORE_BUSY' },
    { on: 'transact', probability: probability / 2, fault: 'fail', code: 'STORE_FULL', when: 'within' },
    { on: 'transact', probability: probability / 2, fault: 'fail', code: 'STORE_FAILED', when: 'within' },
    { on: 'transact', probability, fault: 'fail', code: 'STORE_FAILED', when: 'after' },
    { on: 'transact', probability, fault: 'again' },
    {
      on: ['stream', 'read', 'readToFold', 'snapshots', 'content', 'position'],
      probability: probability / 4,
      fault: 'fail',
      code: 'STORE_FAILED',
    },
    { on: 'changed', probability, fault: 'wake', how: 'early' },
  ]
}
