/**
 * Work that goes on only when it is its turn. Whatever a simulated process does ends up at its log, and every call of the log waits here;
 * between two turns of one fiber any other may run. Nothing else decides who is next, so one row of turns is one run.
 */

/** What a call is about to do: for the trace of a run, and for whoever picks the next turn. */
export interface Place {
  readonly label: string
  /** Waits for events after this position of the log; `null` when it may go on at any time. */
  readonly wakesAfter: number | null
}

interface Waiting {
  readonly place: Place
  readonly go: () => void
}

export class Fiber {
  readonly name: string
  readonly #waiting: Waiting[] = []
  #isBusy = false
  #isGone = false
  #stopped: { readonly resolve: () => void; readonly reject: (reason: Error) => void } | null = null

  constructor(name: string) {
    this.name = name
  }

  /** Something was begun and has not ended. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** The call that goes on with the next turn; `null` when none waits. */
  get next(): Place | null {
    return this.#waiting[0]?.place ?? null
  }

  /** Whether a turn would lead anywhere, in a log that has come to this position. */
  isReady(position: number): boolean {
    const { next } = this
    return next !== null && (next.wakesAfter === null || next.wakesAfter < position)
  }

  /** Begins a piece of work, which must not reject; resolves when it waits for its turn, or has ended. */
  async begin(work: () => Promise<void>): Promise<void> {
    this.#isBusy = true
    await this.#untilStopped(() => {
      void work().then(() => {
        if (this.#isGone) return
        this.#isBusy = false
        this.#stopped?.resolve()
      })
    })
  }

  /** Lets the call that has waited longest go on; resolves when the next one waits, or the work has ended. */
  async turn(): Promise<void> {
    const waiting = this.#waiting.shift()
    if (waiting !== undefined) await this.#untilStopped(waiting.go)
  }

  /** For calls of the log: waits until it is its turn. For ever, when the process has crashed. */
  async wait(place: Place): Promise<void> {
    if (this.#isGone) await new Promise<never>(() => {})
    const turn = new Promise<void>((go) => this.#waiting.push({ place, go }))
    this.#stopped?.resolve()
    await turn
  }

  /** The process is gone: nothing of it goes on. */
  drop(): void {
    this.#isGone = true
    this.#isBusy = false
    this.#waiting.length = 0
  }

  /** Whoever runs the turns has waited too long for this one. */
  giveUp(reason: Error): void {
    this.#stopped?.reject(reason)
  }

  async #untilStopped(start: () => void): Promise<void> {
    try {
      await new Promise<void>((resolve, reject) => {
        this.#stopped = { resolve, reject }
        start()
      })
    } finally {
      this.#stopped = null
    }
  }
}
