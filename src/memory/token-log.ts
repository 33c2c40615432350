/**
 * `token-usage.log`: the history of the budget, one reading a line. It grows from where it ended; when it is full, its older
 * half is compressed and set aside under the position that it reaches, so that nothing is lost.
 */
import { readdir } from 'node:fs/promises'
import { brotli } from '../kernel/compress.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { findFile, replaceFile } from './files.ts'
import type { ManifestEntry } from './manifest.ts'
import { memoryFileNames, tokenArchiveNameOf, tokenArchivePositionOf } from './names.ts'
import { readingsAfter, type TokenReading } from './token-usage.ts'

export interface TokenLog {
  readonly bytes: Buffer
  /** How far the log has been read: later events are not in it. */
  readonly position: number
}

interface Line {
  readonly position: number
  readonly text: string
}

/** While many readings come at once, this many full files are set aside as one. */
const bulkFactor = 16

/**
 * The file brought up to date. Where it is what `entry` says, only what was appended to the log since is read; else it is
 * made anew, from where the readings that were set aside end. What has to be set aside is written here.
 */
export async function bringUpToDate(
  log: EventLog,
  folder: string,
  entry: ManifestEntry | undefined,
): Promise<TokenLog> {
  const setAside = await setAsidePosition(folder)
  const known = await knownLines(folder, entry)
  let lines = known === null ? [] : known.lines.filter(({ position }) => position > setAside)
  let position = known === null ? setAside : Math.max(known.position, setAside)
  let bytes = bytesOf(lines)
  for await (const page of readingsAfter(log, position)) {
    const added = page.readings.map(lineOf)
    lines.push(...added)
    bytes += bytesOf(added)
    position = Math.max(position, page.position)
    if (bytes > limits.tokenUsageLogBytesMax * bulkFactor) {
      lines = await setOlderAside(folder, lines)
      bytes = bytesOf(lines)
    }
  }
  if (bytes > limits.tokenUsageLogBytesMax) lines = await setOlderAside(folder, lines)
  return { bytes: Buffer.from(lines.map(({ text }) => text).join('')), position }
}

/** What the file would be if it were made anew now; `null` when that is more than one file holds. Changes nothing. */
export async function madeAnew(log: EventLog, folder: string): Promise<Buffer | null> {
  const texts: string[] = []
  let bytes = 0
  for await (const { readings } of readingsAfter(log, await setAsidePosition(folder))) {
    const added = readings.map(lineOf)
    bytes += bytesOf(added)
    if (bytes > limits.tokenUsageLogBytesMax) return null
    texts.push(...added.map(({ text }) => text))
  }
  return Buffer.from(texts.join(''))
}

/** Whether the log holds readings after a position. */
export async function hasReadingsAfter(log: EventLog, position: number): Promise<boolean> {
  for await (const { readings } of readingsAfter(log, position)) if (readings.length > 0) return true
  return false
}

/** The position that the readings set aside reach; 0 when there are none. */
async function setAsidePosition(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => [])
  return names.reduce((newest, name) => Math.max(newest, tokenArchivePositionOf(name) ?? 0), 0)
}

/** The lines of the file, if it is as it was written; `null` when it cannot be gone by. */
async function knownLines(
  folder: string,
  entry: ManifestEntry | undefined,
): Promise<{ readonly lines: readonly Line[]; readonly position: number } | null> {
  if (entry === undefined) return null
  const found = await findFile(folder, memoryFileNames.tokenUsage)
  if (found.kind !== 'read') return null
  if (found.sha256 !== entry.sha256 && found.sha256 !== entry.before) return null
  const lines = linesOf(found.bytes.toString('utf8'))
  // An interrupted write left the file before: it says itself how far it goes.
  const last = lines[lines.length - 1]?.position ?? 0
  return { lines, position: found.sha256 === entry.sha256 ? entry.position : last }
}

/** Lines that Waymark wrote, as their hash has shown. */
function linesOf(text: string): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ position: (JSON.parse(line) as TokenReading).position, text: `${line}\n` }))
}

function lineOf(reading: TokenReading): Line {
  return { position: reading.position, text: `${JSON.stringify(reading)}\n` }
}

function bytesOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { text }) => sum + text.length, 0)
}

/** Sets the older lines aside, and gives those that stay: half of what the file may hold. */
async function setOlderAside(folder: string, lines: readonly Line[]): Promise<Line[]> {
  let first = lines.length
  for (let bytes = 0; first > 0; first--) {
    bytes += lines[first - 1]?.text.length ?? 0
    if (bytes > limits.tokenUsageLogBytesMax / 2) break
  }
  const older = lines.slice(0, first)
  const last = older[older.length - 1]
  if (last !== undefined) {
    const text = older.map((line) => line.text).join('')
    await replaceFile(folder, tokenArchiveNameOf(last.position), brotli(Buffer.from(text)))
  }
  return lines.slice(first)
}
