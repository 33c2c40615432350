/** What Waymark tests itself with, for your tests: arbitraries for fast-check, and histories played into a log. */
export {
  commandArbitrary,
  sessionCommandArbitrary,
  taskCommandArbitrary,
  usageCommandArbitrary,
  workCommandArbitrary,
} from './arbitrary/commands.ts'
export { contextCommandArbitrary, knowledgeCommandArbitrary } from './arbitrary/context-commands.ts'
export { historyArbitrary } from './arbitrary/history.ts'
export { type Played, type PlayedStep, play } from './play.ts'
export { memoryDisk, type SimulatedDisk, sqliteDisk } from './simulator/disk.ts'
export { SimulationFailed } from './simulator/failure.ts'
export { type SimulatedSeeds, type SimulateSeedsOptions, simulateSeeds } from './simulator/seeds.ts'
export { type SimulateOptions, type SimulationReport, simulate } from './simulator/simulate.ts'
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
