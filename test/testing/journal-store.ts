/**
 * A small store made of a file: what transactions did, a line each, and a log in memory that is made of it again on opening. It waits for no
 * disk, which these tests do not take the power from.
 */
import { closeSync, existsSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from '../../src/kernel/hash.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, LogTransaction } from '../../src/log/port.ts'
import { overriding } from './store-faults.ts'

const changing = ['create', 'append', 'putContent', 'putBookmark'] as const
type Changing = (typeof changing)[number]
type Operation = readonly [Changing, ...unknown[]]

/** How a journal may be kept: well, or with one of two mistakes. */
export type JournalKind = 'sound' | 'a line for each operation' | 'lines are believed'

/** Opens the journal in a folder. Whatever is not a whole line with its own hash is the torn tail of a crash, and is cut off. */
export async function openJournal(folder: string, kind: JournalKind = 'sound'): Promise<EventLog> {
  const path = join(folder, 'journal')
  const memory = new MemoryLog()
  let bytes = 0
  const text = existsSync(path) ? readFileSync(path, 'latin1') : ''
  for (const line of text.split('\n').slice(0, kind === 'lines are believed' ? undefined : -1)) {
    const operations = operationsIn(line, kind)
    if (operations === null) break
    await memory.transact((transaction) => repeat(transaction, operations))
    bytes += line.length + 1
  }
  if (kind !== 'lines are believed' && existsSync(path)) truncateSync(path, bytes)
  const file = openSync(path, 'a')
  return overriding<EventLog>(memory, {
    transact: async (work) => {
      const operations: Operation[] = []
      const done = await memory.transact((transaction) => work(noting(transaction, operations)))
      const lines = kind === 'a line for each operation' ? operations.map((each) => [each]) : [operations]
      if (operations.length > 0) writeSync(file, lines.map(lineOf).join(''), null, 'latin1')
      return done
    },
    close: async () => {
      await memory.close()
      try {
        closeSync(file)
      } catch {
        // It has been closed before.
      }
    },
  })
}

function lineOf(operations: readonly Operation[]): string {
  const text = JSON.stringify(operations, (_, value: unknown) =>
    value instanceof Uint8Array ? { bytes: Buffer.from(value).toString('hex') } : value,
  )
  // Escaped, every character is one byte, so that lengths of lines are places in the file.
  const ascii = text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  return `${sha256(ascii)} ${ascii}\n`
}

function operationsIn(line: string, kind: JournalKind): readonly Operation[] | null {
  const text = line.slice(65)
  if (kind !== 'lines are believed' && sha256(text) !== line.slice(0, 64)) return null
  try {
    return parse(text)
  } catch {
    // What can be made out of half a line is taken: the mistake of believing lines.
    const half = text.lastIndexOf('],[')
    return half < 0 ? null : parse(`${text.slice(0, half)}]]`)
  }
}

function parse(text: string): readonly Operation[] {
  const revived: unknown = JSON.parse(text, (key, value: { bytes?: unknown } | null) =>
    key !== '' && typeof value?.bytes === 'string' ? Buffer.from(value.bytes, 'hex') : value,
  )
  // The line's hash says that this is what was written.
  return revived as readonly Operation[]
}

function noting(transaction: LogTransaction, operations: Operation[]): LogTransaction {
  const noted = changing.map((name) => {
    const call = (...given: unknown[]): unknown => {
      // Buffers turn themselves into JSON before anybody else can.
      const plain = given.map((each) => (each instanceof Uint8Array ? Uint8Array.from(each) : each))
      const done: unknown = Reflect.apply(transaction[name], transaction, given)
      operations.push([name, ...plain])
      return done
    }
    return [name, call]
  })
  return overriding(transaction, Object.fromEntries(noted))
}

function repeat(transaction: LogTransaction, operations: readonly Operation[]): void {
  for (const [name, ...given] of operations) Reflect.apply(transaction[name], transaction, given)
}
