/** Disks that simulated processes share: what is on them outlives the processes. */
import { MemoryLog } from '../../log/memory.ts'
import type { EventLog } from '../../log/port.ts'
import { openSqliteLog } from '../../store/sqlite/open.ts'
import { usage } from '../usage.ts'

/**
 * A disk with a log on it, for several simulated processes. A store of your own takes part in simulations by one of these: its handles
 * must see each other's commits, as those of several processes do.
 */
export interface SimulatedDisk {
  /** A handle on the log, as a process gets that starts. */
  open(): Promise<EventLog>
  /** Gives a handle back: that of a process that ended well, or of one that is gone, at the end of the simulation. */
  close(handle: EventLog): Promise<void>
  /** The machine stops, and every process with it: what was only on its way to the disk may be gone. */
  cutPower?(): void
}

/**
 * A disk in memory.
 *
 * @example
 * ```ts
 * const disk = memoryDisk()
 * const [one, other] = [await disk.open(), await disk.open()]
 * await one.transact((transaction) => transaction.putBookmark('key', 'value'))
 * await other.bookmark('key') // 'value'
 * ```
 */
export function memoryDisk(): SimulatedDisk {
  const log = new MemoryLog()
  return { open: async () => log, close: async () => {} }
}

/**
 * The real disk: every process opens the same SQLite file. The file and its folder are made when they are not there. A simulation begins
 * with an empty log: name another file for each run.
 *
 * @throws WaymarkError `USAGE` without a path
 *
 * @example
 * ```ts
 * import { mkdtempSync, rmSync } from 'node:fs'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { simulate } from 'waymark/testing'
 *
 * const folder = mkdtempSync(join(tmpdir(), 'simulation-'))
 * const disk = () => sqliteDisk(join(folder, 'log.sqlite'))
 * const { steps } = await simulate({ seed: 1, steps: 5, disk })
 * steps // 5
 * await simulate({ seed: 2, steps: 5, disk }) // throws USAGE: the file holds the events of the first run
 * rmSync(folder, { recursive: true })
 * ```
 */
export function sqliteDisk(path: string): SimulatedDisk {
  if (typeof path !== 'string' || path === '')
    throw usage('a disk without a path', 'name the file of the log: sqliteDisk(path)')
  return { open: () => openSqliteLog({ path }), close: (handle) => handle.close() }
}
