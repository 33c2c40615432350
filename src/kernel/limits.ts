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
  /** Levels of children below a machine that is run on the log. A machine deeper than this has no end. */
  machineDepthMax: 32,
  /** Timers, effects or actions that one step of a machine may ask for; an event carries them all. */
  machineStepItemsMax: 1_000,
  /** Timers that a machine may have set at once: each is held in memory. */
  machineTimersMax: 10_000,
  /** Levels of objects within objects in what a machine holds. Deeper values go round in a circle. */
  machineJsonDepthMax: 200,
  /** Operations of one patch; a change of more places is told as the whole value. */
  patchOperationsMax: 1_000,
  /** Transitions that one event may lead to by `always` and `raise`; more of them go in a circle. */
  machineMicrostepsMax: 10_000,
  /** Migrations that lead from one version of a machine to another; more of them go in a circle. */
  machineMigrationsMax: 1_000,
  /** Milliseconds between two renewals of the place of whoever runs a machine's effects and timers. */
  machineRunnerRenewMs: 5_000,
  /** Milliseconds after which the place of one that cannot be asked after counts as given up: four renewals. */
  machineRunnerLeaseMs: 20_000,
  /** Milliseconds until the outcome of an effect that could not be recorded is tried again. */
  machineRetryMs: 250,
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
  /** Characters of a context item's tag: what people type and a model repeats. */
  tagCharactersMax: 100,
  /** Context items that state holds; more would not fit into a window. Archived ones are found in the log. */
  contextItemsMax: 1_000,
  /** Named values that one list in state holds: variables, preferences, permissions, environment. */
  namedValuesMax: 100,
  /** Objectives or constraints at a time: more than anybody can keep in mind. */
  focusLinesMax: 50,
  /** Names of tools that one list holds. */
  toolNamesMax: 500,
  /** Newest decisions that state keeps; the whole story is the log. */
  decisionsMax: 50,
  /** SPECs, milestones and MCP servers that state holds, each; the one changed longest ago gives way. */
  specsMax: 200,
  /** Completed steps of a SPEC that state keeps. */
  completedStepsMax: 50,
  /** Newest prompts that state points to: they say what is wanted, and the one that matters may lie far back. */
  recentPromptsMax: 30,
  /** Newest replies that state points to. */
  recentTextsMax: 5,
  /** Newest files written that state names. */
  recentFilesMax: 30,
  /** Reports of the window that growth is learned from. */
  growthSamplesMax: 30,
  /** Milliseconds a summariser may take before the built-in one is used instead. */
  summarizerWaitMs: 60_000,
  /** Characters of a text that the built-in summary looks at, half at its beginning and half at its end: a second of work. */
  extractCharactersMax: 1_048_576,
  /** Commands that one write transaction may carry: the group commit of waiting sends. */
  commandsPerTransactionMax: 512,
  /** Write transactions that share one commit: sixteen sessions at once fit several times. */
  sharedWritesMax: 64,
  /** Milliseconds after which no further transaction joins a commit that others share: none waits much longer than its own work takes. */
  sharedWritesMs: 10,
  /** Commands waiting in one open session before `send` refuses and asks the caller to wait. */
  queuedCommandsMax: 100_000,
  /** Commands that policies may add after one command, so that two policies cannot feed each other for ever. */
  policyCommandsMax: 16,
  /** Steps of a script that is held as a whole, to be played again and again; a longer one is read a step at a time, or in ranges. */
  scriptStepsMax: 200_000,
  /** Versions that one what-if may name: what somebody chose, not a second history. */
  whatIfChangesMax: 10_000,
  /** Entries of each list that a what-if tells (phases, checkpoints, refusals); all are counted. */
  whatIfListedMax: 1_000,
  /** Events a reader holds at a time. A page of typical events is about half a megabyte. */
  pageEventsMax: 1_000,
  /** Events of a sealed block at most, which is a page of a reader: a version is found by opening one block. */
  blockEventsMax: 1_000,
  /** Newest events of a stream that stay as rows: what is looked up, repeated or taken back is mostly among them. */
  unsealedEventsMin: 256,
  /** Bytes that one half of a sealed block may expand to; far above any block of events of the largest allowed size. */
  blockBytesMax: 1_073_741_824,
  /** Bytes of events after which the engine takes a keyframe by itself, at the least: some five hundred, folded in less than a millisecond. */
  keyframeBytes: 262_144,
  /** Bytes of events after which it takes one that is dear, as long as the events are at least twice as large: what is replayed stays short. */
  keyframeTailBytes: 4_194_304,
  /** Bytes of a value in a state from which on it is kept apart, so that snapshots share it. Below, naming it costs more than it saves. */
  partBytesMin: 1_024,
  /** Bytes of unpacked parts that a process keeps at hand: going to and fro in a session reads only what differs. */
  partsCachedBytesMax: 8_388_608,
  /** Bytes that an expanded state may have; far above any session, far below what would stop a process. */
  stateBytesMax: 1_073_741_824,
  /** Events that are looked through for their latest time when a snapshot is taken and none before it says. */
  timesReadMax: 100_000,
  /** Milliseconds between two looks of a live subscriber at the log. */
  pollIntervalMs: 50,
  /** Milliseconds a writer waits for the write lock of another process before it gives up. */
  writeLockWaitMs: 30_000,
  /** Milliseconds that git may take to say where a repository stands. A checkpoint does not wait longer for it. */
  gitWaitMs: 5_000,
  /** Milliseconds that one step of writing or verifying a repository's pack index may take. */
  gitMaintenanceWaitMs: 600_000,
  /** Characters that are kept of what git prints; more is not looked at. */
  gitOutputCharactersMax: 65_536,
  /** Bytes that a compaction copies at most: meanwhile other writers wait, and they give up after `writeLockWaitMs`. */
  compactedBytesMax: 1_073_741_824,
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
  /** Divergences of one session that are listed; all are counted. */
  divergencesListedMax: 100,
  /** Levels of folders below a named folder in which an import looks for transcripts. */
  folderDepthMax: 16,
  /** Bytes of a file of settings, sections of other tools included. Such files are read at every start. */
  configurationBytesMax: 1_048_576,
  /** Problems that one refusal of settings tells; correcting the first ones often corrects the others. */
  configurationProblemsMax: 10,
  /** Minutes that may be set between two checkpoints: a day. Who wants none switches them off. */
  checkpointIntervalMinutesMax: 1_440,
  /** Minutes of silence that may be set before a session is set aside: a week, what a timer can wait for without overflow. */
  sessionTimeoutMinutesMax: 10_080,
  /** Milliseconds that the resume of an SDK may take in a recovery before it is recorded as skipped. */
  resumeWaitMs: 120_000,
  /** Milliseconds that whoever is to be told of a recovery may take before that is recorded as skipped. */
  notifyWaitMs: 30_000,
  /** Milliseconds that sessions may write without the event loop turning: timers and signals come that much late at most. */
  eventLoopHeldMs: 10,
  /** Milliseconds that a process which was told to stop takes for its last checkpoints. */
  interruptionWaitMs: 5_000,
  /** Milliseconds of them for its memory files, so that a last checkpoint can follow. */
  interruptionFilesWaitMs: 2_000,
  /** Rounds that one recovery makes when other processes take its steps: six steps, and some for being late. */
  recoveryRoundsMax: 64,
  /** Sessions that may be allowed to work at a time in one home. */
  parallelSessionsMax: 1_000,
  /** Bytes of a memory file that is read back, to be compared or taken in. A list of all tasks with the longest titles fits. */
  memoryFileBytesMax: 33_554_432,
  /** Milliseconds between two writes of the memory files, at the least: a burst of events is one write. */
  memoryWriteIntervalMs: 200,
  /** Times that one write of the memory files begins again because another process got in between. */
  memoryWriteAttemptsMax: 5,
  /** Bytes that `token-usage.log` may have; past it the older half is compressed and set aside. */
  tokenUsageLogBytesMax: 524_288,
  /** Bytes of texts that the context cache holds; critical items come first, the rest is named without its text. */
  contextCacheBytesMax: 4_194_304,
  /** Sessions that `session-state.json` names: the newest ones. */
  sessionsListedMax: 1_000,
  /** Levels by which a task is indented; deeper ones stand at the last. */
  taskIndentLevelsMax: 20,
  /** Lines of an edited list of tasks: every task a session may hold, and as many lines between them. */
  taskLinesMax: 20_000,
  /** Lines of an edited list that are no tasks; with more it is not a list of tasks, and nothing of it is taken in. */
  taskLinesUnreadMax: 100,
  /** Commands that taking in one edited list may send: they are one transaction, and other writers wait for it. */
  adoptedCommandsMax: 2_000,
  /** Days after which a checkpoint is archived, unless something needs it. */
  checkpointAgeDaysMax: 7,
  /** Checkpoints of a session that are gone through, and kept as files: the newest ones, a year of one every ten minutes. */
  checkpointsReadMax: 50_000,
  /** Newest events of a session that an examination reads when it is not to read them all: a few milliseconds for each session. */
  examinedEventsMax: 1_000,
  /** Findings of one check that an examination lists; further ones are counted. */
  findingsPerCheckMax: 1_000,
  /** Files of a home that an examination looks at: more checkpoints than anybody keeps. */
  examinedFilesMax: 100_000,
  /** Transcripts of other tools that an examination looks for in a home, the newest first. */
  examinedTranscriptsMax: 5_000,
  /** Bytes at the head of a transcript in which an examination looks for the folder it was made in. */
  transcriptHeadBytes: 65_536,
  /** Bytes of the record of repairs; past it the record is set aside, and the one set aside before gives way. */
  repairRecordBytesMax: 1_048_576,
  /** Tasks that one task may wait for. */
  taskDependenciesMax: 100,
  /** Newest handoffs that state lists; older ones are found in the log. */
  handoffsListedMax: 20,
  /** Bytes of a handoff package as a file. One of a session with the longest texts everywhere fits. */
  handoffPackageBytesMax: 16_777_216,
  /** Bytes of the critical context of a package, before compression: texts that do not fit are named. More than a window holds. */
  handoffContextBytesMax: 1_048_576,
  /** Open tasks that a package lists; all are counted. */
  handoffTodosMax: 300,
  /** Minutes that an offer may stand: a year. Who wants it to stand for ever names no time. */
  handoffMinutesMax: 525_600,
  /** Levels of nesting of JSON that comes from elsewhere; a package has five. */
  jsonLevelsMax: 64,
  /** Newest merges that state lists: from them the next merge knows what has been brought already. */
  mergesListedMax: 50,
  /** Conflicts that a merge lists one by one; all are counted. */
  conflictsListedMax: 200,
  /** Lines that one step of a recovery records. */
  recoveryLinesMax: 100,
  /** Paths and patterns that one redaction looks for. */
  redactionRulesMax: 100,
  /** Events, and texts, whose data one redaction command may name; more of them are several commands. */
  redactedEventsMax: 1_000,
  /** Context items below critical that a session takes over from the one it continues: the newest. Critical ones all come along. */
  carriedItemsMax: 200,
  /** Open tasks that a session takes over from the one it continues: they are one transaction, and other writers wait for it. */
  carriedTasksMax: 2_000,
  /** Completed steps of each SPEC that a session takes over from the one it continues: the newest. */
  carriedStepsMax: 5,
  /** Bytes of a file that describes a graph of tasks: as many tasks as a session may hold, with some hundred words each. */
  graphFileBytesMax: 33_554_432,
  /** Failed tasks that are named as holding up another one; the first ones tell what to look at. */
  heldUpByMax: 10,
  /** Characters of what a work session is told of the tasks that its own builds on. */
  workBriefCharactersMax: 65_536,
  /** Times that a claim looks for another ready task because somebody else was quicker. */
  claimAttemptsMax: 1_000,
  /** Times that a task is started before one whose worker is gone stays failed: what kills every worker is not tried for ever. */
  taskAttemptsMax: 5,
  /** Milliseconds between two looks for workers that are gone. Nobody tells that a process was killed. */
  workerLookIntervalMs: 500,
  /** Milliseconds of silence after which a task that no process holds counts as left behind. */
  workerSilenceMs: 600_000,
  /** Bytes of one line of a bundle: the largest text a store holds, written in base64, and room around it. */
  bundleLineBytesMax: 100_663_296,
  /** Bytes of lines after which a bundle begins a new block: little to hold, enough to compress well. */
  bundleBlockBytes: 262_144,
  /** Versions of a session that are looked for once more when others append while a bundle is taken in. */
  bundleAttemptsMax: 5,
  /** Places where something was found and could not be taken out that one redaction lists; all are counted. */
  redactionProblemsListedMax: 1_000,
  /** Different things that one redaction finds and looks for in ids made from texts: each is looked for in every event. */
  redactionMatchesMax: 1_000,
  /** Events that could not be saved that a repair lists one by one for each session; all are counted and written down. */
  lostEventsListedMax: 1_000,
  /** Differences of two states that are listed one by one; all are counted. */
  changesListedMax: 1_000,
  /** Milliseconds that a module of a user may take to load. */
  moduleLoadWaitMs: 10_000,
  /** Milliseconds that machines of a module may take for one question: a guard compares a few values. */
  machineWaitMs: 2_000,
  /** Times that a machine of a module is asked again where it does not say what was recorded: one that goes by chance shows it then. */
  machineAskedAgain: 3,
  /** Times that the commands of a reproduction are played once more with machines of a module, to see that they answer the same. */
  reproducedAgain: 16,
  /** Milliseconds for all that machines of a module are asked in one go: a page of events, or one trial of a reproduction. */
  machinesPageWaitMs: 10_000,
  /** Ids of each of two compared sessions that are matched with those of the other: checkpoints, handoffs, recoveries, sessions. */
  pairedIdsMax: 200_000,
  /** Places at which a predicate turns that are listed one by one; all are counted. */
  flipsListedMax: 1_000,
  /** Milliseconds that a predicate may take for the states of one page of events, when all of them are looked at. */
  predicatePageWaitMs: 30_000,
  /** Characters of a predicate: a long one is a function in a module. */
  predicateCharactersMax: 4_000,
  /** Parts of a predicate: names, values, calls. Nobody reads more of them. */
  predicateNodesMax: 1_000,
  /** Levels by which parts of a predicate lie in each other: they are gone through by recursion. */
  predicateLevelsMax: 50,
  /** Milliseconds that a predicate may take for one state: it is asked about many. */
  predicateWaitMs: 1_000,
  /** Events of one stretch of a log that a stepper reads at once: decoded in milliseconds, and small to hold. */
  stepperStretchEvents: 1_000,
  /** Stretches that a stepper holds: the one it stands in, and one on either side. */
  stepperStretchesMax: 3,
  /** Events that a search backwards reads forwards at a time, at most: it begins with few, as what is looked for is often near. */
  stepperSearchEventsMax: 16_000,
  /** Events between two states that a stepper keeps: from the one before, any state is a few microseconds for each event away. */
  stepperStateEvents: 32,
  /** Events of one step that are handed out, the last ones: a batch may have as many as a session has tasks. */
  stepEventsMax: 1_000,
  /** Milliseconds that a player waits between two steps at most: a night in the middle of a session is not sat through. */
  playerWaitMs: 2_000,
  /** Keys that wait while a player is busy; who holds a key down wants to go on, not to catch up. */
  playerKeysMax: 64,
  /** Keys beyond those that arrived in one piece, as pasted text does: longer than any path of a state. */
  playerPastedKeysMax: 4_096,
  /** Places of a player's bar for which it remembers how full the window was: more than a terminal has columns. */
  playerBarPlacesMax: 1_024,
  /** Steps of the way that a session took through a machine that are told one by one, the newest; all are counted. */
  machineStepsListedMax: 1_000,
  /** Candidates that a search for the fewest commands tries: thousands of times more than a session with one fault needs. */
  reproduceAttemptsMax: 20_000,
  /** Commands that are made plainer one by one once the fewest are found; with more, the search has come to its bound. */
  simplifiedCommandsMax: 200,
  /** Candidates that each way of making commands plainer tries. */
  simplifyAttemptsMax: 2_000,
  /** Forks of forks: how many ancestors a stream may have. */
  lineageDepthMax: 1_000,
  /** Milliseconds that one check of a store may take: many times what the slowest needs, and less than test runners wait. */
  storeCheckMs: 25_000,
  /** Milliseconds that a check of a store waits for a reader to be woken: many times what is promised, for a busy machine. */
  storeWakeMs: 2_000,
  /** Operations of one simulation: everything that happens in it is held in memory. */
  simulatedStepsMax: 10_000,
  /** Processes of one simulation that write: more take more turns and meet no oftener. */
  simulatedProcessesMax: 64,
} as const
