/** Waymark: keeps the place of an AI agent. Everything public is named here. */

export { type Bundled, type BundleOptions, exportBundle } from './bundle/export.ts'
export type { BundledStream } from './bundle/format.ts'
export { type Unbundled, type UnbundledStream, type UnbundleOptions, unbundle } from './bundle/unbundle.ts'
export { type SettingsJson, settingsJson, settingsJsonSchema } from './configuration/json.ts'
export {
  checkReserve,
  type LoadedSettings,
  type LoadOptions,
  loadSettings,
} from './configuration/load.ts'
export { type Origin, originText } from './configuration/origin.ts'
export {
  type AgentRegistry,
  type SettingName,
  type Settings,
  standardSettings,
} from './configuration/settings.ts'
export { decide } from './decide/decide.ts'
export type { Decision, DecisionContext, Refusal } from './decide/decision.ts'
export { type Answer, type Machines, standardMachines } from './decide/machines.ts'
export { type GivenMachines, machinesFrom } from './decide/machines-given.ts'
export type { DiskSpace } from './doctor/check.ts'
export type { FindingCode } from './doctor/checks.ts'
export { type Examination, type ExaminationOptions, examine } from './doctor/examine.ts'
export { type Finding, needsAttention, type Severity } from './doctor/finding.ts'
export {
  DurableActor,
  type MachineSendOptions,
  type MachineSent,
} from './durable/actor.ts'
export { type DurableOptions, durable } from './durable/durable.ts'
export { effectKeyOf } from './durable/effects.ts'
export type { InspectObserver } from './durable/inspect.ts'
export type { MigratedSnapshot, Migration, Migrations } from './durable/migrations.ts'
export type { Observer, Subscription } from './durable/observers.ts'
export type { TimeoutClock } from './durable/timers.ts'
export type { MergePart, MergePolicy } from './events/branch.ts'
export type { EventData, EventType } from './events/catalogue.ts'
export { commandOf } from './events/catalogue.ts'
export type { Command, CommandType } from './events/commands.ts'
export { parseCommand } from './events/commands.ts'
export { parseSending, type Sending } from './events/content.ts'
export type { CommandMeta, Envelope, LoggedEvent, RecordedEvent, UnknownEvent } from './events/envelope.ts'
export { isKnown } from './events/envelope.ts'
export { type GraphSpec, parseGraph } from './events/graph.ts'
export { type SecretName, secretNames } from './events/secrets.ts'
export type { SessionConfiguration, SessionStatus } from './events/session.ts'
export type { ContentRef, Counted, Counters } from './events/shapes.ts'
export type { TaskStatus, Wait } from './events/task.ts'
export type { BudgetPhase } from './events/usage.ts'
export { fold, stateHash } from './fold/fold.ts'
export {
  type CurrentWindow,
  currentWindowOf,
  forecastOf,
  type GrowthLine,
  growthLineOf,
} from './fold/growth.ts'
export type { FoldablePage, PackedPage } from './fold/page.ts'
export {
  foldVersion,
  initialState,
  type ReadonlyState,
  type SessionState,
  type Task,
  taskOf,
} from './fold/state.ts'
export type { BranchSummary, StreamSummary } from './fold/summary.ts'
export type { CriticalContext } from './handoff/critical-context.ts'
export { contextMarkdown } from './handoff/markdown.ts'
export {
  type HandoffCompression,
  type HandoffPackage,
  handoffJsonSchema,
  packageText,
} from './handoff/package.ts'
export {
  type HandoffProblem,
  type HandoffValidation,
  type HandoffValidationOptions,
  readHandoff,
  validateHandoff,
} from './handoff/validate.ts'
export {
  type ImportedFile,
  type ImportOptions,
  type ImportProgress,
  type ImportResult,
  importFiles,
} from './import/import.ts'
export { type Clock, type Ids, seeded } from './kernel/clock.ts'
export {
  CommandRefused,
  DamagedRecord,
  type ErrorCode,
  SessionNotFound,
  StaleHolder,
  VersionConflict,
  WaymarkError,
} from './kernel/errors.ts'
export { chainHash, checksumOf, decodeRow, type Encoded, encodeRow, type Place } from './log/codec.ts'
export { MemoryLog } from './log/memory.ts'
export type {
  AuditedContent,
  Compaction,
  CompactOptions,
  EventLog,
  ForkPoint,
  IndexProblem,
  IndexWatch,
  LogTransaction,
  PendingEvent,
  ReadRows,
  ReplacedData,
  RowPage,
  RowTexts,
  SnapshotPart,
  SnapshotPlace,
  StoredRow,
  StoredSnapshot,
  StreamInfo,
  TravellingRow,
  VersionRange,
} from './log/port.ts'
export { checkMemoryFiles, type DriftKind, type MemoryCheck, type MemoryFileCheck } from './memory/check.ts'
export { MemoryFiles, type MemoryFilesOptions } from './memory/memory-files.ts'
export type { MemorySettings } from './memory/render.ts'
export { type MemoryPlace, type MemoryWritten, type WriteOptions, writeMemoryFiles } from './memory/write.ts'
export { redactInHome } from './redaction/in-home.ts'
export { redactSession } from './redaction/redact.ts'
export type {
  RedactedStream,
  RedactionProblem,
  RedactionReport,
  RedactOptions,
} from './redaction/report.ts'
export { type RepairedSession, type RepairOptions, type RepairReport, repairHome } from './repair/repair.ts'
export type { BisectOutcome, BisectRange, Probe } from './replay/bisect/bisect.ts'
export type { Bisection, BisectOptions } from './replay/bisect/bisection.ts'
export type { DiffOptions, HistoryDiff, HistoryPlace, Relation, Side } from './replay/diff/diff.ts'
export { type FoundItem, findContextItem } from './replay/item.ts'
export {
  type Predicate,
  type PredicateLike,
  parsePredicate,
  predicateOf,
} from './replay/predicate/predicate.ts'
export type { Recovery } from './replay/recover.ts'
export type { StepBy } from './replay/stepper/search.ts'
export {
  openStepper,
  type SearchOptions,
  type Step,
  Stepper,
  type StepperOptions,
} from './replay/stepper/stepper.ts'
export type {
  BatchOutcome,
  Divergence,
  DivergenceCause,
  MachinesVerdict,
  NotAsked,
  NotAskedReason,
} from './replay/verify/batch.ts'
export type { Difference } from './replay/verify/difference.ts'
export type { Problem, ProblemCause } from './replay/verify/problem.ts'
export type { RedactedEvent, SessionVerification } from './replay/verify/session.ts'
export type { Verification, VerifyOptions } from './replay/verify/verify.ts'
export type { AcceptOptions, HandoffAcceptance } from './session/accept-handoff.ts'
export { type AdoptionReport, type AdoptOptions, adoptTasks } from './session/adopt.ts'
export { type Archived, archiveOldCheckpoints } from './session/archive.ts'
export type { BudgetCallback, BudgetCrossing, BudgetMark } from './session/budget-watch.ts'
export {
  type CheckpointTrigger,
  checkpointAfterSilence,
  checkpointBefore,
  checkpointOnBudget,
  checkpointOnEvent,
  checkpointOnInterval,
  checkpointOnLongTask,
  checkpointTriggers,
  wakeAfterTimeout,
} from './session/checkpoint-policy.ts'
export {
  compressInEmergency,
  compressOnRecovery,
  discloseProgressively,
  preserveContext,
} from './session/context-policy.ts'
export type { ForkOptions } from './session/fork.ts'
export type { WorkOptions } from './session/graph/claim.ts'
export { readGraph } from './session/graph/file.ts'
export type { Claim, ClaimOptions, GraphNews, SettleOptions } from './session/graph/options.ts'
export type { PlanOptions } from './session/graph/plan.ts'
export type { Reclaimed, ReclaimOptions } from './session/graph/settle.ts'
export { TaskGraph } from './session/graph/task-graph.ts'
export type { GraphWorker } from './session/graph/workers.ts'
export type { HandOffOptions, HandoffOffer } from './session/hand-off.ts'
export { expireHandoff } from './session/handoff-policy.ts'
export type { MergeChange, MergeConflict, MergePolicies } from './session/merge/draft.ts'
export type { MergeOptions } from './session/merge/merge.ts'
export type { MergeReport } from './session/merge/plan.ts'
export type { OpenOptions } from './session/open-host.ts'
export { type Policy, standardPolicies, trackGrowth } from './session/policy.ts'
export type { ReceiveOptions } from './session/receive-handoff.ts'
export type { RecordedStep, RecoverOptions, RecoveryReport } from './session/recover.ts'
export type { AfreshOptions, AfreshReport } from './session/recover-afresh.ts'
export type { Resumed, ResumeFacts, ResumeHook } from './session/recover-resume.ts'
export type { PutBack, RewindOptions, RewindReport } from './session/rewind.ts'
export { type CheckpointOptions, type SendOptions, type SendResult, Session } from './session/session.ts'
export { extractiveSummarizer, type Summarizer, type SummaryRequest } from './session/summaries.ts'
export { type SessionOptions, Waymark } from './session/waymark.ts'
export { openSqliteLog } from './store/sqlite/open.ts'
export { type Advice, type AdviceCode, adviceOf } from './views/advice.ts'
export { allocationTable, type PartView, type ReserveView, reserveOf } from './views/allocation-table.ts'
export type { Brief, BriefOptions } from './views/brief.ts'
export { type CheckpointJson, checkpointJson } from './views/checkpoint-json.ts'
export { type ContextReport, contextReport, type ItemView } from './views/context-report.ts'
export { continuationLines } from './views/continuation.ts'
export { type GraphNode, type GraphView, graphOf, type NodeStanding } from './views/graph.ts'
export { type GraphLine, graphLines, graphMermaid } from './views/graph-text.ts'
export { type Layers, layersOf } from './views/layers.ts'
export {
  type LineageKind,
  type LineageNode,
  lineageOf,
  type MergeView,
  type SessionFacts,
} from './views/lineage.ts'
export { type CallOutcome, type OpenItem, openItems } from './views/open-items.ts'
export { type Progress, progressSince } from './views/progress.ts'
export { type PersistenceSettings, type SessionJson, sessionJson } from './views/session-json.ts'
export { type StateChange, type StateDiff, type StateDiffOptions, stateDiff } from './views/state-diff.ts'
export { diffLines, diffLineText } from './views/state-diff-lines.ts'
export { parsePath, type StatePath, valueAt } from './views/state-path.ts'
export type { CommandChange, WhatIfChanges } from './what-if/asked-changes.ts'
export type {
  CheckpointTaken,
  Comparison,
  Parting,
  PhaseStep,
  StepRefused,
  Told,
} from './what-if/comparison.ts'
export { type PlayedStep, type PlayRules, playScript, type StepKind } from './what-if/play.ts'
export {
  type Outcome,
  type PlainEvent,
  type PlayCommandsOptions,
  type PlayedCommands,
  playCommands,
} from './what-if/play-commands.ts'
export {
  type ReproduceOptions,
  type ReproduceProgress,
  type Reproduction,
  reproduce,
} from './what-if/reproduce.ts'
export { type LeftOut, type SavedFork, type SaveOptions, saveWhatIf } from './what-if/save.ts'
export { type ScriptRange, scriptOf } from './what-if/script.ts'
export type { PoliciesOfStep, Script, ScriptCommand, ScriptStep } from './what-if/script-step.ts'
export {
  type GaveWay,
  type TakenOverReason,
  type WhatIf,
  type WhatIfOptions,
  whatIf,
} from './what-if/what-if.ts'
