/** Readers that wait beside writers, and are given up when nothing wakes them. */
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { expectSame } from './expectation.ts'

/** Steps in which patience runs out: a process that was not let run for a while has not waited so long, and nor has its store. */
const patienceSteps = 20

/** Aborts its signal when a wait has taken far longer than it should. */
class Patience {
  readonly #giveUp = new AbortController()
  #timer: ReturnType<typeof setInterval> | null = null
  #stepsLeft = patienceSteps

  get signal(): AbortSignal {
    return this.#giveUp.signal
  }

  start(): void {
    // A reading that failed ends it while writers still write.
    if (this.#stepsLeft > 0)
      this.#timer ??= setInterval(() => this.#step(), limits.storeWakeMs / patienceSteps)
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#stepsLeft = 0
  }

  #step(): void {
    this.#stepsLeft -= 1
    if (this.#stepsLeft > 0) return
    this.#giveUp.abort()
    this.end()
  }
}

/** Reads while others write. The signal aborts when a reader still waits long after the last write. */
export async function besideWriters<T>(
  writing: () => Promise<unknown>,
  reading: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const patience = new Patience()
  const write = async (): Promise<void> => {
    await writing()
    patience.start()
  }
  try {
    const [read] = await Promise.all([reading(patience.signal), write()])
    return read
  } finally {
    patience.end()
  }
}

/** Whether a wait ended by itself, or had to be given up. */
export async function withinWake(
  waiting: (signal: AbortSignal) => Promise<void>,
): Promise<'woken' | 'given up'> {
  const patience = new Patience()
  patience.start()
  try {
    await waiting(patience.signal)
    return patience.signal.aborted ? 'given up' : 'woken'
  } finally {
    patience.end()
  }
}

/** A wait that nothing keeps from ending has ended soon. */
export async function expectEnd(waiting: Promise<unknown>, what: string): Promise<void> {
  const patience = new Patience()
  const late = new Promise<string>((resolve) => {
    patience.signal.addEventListener('abort', () => resolve('still waiting'))
  })
  patience.start()
  try {
    expectSame(await Promise.race([waiting.then(() => 'ended'), late]), 'ended', what)
  } finally {
    patience.end()
  }
}

/** A reader that has seen all there is, is woken by what is appended now. */
export async function expectWoken(reader: EventLog, append: () => Promise<unknown>): Promise<void> {
  const position = await reader.position()
  const isGivenUp = await besideWriters(append, async (signal) => {
    await reader.changed(position, signal)
    return signal.aborted
  })
  expectSame(isGivenUp, false, 'whether a waiting reader was not woken and had to be given up')
}
