/** A fork shares the past of its parent, and nothing of either future. */
import fc from 'fast-check'
import { limits } from '../../../kernel/limits.ts'
import type { EventLog } from '../../../log/port.ts'
import { expectCode, expectFields, expectSame } from '../expectation.ts'
import {
  batchOfTasks,
  listed,
  read,
  rowsOf,
  sending,
  sessionOf,
  snapshotOf,
  streamWith,
  summary,
  taskAdded,
  usageRecorded,
  versions,
  words,
} from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')
const b = sessionOf('b')
const c = sessionOf('c')

export const forkChecks: readonly StoreCheck[] = group('forks', [
  { name: 'share the past, word for word, and nothing of either future; no event is copied', run: sharePast },
  { name: 'see nothing that their parent appended, counted, stored or was asked later', run: isolated },
  { name: 'at a version that their parent only inherited read it from where it lies', run: forkOfFork },
  { name: 'fifty deep read their whole past, and a fork of an empty stream nothing', run: deep },
  { name: 'are refused where there is nothing to fork, and beyond the bound of ancestors', run: refused },
  { name: 'law: in any tree of forks, every stream reads as if it had been written alone', run: anyTree },
])

async function sharePast({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2', 'A3')
  const position = await log.position()
  await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 2 }))
  const rows = await rowsOf(log, a)
  const head = {
    version: 2,
    hash: rows[1]?.hash,
    forkedFrom: { sessionId: a, version: 2 },
    bytesSinceSnapshot: 0,
  }
  expectFields(await log.stream(b), head, 'head of a new fork')
  expectSame(await rowsOf(log, b), [], 'rows of a new fork')
  expectSame(await log.position(), position, 'position after forking')
  await streamWith(log, b, 'B3')
  await streamWith(log, a, 'A4')
  expectSame(words(await read(log, b)), ['A1', 'A2', 'B3'], 'events of the fork')
  expectSame((await read(log, b)).slice(0, 2), (await read(log, a)).slice(0, 2), 'events that both share')
  expectSame(words(await read(log, a)), ['A1', 'A2', 'A3', 'A4'], 'events of the parent')
  expectSame(versions(await rowsOf(log, b)), [3], 'rows of the fork')
  expectSame(words(await read(log, b, { after: 1, to: 2 })), ['A2'], 'an inherited event by range')
  expectSame(words(await read(log, b, { after: 2 })), ['B3'], 'an own event by range')
}

async function isolated({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2')
  await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 2 }))
  const before = { head: await log.stream(b), events: await read(log, b) }
  await log.transact((transaction) => {
    transaction.append(a, batchOfTasks('later', 'A3'), { ...summary, title: 'later' })
    transaction.append(a, [usageRecorded('later', 7)], summary)
    transaction.putSnapshot(snapshotOf(a, 4))
  })
  const after = { head: await log.stream(b), events: await read(log, b) }
  expectSame(after, before, 'head and events of a fork whose parent went on')
  expectSame(await log.chainHash(b, 3), null, 'hash of a version that only the parent has')
  expectSame(await listed(log.snapshots(b)), [], 'snapshots of a fork whose parent took one later')
  for await (const page of log.readToFold(b)) expectSame(page.length, 2, 'events of the fork, read to fold')
  await log.transact((transaction) => {
    expectSame(words([...transaction.read(b, {})].flat()), ['A1', 'A2'], 'events of the fork, inside')
    expectSame(transaction.batchOf(b, 'later'), null, 'a later command of the parent')
    expectSame(transaction.countedCall(b, 'later', 'session'), null, 'a later call of the parent')
    expectSame(transaction.stream(b)?.version, 2, 'version of the fork, inside')
  })
}

async function forkOfFork({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2', 'A3')
  await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 3 }))
  await streamWith(log, b, 'B4')
  await log.transact((transaction) => transaction.create(c, { sessionId: b, version: 2 }))
  await streamWith(log, c, 'C3')
  expectSame(words(await read(log, c)), ['A1', 'A2', 'C3'], "events of a fork's fork")
  expectFields(await log.stream(c), { forkedFrom: { sessionId: b, version: 2 } }, "head of a fork's fork")
}

