/** Writes lines to a stream, many at a time: a session has as many lines as events, and each write is a call of the system. */

/** The part of a stream that output needs. */
export interface Sink {
  readonly isTTY?: boolean | undefined
  write(text: string): boolean
  once(event: 'drain', listener: () => void): unknown
}

export interface Writer {
  /** Takes a line. It is written when many have come, or as soon as nothing else is to be done. */
  readonly write: (line: string) => Promise<void>
  /** Writes all that has been taken. */
  readonly flush: () => Promise<void>
}

const heldCharactersMax = 65_536

export function makeWriter(sink: Sink, beforeWrite: () => void): Writer {
  let held = ''
  let isDue = false
  const flush = async (): Promise<void> => {
    if (held === '') return
    const text = held
    held = ''
    beforeWrite()
    // A reader that is slower than this command: wait for it, instead of holding what it has not read.
    if (!sink.write(text)) await new Promise<void>((resolve) => sink.once('drain', resolve))
  }
  return {
    flush,
    write: async (line) => {
      held += `${line}\n`
      if (held.length >= heldCharactersMax) return flush()
      if (isDue) return
      isDue = true
      setImmediate(() => {
        isDue = false
        void flush()
      })
    },
  }
}
