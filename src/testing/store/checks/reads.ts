/** Reading gives what there is, in its order, in bounded pages, by whichever door. */
import { isKnown } from '../../../events/envelope.ts'
import { foldInto, stateHash } from '../../../fold/fold.ts'
import { initialState } from '../../../fold/state.ts'
import { limits } from '../../../kernel/limits.ts'
import type { EventLog, RowPage } from '../../../log/port.ts'
import { expectSame, expectThat } from '../expectation.ts'
import {
  batchOfTasks,
  collected,
  listed,
  pending,
  read,
  rowsOf,
  sessionOf,
  streamWith,
  summary,
  usageRecorded,
  versions,
  words,
} from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')
const b = sessionOf('b')

export const readChecks: readonly StoreCheck[] = group('reads', [
  { name: 'by range: after a version, up to one, neither beyond what there is', run: byRange },
  { name: 'in pages that never hold more than the bound, whatever the length', run: inPages },
  { name: 'all events after a position, over all streams', run: afterPosition },
  {
    name: 'texts of every language and of any length, and events that only later versions will know',
    run: anyText,
  },
  { name: 'to fold, the same state as reading plainly', run: sameFold },
  {
    name: 'rows to check, the rows as they lie there, and hashes that follow from one another',
    run: sameRows,
  },
])

async function byRange({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2', 'A3', 'A4')
  const between = async (range: { after?: number; to?: number }) => words(await read(log, a, range))
  expectSame(await between({ after: 1, to: 3 }), ['A2', 'A3'], 'events after 1 up to 3')
  expectSame(await between({ after: 3 }), ['A4'], 'events after 3')
  expectSame(await between({ to: 99 }), ['A1', 'A2', 'A3', 'A4'], 'events up to 99')
  expectSame(await between({ after: 4 }), [], 'events after the newest')
  expectSame(await between({ after: 3, to: 2 }), [], 'events of an empty range')
  expectSame(versions(await rowsOf(log, a, { after: 1, to: 3 })), [2, 3], 'rows after 1 up to 3')
  expectSame(versions(await rowsOf(log, a)), [1, 2, 3, 4], 'all rows')
}

async function inPages({ log }: StoreUnderTest): Promise<void> {
  const count = limits.pageEventsMax + 600
  const names = Array.from({ length: count }, (_, index) => `T${index}`)
  await streamWith(log, a, ...names)
  const bounded = async <Item>(pages: AsyncIterable<readonly Item[]>, what: string) => {
    const all: Item[] = []
    for await (const page of pages) {
      expectThat(page.length > 0 && page.length <= limits.pageEventsMax, `a bounded page of ${what}`)
      all.push(...page)
    }
    return all
  }
  expectSame(words(await bounded(log.read(a), 'events')), names, 'events of a long stream')
  expectSame((await bounded(log.rows(a), 'rows')).length, count, 'number of rows')
  expectSame((await bounded(log.readAll(0), 'the whole log')).length, count, 'events of the whole log')
  await log.transact((transaction) => {
    const pages = [...transaction.read(a, { after: 3 })]
    const isBounded = pages.every(({ length }) => length > 0 && length <= limits.pageEventsMax)
    expectThat(isBounded, 'bounded pages inside a transaction')
    expectSame(pages.flat().length, count - 3, 'number of events inside a transaction')
  })
}

async function afterPosition({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  await streamWith(log, b, 'B1', 'B2')
  const [, second] = await collected(log.readAll(0))
  const after = await collected(log.readAll(second?.position ?? 0))
  expectSame(words(after), ['B2'], 'events after the position of the second')
  expectSame(await collected(log.readAll(await log.position())), [], 'events after the newest')
}

async function anyText({ log }: StoreUnderTest): Promise<void> {
  const title = 'größer ≥ 日本 \u{1F9ED} "quoted" \\ \u0001 \n'
  const description = 'x\n'.repeat(limits.textCharactersMax / 2)
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, [pending('task.added', { taskId: 'U', title })], summary)
    transaction.append(a, [pending('task.added', { taskId: 'V', title: 'long', description })], summary)
    const later = { ...pending('observation.recorded', { kind: 'later' }), type: 'later.noted' }
    // A newer Waymark's event: the type does not know it, as no reader of today does.
    transaction.append(a, [later as unknown as ReturnType<typeof pending>], summary)
  })
  const events = await read(log, a)
  expectSame(events[0]?.data, { taskId: 'U', title }, 'data in many scripts')
  expectSame(events[1]?.data, { taskId: 'V', title: 'long', description }, 'data with a long text')
  expectSame(events.map(isKnown), [true, true, false], 'whether each event is known')
  const { type, version, data } = events[2] ?? {}
  const expected = { type: 'later.noted', version: 3, data: { kind: 'later' } }
  expectSame({ type, version, data }, expected, 'an event that only later versions know')
}

async function sameFold({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2')
  await log.transact((transaction) => {
    transaction.append(a, [usageRecorded('call', 7)], summary)
    transaction.create(b, { sessionId: a, version: 2 })
    transaction.append(b, batchOfTasks('own', 'B3', 'B4'), summary)
  })
  for (const sessionId of [a, b]) {
    const [plain, packed] = [initialState(sessionId), initialState(sessionId)]
    foldInto(plain, await read(log, sessionId))
    for await (const page of log.readToFold(sessionId)) foldInto(packed, page)
    expectSame(packed.version, plain.version, 'version of the state read to fold')
    expectSame(stateHash(packed), stateHash(plain), 'hash of the state read to fold')
  }
}

async function sameRows({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2', 'A3')
  await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 2 }))
  await streamWith(log, b, 'B3')
  for (const sessionId of [a, b]) {
    const rows = await rowsOf(log, sessionId)
    const toCheck = (await listed<RowPage>(log.rowsToCheck(sessionId))).flatMap(({ rows: page }) => [...page])
    const texts = rows.map(({ version, position, envelope, data, salt, hash }) => {
      return { version, position, envelope, data, salt, hash }
    })
    const checked = toCheck.map(({ version, position, envelope, data, salt, hash }) => {
      return { version, position, envelope, data, salt, hash }
    })
    expectSame(checked, texts, 'rows to check')
    for (const { version, hash } of rows) {
      expectSame(await log.chainHash(sessionId, version), hash, `hash at version ${version}`)
    }
  }
  expectSame(await log.chainHash(a, 0), '', 'hash before the first event')
  expectSame(await log.chainHash(a, 9), null, 'hash of a version that is not there')
  expectSame(
    await hashesOf(log, b, 3),
    [...(await hashesOf(log, a, 2)), (await log.stream(b))?.hash],
    'hashes of a fork',
  )
}

async function hashesOf(log: EventLog, sessionId: string, to: number): Promise<readonly (string | null)[]> {
  const hashes: (string | null)[] = []
  for (let version = 1; version <= to; version++) hashes.push(await log.chainHash(sessionId, version))
  return hashes
}
