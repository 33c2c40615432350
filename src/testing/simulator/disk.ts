/** Disks that simulated processes share: what is on them outlives the processes. */
import { MemoryLog } from '../../log/memory.ts'
import type { EventLog } from '../../log/port.ts'
import { openSqliteLog } from '../../store/sqlite/open.ts'

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

/** The real disk: every process opens the same SQLite file. The file and its folder are made when they are not there. */
export function sqliteDisk(path: string): SimulatedDisk {
  return { open: () => openSqliteLog({ path }), close: (handle) => handle.close() }
}
