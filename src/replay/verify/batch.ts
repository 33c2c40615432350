/** A recorded batch held against what is decided now: whether they agree, and if not, what differs and why. */
import type { Decision } from '../../decide/decision.ts'
import { type DecidedEvent, filledInBy, schemaVersionOf } from '../../events/catalogue.ts'
import type { Command } from '../../events/commands.ts'
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { batchDifference, type Difference, isSameBatch } from './difference.ts'

/** Why a batch was not asked about. */
export type NotAskedReason =
  | 'data-taken-out'
  | 'after-data-taken-out'
  | 'unknown-event'
  | 'counted-in-another-home'
  | 'older-than-allocations'
  | 'incomplete-batch'
  | 'machine-not-given'
  | 'other-machine-version'
  | 'after-damage'

export interface NotAsked {
  readonly reason: NotAskedReason
  /** Batches; of `after-damage` events. */
  readonly count: number
  /** The first of them. */
  readonly version: number
}

/**
 * - `machine-changed`: a machine answers otherwise than when the batch was recorded;
 * - `machine-unsteady`: a machine answers otherwise when it is asked the same again: it goes by chance, by the time, or by what it keeps;
 * - `missing-upcaster`: an event of an older shape does not lead to what is decided today;
 * - `other-rules`: the machines agree, and something else of the batch is not what is decided from its command and the state before it:
 *   rules beside the machines changed, or the event was altered and its hashes made anew.
 */
export type DivergenceCause = 'machine-changed' | 'machine-unsteady' | 'missing-upcaster' | 'other-rules'

/** A batch that does not follow from its command any more. */
export interface Divergence {
  /** Version of the batch's first event. */
  readonly version: number
  /** `none` for events that no command leads to. */
  readonly command: string
  readonly commandId: string
  readonly cause: DivergenceCause
  /** What becomes of the command now: it is refused, has nothing to add, leads to other events, or goes elsewhere by the same events. */
  readonly outcome: 'refused' | 'nothing-new' | 'other-events' | 'goes-elsewhere'
  readonly difference: Difference
}

/** How often a command would end in another way than it did. */
export interface BatchOutcome {
  readonly command: string
  readonly outcome: Divergence['outcome']
  readonly count: number
  /** The first of them. */
  readonly version: number
}

export interface MachinesVerdict {
  readonly batches: number
  /** Events of the batches that were asked about and agree. */
  readonly agreedEvents: number
  readonly divergenceCount: number
  /** The first of them. */
  readonly divergences: readonly Divergence[]
  /** All of them, by command. */
  readonly outcomes: readonly BatchOutcome[]
  readonly notAsked: readonly NotAsked[]
}

/** A recorded batch, and whether data was taken out of one of its events. */
export interface Batch {
  readonly events: readonly LoggedEvent[]
  readonly isRedacted: boolean
}

/** Why a batch cannot be asked about, as far as the batch itself says. */
export function whyNot({ events, isRedacted }: Batch): NotAskedReason | null {
  if (isRedacted) return 'data-taken-out'
  if (!events.every(isKnown)) return 'unknown-event'
  return null
}

/** An event that does not stand at its place in its batch: none was ever recorded so. */
export function irregularity(events: readonly LoggedEvent[]): Difference | null {
  const place = events.findIndex(({ index }, at) => index !== at)
  return place < 0 ? null : { path: `[${place}].index`, recorded: events[place]?.index ?? null, now: place }
}

export function agrees(decision: Decision, events: readonly LoggedEvent[], { type }: Command): boolean {
  if (!decision.ok) return false
  if (isSameBatch(events, decision.events)) return true
  const filledIn = filledInBy[type]
  return filledIn !== undefined && isSameBatch(events, withoutFilledIn(events, decision.events, filledIn))
}

/** A decision without what it fills in by itself and the record does not have: it was left open when that was recorded. */
function withoutFilledIn(
  events: readonly LoggedEvent[],
  [first, ...others]: readonly DecidedEvent[],
  filledIn: readonly string[],
): readonly DecidedEvent[] {
  if (first === undefined) return []
  const recorded = Object(events[0]?.data)
  const kept = Object.entries(first.data).filter(
    ([field]) => !filledIn.includes(field) || Object.hasOwn(recorded, field),
  )
  // The same event with fewer of its optional fields.
  return [{ ...first, data: Object.fromEntries(kept) } as DecidedEvent, ...others]
}

/** Consequences that were not recorded from the beginning: a session that has none of them may be older than they are. */
export const youngerConsequences: ReadonlySet<string> = new Set([
  'budget.allocation-overrun',
  'budget.allocation-relieved',
])

export function outcomeOf(
  decision: Decision,
  events: readonly LoggedEvent[],
): Pick<Divergence, 'outcome' | 'difference'> {
  if (!decision.ok) {
    const { reason, subject, status, accepted } = decision.refusal
    const now = { refused: reason, subject, status, accepted }
    return { outcome: 'refused', difference: { path: '[0].type', recorded: events[0]?.type ?? null, now } }
  }
  const outcome = decision.events.length === 0 ? 'nothing-new' : 'other-events'
  return { outcome, difference: batchDifference(events, decision.events) }
}

/** Events and fields of which a machine says what stands there. */
const saidByBudget = new Set(['budget.phase-changed', 'task.warned', 'task.relieved'])

export function causeOf(
  events: readonly LoggedEvent[],
  { outcome, difference }: Pick<Divergence, 'outcome' | 'difference'>,
  refused: boolean,
): DivergenceCause {
  if (events[0]?.type.startsWith('machine.') === true) return 'machine-changed'
  const isOlder = events.some((event) => isKnown(event) && event.schemaVersion < schemaVersionOf(event.type))
  if (isOlder) return 'missing-upcaster'
  if (refused || outcome === 'goes-elsewhere') return 'machine-changed'
  const { path, recorded, now } = difference
  const place = Number(/^\[(\d+)\]/.exec(path)?.[1] ?? 0)
  if (path.endsWith('].index')) return 'other-rules'
  const types = path.endsWith('].type') ? [recorded, now] : [events[place]?.type]
  const isPhase = types.some((type) => typeof type === 'string' && saidByBudget.has(type))
  const isStatus = /^\[\d+\]\.data\.status$/.test(path)
  return isPhase || isStatus ? 'machine-changed' : 'other-rules'
}
