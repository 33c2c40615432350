/** What a plan of faults may say: in which calls of a log something goes wrong, when, and what. */
import type { EventLog } from '../../log/port.ts'

/** The methods of a log in which faults can be injected. */
export type FaultyCall = Exclude<keyof EventLog, 'location' | 'close' | 'watchIndexes'>

/** Codes of the failures that a store itself can have; `STORE_FAILED` is what an input/output error of the disk becomes. */
export type StoreFailure = 'STORE_BUSY' | 'STORE_FULL' | 'STORE_FAILED' | 'HOME_NOT_WRITABLE'

/**
 * How far a call has come when it goes wrong:
 * - `before`: it has not reached the log, and nothing has happened;
 * - `within`: a transaction's work has been run and is rolled back; a reading has given some of what there is;
 * - `after`: it is done, and only the answer is lost. What a transaction appended is there.
 */
export type FaultMoment = 'before' | 'within' | 'after'

/** In which calls a fault happens. Without `nth` and `probability` it happens in each. */
interface Occurrence<Call extends FaultyCall> {
  /** The method, or several whose calls are counted together. */
  readonly on: Call | readonly Call[]
  /** The number of the call, or of several, counted from 1. */
  readonly nth?: number | readonly number[]
  /** From 0 to 1, for each call; which ones follows from the plan's seed. */
  readonly probability?: number
  /** How often it happens at most; without a bound if left out. */
  readonly timesMax?: number
}

/** The call fails. */
export interface FailFault extends Occurrence<FaultyCall> {
  readonly fault: 'fail'
  readonly code: StoreFailure
  /** `before` if left out. */
  readonly when?: FaultMoment
  /** With `within`, how many items a reading gives before it fails: events, rows, streams. One if left out. */
  readonly afterItems?: number
}

/** The call and all after it are refused with `STORE_CLOSED`, as if somebody had closed this log. The wrapped one stays open. */
export interface CloseFault extends Occurrence<FaultyCall> {
  readonly fault: 'close'
}

/** The call never answers, nor does any later one: to whoever waits it is as if the process had been killed. */
export interface CrashFault extends Occurrence<FaultyCall> {
  readonly fault: 'crash'
  /** `before` if left out. */
  readonly when?: FaultMoment
}

/** The call waits before it begins. */
export interface DelayFault extends Occurrence<FaultyCall> {
  readonly fault: 'delay'
  readonly delayMs: number
}

/** A transaction's work is run, rolled back and run once more, as after a conflict with another writer. */
export interface AgainFault extends Occurrence<'transact'> {
  readonly fault: 'again'
}

/** From this call on a record reads as damaged, wherever it is read. */
export interface DamageFault extends Occurrence<FaultyCall> {
  readonly fault: 'damage'
  /** Version of the damaged event. */
  readonly version: number
  /** The stream that holds it; every stream that has such a version if left out. */
  readonly sessionId?: string
}

/** A waiting reader is woken otherwise than it should be. */
export interface WakeFault extends Occurrence<'changed'> {
  readonly fault: 'wake'
  /** `early`: at once, though nothing was appended; `late`: some time after it was; `never`: only by its signal, or by closing. */
  readonly how: 'early' | 'late' | 'never'
  /** How much later; 0 if left out. */
  readonly delayMs?: number
}

/** One way in which a log goes wrong, and in which of its calls. */
export type Fault = FailFault | CloseFault | CrashFault | DelayFault | AgainFault | DamageFault | WakeFault

/** All that is to go wrong with a log. The same plan and the same calls lead to the same faults. */
export interface FaultPlan {
  readonly faults: readonly Fault[]
  /** What faults with a `probability` follow from; 1 if left out. */
  readonly seed?: number
  /** What waits for a delay; a timer if left out. A simulation has a clock of its own. */
  readonly sleep?: (delayMs: number) => Promise<void>
  /** Told of each fault as it happens. */
  readonly onInjected?: (injected: InjectedFault) => void
}

/** A fault that did happen. */
export interface InjectedFault {
  readonly fault: Fault
  readonly call: FaultyCall
  /** How many calls of that method there had been, this one included. */
  readonly callNumber: number
}
/** A log in which things go wrong, and what did. */
export interface FaultyLog extends EventLog {
  /** The faults that have happened, oldest first. */
  readonly injected: readonly InjectedFault[]
  /** Ends all faults: nothing more goes wrong, and damaged records read well. What was closed or has crashed stays so. */
  calm(): void
  /** The same as a fault of this kind, now: no call answers from now on. */
  crash(): void
}
