/** Signals that tell the process to stop: last checkpoints are taken, and the signal goes on to whom it was for. */

/** Signals by which a user or a system tells a process to stop. */
export const stopSignals = ['SIGINT', 'SIGTERM'] as const
export type StopSignal = (typeof stopSignals)[number]

type Listener = (signal: NodeJS.Signals) => void

/** Listeners of ours: who else listens decides what becomes of the process. */
const own = new Set<Listener>()

/**
 * Runs `work` when one of `signals` arrives, for `waitMs` at most. Then the signal goes on: where nobody else listens to it, the
 * process ends by it as it would have; else that is for the others to decide. A second signal does not wait.
 */
export function onStopSignals(
  signals: readonly StopSignal[],
  work: (signal: StopSignal) => Promise<unknown>,
  waitMs: number,
): () => void {
  const listeners = signals.map((signal) => {
    let isEnding = false
    const listener = (): void => {
      if (isEnding) {
        passOn(signal, undo)
        return
      }
      isEnding = true
      void within(work(signal), waitMs).finally(() => {
        isEnding = false
        passOn(signal, undo)
      })
    }
    own.add(listener)
    process.on(signal, listener)
    return { signal, listener }
  })
  const undo = (): void => {
    for (const { signal, listener } of listeners) {
      process.off(signal, listener)
      own.delete(listener)
    }
  }
  return undo
}

/** Gives a signal to the process's own way of ending, unless somebody else has taken it in hand. */
function passOn(signal: StopSignal, undo: () => void): void {
  const isOthers = process.listeners(signal).some((listener) => !own.has(listener))
  if (isOthers) return
  undo()
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
}

/** Waits for `work`, for `waitMs` at most. Never rejects. */
export async function within(work: Promise<unknown>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs)
  })
  try {
    await Promise.race([work, late])
  } catch {
    // What went wrong has been told; the signal goes on all the same.
  } finally {
    clearTimeout(timer)
  }
}
