/** A subscriber reads on from its own position: every event, once, in order, whoever appends. */
import { setImmediate as turn } from 'node:timers/promises'
import type { LoggedEvent } from '../../../events/envelope.ts'
import type { EventLog } from '../../../log/port.ts'
import { expectSame, expectThat } from '../expectation.ts'
import { besideWriters } from '../readers.ts'
import { collected, sending, sessionOf, streamWith, upTo, words } from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'
import { handles } from './writers.ts'

const a = sessionOf('a')
const b = sessionOf('b')

export const subscriptionChecks: readonly StoreCheck[] = group('subscriptions', [
  {
    name: 'miss nothing and repeat nothing while the same handle appends',
    run: async ({ log }) => follows([log], [log]),
  },
  {
    name: 'miss nothing and repeat nothing while several handles append',
    needs: 'several handles',
    run: async (store) => follows(await handles(store), [store.log, await store.again()]),
  },
  { name: 'that begin in the middle get what came after, and no more', run: fromTheMiddle },
  { name: 'end when they give up', run: givesUp },
])

const rounds = 10

async function follows(writers: readonly EventLog[], readers: readonly EventLog[]): Promise<void> {
  const [first] = writers
  expectThat(first !== undefined, 'a handle')
  await streamWith(first, a, 'before-1', 'before-2')
  await streamWith(first, b, 'before-3')
  const middle = await first.position()
  const count = rounds * writers.length * 3
  const writing = async () => {
    for (const round of upTo(rounds)) {
      await Promise.all(writers.map(async (log, writer) => burst(log, `${round}.${writer}`)))
      // Now and then readers come to rest before the next burst, so that they have to be woken.
      for (const _ of upTo(round % 4)) await turn()
    }
  }
  const seen = await besideWriters(writing, async (signal) =>
    Promise.all([
      ...readers.map(async (log) => follow(log, 0, count + 3, signal)),
      ...readers.map(async (log) => follow(log, middle, count, signal)),
    ]),
  )
  const all = words(await collected(first.readAll(0)))
  expectSame(all.length, count + 3, 'number of events in the log')
  for (const [index, events] of seen.entries()) {
    const expected = index < readers.length ? all : all.slice(3)
    expectSame(words(events), expected, 'events that a subscriber saw, as the log has them')
  }
}

/** Three events in two transactions, asked for at once. */
async function burst(log: EventLog, name: string): Promise<void> {
  await Promise.all([
    log.transact(sending(a, `${name}-one`, `${name}.1`, `${name}.2`)),
    log.transact(sending(b, `${name}-other`, `${name}.3`)),
  ])
}

/** Reads on from a position until so many events have come, or it is given up. */
async function follow(
  log: EventLog,
  afterPosition: number,
  count: number,
  signal: AbortSignal,
): Promise<readonly LoggedEvent[]> {
  const seen: LoggedEvent[] = []
  let position = afterPosition
  while (seen.length < count && !signal.aborted) {
    for await (const page of log.readAll(position)) {
      seen.push(...page)
      position = page[page.length - 1]?.position ?? position
    }
    if (seen.length < count) await log.changed(position, signal)
  }
  return seen
}

async function fromTheMiddle({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2')
  const position = await log.position()
  const writing = async () => {
    await streamWith(log, b, 'B1')
    await streamWith(log, a, 'A3')
  }
  const seen = await besideWriters(writing, async (signal) => follow(log, position, 2, signal))
  expectSame(words(seen), ['B1', 'A3'], 'events after the position')
  expectSame(words(await collected(log.readAll(position))), ['B1', 'A3'], 'events after it, read later')
}

async function givesUp({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const giveUp = new AbortController()
  const position = await log.position()
  const waiting = upTo(5).map(async () => log.changed(position, giveUp.signal))
  await turn()
  giveUp.abort()
  await Promise.all(waiting)
  await streamWith(log, a, 'A2')
  expectSame(words(await collected(log.readAll(position))), ['A2'], 'events after those who gave up')
}
