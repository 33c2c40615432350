/** Many writers, over one handle and over several: nothing is lost, nothing comes twice, no batch is cut by another. */
import { setImmediate as turn } from 'node:timers/promises'
import type { LoggedEvent } from '../../../events/envelope.ts'
import type { EventLog } from '../../../log/port.ts'
import { expectSame, expectThat } from '../expectation.ts'
import {
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

const a = sessionOf('a')
const b = sessionOf('b')
const sessions = [a, b] as const

/** Commands of each writer. */
const commandsEach = 16

export const writerChecks: readonly StoreCheck[] = group('writers at once', [
  {
    name: 'on one handle lose nothing, repeat nothing, and cut no batch',
    run: async ({ log }) => underLoad([log]),
  },
  {
    name: 'on several handles lose nothing, repeat nothing, and cut no batch',
    needs: 'several handles',
    run: async (store) => underLoad(await handles(store)),
  },
  { name: 'that expect the same version: one is let in', run: async ({ log }) => oneWins([log]) },
  {
    name: 'on several handles that expect the same version: one is let in',
    needs: 'several handles',
    run: async (store) => oneWins(await handles(store)),
  },
  {
    name: 'leave a reader whole batches only, and versions that only grow',
    run: async ({ log }) => wholeToReaders([log], log),
  },
  {
    name: 'on several handles leave a reader whole batches only, and versions that only grow',
    needs: 'several handles',
    run: async (store) => wholeToReaders(await handles(store), await store.again()),
  },
])

/** The store's own handle and two more. */
export async function handles({ log, again }: StoreUnderTest): Promise<readonly EventLog[]> {
  return [log, await again(), await again()]
}

/** What a command of a writer led to. */
interface Sent {
  readonly commandId: string
  readonly events: readonly LoggedEvent[]
}

/** Each writer sends all its commands at once; batches have from one to four events, and go to two streams by turns. */
async function sendAll(logs: readonly EventLog[]): Promise<readonly (readonly Sent[])[]> {
  return Promise.all(
    logs.map(async (log, writer) =>
      Promise.all(
        upTo(commandsEach).map(async (number): Promise<Sent> => {
          const commandId = `writer-${writer}.command-${number}`
          const tasks = upTo(1 + (number % 4)).map((event) => `${writer}.${number}.${event}`)
          const sessionId = sessions[(number + writer) % 2] ?? a
          return { commandId, events: await log.transact(sending(sessionId, commandId, ...tasks)) }
        }),
      ),
    ),
  )
}

async function underLoad(logs: readonly EventLog[]): Promise<void> {
  const sent = await sendAll(logs)
  const acknowledged = sent.flat()
  const whole = new Map<string, readonly LoggedEvent[]>()
  for (const log of logs) {
    const all = await collected(log.readAll(0))
    const positions = all.map(({ position }) => position)
    expectSame(
      positions,
      [...new Set(positions)].sort((x, y) => x - y),
      'positions of the log, which rise',
    )
    const batches = batchesOf(all)
    const commands = batches.map(([first]) => first?.commandId ?? '')
    expectSame(
      commands.toSorted(),
      acknowledged.map(({ commandId }) => commandId).toSorted(),
      'commands, each once and in one piece',
    )
    for (const batch of batches) whole.set(batch[0]?.commandId ?? '', batch)
    for (const sessionId of sessions) {
      const events = await read(log, sessionId)
      expectSame(versions(events), upTo(events.length), 'versions of a stream, without gaps')
      expectSame(
        events,
        all.filter((event) => event.sessionId === sessionId),
        'events of a stream as in the whole log',
      )
      expectSame((await log.stream(sessionId))?.version, events.length, 'version of the head')
    }
  }
  for (const { commandId, events } of acknowledged) {
    expectSame(whole.get(commandId), events, `what ${commandId} was told, as it lies there`)
  }
  for (const own of sent) {
    const positions = own.map(({ events }) => events[0]?.position ?? 0)
    expectSame(
      positions,
      positions.toSorted((x, y) => x - y),
      'positions of one handle, in the order it asked',
    )
  }
}

/** Neighbouring events of one command; a command that comes up twice has been cut in two. */
function batchesOf(events: readonly LoggedEvent[]): readonly (readonly LoggedEvent[])[] {
  const batches: LoggedEvent[][] = []
  for (const event of events) {
    const last = batches[batches.length - 1]
    if (last?.[0]?.commandId === event.commandId && last.length === event.index) last.push(event)
    else batches.push([event])
  }
  return batches
}

async function oneWins(logs: readonly EventLog[]): Promise<void> {
  const [first] = logs
  expectThat(first !== undefined, 'a handle')
  await streamWith(first, a, 'A1', 'A2')
  for (const round of upTo(4)) {
    const expected = round + 1
    const outcomes = await Promise.all(
      [...logs, ...logs, ...logs].map(async (log, writer) =>
        log.transact((transaction) => {
          if (transaction.stream(a)?.version !== expected) return 'refused'
          transaction.append(a, [taskAdded(`R${round}.${writer}`)], summary)
          return 'appended'
        }),
      ),
    )
    expectSame(
      outcomes.filter((outcome) => outcome === 'appended').length,
      1,
      `writers let in at version ${expected}`,
    )
    for (const log of logs) {
      expectSame((await log.stream(a))?.version, expected + 1, 'version afterwards')
      const isRefused = await log.transact((transaction) => transaction.stream(a)?.version !== expected)
      expectThat(isRefused, 'a writer of the old version to see the new one')
    }
  }
}

async function wholeToReaders(logs: readonly EventLog[], reader: EventLog): Promise<void> {
  for (const sessionId of sessions)
    await reader.transact((transaction) => transaction.create(sessionId, null))
  let isDone = false
  let version = 0
  let looks = 0
  const looking = async () => {
    while (!isDone) {
      const events = await read(reader, a)
      expectSame(versions(events), upTo(events.length), 'versions while others write')
      expectThat(
        events.length >= version,
        `version ${events.length} not to be before ${version}, which was seen`,
      )
      version = events.length
      const last = events[events.length - 1]
      if (last !== undefined)
        expectSame(last.index, sizeOf(last) - 1, 'index of the newest event, the last of its batch')
      looks += 1
      await turn()
    }
  }
  const writing = async () => {
    for (const round of upTo(8)) {
      await Promise.all(logs.map(async (log, writer) => log.transact(batch(`${round}.${writer}`, 3))))
      await turn()
    }
    isDone = true
  }
  await Promise.all([
    looking(),
    writing().finally(() => {
      isDone = true
    }),
  ])
  expectThat(looks > 0, 'a reader that looked')
  expectSame(words(await read(reader, a)).length, 8 * logs.length * 3, 'number of events in the end')
}

/** A batch whose events say in their task how many they are. */
function batch(name: string, size: number) {
  return sending(a, name, ...upTo(size).map((event) => `${name}:${event}:${size}`))
}

function sizeOf(event: LoggedEvent): number {
  return Number(words([event])[0]?.split(':')[2] ?? '0')
}
