/** From when on something is worth telling. Bounds of memory are in `src/kernel/limits.ts`. */
export const bounds = {
  /** Minutes after its newest event from which a session that nobody writes is not being worked on. */
  idleMinutes: 30,
  /** Minutes that a handoff may wait for its agent. */
  handoffMinutes: 30,
  /** Minutes that one step of a recovery may take: the longest waits for an SDK, and gives up after two. */
  recoveryMinutes: 5,
  /** Days after which an imported session that came to nothing is history. */
  importedDays: 1,
  /** Recoveries one after the other, with no work between them, that mean that recovering does not help. */
  recoveries: 3,
  /** Milliseconds by which a clock is put right now and then without anybody noticing. */
  clockStepMs: 2_000,
  /** Milliseconds that an event may lie in the future: clocks of containers and virtual machines differ. */
  clockAheadMs: 300_000,
  /** Share of the disk, and bytes on it, below which little is free. */
  diskShare: 0.05,
  diskBytes: 200_000_000,
  /** Bytes to which the write-ahead log is cut after each checkpoint of the store: a larger one has not had any for long. */
  writeAheadLogBytes: 67_108_864,
  /** Events of a session since its newest checkpoint that would be hard to do again. */
  eventsWithoutCheckpoint: 1_000,
  /** Minutes after which a temporary file belongs to nobody, also where a process has its number. */
  temporaryMinutes: 60,
  /** Texts of a session that are looked up when not all are to be. */
  contentsSampled: 20,
  /** Heaviest consumers of the window that a message names. */
  consumersNamed: 3,
} as const
