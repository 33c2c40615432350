/** A command may be sent again: after an answer, without one, at once by several, and by whoever comes after a crash. */
import type { EventLog } from '../../../log/port.ts'
import { expectCode, expectSame } from '../expectation.ts'
import { faultyLog } from '../faulty-log.ts'
import {
  batchOfTasks,
  collected,
  read,
  sending,
  sessionOf,
  streamWith,
  summary,
  taskAdded,
  upTo,
  versions,
  words,
} from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'
import { handles } from './writers.ts'

const a = sessionOf('a')
const b = sessionOf('b')

const once = sending(a, 'once', 'X', 'Y')

export const retryChecks: readonly StoreCheck[] = group('retries', [
  {
    name: 'a second batch of one command is refused, and nothing of that transaction is kept',
    run: refusesSecond,
  },
  { name: 'a command sent again gets the same answer, however much came between', run: sameAnswer },
  { name: 'a command sent again to a fork gets the answer of its parent', run: sameInFork },
  { name: 'a command sent many times at once is recorded once', run: async ({ log }) => manyAtOnce([log]) },
  {
    name: 'a command sent many times at once over several handles is recorded once',
    needs: 'several handles',
    run: async (store) => manyAtOnce(await handles(store)),
  },
  { name: 'an answer that was lost is given again', run: async ({ log }) => lostAnswer(log, log) },
  {
    name: 'an answer that was lost with its handle is given again by the next one',
    needs: 'several handles',
    run: async (store) => lostAnswer(await store.again(), await store.again()),
  },
  {
    name: 'a writer that vanished between write and answer left its command whole or not at all',
    needs: 'several handles',
    run: vanishes,
  },
  {
    name: 'what a transaction did before it was rolled back leads to nothing, and is done by the retry',
    run: rolledBack,
  },
])

async function refusesSecond({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  await log.transact((transaction) => transaction.append(a, batchOfTasks('once', 'X', 'Y'), summary))
  const again = async () =>
    log.transact((transaction) => {
      transaction.append(a, [taskAdded('Z')], summary)
      transaction.append(a, batchOfTasks('once', 'X', 'Y'), summary)
    })
  await expectCode(again, 'ALREADY_EXISTS', 'appending a second batch of a command')
  expectSame(words(await read(log, a)), ['A1', 'X', 'Y'], 'events after what was refused')
}

async function sameAnswer({ log }: StoreUnderTest): Promise<void> {
  const first = await log.transact(once)
  expectSame(await log.transact(once), first, 'the answer to the next sending')
  for (const number of upTo(60)) await log.transact(sending(a, `between-${number}`, `T${number}`))
  expectSame(await log.transact(once), first, 'the answer after sixty other commands')
  expectSame((await log.stream(a))?.version, 62, 'version, with nothing appended twice')
}

async function sameInFork({ log }: StoreUnderTest): Promise<void> {
  const first = await log.transact(once)
  await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 2 }))
  await streamWith(log, b, 'B3')
  expectSame(await log.transact(sending(b, 'once', 'X', 'Y')), first, 'the answer in the fork')
  expectSame(words(await read(log, b)), ['X', 'Y', 'B3'], 'events of the fork')
}

async function manyAtOnce(logs: readonly EventLog[]): Promise<void> {
  const senders = [...logs, ...logs, ...logs, ...logs]
  const answers = await Promise.all(senders.map(async (log) => log.transact(once)))
  for (const answer of answers) expectSame(answer, answers[0], 'the answer that each sender got')
  for (const log of logs) expectSame(words(await read(log, a)), ['X', 'Y'], 'events')
}

/** The answer is thrown away, and the handle with it, unclosed: all that is left is what the store holds. */
async function lostAnswer(lost: EventLog, next: EventLog): Promise<void> {
  await streamWith(next, a, 'A1')
  const unheard = faultyLog(lost, {
    faults: [{ on: 'transact', nth: 1, fault: 'fail', code: 'STORE_FAILED', when: 'after' }],
  })
  await expectCode(async () => unheard.transact(once), 'STORE_FAILED', 'a transaction whose answer is lost')
  const answer = await next.transact(once)
  expectSame(versions(answer), [2, 3], 'versions that the retry is told')
  expectSame(words(await read(next, a)), ['A1', 'X', 'Y'], 'events after the retry')
  expectSame(await read(next, a, { after: 1 }), answer, 'what the retry is told, as it lies there')
  await streamWith(next, a, 'A4')
  expectSame(versions(await collected(next.readAll(0))), [1, 2, 3, 4], 'versions after another event')
}

/** Nobody waits for the answer: the next handle may come before the write, in the middle of it, or after. */
async function vanishes({ log, again }: StoreUnderTest): Promise<void> {
  await streamWith(log, a)
  for (const round of upTo(6)) {
    const command = sending(a, `round-${round}`, `${round}.1`, `${round}.2`)
    const vanishing = await again()
    const unheard = vanishing.transact(command).catch(() => null)
    if (round % 2 === 0) await log.position()
    const next = await again()
    const answer = await next.transact(command)
    const told = await unheard
    if (told !== null) expectSame(told, answer, 'the answer nobody heard, and the one to the retry')
    expectSame(versions(answer), [round * 2 - 1, round * 2], 'versions of the command')
  }
  const expected = upTo(6).flatMap((round) => [`${round}.1`, `${round}.2`])
  expectSame(words(await read(log, a)), expected, 'events of all rounds')
}

async function rolledBack({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const position = await log.position()
  const failing = faultyLog(log, {
    faults: [{ on: 'transact', nth: 1, fault: 'fail', code: 'STORE_FULL', when: 'within' }],
  })
  await expectCode(async () => failing.transact(once), 'STORE_FULL', 'a transaction that is rolled back')
  expectSame(await log.position(), position, 'position after it')
  expectSame(words(await read(log, a)), ['A1'], 'events after it')
  const answer = await failing.transact(once)
  expectSame(versions(answer), [2, 3], 'versions that the retry is told')
  expectSame(await log.transact(once), answer, 'the answer to one more retry')
}
