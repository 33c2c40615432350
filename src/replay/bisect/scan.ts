/** Every version at which a predicate turns, by reading the log once. The plain twin of bisecting, and the only one that knows. */

import type { LoggedEvent } from '../../events/envelope.ts'
import { fold, foldInto, foldPages, frozen } from '../../fold/fold.ts'
import type { ReadonlyState, SessionState } from '../../fold/state.ts'
import { withinTime } from '../../kernel/bounded.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { startingPoint } from '../load.ts'
import type { Predicate } from '../predicate/predicate.ts'
import type { BisectRange, Probe } from './bisect.ts'

export interface Scan {
  /** Whether it holds at the beginning of the range. */
  readonly heldBefore: boolean
  /** The versions at which the answer becomes another one, in order: the first `limits.flipsListedMax`. */
  readonly flips: readonly Flip[]
  /** All of them, listed or not. */
  readonly flipCount: number
  /** Ends of batches that were looked at, the beginning of the range included. */
  readonly looks: number
}

export interface Flip extends Probe {
  /** The end of the batch before. */
  readonly before: number
}

/**
 * Asks the predicate at the end of every batch of a range.
 *
 * @throws WaymarkError `PREDICATE_INVALID`, `DAMAGED_RECORD` with its place
 */
export async function scanFor(
  log: EventLog,
  sessionId: string,
  predicate: Predicate,
  { from, to }: Required<BisectRange>,
  onProgress?: (version: number) => void,
): Promise<Scan> {
  const walk = await Walk.begin(log, sessionId, from, predicate)
  const heldBefore = walk.holds
  const flips: Flip[] = []
  let flipCount = 0
  let looks = 1
  let before = from
  let pending: LoggedEvent[] = []
  const step = (): void => {
    const held = walk.holds
    const version = walk.over(pending)
    pending = []
    looks += 1
    if (walk.holds !== held) {
      flipCount += 1
      if (flips.length < limits.flipsListedMax) flips.push({ version, before, holds: walk.holds })
    }
    before = version
  }
  for await (const page of log.read(sessionId, { after: from, to })) {
    const { done } = withoutTraces(() =>
      withinTime(limits.predicatePageWaitMs, () => {
        for (const event of page) {
          if (event.index === 0 && pending.length > 0) step()
          pending.push(event)
        }
      }),
    )
    if (!done) throw tooSlow(predicate, before)
    onProgress?.(before)
  }
  if (pending.length > 0 && !withinTime(limits.predicatePageWaitMs, step).done)
    throw tooSlow(predicate, before)
  return { heldBefore, flips, flipCount, looks }
}

/**
 * Work in which errors are made without a trace of where. Each question about something that is not there makes one and drops it again;
 * with a trace that takes longer than the rest of a look.
 */
function withoutTraces<T>(work: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return work()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** A state that goes forward batch by batch, and what the predicate says of it. */
class Walk {
  readonly #predicate: Predicate
  #state: ReadonlyState
  /** The same state where it may be changed in place: an expression cannot see that, a function of somebody's could. */
  readonly #own: SessionState | null
  holds: boolean

  private constructor(predicate: Predicate, state: ReadonlyState, own: SessionState | null) {
    this.#predicate = predicate
    this.#state = state
    this.#own = own
    this.holds = predicate.holds(state)
  }

  static async begin(log: EventLog, sessionId: string, from: number, predicate: Predicate): Promise<Walk> {
    const { state } = await startingPoint(log, sessionId, from)
    await foldPages(state, log.readToFold(sessionId, { after: state.version, to: from }))
    return predicate.isExpression === true
      ? new Walk(predicate, state, state)
      : new Walk(predicate, frozen(state), null)
  }

  /** Goes over a batch, and answers with its last version. */
  over(batch: readonly LoggedEvent[]): number {
    if (this.#own === null) this.#state = fold(this.#state, batch)
    else foldInto(this.#own, batch)
    this.holds = this.#predicate.holds(this.#state)
    return this.#state.version
  }
}

function tooSlow({ text }: Predicate, version: number): WaymarkError {
  return new WaymarkError('PREDICATE_INVALID', {
    message: `the predicate ${text.slice(0, limits.previewCharactersMax)} took longer than ${limits.predicatePageWaitMs} milliseconds for the versions after ${version}`,
    hint: 'look at fewer versions with --from and --to, or without --scan',
    details: { version },
  })
}
