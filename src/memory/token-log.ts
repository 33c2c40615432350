/**
 * `token-usage.log`: the history of the budget, one reading a line. It grows from where it ended; when it is full, its older
 * half is compressed and set aside under the position that it reaches, so that nothing is lost. The manifest notes what was set
 * aside, and by that alone it is counted.
 */
import { readdir } from 'node:fs/promises'
import { brotli } from '../kernel/compress.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { findFile, replaceFile, textIn } from './files.ts'
import { entryOf, type Manifest, type ManifestEntry } from './manifest.ts'
import { memoryFileNames, tokenArchiveNameOf, tokenArchivePositionOf } from './names.ts'
import { readingsAfter, type TokenReading } from './token-usage.ts'

export interface TokenLog {
  readonly bytes: Uint8Array
  /** How far the log has been read: later events are not in it. */
  readonly position: number
  /** The files with the older readings, by name, those set aside just now included. */
  readonly archives: ReadonlyMap<string, TokenArchive>
}

/** A file of older readings, up to and with a position. */
export interface TokenArchive {
  readonly position: number
  readonly sha256: string
}

interface Line {
  readonly position: number
  readonly text: string
}

/** While many readings come at once, this many full files are set aside as one. */
const bulkFactor = 16

/**
 * The file brought up to date. Where it is what `manifest` says, only what was appended to the log since is read; else it is
 * made anew, from where the readings that were set aside end. Where one of the files set aside is not what `manifest` says,
 * everything is made anew. What has to be set aside is written here. `known` holds the hashes of files that this process has seen.
 */
export async function bringUpToDate(
  log: EventLog,
  folder: string,
  manifest: Manifest | null,
  known: Map<string, string> = new Map(),
): Promise<TokenLog> {
  const noted = archivesIn(manifest)
  const isSound = await areSound(folder, noted, known)
  const entry = isSound ? entryOf(manifest, memoryFileNames.tokenUsage) : undefined
  const archives = new Map(isSound ? noted : [])
  const setAside = endOf(archives)
  const written = await knownLines(folder, entry)
  let lines = written === null ? [] : written.lines.filter((line) => line.position > setAside)
  let position = written === null ? setAside : Math.max(written.position, setAside)
  let bytes = bytesOf(lines)
  const setOlderAside = async (): Promise<void> => {
    const kept = keptOf(lines)
    const older = lines.slice(0, lines.length - kept.length)
    const last = older[older.length - 1]
    lines = kept
    bytes = bytesOf(lines)
    if (last === undefined) return
    const packed = brotli(Buffer.from(older.map(({ text }) => text).join('')))
    const name = tokenArchiveNameOf(last.position)
    await replaceFile(folder, name, packed)
    known.delete(name)
    archives.set(name, { position: last.position, sha256: sha256(packed) })
  }
  for await (const page of readingsAfter(log, position)) {
    const added = page.readings.map(lineOf)
    lines.push(...added)
    bytes += bytesOf(added)
    position = Math.max(position, page.position)
    if (bytes > limits.tokenUsageLogBytesMax * bulkFactor) await setOlderAside()
  }
  if (bytes > limits.tokenUsageLogBytesMax) await setOlderAside()
  return { bytes: Buffer.from(lines.map(({ text }) => text).join('')), position, archives }
}

/**
 * What the file would be if it were made anew now, with the files set aside that `manifest` notes; `null` when that is more than
 * one file holds. Changes nothing.
 */
export async function madeAnew(log: EventLog, manifest: Manifest | null): Promise<Uint8Array | null> {
  const texts: string[] = []
  let bytes = 0
  for await (const { readings } of readingsAfter(log, endOf(archivesIn(manifest)))) {
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

/** The files of older readings that a manifest notes. Others are not believed, whatever they are called. */
export function archivesIn(manifest: Manifest | null): ReadonlyMap<string, TokenArchive> {
  const archives = new Map<string, TokenArchive>()
  for (const [name, { sha256: hash }] of Object.entries(manifest?.files ?? {})) {
    const position = tokenArchivePositionOf(name)
    if (position !== null) archives.set(name, { position, sha256: hash })
  }
  return archives
}

/** Files in a folder that are called like older readings. */
export async function archiveNamesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => tokenArchivePositionOf(name) !== null)
}

/** The position that the readings set aside reach; 0 when there are none. */
function endOf(archives: ReadonlyMap<string, TokenArchive>): number {
  return [...archives.values()].reduce((newest, { position }) => Math.max(newest, position), 0)
}

async function areSound(
  folder: string,
  archives: ReadonlyMap<string, TokenArchive>,
  known: Map<string, string>,
): Promise<boolean> {
  for (const [name, archive] of archives) {
    if (known.get(name) === archive.sha256) continue
    const found = await findFile(folder, name)
    if (found.kind !== 'read' || found.sha256 !== archive.sha256) return false
    known.set(name, found.sha256)
  }
  return true
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
  const lines = linesOf(textIn(found.bytes))
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

/** The newer lines: half of what the file may hold. */
function keptOf(lines: readonly Line[]): Line[] {
  let first = lines.length
  for (let bytes = 0; first > 0; first--) {
    bytes += lines[first - 1]?.text.length ?? 0
    if (bytes > limits.tokenUsageLogBytesMax / 2) break
  }
  return lines.slice(first)
}
