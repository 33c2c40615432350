/**
 * Repair: a new, sound store beside a damaged one. What is damaged is never written to; what cannot be saved is named, with session, version
 * and reason, and written down as it could be read.
 */
import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog, ForkPoint } from '../log/port.ts'
import { verifyLog } from '../replay/verify/verify.ts'
import { makeHome, storePathOf } from '../session/home.ts'
import { openSqliteLog } from '../store/sqlite/open.ts'
import { type Salvage, withSalvage } from '../store/sqlite/salvage.ts'
import { type Extent, extentOf, holderOf, settleExtents, streamsIn } from './examine.ts'
import { type SavedTexts, saveStream, saveTexts, writeLost } from './save.ts'

export interface RepairOptions {
  /** The damaged home. */
  readonly home: string
  /** The folder of the new home, which must not be there yet; `<home>-repaired` if left out. */
  readonly out?: string
  readonly onProgress?: (text: string) => void
}

/** What became of one session. */
export interface RepairedSession {
  readonly sessionId: string
  /** Its version in the new home; 0 when nothing of it could be saved. */
  readonly savedVersion: number
  /** Its version as the damaged store says; `null` where that cannot be read. */
  readonly version: number | null
  /** Its own events in the new home. */
  readonly savedEvents: number
  /** Events that could be read and not be saved; they are in the file of what was lost. */
  readonly lostEvents: number
  /** The first of them. */
  readonly lostVersions: readonly number[]
  /** Hashes that had been changed and were worked out again from what is before and behind them. */
  readonly healedHashes: number
  /** The first version that could not be saved, and why; `null` when all of it was. */
  readonly problem: { readonly version: number; readonly reason: string } | null
}

export interface RepairReport {
  readonly home: string
  readonly out: string
  readonly sessions: readonly RepairedSession[]
  readonly contents: SavedTexts
  readonly snapshotsSaved: number
  /** Parts of the store that cannot be read at all. */
  readonly unreadable: readonly string[]
  /** How far imports had come is kept only where everything was saved: else a second import brings back what it can. */
  readonly bookmarksKept: boolean
  /** The file with what was lost, relative to `out`; `null` when nothing was. */
  readonly lostAndFound: string | null
  /** Everything is in the new home. */
  readonly complete: boolean
  /** The new home was read again and found sound. */
  readonly verified: boolean
}

const lostName = 'lost-and-found.ndjson'

/**
 * Writes what is sound of a home into a new one. The damaged home is copied to be read, and stays as it is, byte for byte; the new one
 * appears when it is complete.
 *
 * @throws WaymarkError `HOME_NOT_FOUND`, `ALREADY_EXISTS` when `out` is there; DamagedRecord when nothing of the file can be read at all.
 */
export async function repairHome(options: RepairOptions): Promise<RepairReport> {
  const home = resolve(options.home)
  const out = resolve(options.out ?? `${home}-repaired`)
  const store = storePathOf(home)
  if (!existsSync(store)) {
    throw new WaymarkError('HOME_NOT_FOUND', {
      message: `there are no sessions in ${home}`,
      hint: '--home <folder> names the home to repair',
      details: { home },
    })
  }
  if (existsSync(out)) {
    throw new WaymarkError('ALREADY_EXISTS', {
      message: `${out} is there already`,
      hint: 'name a folder that is not there: --out <folder>',
      details: { out },
    })
  }
  const part = `${out}.part`
  await rm(part, { recursive: true, force: true })
  try {
    const saved = await repairInto(part, store, options)
    await rename(part, out)
    return { home, out, ...saved }
  } catch (error) {
    await rm(part, { recursive: true, force: true })
    throw error
  }
}

async function repairInto(
  folder: string,
  store: string,
  options: RepairOptions,
): Promise<Omit<RepairReport, 'home' | 'out'>> {
  await makeHome(folder)
  const log = await openSqliteLog({ path: storePathOf(folder) })
  try {
    const saved = await withSalvage(store, folder, (salvage) => save(log, salvage, folder, options))
    options.onProgress?.('reading the new home again')
    const { ok: verified } = await verifyLog(log, undefined, { machines: null })
    return { ...saved, verified }
  } finally {
    await log.close()
  }
}