async function deep({ log }: StoreUnderTest): Promise<void> {
  const ids = Array.from({ length: 50 }, (_, index) => sessionOf(`deep ${index}`))
  await log.transact((transaction) => {
    for (const [index, id] of ids.entries()) {
      const parent = ids[index - 1]
      transaction.create(id, parent === undefined ? null : { sessionId: parent, version: index })
      transaction.append(id, [taskAdded(`T${index}`)], summary)
    }
  })
  const all = ids.map((_, index) => `T${index}`)
  expectSame(words(await read(log, ids[49] ?? '')), all, 'events of a fork fifty deep')
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.create(b, { sessionId: a, version: 0 })
    transaction.append(b, [taskAdded('B1')], summary)
  })
  expectSame(words(await read(log, b)), ['B1'], 'events of a fork of an empty stream')
}

async function refused({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const fork = (sessionId: string, version: number) => async () =>
    log.transact((transaction) => transaction.create(b, { sessionId, version }))
  await expectCode(fork(a, 2), 'VERSION_NOT_FOUND', 'a fork beyond the newest version')
  await expectCode(fork(c, 1), 'VERSION_NOT_FOUND', 'a fork of a stream that is not there')
  expectSame(await log.stream(b), null, 'a fork that was refused')
  const tooDeep = async () =>
    log.transact((transaction) => {
      let parent = a
      for (let depth = 1; depth <= limits.lineageDepthMax + 1; depth++) {
        const id = sessionOf(`line ${depth}`)
        transaction.create(id, { sessionId: parent, version: depth })
        transaction.append(id, [taskAdded(`T${depth}`)], summary)
        parent = id
      }
    })
  await expectCode(tooDeep, 'LIMIT_REACHED', 'a fork with too many ancestors')
}

/** One thing that happens to a tree of forks; numbers are taken modulo what there is. */
type Growth = { readonly stream: number } & ({ readonly events: number } | { readonly forkAt: number })

const growth: fc.Arbitrary<Growth> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ stream: fc.nat(9), events: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ stream: fc.nat(9), forkAt: fc.nat(9) }) },
)

/** A stream of the tree as it should read: the words of its events. */
interface Modelled {
  readonly sessionId: string
  readonly expected: readonly string[]
}

async function anyTree({ log }: StoreUnderTest): Promise<void> {
  let trees = 0
  const law = fc.asyncProperty(fc.array(growth, { minLength: 4, maxLength: 14 }), async (steps) => {
    trees += 1
    const streams = await grown(log, `tree-${trees}`, steps)
    for (const { sessionId, expected } of streams) {
      expectSame(words(await read(log, sessionId)), expected, 'events of a stream of the tree')
      expectSame((await log.stream(sessionId))?.version, expected.length, 'its version')
    }
  })
  await fc.assert(law, { numRuns: 12, includeErrorInReport: true })
}

async function grown(log: EventLog, name: string, steps: readonly Growth[]): Promise<readonly Modelled[]> {
  const streams: Modelled[] = [{ sessionId: sessionOf(`${name}.0`), expected: [] }]
  await streamWith(log, sessionOf(`${name}.0`))
  for (const [index, step] of steps.entries()) {
    const at = step.stream % streams.length
    const stream = streams[at]
    if (stream === undefined) continue
    const { sessionId, expected } = stream
    if ('events' in step) {
      const added = Array.from({ length: step.events }, (_, event) => `${index}.${event}`)
      await log.transact(sending(sessionId, `${name}.${index}`, ...added))
      streams[at] = { sessionId, expected: [...expected, ...added] }
    } else {
      const version = step.forkAt % (expected.length + 1)
      const fork = sessionOf(`${name}.${streams.length}`)
      await log.transact((transaction) => transaction.create(fork, { sessionId, version }))
      streams.push({ sessionId: fork, expected: expected.slice(0, version) })
    }
  }
  return streams
}
