/** Runs a simulation: one seed, one run. */
import { assert } from '../../kernel/assert.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { sha256 } from '../../kernel/hash.ts'
import { limits } from '../../kernel/limits.ts'
import { MemoryLog } from '../../log/memory.ts'
import type { EventLog } from '../../log/port.ts'
import { Waymark } from '../../session/waymark.ts'
import type { Fault } from '../store/fault-plan.ts'
import { faultyLog } from '../store/faulty-log.ts'
import { usage } from '../usage.ts'
import { checkAll, checkNothingLost } from './checks.ts'
import { memoryDisk, type SimulatedDisk } from './disk.ts'
import type { Fiber } from './fiber.ts'
import { Follower } from './follower.ts'
import { operations } from './operations.ts'
import { SimulatedProcess } from './process.ts'
import { profileOf } from './profile.ts'
import { type Counts, World } from './world.ts'

export interface SimulateOptions {
  /** What the whole run follows from: a whole number. */
  readonly seed: number
  /** Operations that the processes begin, all together; 40 if left out. */
  readonly steps?: number
  /** Makes the disk they share, with an empty log: a new one for each run; `memoryDisk` if left out. */
  readonly disk?: () => SimulatedDisk
  /** How many processes write; between one and four, by the seed, if left out. */
  readonly processes?: number
  /** What goes wrong with the disk of each process, instead of what the seed says. */
  readonly faults?: readonly Fault[]
}

/** What happened in a simulation in which every promise was kept. */
export interface SimulationReport extends Readonly<Counts> {
  readonly seed: number
  readonly steps: number
  readonly processes: number
  readonly sessions: number
  readonly events: number
  /** Transactions that appended something. */
  readonly commits: number
  /** SHA-256 of everything that happened, and of everything that is on the disk: the same for the same seed. */
  readonly digest: string
  /** Everything that happened, a line each. */
  readonly trace: readonly string[]
}

const stepsStandard = 40

/** Milliseconds after which a turn that does not end is taken for one that never will: at most twice as many. */
const turnWaitMs = 60_000

/**
 * Lets several processes work on one log, in turns that the seed picks: they send commands, again and together, fork, hand off, rewind,
 * merge, recover and follow, while the seed crashes them between any two calls of the log, fails their disk and sets their clock. What they
 * are told, and what is on the disk after each crash and at the end, is held against every promise of the log.
 *
 * @throws SimulationFailed with the seed and what happened, when a promise was not kept or anything else was thrown; WaymarkError
 * `USAGE`, and whatever the disk throws as a WaymarkError when it is opened for the first time
 *
 * @example
 * ```ts
 * const report = await simulate({ seed: 7 })
 * report.steps // 40
 * const again = await simulate({ seed: 7 })
 * again.digest === report.digest // true
 * ```
 */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const steps = options.steps ?? stepsStandard
  checkOptions(options, steps)
  const { seed, processes, faults } = options
  const own = profileOf(seed)
  const world = new World({
    seed,
    steps,
    profile: { ...own, processes: processes ?? own.processes, faults: faults ?? own.faults },
    disk: diskOf(options),
    given: { processes, faults, hasDisk: options.disk !== undefined },
  })
  const run = new Run(world)
  const asFailure = (error: unknown): Error => run.asFailure(error)
  const failed = await run.all(steps).then(() => null, asFailure)
  const leftBadly = await run.leave().then(() => null, asFailure)
  const thrown = failed ?? leftBadly
  if (thrown !== null) throw thrown
  return reportOf(world)
}

function diskOf({ disk = memoryDisk }: SimulateOptions): SimulatedDisk {
  const hint = '`disk` is a function that makes a disk: memoryDisk, () => sqliteDisk(path), or your own'
  if (typeof disk !== 'function') throw usage('the disk of a simulation is no function', hint)
  const made = disk()
  if (typeof made?.open === 'function' && typeof made.close === 'function') return made
  throw usage('what `disk` made is no disk: it has to have `open` and `close`', hint)
}

function checkOptions({ seed, processes = 1, faults = [] }: SimulateOptions, steps: number): void {
  // Who takes a plan of faults checks it.
  faultyLog(new MemoryLog(), { faults })
  const { simulatedStepsMax, simulatedProcessesMax } = limits
  const isSound =
    Number.isSafeInteger(seed) &&
    isBetween(steps, 1, simulatedStepsMax) &&
    isBetween(processes, 1, simulatedProcessesMax)
  if (isSound) return
  throw new WaymarkError('USAGE', {
    message: `a simulation cannot have seed ${seed}, ${steps} steps and ${processes} processes`,
    hint: `a seed is a whole number; steps are 1 to ${simulatedStepsMax}, processes 1 to ${simulatedProcessesMax}`,
  })
}

