/** A log that fails where a plan says so. */
import { setTimeout as timer } from 'node:timers/promises'
import type { LoggedEvent } from '../../events/envelope.ts'
import type { FoldablePage } from '../../fold/page.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import type {
  AuditedContent,
  Compaction,
  CompactOptions,
  EventLog,
  IndexProblem,
  IndexWatch,
  LogTransaction,
  RowPage,
  StoredRow,
  StoredSnapshot,
  StreamInfo,
  VersionRange,
} from '../../log/port.ts'
import { DamagedRecords, DamagedTransaction } from './damaged-records.ts'
import { checkPlan } from './fault-check.ts'
import { type DueFault, FaultInjector, failureOf } from './fault-injector.ts'
import type {
  Fault,
  FaultMoment,
  FaultPlan,
  FaultyCall,
  FaultyLog,
  InjectedFault,
  WakeFault,
} from './fault-plan.ts'
import { foldableCut, itemCut, listCut, type PageCut, rowsCut } from './page-cut.ts'

/**
 * A log that hands every call on to another one, and fails where the plan says so: for tests of what your program does when its store
 * fails. Without faults it behaves as the wrapped log. Closing it leaves the wrapped log open, so that what is there can be looked
 * at, and opened again under another plan: whoever opened that one closes it.
 *
 * @throws WaymarkError `USAGE` for a plan that cannot be meant: a call or a code that is not there, a probability above 1, a call numbered 0
 *
 * @example The answer of the second transaction is lost; the same command sent again is recorded once.
 * ```ts
 * const log = faultyLog(new MemoryLog(), {
 *   faults: [{ on: 'transact', nth: 2, fault: 'fail', code: 'STORE_FAILED', when: 'after' }],
 * })
 * const waymark = await Waymark.open({ store: log })
 * const session = await waymark.createSession()
 * const add = () => session.send({ type: 'task.add', taskId: 'A', title: 'one' }, { commandId: 'add-A' })
 * await add() // throws STORE_FAILED
 * const { events } = await add()
 * events.length // 1
 * Object.keys(session.state.tasks) // ['A']
 * log.injected.map(({ call, callNumber }) => `${call} ${callNumber}`) // ['transact 2']
 * ```
 */
export function faultyLog(log: EventLog, plan: FaultPlan): FaultyLog {
  checkPlan(plan)
  return new LogWithFaults(log, plan)
}

/** Thrown inside the wrapped log's transaction, so that it is rolled back. Nobody else sees it. */
const rollBack = new Error('rolled back by an injected fault')

class LogWithFaults implements FaultyLog {
  readonly location: string
  readonly #log: EventLog
  readonly #injector: FaultInjector
  readonly #damage = new DamagedRecords()
  readonly #sleep: (delayMs: number) => Promise<void>
  readonly #waiting = new Set<() => void>()
  #life: 'open' | 'closed' | 'crashed' = 'open'

  constructor(log: EventLog, plan: FaultPlan) {
    this.location = log.location
    this.#log = log
    this.#injector = new FaultInjector(plan)
    this.#sleep = plan.sleep ?? ((delayMs) => timer(delayMs))
  }

  get injected(): readonly InjectedFault[] {
    return this.#injector.injected
  }

  calm(): void {
    this.#injector.calm()
    this.#damage.clear()
  }

  crash(): void {
    this.#end('crashed')
  }

