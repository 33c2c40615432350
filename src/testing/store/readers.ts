/** Readers that wait beside writers, and are given up when nothing wakes them. */
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { expectSame } from './expectation.ts'

/** Reads while others write. The signal aborts when a reader still waits long after the last write. */
export async function besideWriters<T>(
  writing: () => Promise<unknown>,
  reading: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const giveUp = new AbortController()
  const timers: ReturnType<typeof setTimeout>[] = []
  const write = async (): Promise<void> => {
    await writing()
    timers.push(setTimeout(() => giveUp.abort(), limits.storeWakeMs))
  }
  try {
    const [read] = await Promise.all([reading(giveUp.signal), write()])
    return read
  } finally {
    for (const timer of timers) clearTimeout(timer)
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