type Saved = Omit<RepairReport, 'home' | 'out' | 'verified'>

async function save(
  log: EventLog,
  salvage: Salvage,
  folder: string,
  { onProgress }: RepairOptions,
): Promise<Saved> {
  const unreadable: string[] = []
  onProgress?.('looking for what is sound')
  const extents = extentsIn(salvage, (reason) => unreadable.push(reason))
  const sessions: RepairedSession[] = []
  let snapshotsSaved = 0
  const path = join(folder, lostName)
  const file = await open(path, 'wx', 0o600)
  let lost = 0
  try {
    for (const extent of extents.values()) {
      const { stream, end, problem, healed } = extent
      const base = stream.forkedFrom?.version ?? 0
      onProgress?.(`saving ${stream.sessionId}`)
      if (end > base)
        snapshotsSaved += await saveStream(log, salvage, extent, await parentOf(log, extents, extent))
      const { count, versions } = await writeLost((lines) => file.writeFile(lines), salvage, extent)
      lost += count
      sessions.push({
        sessionId: stream.sessionId,
        savedVersion: end > base ? end : 0,
        version: stream.head?.version ?? null,
        savedEvents: Math.max(0, end - base),
        lostEvents: count,
        lostVersions: versions,
        healedHashes: healed,
        problem,
      })
    }
  } finally {
    await file.close()
  }
  if (lost === 0) await rm(path)
  const contents = await saveTexts(log, salvage, extents)
  const complete =
    unreadable.length === 0 && contents.lostCount === 0 && sessions.every(({ problem }) => problem === null)
  const bookmarksKept = complete && (await keepBookmarks(log, salvage))
  const lostAndFound = lost === 0 ? null : lostName
  return { sessions, contents, snapshotsSaved, unreadable, bookmarksKept, lostAndFound, complete }
}

function extentsIn(salvage: Salvage, unreadable: (reason: string) => void): ReadonlyMap<string, Extent> {
  const streams = streamsIn(salvage, unreadable)
  const forkPoints = new Map(streams.map(({ sessionId, forkedFrom }) => [sessionId, forkedFrom]))
  const wanted = new Map<string, Set<number>>()
  const holder = (fork: ForkPoint): string => holderOf(fork, (id) => forkPoints.get(id) ?? null)
  for (const { forkedFrom } of streams) {
    if (forkedFrom === null) continue
    const versions = wanted.get(holder(forkedFrom)) ?? new Set()
    wanted.set(holder(forkedFrom), versions.add(forkedFrom.version))
  }
  const extents = new Map<string, Extent>()
  for (const stream of streams) {
    const { sessionId, forkedFrom } = stream
    const base = forkedFrom === null ? '' : extents.get(holder(forkedFrom))?.hashes.get(forkedFrom.version)
    // Without the hash of what it shares nothing of a fork can be checked: no hash is the empty text behind an event.
    const extent = extentOf(salvage, stream, base ?? '', wanted.get(sessionId) ?? new Set())
    extents.set(sessionId, extent)
  }
  settleExtents(extents)
  return extents
}

/** Where a stream branches off in the new home: from its parent, or from whoever holds the shared events if that one has nothing of its own. */
async function parentOf(
  log: EventLog,
  extents: ReadonlyMap<string, Extent>,
  { stream }: Extent,
): Promise<ForkPoint | null> {
  const { forkedFrom } = stream
  if (forkedFrom === null) return null
  const parent = await log.stream(forkedFrom.sessionId)
  if (parent !== null && parent.version >= forkedFrom.version) return forkedFrom
  const sessionId = holderOf(forkedFrom, (id) => extents.get(id)?.stream.forkedFrom ?? null)
  return { sessionId, version: forkedFrom.version }
}

async function keepBookmarks(log: EventLog, salvage: Salvage): Promise<boolean> {
  const bookmarks = salvage.bookmarks()
  if (bookmarks === null) return false
  await log.transact((transaction) => {
    for (const [key, value] of bookmarks) if (key.startsWith('import/')) transaction.putBookmark(key, value)
  })
  return true
}
