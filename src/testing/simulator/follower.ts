/** A simulated process that follows the log, or one session of it, and takes up where it was when it crashes. */
import type { LoggedEvent } from '../../events/envelope.ts'
import { SimulatedProcess, type Work } from './process.ts'
import type { World } from './world.ts'

const promise = 'whoever follows sees every event, in order'

export class Follower {
  readonly process: SimulatedProcess
  readonly #world: World
  /** The session that is followed; `null` for the whole log, and as long as there is none. */
  #sessionId: string | null
  #seen = 0
  #end = new AbortController()

  constructor(name: string, world: World, followsAll: boolean) {
    this.process = new SimulatedProcess(name, world)
    this.#world = world
    this.#followsAll = followsAll
    this.#sessionId = null
  }

  readonly #followsAll: boolean

  /** Whether there is anything to follow yet. */
  get fits(): boolean {
    return this.#followsAll || this.#world.ledger.sessions.size > 0
  }

  /** What it does as long as it lives. */
  work(): Work {
    const { ledger, chance } = this.#world
    if (!this.#followsAll) this.#sessionId ??= chance.oneOf([...ledger.sessions.keys()])
    return { name: 'follow', expected: [], run: () => this.#follow() }
  }

  /** Ends it when it has seen everything. */
  stop(): void {
    this.#end.abort()
  }

  /** @throws SimulationFailed when there is something that it has not seen */
  assertCaughtUp(): void {
    const line = this.#line()
    this.#world.hold(
      this.#seen === line.length,
      promise,
      () => `${this.process.name} has seen ${this.#seen} of ${line.length} events`,
    )
  }

  async #follow(): Promise<void> {
    this.#end = new AbortController()
    const { signal } = this.#end
    const { waymark } = this.process
    const sessionId = this.#sessionId
    const last = this.#line()[this.#seen - 1]
    const events =
      sessionId === null
        ? waymark.events({ afterPosition: last?.position ?? 0, signal })
        : (await waymark.openSession(sessionId)).events({ after: this.#seen, signal })
    for await (const event of events) this.#see(event)
  }

  #see(event: LoggedEvent): void {
    const world = this.#world
    const expected = this.#line()[this.#seen]
    world.hold(event.id === expected?.id, promise, () => {
      const got = `${event.type} (${world.nameOf(event.sessionId)}@${event.version})`
      const due =
        expected === undefined
          ? 'nothing'
          : `${expected.type} (${world.nameOf(expected.sessionId)}@${expected.version})`
      return `${this.process.name} saw ${got} where ${due} was due`
    })
    this.#seen += 1
    world.counts.seen += 1
  }

  #line(): readonly LoggedEvent[] {
    const { ledger } = this.#world
    return this.#sessionId === null ? (this.#followsAll ? ledger.events : []) : ledger.lineOf(this.#sessionId)
  }
}