function isBetween(number: number, least: number, most: number): boolean {
  return Number.isInteger(number) && number >= least && number <= most
}

interface Turn {
  readonly process: SimulatedProcess
  readonly fiber: Fiber | null
}

class Run {
  readonly #world: World
  readonly #writers: readonly SimulatedProcess[]
  readonly #followers: readonly Follower[]
  readonly #processes: readonly SimulatedProcess[]
  /** Whose turn it is, and the turn that the watch has seen last: one timer for a whole run. */
  #turn: Turn | null = null
  #turnSeen: Turn | null = null
  readonly #watch: ReturnType<typeof setInterval>
  /** A handle of nobody's: what it reads is what is on the disk. */
  #inspector: EventLog | null = null
  #hasBegun = false
  /** Who is at something outside of all turns: whom a failure is told of. */
  #who = 'whoever looks at the disk first'

  constructor(world: World) {
    const { profile, chance } = world
    this.#world = world
    this.#writers = Array.from(
      { length: profile.processes },
      (_, index) => new SimulatedProcess(`p${index + 1}`, world),
    )
    this.#followers = Array.from(
      { length: profile.followers },
      (_, index) => new Follower(`f${index + 1}`, world, chance.happens(0.5)),
    )
    this.#processes = [...this.#writers, ...this.#followers.map(({ process }) => process)]
    this.#watch = setInterval(() => this.#giveUpLongTurn(), turnWaitMs)
  }

  /** All of it. */
  async all(steps: number): Promise<void> {
    await this.#begin()
    await this.#go(steps)
    await this.#end()
  }

  /** What was thrown is the run's failure, but for what a disk says of itself before anything has happened on it. */
  asFailure(error: unknown): Error {
    const isOfDisk = !this.#hasBegun && error instanceof WaymarkError
    return isOfDisk ? error : (this.#world.failure ?? this.#world.unforeseen(this.#who, error))
  }

  /** @throws WaymarkError `USAGE` for a disk with something on it, which would all be taken for what nobody has written */
  async #begin(): Promise<void> {
    this.#inspector = await this.#world.disk.open()
    const position = await this.#inspector.position()
    if (position !== 0) {
      throw usage(
        `a simulation cannot begin with a log that has come to position ${position}`,
        'give it an empty log: `disk` makes a new disk for each run, and a file is named for one run only',
      )
    }
    this.#hasBegun = true
  }

  /** Runs until so many operations have begun. */
  async #go(steps: number): Promise<void> {
    const world = this.#world
    while (world.step < steps) {
      await this.#accident()
      const ready = this.#ready()
      const idle = this.#idle()
      const goesOn = ready.length > 0 && (idle.length === 0 || world.chance.happens(world.profile.goesOn))
      if (goesOn) await this.#turnOf(world.chance.oneOf(ready))
      else if (idle.length > 0) await world.chance.oneOf(idle)()
    }
  }

  /** Lets everything come to its end without further accidents, and checks all of it. */
  async #end(): Promise<void> {
    const world = this.#world
    const { clock, ids } = world
    world.tell('no more accidents')
    for (const process of this.#processes) process.calm()
    await this.#settle()
    for (const follower of this.#followers) {
      if (!follower.process.isUp) await this.#start(follower.process)
      follower.process.calm()
      if (follower.process.isIdle && follower.fits)
        await this.#guarded(follower.process, () => follower.process.begin(follower.work()))
    }
    await this.#settle()
    const log = this.#opened()
    // What any process finds that comes back now.
    this.#who = 'whoever opens the home at the end'
    const waymark = await Waymark.open({ store: log, clock, ids })
    const { profile, ledger, chance } = world
    const recovered = [...ledger.sessions.keys()].filter(() => chance.happens(profile.looksAt / 2))
    for (const sessionId of recovered) {
      this.#who = `whoever recovers ${world.nameOf(sessionId)} at the end`
      const { state } = await waymark.recover(sessionId)
      await world.ledger.note(log, 'the end')
      world.claims.push({ state, where: 'recover at the end' })
    }
    await this.#settle()
    for (const follower of this.#followers) {
      follower.assertCaughtUp()
      follower.stop()
      await this.#guarded(follower.process, () => follower.process.turn())
    }
    this.#who = 'whoever checks everything at the end'
    await checkAll(world, log)
  }

  /** Gives everything back. */
  async leave(): Promise<void> {
    clearInterval(this.#watch)
    this.#who = 'whoever gives the disk back'
    for (const process of this.#processes) await process.crash()
    if (this.#inspector !== null) await this.#world.disk.close(this.#inspector)
  }

  #ready(): readonly SimulatedProcess[] {
    const { position } = this.#world.ledger
    return this.#processes.filter(({ fiber }) => fiber?.isReady(position) === true)
  }

  /** What could begin now. */
  #idle(): readonly (() => Promise<void>)[] {
    const writers = this.#writers
      .filter(({ isIdle }) => isIdle)
      .map((process) => () => this.#operate(process))
    const followers = this.#followers
      .filter(({ process, fits }) => process.isIdle && fits)
      .map((follower) => () => this.#follow(follower))
    return [...writers, ...followers]
  }

  async #operate(process: SimulatedProcess): Promise<void> {
    const world = this.#world
    if (!process.isUp) return this.#start(process)
    world.step += 1
    const fitting = operations.filter((operation) => operation.fits(process, world))
    const operation = world.chance.byWeight(fitting)
    const { name, expected } = operation
    const run = (): Promise<void> => operation.run(process, world)
    await this.#guarded(process, () => process.begin({ name, expected, run }))
  }

  async #follow(follower: Follower): Promise<void> {
    const { process } = follower
    if (!process.isUp) return this.#start(process)
    await this.#guarded(process, () => process.begin(follower.work()))
  }

  async #start(process: SimulatedProcess): Promise<void> {
    this.#who = `${process.name}, which starts,`
    await process.start()
  }

  async #turnOf(process: SimulatedProcess): Promise<void> {
    await this.#guarded(process, () => process.turn())
  }

  /** A turn that ends, and in which nothing was noticed. @throws SimulationFailed */
  async #guarded(process: SimulatedProcess, turn: () => Promise<void>): Promise<void> {
    this.#turn = { process, fiber: process.fiber }
    await turn()
    this.#turn = null
    if (this.#world.failure !== null) throw this.#world.failure
  }

  #giveUpLongTurn(): void {
    const turn = this.#turn
    if (turn !== null && turn === this.#turnSeen) {
      const { process, fiber } = turn
      fiber?.giveUp(
        this.#world.broken('everything ends', `${process.name} is at something that does not end`),
      )
    }
    this.#turnSeen = turn
  }

  /** All turns there are, until everybody has ended or waits for changes. */
  async #settle(): Promise<void> {
    for (let ready = this.#ready(); ready.length > 0; ready = this.#ready()) {
      await this.#turnOf(this.#world.chance.oneOf(ready))
    }
  }

  /** What happens to machines: a process crashes, the power is cut, the clock is set. */
  async #accident(): Promise<void> {
    const world = this.#world
    const { chance, profile } = world
    if (chance.happens(profile.crash)) {
      const running = this.#processes.filter(({ isUp }) => isUp)
      if (running.length > 0) {
        world.counts.crashes += 1
        this.#who = 'whoever ends a process'
        await chance.oneOf(running).crash()
        await this.#inspect()
      }
    }
    if (chance.happens(profile.powerCut)) {
      world.counts.powerCuts += 1
      world.tell('the power is cut')
      this.#who = 'whoever cuts the power'
      for (const process of this.#processes) await process.crash()
      world.disk.cutPower?.()
      await this.#inspect()
    }
    if (chance.happens(profile.clockJump)) {
      const minutes = chance.oneOf([-1_440, -7, -1, 3, 45, 1_440])
      world.jumpClock(minutes * 60_000)
      world.tell(`the clock is set by ${minutes} minutes`)
    }
  }

  async #inspect(): Promise<void> {
    this.#who = 'whoever looks at the disk after a crash'
    await checkNothingLost(this.#world, this.#opened())
  }

  #opened(): EventLog {
    assert(this.#inspector !== null, 'a run begins with a look at the disk')
    return this.#inspector
  }
}

function reportOf({ seed, step, ledger, counts, trace, profile }: World): SimulationReport {
  const lines = [...trace, ...ledger.events.map((event) => JSON.stringify(event))]
  return {
    seed,
    steps: step,
    processes: profile.processes,
    sessions: ledger.sessions.size,
    events: ledger.events.length,
    commits: ledger.commits.length,
    ...counts,
    digest: sha256(lines.join('\n')),
    trace: [...trace],
  }
}
