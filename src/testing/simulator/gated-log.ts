/** A handle of a simulated process on the shared log: every call waits for its turn, and what is committed is noted at once. */
import type { EventLog, LogTransaction, VersionRange } from '../../log/port.ts'
import type { Fiber } from './fiber.ts'

export interface Gate {
  readonly fiber: Fiber
  /** Told after each commit, before anybody else has a turn. */
  readonly committed: () => Promise<void>
}

/**
 * Wraps a log. A transaction has two turns: one before it, one between its commit and the answer. A reading has one before each page.
 * Waiting for changes is a turn that comes when there are any, whatever the log itself would do.
 */
export function gatedLog(log: EventLog, { fiber, committed }: Gate): EventLog {
  const turn = (label: string): Promise<void> => fiber.wait({ label, wakesAfter: null })
  const answered = async <T>(label: string, ask: () => Promise<T>): Promise<T> => {
    await turn(label)
    return ask()
  }
  async function* paged<Page>(
    label: string,
    open: () => AsyncIterable<Page>,
  ): AsyncGenerator<Page, void, undefined> {
    await turn(label)
    for await (const page of open()) {
      yield page
      await turn(`${label}, the next page`)
    }
  }
  return {
    location: log.location,
    transact: async <T>(work: (transaction: LogTransaction) => T): Promise<T> => {
      await turn('write')
      const answer = await log.transact(work)
      await committed()
      await turn('hear that it is written')
      return answer
    },
    changed: async (afterPosition, signal) => {
      if (!signal.aborted) await fiber.wait({ label: 'wait for changes', wakesAfter: afterPosition })
    },
    stream: (sessionId) => answered('look at the head', () => log.stream(sessionId)),
    streams: () => paged('list streams', () => log.streams()),
    read: (sessionId, range?: VersionRange) => paged('read', () => log.read(sessionId, range)),
    readToFold: (sessionId, range) => paged('read to fold', () => log.readToFold(sessionId, range)),
    chainHash: (sessionId, version) => answered('read a hash', () => log.chainHash(sessionId, version)),
    rows: (sessionId, range) => paged('read rows', () => log.rows(sessionId, range)),
    rowsToCheck: (sessionId, range) => paged('check rows', () => log.rowsToCheck(sessionId, range)),
    readAll: (afterPosition) => paged('read all', () => log.readAll(afterPosition)),
    position: () => answered('read the position', () => log.position()),
    snapshots: (sessionId, atMost) => paged('read snapshots', () => log.snapshots(sessionId, atMost)),
    content: (hash) => answered('read a text', () => log.content(hash)),
    auditContents: () => paged('check texts', () => log.auditContents()),
    auditIndexes: (sessionId) => paged('check indexes', () => log.auditIndexes(sessionId)),
    watchIndexes: (sessionId, version) => log.watchIndexes(sessionId, version),
    orphanedEvents: () => answered('look for orphans', () => log.orphanedEvents()),
    bookmark: (key) => answered('read a bookmark', () => log.bookmark(key)),
    compact: (options) => answered('compact', () => log.compact(options)),
    // The disk gives handles back when their processes have ended.
    close: async () => {},
  }
}
