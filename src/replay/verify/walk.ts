/** The events of a session, gathered into the batches they were recorded in: each asked about, then folded, then compared with. */
import type { LoggedEvent } from '../../events/envelope.ts'
import { foldInto } from '../../fold/fold.ts'
import type { SessionState } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import type { CheckedRow } from '../../log/chain.ts'
import type { RowTexts } from '../../log/port.ts'
import { isRedacted } from '../../log/rows.ts'
import type { FoldTwin } from './fold.ts'
import { MachinesCheck } from './machines.ts'
import type { Report } from './problem.ts'
import type { SnapshotsCheck } from './snapshots.ts'

export interface WalkParts {
  readonly machines: MachinesCheck | null
  readonly loadHomeCalls: () => Promise<void>
  readonly snapshots: SnapshotsCheck
  readonly twin: FoldTwin | null
  readonly report: Report
}

/** Rows of one command, with their events. */
interface Gathered {
  readonly events: LoggedEvent[]
  readonly rows: RowTexts[]
  isRedacted: boolean
}

export class BatchWalk {
  readonly #parts: WalkParts
  #state: SessionState | null
  #batch: Gathered = { events: [], rows: [], isRedacted: false }

  /** @param state the state before the first row; `null` when that is not known. Held by nobody else. */
  constructor(state: SessionState | null, parts: WalkParts) {
    this.#state = state
    this.#parts = parts
  }

  /** The state after all batches that are complete; `null` from the first event on that cannot be trusted. */
  get state(): SessionState | null {
    return this.#state
  }

  /** Takes the next row. Gives a promise only where something has to be waited for: most rows need none. */
  take({ row, event }: CheckedRow): Promise<void> | null {
    if (this.#state === null) return this.#pass(row)
    if (event === null) return this.#breakOff(row)
    const [first] = this.#batch.events
    const goesOn =
      first !== undefined &&
      event.index > 0 &&
      event.commandId === first.commandId &&
      this.#batch.events.length < limits.pageEventsMax
    if (goesOn) {
      this.#gather(row, event)
      return null
    }
    const complete = this.#batch
    this.#batch = { events: [], rows: [], isRedacted: false }
    this.#gather(row, event)
    return this.#settle(complete, false)
  }

  /** There are no more rows. */
  async end(): Promise<void> {
    const last = this.#batch
    this.#batch = { events: [], rows: [], isRedacted: false }
    if (this.#state !== null) await this.#settle(last, true)
  }

  #gather(row: RowTexts, event: LoggedEvent): void {
    this.#batch.events.push(event)
    this.#batch.rows.push(row)
    if (isRedacted(row)) this.#batch.isRedacted = true
  }

  /** The first row that cannot be trusted: what came before is settled, what comes after has no state to be asked in. */
  async #breakOff(row: RowTexts): Promise<void> {
    await this.end()
    this.#state = null
    await this.#pass(row)
  }

  #pass({ version, hash }: RowTexts): Promise<void> | null {
    const { machines, snapshots, report } = this.#parts
    machines?.skip('after-damage', version)
    return snapshots.isDue(version) ? snapshots.compare(version, hash, null, report) : null
  }

  #settle(batch: Gathered, isLast: boolean): Promise<void> | null {
    const { machines, snapshots, twin } = this.#parts
    const state = this.#state
    const { events } = batch
    if (state === null || events.length === 0) return null
    const waits =
      (machines !== null && MachinesCheck.needsHome(batch)) ||
      events.some(({ version }) => snapshots.isDue(version))
    if (waits) return this.#settleSlowly(state, batch, isLast)
    machines?.ask(batch, state, isLast)
    foldInto(state, events)
    twin?.add(events, state)
    machines?.hear(batch, state)
    return null
  }

  async #settleSlowly(state: SessionState, batch: Gathered, isLast: boolean): Promise<void> {
    const { machines, snapshots, twin, loadHomeCalls, report } = this.#parts
    if (MachinesCheck.needsHome(batch)) await loadHomeCalls()
    machines?.ask(batch, state, isLast)
    for (const [index, event] of batch.events.entries()) {
      foldInto(state, [event])
      twin?.add([event], state)
      if (!snapshots.isDue(event.version)) continue
      await snapshots.compare(event.version, batch.rows[index]?.hash ?? '', state, report)
    }
    machines?.hear(batch, state)
  }
}
