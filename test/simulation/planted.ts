/** Disks with a fault of their own: each breaks one promise of a log, now and then, as a store with a mistake in it would. */
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, LogTransaction } from '../../src/log/port.ts'
import type { SimulatedDisk } from '../../src/testing/simulator/disk.ts'

/** A log in memory with some of its methods replaced. */
function logWith(changes: (log: MemoryLog) => Partial<EventLog>): SimulatedDisk {
  const log = new MemoryLog()
  const changed = changes(log)
  const handle = new Proxy<EventLog>(log, {
    get: (target, name) => {
      const value: unknown = Reflect.get(Object.hasOwn(changed, name) ? changed : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { open: async () => handle, close: async () => {} }
}

/** A transaction with some of its methods replaced. */
function transactionWith(transaction: LogTransaction, changes: Partial<LogTransaction>): LogTransaction {
  return new Proxy(transaction, {
    get: (target, name) => {
      const value: unknown = Reflect.get(Object.hasOwn(changes, name) ? changes : target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function withTransactions(changes: (transaction: LogTransaction) => Partial<LogTransaction>): SimulatedDisk {
  return logWith((log) => ({
    transact: (work) =>
      log.transact((transaction) => work(transactionWith(transaction, changes(transaction)))),
  }))
}

/** Acknowledges what lies in a cache that a power cut empties: every other commit reaches the disk with the next one. */
function losesCommits(): SimulatedDisk {
  const log = new MemoryLog()
  let commits = 0
  let undo: (() => void) | null = null
  const transact: EventLog['transact'] = async (work) => {
    const { position, streams } = log.stored
    const heads = [...streams.values()].map((stream) => ({ ...stream, count: stream.rows.length }))
    const answer = await log.transact(work)
    commits += 1
    undo = () => {
      log.stored.position = position
      for (const id of streams.keys()) {
        if (!heads.some(({ sessionId }) => sessionId === id)) streams.delete(id)
      }
      for (const { sessionId, version, hash, count } of heads) {
        const stream = streams.get(sessionId)
        if (stream === undefined) continue
        stream.rows.length = count
        Object.assign(stream, { version, hash })
      }
    }
    if (commits % 2 === 0) undo = null
    return answer
  }
  const handle = new Proxy<EventLog>(log, {
    get: (target, name) => {
      if (name === 'transact') return transact
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return {
    open: async () => handle,
    close: async () => {},
    cutPower: () => {
      undo?.()
      undo = null
    },
  }
}

/** Each handle writes after the head that it saw last, whoever has written since. */
function checksNoVersion(): SimulatedDisk {
  const log = new MemoryLog()
  const open = async (): Promise<EventLog> => {
    const seen = new Map<string, { readonly version: number; readonly hash: string }>()
    const transact: EventLog['transact'] = async (work) => {
      for (const [sessionId, head] of seen) Object.assign(log.stored.streams.get(sessionId) ?? {}, head)
      const answer = await log.transact(work)
      for (const { sessionId, version, hash } of log.stored.streams.values())
        seen.set(sessionId, { version, hash })
      return answer
    }
    return new Proxy<EventLog>(log, {
      get: (target, name) => {
        if (name === 'transact') return transact
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return { open, close: async () => {} }
}

/** A fork goes on reading what its parent appends. */
function forksShareLaterEvents(): SimulatedDisk {
  return logWith((log) => ({
    transact: async (work) => {
      const answer = await log.transact(work)
      const { streams } = log.stored
      for (const [sessionId, stream] of streams) {
        const { forkedFrom } = stream
        const parent = forkedFrom === null ? undefined : streams.get(forkedFrom.sessionId)
        if (forkedFrom === null || parent === undefined || stream.rows.length > 1) continue
        const version = Math.min(parent.version, forkedFrom.version + 1)
        streams.set(sessionId, { ...stream, forkedFrom: { ...forkedFrom, version } })
      }
      return answer
    },
  }))
}

/** Whoever reads on from a position misses the first event after it, now and then. */
function followersSkip(): SimulatedDisk {
  return logWith((log) => ({
    read: (sessionId, range = {}) => {
      const { after = 0 } = range
      return log.read(sessionId, after % 5 === 4 ? { ...range, after: after + 1 } : range)
    },
    readAll: (after) => log.readAll(after % 7 === 6 ? after + 1 : after),
  }))
}

/** Answers as if it had committed, and has not: every ninth time, whatever it was. */
export function losesNinthCommit(): SimulatedDisk {
  let commits = 0
  const undo = new Error('undone')
  return logWith((log) => ({
    transact: async <T>(work: (transaction: LogTransaction) => T): Promise<T> => {
      commits += 1
      if (commits % 9 !== 0) return log.transact(work)
      const answers: T[] = []
      const undone = log.transact((transaction) => {
        answers.push(work(transaction))
        throw undo
      })
      await undone.catch((error: unknown) => {
        if (error !== undo) throw error
      })
      // The work has run once, or has thrown.
      return answers[0] as T
    },
  }))
}

/** What each planted fault breaks, and a disk with it. */
export const planted: Readonly<Record<string, () => SimulatedDisk>> = {
  'a power cut takes back what was acknowledged': losesCommits,
  'a writer does not look who has written since': checksNoVersion,
  'a fork reads later events of its parent': forksShareLaterEvents,
  'a follower misses an event': followersSkip,
  'every ninth commit is answered, and is not there': losesNinthCommit,
  'a command’s batch is not found again': () => withTransactions(() => ({ batchOf: () => null })),
  'a call that another session reported is not found': () =>
    withTransactions((transaction) => ({
      countedCall: (sessionId, callId) => transaction.countedCall(sessionId, callId, 'session'),
    })),
  'a snapshot is put under the version after it': () =>
    withTransactions((transaction) => ({
      putSnapshot: (snapshot) =>
        transaction.putSnapshot(
          snapshot.version % 3 === 0 ? { ...snapshot, version: snapshot.version - 1 } : snapshot,
        ),
    })),
  'a transaction that fails is not rolled back': () =>
    logWith((log) => ({
      transact: async (work) => {
        const done = await log.transact((transaction) => {
          try {
            return { answer: work(transaction) }
          } catch (error) {
            return { error }
          }
        })
        if ('error' in done) throw done.error
        return done.answer
      },
    })),
}
