/**
 * A crash may leave the end of a file unwritten, or written with nothing in it. What was acknowledged before the last transaction is
 * there all the same, and the last one is there whole or not at all.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { sha256 } from '../../../kernel/hash.ts'
import type { EventLog, LogTransaction } from '../../../log/port.ts'
import { expectSame, expectThat } from '../expectation.ts'
import {
  batchOfTasks,
  collected,
  listed,
  read,
  rowsOf,
  sessionOf,
  streamWith,
  summary,
  taskAdded,
  upTo,
  usageRecorded,
  versions,
} from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')
const b = sessionOf('b')

export const tornTailChecks: readonly StoreCheck[] = group('a torn tail', [
  {
    name: 'cut off anywhere, loses the last transaction at most, and that one whole',
    needs: 'files',
    run: async (store) => tear(store, cutOff),
  },
  {
    name: 'filled with zeros anywhere, loses the last transaction at most, and that one whole',
    needs: 'files',
    run: async (store) => tear(store, zeroed),
  },
])

/** The file as a crash may leave it, with the end lost from a place on. */
type Damage = (bytes: Uint8Array, from: number) => Uint8Array

const cutOff: Damage = (bytes, from) => bytes.subarray(0, from)
const zeroed: Damage = (bytes, from) => Uint8Array.from(bytes).fill(0, from)

async function tear({ log, files, tearsMax }: StoreUnderTest, damage: Damage): Promise<void> {
  const place = files()
  await streamWith(log, a, 'A1', 'A2')
  await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 1 }))
  await streamWith(log, b, 'B2')
  const newest = () => join(place.folder, place.newest())
  const [pathBefore, before] = [newest(), await readFile(newest())]
  const sound = await heldBy(log)
  await log.transact(lastTransaction)
  const path = newest()
  const whole = await readFile(path)
  const last = await heldBy(log)
  const begin = path === pathBefore ? firstChange(before, whole) : 0
  expectThat(begin < whole.length, `the last transaction to have changed ${path}`)
  const all = await filesIn(place.folder)
  for (const from of places(begin, whole.length, tearsMax)) {
    const torn = new Map(all).set(place.newest(), damage(whole, from))
    await inFolder(torn, async (folder) => {
      const what = `torn at byte ${from} of ${whole.length}`
      await expectWholeOrNot(await place.open(folder), { sound, last }, what)
    })
  }
}

function lastTransaction(transaction: LogTransaction): void {
  transaction.append(a, batchOfTasks('last', 'A3', 'A4', 'A5'), { ...summary, title: 'last' })
  transaction.append(b, [taskAdded('B3', 'last-of-b'), usageRecorded('last-call', 7)], summary)
  transaction.putContent(sha256('last'), Buffer.from('last'))
  transaction.putBookmark('import', 'last')
}

/** What is found in a log again. */
async function heldBy(log: EventLog) {
  const streams = await collected(log.streams())
  const events = await Promise.all(streams.map(async ({ sessionId }) => read(log, sessionId)))
  const rows = await Promise.all(streams.map(async ({ sessionId }) => rowsOf(log, sessionId)))
  const found = await log.transact((transaction) => ({
    batches: [transaction.batchOf(a, 'last'), transaction.batchOf(b, 'last-of-b')],
    call: transaction.countedCall(b, 'last-call', 'home'),
    heads: streams.map(({ sessionId }) => transaction.stream(sessionId)),
  }))
  const beside = { content: await log.content(sha256('last')), bookmark: await log.bookmark('import') }
  const audit = await listed(log.auditContents())
  return { streams, events, rows, ...found, ...beside, audit, position: await log.position() }
}
type Held = Awaited<ReturnType<typeof heldBy>>

async function expectWholeOrNot(
  log: EventLog,
  { sound, last }: { readonly sound: Held; readonly last: Held },
  what: string,
): Promise<void> {
  try {
    const held = await heldBy(log)
    const isThere = held.position === last.position
    expectSame(
      held,
      isThere ? last : sound,
      `${what}: all that the log holds, ${isThere ? 'with' : 'without'} the last transaction`,
    )
    // Whoever has lost the answer sends it again, and goes on.
    if (!isThere) await log.transact(lastTransaction)
    const expected = last.events.map(versions)
    const after = await Promise.all([a, b].map(async (sessionId) => versions(await read(log, sessionId))))
    expectSame(after, expected, `${what}: versions after the retry`)
    const positions = (await collected(log.readAll(0))).map(({ position }) => position)
    expectSame(
      positions,
      [...new Set(positions)].sort((x, y) => x - y),
      `${what}: positions after the retry`,
    )
  } finally {
    await log.close()
  }
}

/** The files of a folder and their bytes, by their paths in it. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const read = paths.map(async (path) => [relative(folder, path), await readFile(path)] as const)
  return new Map(await Promise.all(read))
}

/** Runs with a folder that holds those files, and takes it away again. */
async function inFolder(
  files: ReadonlyMap<string, Uint8Array>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-torn-'))
  try {
    for (const [path, bytes] of files) {
      const target = join(folder, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, bytes)
    }
    await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function firstChange(before: Uint8Array, after: Uint8Array): number {
  const at = after.findIndex((byte, index) => byte !== before[index])
  return at < 0 ? after.length : at
}

/** Every place from the first to the last byte, or as many as may be, spread evenly, both ends included. */
function places(from: number, to: number, countMax: number): readonly number[] {
  const count = to - from
  if (count <= countMax) return upTo(count).map((number) => from + number - 1)
  return upTo(countMax).map((number) => from + Math.floor(((number - 1) * (count - 1)) / (countMax - 1)))
}