  async close(): Promise<void> {
    if (this.#life === 'crashed') await never()
    this.#end('closed')
  }

  async transact<T>(work: (transaction: LogTransaction) => T): Promise<T> {
    const due = await this.#begin('transact')
    const seen = (transaction: LogTransaction): T =>
      work(this.#damage.isEmpty ? transaction : new DamagedTransaction(transaction, this.#damage))
    const again = due.find(({ fault }) => fault.fault === 'again')
    if (again !== undefined && this.#injector.happens(again)) await this.#rolledBack(seen)
    const within = atMoment(due, 'within')
    if (within !== undefined) {
      await this.#rolledBack(seen)
      await this.#inject(within)
    }
    return this.#ended(due, await this.#log.transact(seen))
  }

  async stream(sessionId: string): Promise<StreamInfo | null> {
    return this.#answer('stream', () => this.#log.stream(sessionId))
  }

  streams(): AsyncGenerator<readonly StreamInfo[], void, undefined> {
    return this.#pages('streams', listCut(), () => this.#log.streams())
  }

  read(sessionId: string, range?: VersionRange): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    return this.#pages('read', listCut(), () => this.#sound(this.#log.read(sessionId, range)))
  }

  /** With damage, the plain pages of `read`: a packed page does not say what it holds. */
  readToFold(sessionId: string, range?: VersionRange): AsyncGenerator<FoldablePage, void, undefined> {
    return this.#pages('readToFold', foldableCut, () =>
      this.#damage.isEmpty
        ? this.#log.readToFold(sessionId, range)
        : this.#sound(this.#log.read(sessionId, range)),
    )
  }

  async chainHash(sessionId: string, version: number): Promise<string | null> {
    return this.#answer('chainHash', () => this.#log.chainHash(sessionId, version))
  }

  rows(sessionId: string, range?: VersionRange): AsyncGenerator<readonly StoredRow[], void, undefined> {
    return this.#pages('rows', listCut(), () => this.#spoiled(sessionId, range))
  }

  rowsToCheck(sessionId: string, range?: VersionRange): AsyncGenerator<RowPage, void, undefined> {
    return this.#pages('rowsToCheck', rowsCut, () =>
      this.#damage.isEmpty ? this.#log.rowsToCheck(sessionId, range) : this.#spoiledToCheck(sessionId, range),
    )
  }

