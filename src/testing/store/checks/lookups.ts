/** Commands and calls are found again: where they belong, and nowhere else. */
import { expectFields, expectSame } from '../expectation.ts'
import { batchOfTasks, sessionOf, streamWith, summary, usageRecorded, words } from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')
const b = sessionOf('b')
const c = sessionOf('c')

export const lookupChecks: readonly StoreCheck[] = group('finds again', [
  { name: 'the batch of a command, whole, and null for a command that was not sent', run: wholeBatch },
  { name: 'a command of an inherited event, but none of what the parent did after the fork', run: inherited },
  { name: 'of a batch that a fork cuts in two, the part that was inherited', run: cutBatch },
  {
    name: 'the highest counters of a call: in the session with what it inherited, or in the whole home',
    run: calls,
  },
  { name: 'of one call reported twice, the highest figure of each kind', run: highestFigures },
])

async function wholeBatch({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  await log.transact((transaction) => transaction.append(a, batchOfTasks('three', 'X', 'Y', 'Z'), summary))
  await streamWith(log, a, 'A2')
  await log.transact((transaction) => {
    const batch = transaction.batchOf(a, 'three')?.map(({ version, index }) => [version, index])
    const expected = [
      [2, 0],
      [3, 1],
      [4, 2],
    ]
    expectSame(batch, expected, 'versions and indexes of a batch')
    expectSame(transaction.batchOf(a, 'four'), null, 'a command that was not sent')
    expectSame(transaction.batchOf(b, 'three'), null, 'a command of a stream that is not there')
  })
}

async function inherited({ log }: StoreUnderTest): Promise<void> {
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, batchOfTasks('first', 'X', 'Y'), summary)
    transaction.create(b, { sessionId: a, version: 2 })
    transaction.append(a, batchOfTasks('later', 'Z'), summary)
    transaction.append(b, batchOfTasks('own', 'O'), summary)
    transaction.create(c, { sessionId: b, version: 3 })
  })
  await log.transact((transaction) => {
    const first = transaction.batchOf(a, 'first')
    expectSame(words(first ?? []), ['X', 'Y'], "the parent's command")
    expectSame(transaction.batchOf(c, 'first'), first, "the same command in a fork's fork")
    expectSame(words(transaction.batchOf(c, 'own') ?? []), ['O'], "the fork's command in its fork")
    expectSame(transaction.batchOf(c, 'later'), null, 'what the parent did after the fork')
    expectSame(transaction.batchOf(a, 'own'), null, "the fork's command in the parent")
  })
}

async function cutBatch({ log }: StoreUnderTest): Promise<void> {
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, batchOfTasks('three', 'X', 'Y', 'Z'), summary)
    transaction.create(b, { sessionId: a, version: 2 })
  })
  await log.transact((transaction) => {
    expectSame(words(transaction.batchOf(b, 'three') ?? []), ['X', 'Y'], 'the inherited part of a batch')
  })
}

async function calls({ log }: StoreUnderTest): Promise<void> {
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, [usageRecorded('call', 5)], summary)
    transaction.append(a, [usageRecorded('call', 9)], summary)
    transaction.create(b, { sessionId: a, version: 1 })
    transaction.create(c, null)
    transaction.append(c, [usageRecorded('call', 20)], summary)
  })
  await log.transact((transaction) => {
    const output = (sessionId: string, scope: 'session' | 'home') =>
      transaction.countedCall(sessionId, 'call', scope)?.outputTokens ?? null
    expectSame(output(a, 'session'), 9, 'of the session')
    expectSame(output(b, 'session'), 5, 'of a fork, what it inherited')
    expectSame(output(c, 'session'), 20, 'of another session')
    expectSame(output(a, 'home'), 20, 'of the whole home')
    expectSame(output(sessionOf('nobody'), 'session'), null, 'of a session that is not there')
    expectSame(transaction.countedCall(a, 'other', 'home'), null, 'of a call that was not reported')
  })
}

async function highestFigures({ log }: StoreUnderTest): Promise<void> {
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, [usageRecorded('call', 1, 100)], summary)
    transaction.append(a, [usageRecorded('call', 2, 50)], summary)
    const highest = { inputTokens: 100, outputTokens: 2, cacheReadTokens: 0, cacheCreationTokens: 0 }
    expectFields(transaction.countedCall(a, 'call', 'session'), highest, 'the highest figure of each kind')
  })
}
