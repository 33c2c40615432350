/** The timers of a machine in this process: each is set for when its deadline comes, and asks then for it to be fired. */
import type { MachineTimer } from '../events/machine.ts'
import type { RecordedMachine } from '../fold/state.ts'

/** Sets and clears timeouts, as `createActor` of XState takes it: a `SimulatedClock` will do. */
export interface TimeoutClock {
  setTimeout(callback: (...args: unknown[]) => void, timeoutMs: number): unknown
  clearTimeout(id: unknown): void
}

/** A timeout of Node holds no more milliseconds than this; one that is due later is set again. */
const timeoutMsMax = 2_147_483_647

interface Armed {
  readonly dueAt: string
  timeout: unknown
}

export class Timers {
  readonly #clock: TimeoutClock
  readonly #now: () => string
  readonly #fire: (timerId: string) => void
  readonly #armed = new Map<string, Armed>()
  readonly #held = new Set<string>()

  constructor(clock: TimeoutClock, now: () => string, fire: (timerId: string) => void) {
    this.#clock = clock
    this.#now = now
    this.#fire = fire
  }

  /** Sets what is pending and clears what is not any more. */
  reconcile({ timers }: Pick<RecordedMachine, 'timers'>): void {
    for (const [timerId, armed] of this.#armed) {
      if (timers[timerId]?.dueAt !== armed.dueAt) this.#clear(timerId, armed)
    }
    for (const timer of Object.values(timers)) {
      if (!this.#armed.has(timer.timerId) && !this.#held.has(timer.timerId)) this.#arm(timer)
    }
  }

  /** Does not set a timer again that could not be fired here. */
  hold(timerId: string): void {
    this.#held.add(timerId)
  }

  clear(): void {
    for (const [timerId, armed] of this.#armed) this.#clear(timerId, armed)
  }

  #arm({ timerId, dueAt }: Pick<MachineTimer, 'timerId' | 'dueAt'>): void {
    const waitMs = Math.max(0, Date.parse(dueAt) - Date.parse(this.#now()))
    const armed: Armed = { dueAt, timeout: null }
    this.#armed.set(timerId, armed)
    armed.timeout = this.#clock.setTimeout(
      () => {
        if (this.#armed.get(timerId) !== armed) return
        this.#armed.delete(timerId)
        if (waitMs > timeoutMsMax) this.#arm({ timerId, dueAt })
        else this.#fire(timerId)
      },
      Math.min(waitMs, timeoutMsMax),
    )
  }

  #clear(timerId: string, { timeout }: Armed): void {
    this.#armed.delete(timerId)
    this.#clock.clearTimeout(timeout)
  }
}
