/** A simulated process: a home opened over the shared disk, sessions in hand, and one operation at a time. */
import { type ErrorCode, WaymarkError } from '../../kernel/errors.ts'
import type { EventLog } from '../../log/port.ts'
import type { Session } from '../../session/session.ts'
import { Waymark } from '../../session/waymark.ts'
import type { FaultyLog, InjectedFault } from '../store/fault-plan.ts'
import { faultyLog } from '../store/faulty-log.ts'
import { SimulationFailed } from './failure.ts'
import { Fiber } from './fiber.ts'
import { gatedLog } from './gated-log.ts'
import type { World } from './world.ts'

/** A session in a process's hands, and the epoch under which it took it up. */
export interface Held {
  readonly session: Session
  epoch: number
}

/** What a process that runs has. */
interface Running {
  readonly fiber: Fiber
  readonly handle: EventLog
  readonly log: FaultyLog
  readonly waymark: Waymark
}

/** A piece of work: it may fail in the ways it names, and where its disk failed. */
export interface Work {
  readonly name: string
  readonly expected: readonly ErrorCode[]
  run(): Promise<void>
}

const storeFailures: readonly ErrorCode[] = ['STORE_BUSY', 'STORE_FULL', 'STORE_FAILED']

export class SimulatedProcess {
  readonly name: string
  readonly held: Held[] = []
  /** Events that its transactions have added to the log. */
  committedCount = 0
  /** Faults that the present operation has met. */
  readonly met: InjectedFault[] = []
  readonly #world: World
  #running: Running | null = null

  constructor(name: string, world: World) {
    this.name = name
    this.#world = world
  }

  get isUp(): boolean {
    return this.#running !== null
  }

  get isIdle(): boolean {
    return this.#running?.fiber.isBusy !== true
  }

  get fiber(): Fiber | null {
    return this.#running?.fiber ?? null
  }

  get waymark(): Waymark {
    if (this.#running === null) throw new Error(`${this.name} is down`)
    return this.#running.waymark
  }

  /** Opens the home, as a process does that starts. */
  async start(): Promise<void> {
    const world = this.#world
    const fiber = new Fiber(this.name)
    const handle = await world.disk.open()
    const committed = async (): Promise<void> => {
      const { events } = await world.ledger.note(handle, this.name)
      this.committedCount += events.length
      for (const { sessionId, version, type } of events) {
        world.tell(`  ${this.name} has written ${type} (${world.nameOf(sessionId)}@${version})`)
      }
    }
    const log = faultyLog(gatedLog(handle, { fiber, committed }), {
      faults: world.profile.faults,
      seed: world.chance.whole(2 ** 31),
      onInjected: (injected) => this.#meet(injected),
    })
    const { clock, ids } = world
    const waymark = await Waymark.open({ store: log, clock, ids })
    this.#running = { fiber, handle, log, waymark }
    world.tell(`${this.name} starts`)
  }

  /** Begins an operation; resolves at its first turn, or when it has ended. */
  async begin(work: Work): Promise<void> {
    const world = this.#world
    world.tell(`${this.name} begins to ${work.name}`)
    this.met.length = 0
    await this.fiber?.begin(async () => {
      try {
        await work.run()
        world.tell(`${this.name} has done it: ${work.name}`)
      } catch (error) {
        this.#failed(work, error)
      }
      try {
        for (const { session } of this.held) await session.settled()
      } catch (error) {
        this.#failed(work, error)
      }
    })
  }

  /** The next turn of what is under way. */
  async turn(): Promise<void> {
    const { fiber } = this
    this.#world.counts.turns += 1
    if (fiber?.next !== null) this.#world.tell(`  ${this.name}: ${fiber?.next.label}`)
    await fiber?.turn()
  }

  /** Nothing of the process goes on, whatever it was at. */
  async crash(): Promise<void> {
    const running = this.#running
    if (running === null) return
    this.#world.tell(
      `${this.name} crashes${running.fiber.next === null ? '' : `, about to ${running.fiber.next.label}`}`,
    )
    running.fiber.drop()
    running.log.crash()
    // Ends its timers; it never gets further than to its log, which answers nothing any more.
    void running.waymark.close()
    await this.#leave(running)
  }

  /** Ends well: part of an operation. */
  async close(): Promise<void> {
    const running = this.#running
    if (running === null) return
    await running.waymark.close()
    await this.#leave(running)
  }

  /** From here on its disk does not fail. */
  calm(): void {
    this.#running?.log.calm()
  }

  async #leave({ handle }: Running): Promise<void> {
    this.#running = null
    this.held.length = 0
    await this.#world.disk.close(handle)
  }

  #meet(injected: InjectedFault): void {
    const { fault, call } = injected
    this.met.push(injected)
    this.#world.counts.faults += 1
    const what = fault.fault === 'fail' ? `${fault.code} ${fault.when ?? 'before'}` : fault.fault
    this.#world.tell(`  ${this.name}: ${call} fails: ${what}`)
  }

  #failed(work: Work, error: unknown): void {
    const world = this.#world
    if (error instanceof SimulationFailed) return
    const code = error instanceof WaymarkError ? error.code : null
    const isOfDisk = code !== null && storeFailures.includes(code) && this.met.length > 0
    if (code !== null && (isOfDisk || work.expected.includes(code))) {
      world.tell(`${this.name} could not ${work.name}: ${code}`)
      return
    }
    world.unforeseen(`${this.name}, told to ${work.name},`, error)
  }
}
