/** Logs in memory with one promise broken each, and the check of the suite that must notice. */
import { setImmediate as turn } from 'node:timers/promises'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, LogTransaction, PendingEvent } from '../../src/log/port.ts'
import type { OpenedStore } from '../../src/testing/store/conformance.ts'
import { faultyLog } from '../../src/testing/store/faulty-log.ts'

export interface BrokenPromise {
  readonly promise: string
  readonly noticedBy: string
  /** What the failure says, or a part of it. */
  readonly says: string
  readonly broken: (memory: MemoryLog) => Partial<EventLog>
}

/** The same object with some of its members in place of others. */
export function overriding<T extends object>(target: T, members: Partial<T>): T {
  return new Proxy(target, {
    get: (_, key) => {
      const own: unknown = Reflect.get(members, key)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, key)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A store whose handles all break the promise. */
export function openBroken({ broken }: Pick<BrokenPromise, 'broken'>): OpenedStore {
  const memory = new MemoryLog()
  const log = overriding<EventLog>(memory, broken(memory))
  return { log, openAgain: async () => faultyLog(log, { faults: [] }) }
}

/** Every transaction goes through other members than the log's own. */
function transacting(
  memory: MemoryLog,
  members: (transaction: LogTransaction) => Partial<LogTransaction>,
): Partial<EventLog> {
  return {
    transact: async (work) =>
      memory.transact((transaction) => work(overriding(transaction, members(transaction)))),
  }
}

const never = async (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))

let renamings = 0
/** The batch under a command id that was never used: nothing keeps it out. */
function renamed(batch: readonly PendingEvent[]): readonly PendingEvent[] {
  renamings += 1
  return batch.map((event) => ({ ...event, commandId: `${event.commandId}~${renamings}` }))
}

export const brokenPromises: readonly BrokenPromise[] = [
  {
    promise: 'what is acknowledged is there',
    noticedBy: 'appends: many transactions asked for at once run one after the other, in that order',
    says: 'events of transactions asked for at once',
    broken: (memory) => {
      let count = 0
      return {
        transact: async (work) => {
          count += 1
          return count === 7 ? lost(memory, work) : memory.transact(work)
        },
      }
    },
  },
  {
    promise: 'a batch is there whole',
    noticedBy: 'appends: events are returned as they read back, with all that their command said',
    says: 'an event that does not: expected',
    broken: (memory) =>
      transacting(memory, (inner) => ({
        append: (id, batch, summary) =>
          inner.append(id, batch.length < 3 ? batch : batch.slice(0, 2), summary),
      })),
  },
  {
    promise: 'versions have no gaps',
    noticedBy: 'appends: a stream has the versions 1, 2, 3 …, and the log positions that rise',
    says: 'versions of a stream: expected [ 1, 2, 3 ], found [ 1, 2, 4 ]',
    broken: (memory) => ({
      read: async function* (id, range) {
        for await (const page of memory.read(id, range)) {
          yield page.map((event) => (event.version < 3 ? event : { ...event, version: event.version + 1 }))
        }
      },
    }),
  },
  {
    promise: 'positions rise',
    noticedBy: 'appends: a stream has the versions 1, 2, 3 …, and the log positions that rise',
    says: 'events of the whole log, in the order they were appended',
    broken: (memory) => ({
      readAll: async function* (after) {
        for await (const page of memory.readAll(after)) {
          yield page.toSorted((x, y) => x.sessionId.localeCompare(y.sessionId) || y.version - x.version)
        }
      },
    }),
  },
  {
    promise: 'a transaction that fails leaves nothing',
    noticedBy: 'appends: a transaction is kept whole or not at all',
    says: 'the stream after a transaction that failed',
    broken: (memory) => ({
      transact: async (work) => {
        const outcome = await memory.transact((transaction) => {
          try {
            return { done: work(transaction) }
          } catch (error) {
            return { error }
          }
        })
        if ('error' in outcome) throw outcome.error
        return outcome.done
      },
    }),
  },
  {
    promise: 'bookmarks are rolled back with the rest',
    noticedBy: 'appends: a transaction is kept whole or not at all',
    says: "a bookmark of a transaction that failed: expected null, found 'lost'",
    broken: (memory) =>
      transacting(memory, () => ({ putBookmark: (key, value) => memory.stored.bookmarks.set(key, value) })),
  },
  {
    promise: 'a command is recorded once',
    noticedBy: 'retries: a command sent many times at once is recorded once',
    says: 'the answer that each sender got',
    broken: (memory) =>
      transacting(memory, (inner) => ({
        batchOf: () => null,
        append: (id, batch, summary) => {
          const isThere = inner.batchOf(id, batch[0]?.commandId ?? '') !== null
          return inner.append(id, isThere ? renamed(batch) : batch, summary)
        },
      })),
  },
  {
    promise: 'a retry gets the whole answer',
    noticedBy: 'retries: an answer that was lost is given again',
    says: 'versions that the retry is told: expected [ 2, 3 ], found [ 2 ]',
    broken: (memory) =>
      transacting(memory, (inner) => ({
        batchOf: (id, command) => inner.batchOf(id, command)?.slice(0, 1) ?? null,
      })),
  },
  {
    promise: 'a second batch of a command is refused',
    noticedBy: 'retries: a second batch of one command is refused, and nothing of that transaction is kept',
    says: "expected 'ALREADY_EXISTS', found 'no error'",
    broken: (memory) =>
      transacting(memory, (inner) => ({
        append: (id, batch, summary) => {
          const isThere = inner.batchOf(id, batch[0]?.commandId ?? '') !== null
          return inner.append(id, isThere ? renamed(batch) : batch, summary)
        },
      })),
  },
  {
    promise: 'a transaction sees the newest version',
    noticedBy: 'writers at once: that expect the same version: one is let in',
    says: 'writers let in at version 2: expected 1, found 3',
    broken: (memory) => ({
      transact: async (work) => {
        const seen = new Map([...memory.stored.streams].map(([id, { version }]) => [id, version]))
        await turn()
        return memory.transact((inner) =>
          work(
            overriding(inner, {
              stream: (id) => {
                const info = inner.stream(id)
                return info === null ? null : { ...info, version: seen.get(id) ?? info.version }
              },
            }),
          ),
        )
      },
    }),
  },
  {
    promise: 'others see batches whole',
    noticedBy: 'writers at once: leave a reader whole batches only, and versions that only grow',
    says: 'index of the newest event, the last of its batch: expected 2, found 1',
    broken: (memory) => ({
      transact: async (work) => {
        const later: (() => Promise<unknown>)[] = []
        const done = await memory.transact((inner) =>
          work(
            overriding(inner, {
              append: (id, batch, summary) => {
                later.push(async () => memory.transact((next) => next.append(id, batch.slice(2), summary)))
                return inner.append(id, batch.slice(0, 2), summary)
              },
            }),
          ),
        )
        await turn()
        for (const append of later) await append()
        return done
      },
    }),
  },
  {
    promise: 'transactions run in the order they were asked for',
    noticedBy: 'writers at once: on one handle lose nothing, repeat nothing, and cut no batch',
    says: 'positions of one handle, in the order it asked',
    broken: (memory) => {
      let count = 0
      return {
        transact: async (work) => {
          count += 1
          if (count % 5 === 0) await turn()
          return memory.transact(work)
        },
      }
    },
  },
  {
    promise: 'a fork sees nothing that its parent did later',
    noticedBy: 'forks: see nothing that their parent appended, counted, stored or was asked later',
    says: 'head and events of a fork whose parent went on',
    broken: (memory) => ({
      read: async function* (id, range) {
        yield* memory.read(memory.stored.streams.get(id)?.forkedFrom?.sessionId ?? id, range)
      },
    }),
  },
  {
    promise: 'a fork finds no later command of its parent',
    noticedBy: 'forks: see nothing that their parent appended, counted, stored or was asked later',
    says: 'a later command of the parent: expected null',
    broken: (memory) =>
      transacting(memory, (inner) => ({
        batchOf: (id, command) => {
          const parent = memory.stored.streams.get(id)?.forkedFrom?.sessionId
          return inner.batchOf(id, command) ?? (parent === undefined ? null : inner.batchOf(parent, command))
        },
      })),
  },
  {
    promise: 'a fork begins where it was forked',
    noticedBy: 'forks: law: in any tree of forks, every stream reads as if it had been written alone',
    says: 'events of a stream of the tree',
    broken: (memory) =>
      transacting(memory, (inner) => ({
        create: (id, fork) => {
          const newest = fork === null ? 0 : (inner.stream(fork.sessionId)?.version ?? 0)
          inner.create(id, fork === null ? null : { ...fork, version: newest })
        },
      })),
  },
  {
    promise: 'a subscriber misses nothing',
    noticedBy: 'subscriptions: miss nothing and repeat nothing while the same handle appends',
    says: 'events that a subscriber saw, as the log has them',
    broken: (memory) => {
      let count = 0
      return {
        readAll: async function* (after) {
          count += 1
          for await (const page of memory.readAll(after)) {
            yield count === 3 && page.length > 1 ? page.slice(1) : page
          }
        },
      }
    },
  },
  {
    promise: 'a subscriber gets nothing twice',
    noticedBy: 'subscriptions: that begin in the middle get what came after, and no more',
    says: "events after the position: expected [ 'B1', 'A3' ], found [ 'A2', 'A2', 'B1', 'A3' ]",
    broken: (memory) => ({ readAll: (after) => memory.readAll(after - 1) }),
  },
  {
    promise: 'who waits is woken',
    noticedBy:
      'wakes and closes: a waiting reader at once when something was appended before, and when this log appends',
    says: 'whether a waiting reader was not woken and had to be given up',
    broken: (memory) => ({
      changed: async (after, signal) => {
        if ((await memory.position()) <= after) await never(signal)
      },
    }),
  },
  {
    promise: 'who waits for what is there need not wait',
    noticedBy:
      'wakes and closes: a waiting reader at once when something was appended before, and when this log appends',
    says: "a wait for what was appended before: expected 'woken', found 'given up'",
    broken: () => ({ changed: async (_, signal) => never(signal) }),
  },
  {
    promise: 'who waits at a closed log is told',
    noticedBy: 'wakes and closes: for good: every use afterwards says so, and closing twice is fine',
    says: "changed of a closed log: expected 'STORE_CLOSED', found 'no error'",
    broken: () => ({ changed: async (_, signal) => never(signal) }),
  },
  {
    promise: 'a wait that has been given up ends',
    noticedBy: 'wakes and closes: no reader for what it has seen, until it gives up',
    says: "a wait that was given up before it began: expected 'ended', found 'still waiting'",
    broken: () => ({ changed: async (_, signal) => never(signal) }),
  },
  {
    promise: 'nobody is woken for nothing',
    noticedBy: 'wakes and closes: no reader for what it has seen, until it gives up',
    says: 'whether a reader was woken for nothing',
    broken: () => ({ changed: async () => {} }),
  },
  {
    promise: 'a closed log says so',
    noticedBy: 'wakes and closes: for good: every use afterwards says so, and closing twice is fine',
    says: "position of a closed log: expected 'STORE_CLOSED', found 'no error'",
    broken: (memory) => ({ position: async () => memory.stored.position }),
  },
  {
    promise: 'handles share their events',
    noticedBy: 'writers at once: on several handles lose nothing, repeat nothing, and cut no batch',
    says: 'commands, each once and in one piece',
    broken: (memory) => {
      const other = new MemoryLog()
      let count = 0
      return {
        transact: async (work) => {
          count += 1
          return (count % 2 === 0 ? other : memory).transact(work)
        },
      }
    },
  },
  {
    promise: 'a range ends where it says',
    noticedBy: 'reads: by range: after a version, up to one, neither beyond what there is',
    says: "events after 1 up to 3: expected [ 'A2', 'A3' ], found [ 'A2', 'A3', 'A4' ]",
    broken: (memory) => ({
      read: (id, range = {}) => memory.read(id, { ...range, to: (range.to ?? 98) + 1 }),
    }),
  },
  {
    promise: 'hashes follow from one another',
    noticedBy: 'reads: rows to check, the rows as they lie there, and hashes that follow from one another',
    says: 'hash at version 1',
    broken: (memory) => ({
      chainHash: async (id, version) => ((await memory.chainHash(id, version)) === null ? null : ''),
    }),
  },
  {
    promise: 'compaction drops what was named',
    noticedBy:
      'compacts: drops the snapshots that the caller names, asks about each once, and tells their places',
    says: 'number of snapshots dropped: expected 2, found 4',
    broken: (memory) => ({ compact: async () => memory.compact({ dropSnapshot: () => true }) }),
  },
  {
    promise: 'rows that do not follow are not taken in',
    noticedBy: 'takes in: no rows that do not follow from the head, and then nothing of the transaction',
    says: 'taking in the second row without the first',
    broken: (memory) =>
      transacting(memory, (inner) => ({
        take: (id, rows, summary) => {
          try {
            inner.take(id, rows, summary)
          } catch (error) {
            if (!(error instanceof WaymarkError)) throw error
          }
        },
      })),
  },
  {
    promise: 'honest senders never meet a conflict',
    noticedBy: 'sessions: opened on several handles, all send, none in vain',
    says: 'somebody was faster',
    broken: (memory) => {
      let count = 0
      return {
        transact: async (work) => {
          count += 1
          if (count === 3) throw new WaymarkError('VERSION_CONFLICT', { message: 'somebody was faster' })
          return memory.transact(work)
        },
      }
    },
  },
]

/** Runs the work, takes it all back, and answers as if it were there. */
async function lost<T>(memory: MemoryLog, work: (transaction: LogTransaction) => T): Promise<T> {
  const answers: T[] = []
  const undone = new Error('taken back')
  await memory
    .transact((transaction) => {
      answers.push(work(transaction))
      throw undone
    })
    .catch(() => null)
  const [answer] = answers
  // The work has run once, and its answer may well be undefined.
  return answer as T
}
