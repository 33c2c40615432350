/**
 * Ids that were made while two sessions were recorded. Two recordings of the same never have the same ids, so they are matched by the order
 * in which they come up: the n-th checkpoint of one is the n-th of the other.
 */
import type { LoggedEvent } from '../../events/envelope.ts'
import { limits } from '../../kernel/limits.ts'
import { isSame } from '../../views/state-diff.ts'

/** They stand alone and within texts: `from checkpoint ckpt_…`. */
const madeIds = /\b(?:ckpt|hoff|reco|sess)_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g
const kindCharacters = 4
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?Z$/

function kindOf(id: string): string {
  return id.slice(0, kindCharacters)
}

function idsIn(text: string): readonly string[] {
  return text.match(madeIds) ?? []
}

/** Made ids in the order in which they came up on one side, `limits.pairedIdsMax` at most. */
export type SeenIds = Set<string>

/** Notes the ids in the data of an event. */
export function noteIds(seen: SeenIds, value: unknown): void {
  if (typeof value === 'string') {
    for (const id of idsIn(value)) if (seen.size < limits.pairedIdsMax) seen.add(id)
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) noteIds(seen, item)
  }
}

/** Which id of one side is which of the other. */
export class IdPairs {
  readonly #beforeOf = new Map<string, string>()
  readonly #afterOf = new Map<string, string>()

  /** A text of the side after as it would be on the side before. Ids without a partner stay as they are. */
  readonly nameOf = (text: string): string => text.replace(madeIds, (id) => this.#beforeOf.get(id) ?? id)

  /** Of `limits.pairedIdsMax` pairs none is added: ids beyond are compared as they are. */
  pair(before: string, after: string): void {
    if (this.#beforeOf.size >= limits.pairedIdsMax) return
    this.#beforeOf.set(after, before)
    this.#afterOf.set(before, after)
  }

  /** Whether two events say the same, apart from ids and times. Ids that are new with them are a pair from here on. */
  areAlike(before: LoggedEvent, after: LoggedEvent): boolean {
    if (before.type !== after.type) return false
    const added: (readonly [string, string])[] = []
    const isSameText = (was: string, is: string): boolean => {
      if (time.test(was) && time.test(is)) return true
      const [ours, theirs] = [idsIn(was), idsIn(is)]
      if (ours.length === 0 || ours.length !== theirs.length) return was === is
      if (was.replace(madeIds, '') !== is.replace(madeIds, '')) return false
      return ours.every((id, place) => isPair(id, theirs[place] ?? ''))
    }
    const isPair = (was: string, is: string): boolean => {
      const [beforeOf, afterOf] = [this.#beforeOf.get(is), this.#afterOf.get(was)]
      if (beforeOf !== undefined || afterOf !== undefined) return beforeOf === was
      if (kindOf(was) !== kindOf(is)) return false
      added.push([was, is])
      // Two that are new may stand in an event more than once: always for each other.
      return added.every(([one, other]) => (one === was) === (other === is))
    }
    if (!isSame(before.data, after.data, isSameText)) return false
    for (const [was, is] of added) this.pair(was, is)
    return true
  }

  /** Ids that have no partner yet: the n-th of its kind on one side is the n-th on the other. One that both sides have is itself. */
  pairRest(before: SeenIds, after: SeenIds): void {
    const waiting = new Map<string, string[]>()
    for (const id of after) {
      if (this.#beforeOf.has(id) || before.has(id)) continue
      const kind = kindOf(id)
      const others = waiting.get(kind) ?? []
      others.push(id)
      waiting.set(kind, others)
    }
    const next = new Map<string, number>()
    for (const id of before) {
      if (this.#afterOf.has(id) || after.has(id)) continue
      const kind = kindOf(id)
      const place = next.get(kind) ?? 0
      const other = waiting.get(kind)?.[place]
      next.set(kind, place + 1)
      if (other !== undefined) this.pair(id, other)
    }
  }
}