  readAll(afterPosition: number): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    return this.#pages('readAll', listCut(), () => this.#sound(this.#log.readAll(afterPosition)))
  }

  async position(): Promise<number> {
    return this.#answer('position', () => this.#log.position())
  }

  async changed(afterPosition: number, signal: AbortSignal): Promise<void> {
    const due = await this.#begin('changed')
    const wake = due.find((candidate): candidate is DueFault<WakeFault> => candidate.fault.fault === 'wake')
    const injected = wake !== undefined && this.#injector.happens(wake) ? wake.fault : null
    if (injected?.how !== 'early') await this.#woken(afterPosition, signal, injected?.how === 'never')
    if (injected?.how === 'late') await this.#sleep(injected.delayMs ?? 0)
    await this.#ended(due, undefined)
  }

  snapshots(sessionId: string, atMostVersion?: number): AsyncGenerator<StoredSnapshot, void, undefined> {
    return this.#pages('snapshots', itemCut(), () => this.#log.snapshots(sessionId, atMostVersion))
  }

  async content(hash: string): Promise<Uint8Array | null> {
    return this.#answer('content', () => this.#log.content(hash))
  }

  auditContents(): AsyncGenerator<AuditedContent, void, undefined> {
    return this.#pages('auditContents', itemCut(), () => this.#log.auditContents())
  }

  auditIndexes(sessionId: string): AsyncGenerator<IndexProblem, void, undefined> {
    return this.#pages('auditIndexes', itemCut(), () => this.#log.auditIndexes(sessionId))
  }

  watchIndexes(sessionId: string, version: number): IndexWatch {
    return this.#log.watchIndexes(sessionId, version)
  }

  async orphanedEvents(): Promise<number> {
    return this.#answer('orphanedEvents', () => this.#log.orphanedEvents())
  }

  async bookmark(key: string): Promise<string | null> {
    return this.#answer('bookmark', () => this.#log.bookmark(key))
  }

  async compact(options: CompactOptions): Promise<Compaction> {
    return this.#answer('compact', () => this.#log.compact(options))
  }

  /** Lets a call in: waits, damages, and throws what happens before it. What may happen later comes back. */
  async #begin(call: FaultyCall): Promise<readonly DueFault[]> {
    await this.#assertAlive()
    const due = this.#injector.due(call)
    for (const each of due) {
      const { fault } = each
      if (fault.fault === 'delay' && this.#injector.happens(each)) await this.#sleep(fault.delayMs)
      if (fault.fault === 'damage' && this.#injector.happens(each)) {
        this.#damage.add(fault.sessionId, fault.version)
      }
    }
    await this.#assertAlive()
    const before = atMoment(due, 'before')
    if (before !== undefined) await this.#inject(before)
    return due
  }

  /** The call is done: its answer, unless that is lost. */
  async #ended<T>(due: readonly DueFault[], answer: T): Promise<T> {
    if (this.#life === 'crashed') await never()
    const after = atMoment(due, 'after')
    if (after !== undefined) await this.#inject(after)
    return answer
  }

  async #answer<T>(call: FaultyCall, ask: () => Promise<T>): Promise<T> {
    const due = await this.#begin(call)
    const within = atMoment(due, 'within')
    if (within !== undefined) await this.#inject(within)
    return this.#ended(due, await ask())
  }

  async *#pages<Page>(
    call: FaultyCall,
    cut: PageCut<Page>,
    open: () => AsyncIterable<Page>,
  ): AsyncGenerator<Page, void, undefined> {
    const due = await this.#begin(call)
    const within = atMoment(due, 'within')
    let left = within === undefined ? Number.POSITIVE_INFINITY : itemsBefore(within.fault)
    for await (const page of open()) {
      if (within !== undefined && cut.count(page) > left && this.#injector.happens(within)) {
        if (left > 0) yield cut.first(page, left)
        await this.#breakOff(within)
      }
      left -= cut.count(page)
      yield page
      await this.#assertAlive()
    }
    await this.#ended(due, undefined)
  }

  async *#sound(
    pages: AsyncIterable<readonly LoggedEvent[]>,
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    for await (const page of pages) yield this.#damage.checked(page)
  }

  async *#spoiled(
    sessionId: string,
    range?: VersionRange,
  ): AsyncGenerator<readonly StoredRow[], void, undefined> {
    for await (const page of this.#log.rows(sessionId, range)) yield this.#damage.spoiled(sessionId, page)
  }

  async *#spoiledToCheck(sessionId: string, range?: VersionRange): AsyncGenerator<RowPage, void, undefined> {
    for await (const rows of this.#spoiled(sessionId, range)) yield { rows, events: null }
  }

  async #rolledBack(work: (transaction: LogTransaction) => unknown): Promise<void> {
    const undone = this.#log.transact((transaction) => {
      work(transaction)
      throw rollBack
    })
    await undone.catch((error: unknown) => {
      if (error !== rollBack) throw error
    })
  }

  /** Waits as the wrapped log does, or, when it is never to be woken, until the signal aborts. Closing and crashing end both. */
  async #woken(afterPosition: number, signal: AbortSignal, isDeaf: boolean): Promise<void> {
    const stop = new AbortController()
    const abort = (): void => stop.abort()
    this.#waiting.add(abort)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    try {
      if (isDeaf) await aborted(stop.signal)
      else await this.#log.changed(afterPosition, stop.signal)
    } finally {
      this.#waiting.delete(abort)
      signal.removeEventListener('abort', abort)
    }
  }

  async #inject(due: DueFault): Promise<void> {
    if (this.#injector.happens(due)) await this.#breakOff(due)
  }

  async #breakOff(due: DueFault): Promise<void> {
    const { fault } = due
    if (fault.fault === 'crash') this.#end('crashed')
    if (fault.fault === 'close') this.#end('closed')
    await this.#assertAlive()
    if (fault.fault === 'fail') throw failureOf(fault.code, due)
  }

  async #assertAlive(): Promise<void> {
    if (this.#life === 'crashed') await never()
    if (this.#life === 'open') return
    throw new WaymarkError('STORE_CLOSED', { message: 'this log has been closed', hint: 'open it again' })
  }

  #end(life: 'closed' | 'crashed'): void {
    this.#life = life
    for (const abort of this.#waiting) abort()
  }
}

/** The first fault that breaks a call off at a moment. */
function atMoment(due: readonly DueFault[], moment: FaultMoment): DueFault | undefined {
  return due.find(({ fault }) => momentOf(fault) === moment)
}

function momentOf(fault: Fault): FaultMoment | null {
  if (fault.fault === 'close') return 'before'
  return fault.fault === 'fail' || fault.fault === 'crash' ? (fault.when ?? 'before') : null
}

function itemsBefore(fault: Fault): number {
  return fault.fault === 'fail' ? (fault.afterItems ?? 1) : 1
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

async function never(): Promise<never> {
  return new Promise<never>(() => {})
}
