/**
 * Every bound that outside input can reach, with its unit and the reason it has that size.
 * A bound is a promise about memory: whatever a caller or a file brings, no queue, string or batch grows past it.
 */
export const limits = {
  /** Characters of an id a caller may choose. Long enough for a UUID with a prefix, short enough for an index page. */
  idCharactersMax: 200,
  /** Characters of a title, a reason, a name: what people read on one line. */
  lineCharactersMax: 2_000,
  /** Characters of a text kept inside an event. Longer texts belong into the content store, by hash. */
  textCharactersMax: 65_536,
  /** Characters of the preview an event keeps of a stored text. */
  previewCharactersMax: 160,
  /** Bytes of one command as JSON. Larger input is refused before it is parsed. */
  commandBytesMax: 1_048_576,
  /** Bytes of one stored text before compression. A single tool result above this is a file, not a message. */
  contentBytesMax: 67_108_864,
  /** Tokens any counter may carry in one report. Above it a figure is a mistake, not a model call. */
  tokensMax: 1_000_000_000_000,
  /** Tasks one session may hold. State stays small enough to hash in milliseconds. */
  tasksMax: 10_000,
  /** Task ids one command or event may name: as many as a session may hold. */
  taskIdsPerEventMax: 10_000,
  /** Tool calls without a result that state remembers; past it the older half gives way and is counted as forgotten. */
  openCallsMax: 1_000,
  /** Results that arrived before their call, remembered so that the call is closed when it comes. */
  earlyResultsMax: 200,
  /** Entries of the recent history that state keeps; the whole story is the log. */
  historyEntriesMax: 50,
  /** Newest checkpoints that state lists; older ones are found in the log. */
  checkpointsListedMax: 50,
  /** Models that usage counters tell apart; further ones share the counter `other`. */
  modelsCountedMax: 50,
  /** Kinds of observation that state counts one by one; further kinds share the counter `other`. */
  observationKindsMax: 100,
  /** Commands that one write transaction may carry: the group commit of waiting sends. */
  commandsPerTransactionMax: 512,
  /** Commands waiting in one open session before `send` refuses and asks the caller to wait. */
  queuedCommandsMax: 100_000,
  /** Commands that policies may add after one command, so that two policies cannot feed each other for ever. */
  policyCommandsMax: 16,
  /** Events a reader holds at a time. A page of typical events is about half a megabyte. */
  pageEventsMax: 1_000,
  /** Bytes of events after which the engine takes a keyframe by itself, at the least. */
  keyframeBytes: 1_048_576,
  /** Milliseconds between two looks of a live subscriber at the log. */
  pollIntervalMs: 50,
  /** Milliseconds a writer waits for the write lock of another process before it gives up. */
  writeLockWaitMs: 30_000,
  /** Bytes of one line of an imported file; a longer one is reported and passed over. */
  lineBytesMax: 67_108_864,
  /** Lines of an imported file that one transaction may carry. */
  importLinesPerTransaction: 400,
  /** Bytes of an imported file that one transaction may carry, unless a single line is longer. */
  importBytesPerTransaction: 4_194_304,
  /** Damaged lines that a report lists one by one; all are counted and all are kept in the log. */
  damagedLinesListedMax: 1_000,
  /** Open sessions whose state an import keeps at hand; others are folded again when they come up. */
  importStatesMax: 64,
  /** Problems that a verification lists for one session; the first ones tell where to look. */
  problemsListedMax: 1_000,
  /** Levels of folders below a named folder in which an import looks for transcripts. */
  folderDepthMax: 16,
  /** Forks of forks: how many ancestors a stream may have. */
  lineageDepthMax: 1_000,
} as const
