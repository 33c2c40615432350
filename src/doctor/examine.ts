/**
 * The examination of a home: makes every check it can, whatever state the home is in, and changes nothing unless it is to repair.
 * It goes through the sessions one by one and holds one at a time, so that its memory does not grow with them.
 */
import { statfs } from 'node:fs/promises'
import { homedir } from 'node:os'
import { type Clock, systemClock } from '../kernel/clock.ts'
import type { EventLog } from '../log/port.ts'
import { findHome, type Home, storePathOf } from '../session/home.ts'
import { openSqliteLog } from '../store/sqlite/open.ts'
import type { DiskSpace, PlaceContext } from './check.ts'
import type { Finding } from './finding.ts'
import { repaired } from './repairs.ts'
import { type Made, Round } from './round.ts'

export interface ExaminationOptions {
  /** The home, or its folder; the one that `Waymark.open` would take if left out. */
  readonly home?: Home | string
  /** Only this session: its id, a unique prefix of it, or its native id. */
  readonly session?: string
  /** Reads all events and texts, and not only the newest of each session. */
  readonly deep?: boolean
  /** Makes the repairs that lose nothing. */
  readonly fix?: boolean
  readonly clock?: Clock
  /** Settings by the names they have in the file: `cache_enabled=false`. */
  readonly set?: readonly string[]
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** The folder that stands for "here"; the working folder if left out. */
  readonly folder?: string
  readonly userFolder?: string
  /** Asks how much room there is; the system if left out. */
  readonly diskSpace?: (folder: string) => Promise<DiskSpace>
  readonly onProgress?: (text: string) => void
}

export interface Examination extends Made {
  readonly home: Home
  readonly findings: readonly Finding[]
}

/**
 * Examines a home and says what is wrong or about to be: with its place, why it matters, and what to type. Never throws for what
 * it finds; a check that cannot be made is a finding.
 *
 * @example
 * ```ts
 * const { findings } = await examine({ home: '/nowhere/.moai' })
 * findings[0]?.code // 'no-home'
 * ```
 */
export async function examine(options: ExaminationOptions = {}): Promise<Examination> {
  const context = contextOf(options)
  const opened = await openedLog(context.home)
  const { log } = opened
  const round = new Round({ ...context, log }, opened.reason)
  try {
    await round.makeChecks()
  } finally {
    await log?.close()
  }
  const collected = round.collection.all()
  const { clock = systemClock } = options
  const findings =
    options.fix === true
      ? await repaired(context.home.path, collected, () => clock.now())
      : collected.map(({ finding }) => finding)
  return { home: context.home, ...round.made(), findings }
}

function contextOf(options: ExaminationOptions): Omit<PlaceContext, 'log'> {
  const { home, folder = process.cwd(), environment = process.env, clock = systemClock } = options
  return {
    home: typeof home === 'object' ? home : findHome(home, folder, environment),
    folder,
    userFolder: options.userFolder ?? homedir(),
    environment,
    settingsFlags: options.set ?? [],
    deep: options.deep === true,
    named: options.session ?? null,
    nowMs: Date.parse(clock.now()),
    diskSpace: options.diskSpace ?? diskSpaceOf,
    onProgress: options.onProgress ?? (() => {}),
  }
}

async function diskSpaceOf(folder: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(folder)
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize }
}

interface Opened {
  readonly log: EventLog | null
  /** Why there is none. */
  readonly reason: string
}

async function openedLog(home: Home): Promise<Opened> {
  try {
    return { log: await openSqliteLog({ path: storePathOf(home.path), readOnly: true }), reason: '' }
  } catch (error) {
    return { log: null, reason: error instanceof Error ? error.message : String(error) }
  }
}
