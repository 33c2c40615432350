/** What all simulated processes share: the clock, ids, the disk, and what is known of what they did. */

import type { Sending } from '../../events/content.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { type Clock, type Ids, isoOf, seeded } from '../../kernel/clock.ts'
import { type Chance, chanceOf } from './chance.ts'
import { madeUpCommands } from './commands.ts'
import type { SimulatedDisk } from './disk.ts'
import { type GivenOptions, SimulationFailed, thrownText } from './failure.ts'
import { Ledger } from './ledger.ts'
import type { Profile } from './profile.ts'

/** One sending of a command: what came back. `none`: an answer never came, or was lost. */
export interface Attempt {
  answer: 'none' | 'recorded' | 'refused'
}

/** A command under an id, and what is known of what became of it. */
export interface Note {
  readonly sessionId: string
  readonly commandId: string
  readonly command: Sending
  readonly attempts: Attempt[]
  /** What was answered when it was recorded. */
  events: readonly LoggedEvent[]
}

/** A state that somebody was given, to be held against the fold of all events up to its version. */
export interface Claim {
  readonly state: ReadonlyState
  readonly where: string
}

/** Under which epoch a writer held a session when its command was accepted, to be held against the state before. */
export interface HeldAt {
  readonly sessionId: string
  readonly version: number
  readonly epoch: number
  readonly where: string
}

export interface Counts {
  sent: number
  acknowledged: number
  refused: number
  repeated: number
  faults: number
  crashes: number
  powerCuts: number
  clockJumps: number
  recoveries: number
  seen: number
  turns: number
}

/** What a run is made of. */
export interface WorldFacts {
  readonly seed: number
  /** Operations that were asked for. */
  readonly steps: number
  readonly profile: Profile
  readonly disk: SimulatedDisk
  readonly given: GivenOptions
}

export class World {
  readonly seed: number
  readonly steps: number
  readonly profile: Profile
  readonly given: GivenOptions
  readonly chance: Chance
  readonly clock: Clock
  readonly ids: Ids
  readonly disk: SimulatedDisk
  /** Commands made up for this run. */
  readonly madeUp: readonly Sending[]
  readonly ledger = new Ledger()
  readonly notes: Note[] = []
  readonly claims: Claim[] = []
  readonly holders: HeldAt[] = []
  readonly trace: string[] = []
  readonly counts: Counts = {
    sent: 0,
    acknowledged: 0,
    refused: 0,
    repeated: 0,
    faults: 0,
    crashes: 0,
    powerCuts: 0,
    clockJumps: 0,
    recoveries: 0,
    seen: 0,
    turns: 0,
  }
  step = 0
  /** The first failure: set where it cannot be thrown to whoever runs the simulation. */
  failure: SimulationFailed | null = null
  readonly #names = new Map<string, string>()
  #clockOffsetMs = 0

  constructor({ seed, steps, profile, disk, given }: WorldFacts) {
    this.seed = seed
    this.steps = steps
    this.given = given
    this.madeUp = madeUpCommands(seed)
    this.profile = profile
    this.disk = disk
    this.chance = chanceOf(seed)
    const { clock, ids } = seeded(seed ^ 0x5eed, undefined, profile.clockStepMs)
    this.clock = { now: () => isoOf(Date.parse(clock.now()) + this.#clockOffsetMs) }
    this.ids = ids
  }

  /** The clock of the machine is set, forwards or backwards. */
  jumpClock(byMs: number): void {
    this.#clockOffsetMs += byMs
    this.counts.clockJumps += 1
  }

  tell(line: string): void {
    this.trace.push(`${this.step} ${line}`)
  }

  /** A short name for a session, the same in every run of the seed. */
  nameOf(sessionId: string): string {
    const name = this.#names.get(sessionId) ?? `s${this.#names.size + 1}`
    this.#names.set(sessionId, name)
    return name
  }

  /** A promise was not kept. */
  broken(promise: string, detail: string, cause?: unknown): SimulationFailed {
    const { seed, step, steps, trace, given } = this
    const failed = new SimulationFailed({
      seed,
      steps,
      step,
      promise,
      detail,
      trace,
      given,
      ...(cause === undefined ? {} : { cause }),
    })
    this.failure ??= failed
    return failed
  }

  /** Somebody was thrown what nobody foresaw. */
  unforeseen(who: string, error: unknown): SimulationFailed {
    return this.broken('what fails, fails as it is documented', `${who} got ${thrownText(error)}`, error)
  }

  /** @throws SimulationFailed */
  hold(condition: boolean, promise: string, detail: () => string): void {
    if (!condition) throw this.broken(promise, detail())
  }
}
