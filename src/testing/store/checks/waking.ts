/** Waiting readers are woken, and a closed log says that it is closed. */
import { setTimeout as pause } from 'node:timers/promises'
import { sha256 } from '../../../kernel/hash.ts'
import { limits } from '../../../kernel/limits.ts'
import { expectCode, expectSame } from '../expectation.ts'
import { expectEnd, expectWoken, withinWake } from '../readers.ts'
import { collected, listed, read, rowsOf, sessionOf, streamWith, words } from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')

export const wakingChecks: readonly StoreCheck[] = group('wakes and closes', [
  {
    name: 'a waiting reader at once when something was appended before, and when this log appends',
    run: wakes,
  },
  { name: 'no reader for what it has seen, until it gives up', run: letsSleep },
  { name: 'a reader of another handle when this one appends', needs: 'several handles', run: wakesOthers },
  { name: 'for good: every use afterwards says so, and closing twice is fine', run: closes },
])

async function wakes({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const behind = await withinWake(async (signal) => log.changed(0, signal))
  expectSame(behind, 'woken', 'a wait for what was appended before')
  await expectWoken(log, async () => streamWith(log, a, 'A2'))
}

async function letsSleep({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const giveUp = new AbortController()
  let isWoken = false
  const waiting = log.changed(await log.position(), giveUp.signal).then(() => {
    isWoken = true
  })
  await pause(limits.pollIntervalMs * 3)
  expectSame(isWoken, false, 'whether a reader was woken for nothing')
  giveUp.abort()
  await expectEnd(waiting, 'a wait that was given up')
  await expectEnd(log.changed(99, AbortSignal.abort()), 'a wait that was given up before it began')
}

async function wakesOthers({ log, again }: StoreUnderTest): Promise<void> {
  const other = await again()
  for (const task of ['A1', 'A2', 'A3']) await expectWoken(other, async () => streamWith(log, a, task))
  expectSame(words(await read(other, a)), ['A1', 'A2', 'A3'], 'events, read by the other handle')
}

async function closes({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  await log.close()
  await log.close()
  const uses: Readonly<Record<string, () => Promise<unknown>>> = {
    transact: async () => log.transact(() => 1),
    stream: async () => log.stream(a),
    streams: async () => collected(log.streams()),
    read: async () => read(log, a),
    rows: async () => rowsOf(log, a),
    readAll: async () => collected(log.readAll(0)),
    position: async () => log.position(),
    changed: async () => withinWake(async (signal) => log.changed(0, signal)),
    snapshots: async () => listed(log.snapshots(a)),
    content: async () => log.content(sha256('x')),
    auditContents: async () => listed(log.auditContents()),
    bookmark: async () => log.bookmark('x'),
    compact: async () => log.compact({ dropSnapshot: () => false }),
  }
  for (const [name, use] of Object.entries(uses)) {
    await expectCode(use, 'STORE_CLOSED', `${name} of a closed log`)
  }
}
