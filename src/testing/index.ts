/** What Waymark tests itself with, for your tests: arbitraries for fast-check, and histories played into a log. */
export {
  commandArbitrary,
  sessionCommandArbitrary,
  taskCommandArbitrary,
  usageCommandArbitrary,
  workCommandArbitrary,
} from './arbitrary/commands.ts'
export { contextCommandArbitrary, knowledgeCommandArbitrary } from './arbitrary/context-commands.ts'
export {
  type Damage,
  type DamageKind,
  damageArbitrary,
  damageRows,
  damageStore,
  type RowDamageKind,
  rowDamageKinds,
} from './arbitrary/damage.ts'
export { describeHistory } from './arbitrary/describe.ts'
export { eventArbitrary, eventStreamArbitrary } from './arbitrary/events.ts'
export { historyArbitrary } from './arbitrary/history.ts'
export { legalHistoryArbitrary } from './arbitrary/legal-history.ts'
export {
  type MachineEvent,
  type MachineHistoryOptions,
  type MachineMistake,
  machineHistoryArbitrary,
  nearLegalMachineHistoryArbitrary,
} from './arbitrary/machine-history.ts'
export { type NearLegal, nearLegalHistoryArbitrary, type SessionMistake } from './arbitrary/near-legal.ts'
export type { TranscriptFigures } from './arbitrary/tally.ts'
export { type Transcript, transcriptArbitrary, writeTranscript } from './arbitrary/transcript.ts'
export type { Check } from './check.ts'
export type { Answer, Decider, DeciderAnswer, IsRefusal } from './decider/decider.ts'
export type { DeciderLaws } from './decider/law-options.ts'
export { deciderLaws } from './decider/laws.ts'
export type { RefusalMatcher } from './decider/match.ts'
export {
  type SessionDecider,
  type SessionSoFar,
  sessionDecider,
  type TimedEvent,
} from './decider/session-decider.ts'
export {
  type Given,
  type Outcome,
  type PartOf,
  type Specification,
  type StateMatcher,
  specify,
} from './decider/specify.ts'
export { type SessionSpecification, specifySession } from './decider/specify-session.ts'
export { checkMachine, type MachineReport } from './machine/check-machine.ts'
export {
  type Coverage,
  formatCoverage,
  type GuardCoverage,
  type OutsideStep,
  type StateCoverage,
  type TransitionCoverage,
} from './machine/coverage.ts'
export { coverageOfMachine } from './machine/durable-streams.ts'
export type { EventData, EventsGiven } from './machine/events.ts'
export type { MachineCheck, MachineProblem, PathStep } from './machine/finding.ts'
export type { Invariant } from './machine/judge.ts'
export { machineChecks } from './machine/machine-checks.ts'
export type { Declared, MachineCheckOptions } from './machine/options.ts'
export { coverageOfSessions, stepsOfEvents } from './machine/own-sessions.ts'
export {
  type CoverageOptions,
  coverageOf,
  type RecordedHistory,
  type RecordedStep,
} from './machine/recorded.ts'
export { type Played, type PlayedStep, play } from './play.ts'
export { memoryDisk, type SimulatedDisk, sqliteDisk } from './simulator/disk.ts'
export { SimulationFailed } from './simulator/failure.ts'
export { type SimulatedSeeds, type SimulateSeedsOptions, simulateSeeds } from './simulator/seeds.ts'
export { type SimulateOptions, type SimulationReport, simulate } from './simulator/simulate.ts'
export { type OpenedStore, type StoreConformanceOptions, storeConformance } from './store/conformance.ts'
export type {
  AgainFault,
  CloseFault,
  CrashFault,
  DamageFault,
  DelayFault,
  FailFault,
  Fault,
  FaultMoment,
  FaultPlan,
  FaultyCall,
  FaultyLog,
  InjectedFault,
  StoreFailure,
  WakeFault,
} from './store/fault-plan.ts'
export { faultyLog } from './store/faulty-log.ts'
export type { StoreFiles, StoreNeed } from './store/under-test.ts'
