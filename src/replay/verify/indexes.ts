/** A session's indexes against its events, looked at while these are read; gone through one by one only where that leaves a doubt. */
import type { CheckedRow } from '../../log/chain.ts'
import type { EventLog, IndexWatch, StreamInfo } from '../../log/port.ts'
import type { Report } from './problem.ts'

export class IndexesCheck {
  readonly #log: EventLog
  readonly #sessionId: string
  readonly #watch: IndexWatch
  #hasDoubt = false

  constructor(log: EventLog, { sessionId, version }: StreamInfo) {
    this.#log = log
    this.#sessionId = sessionId
    this.#watch = log.watchIndexes(sessionId, version)
  }

  take({ event }: CheckedRow): void {
    if (event === null) this.#hasDoubt = true
    else this.#watch.see(event)
  }

  /** There are no more rows. */
  async end(report: Report): Promise<void> {
    if (!this.#hasDoubt && this.#watch.agrees()) return
    for await (const { version, detail } of this.#log.auditIndexes(this.#sessionId)) {
      report(version, 'damaged-index', detail)
    }
  }
}
