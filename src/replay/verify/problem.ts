/** What verification finds wrong, and what each finding is a sign of. */
import { isEventType, schemaVersionOf } from '../../events/catalogue.ts'
import { limits } from '../../kernel/limits.ts'
import type { RowTexts } from '../../log/port.ts'
import type { Difference } from './difference.ts'

/**
 * - `damaged-event`: an event, or what a store keeps beside it, is not as it was written;
 * - `missing-upcaster`: an event is as it was written, in an older shape that nothing brings to today's;
 * - `unknown-event`: an event of a type or shape that only a newer Waymark knows;
 * - `fold-not-deterministic`: the same events, folded twice, give two states;
 * - `snapshot-of-other-code`: a snapshot is sound in itself, and not what folding gives here.
 */
export type ProblemCause =
  | 'damaged-event'
  | 'missing-upcaster'
  | 'unknown-event'
  | 'fold-not-deterministic'
  | 'snapshot-of-other-code'

export interface Problem {
  /** The version at which it was found; for a snapshot, the version it claims to be of. */
  readonly version: number
  readonly kind: string
  readonly cause: ProblemCause
  readonly detail: string
  /** Where states differ: the first place. */
  readonly difference?: Difference
}

export type Report = (version: number, kind: string, detail: string, difference?: Difference) => void

/** The problems of one session; the first ones are listed. */
export class Problems {
  readonly listed: Problem[] = []

  readonly report: Report = (version, kind, detail, difference) => {
    this.add({
      version,
      kind,
      cause: causeOfKind(kind),
      detail,
      ...(difference === undefined ? {} : { difference }),
    })
  }

  /** A problem of a row, with what the row itself says of its cause. */
  ofRow(row: RowTexts, { version, kind, detail }: { version: number; kind: string; detail: string }): void {
    this.add({ version, kind, cause: causeOfRow(row, kind), detail })
  }

  add(problem: Problem): void {
    if (this.listed.length < limits.problemsListedMax) this.listed.push(problem)
  }
}

const causes: Readonly<Record<string, ProblemCause>> = {
  'snapshot-differs': 'snapshot-of-other-code',
  'fold-differs': 'fold-not-deterministic',
  'unknown-event': 'unknown-event',
}

function causeOfKind(kind: string): ProblemCause {
  return causes[kind] ?? 'damaged-event'
}

/** An event whose hashes agree was written like this: when it cannot be read, its shape is of another time. */
function causeOfRow(row: RowTexts, kind: string): ProblemCause {
  if (kind !== 'unknown-event' && kind !== 'invalid-event') return causeOfKind(kind)
  const { type, schemaVersion } = outlineOf(row.envelope)
  if (!isEventType(type)) return causeOfKind(kind)
  return schemaVersion > schemaVersionOf(type) ? 'unknown-event' : 'missing-upcaster'
}

function outlineOf(envelope: string): { readonly type: string; readonly schemaVersion: number } {
  try {
    const value: unknown = JSON.parse(envelope)
    return {
      type: String(Reflect.get(Object(value), 'type')),
      schemaVersion: Number(Reflect.get(Object(value), 'schemaVersion')),
    }
  } catch {
    return { type: '', schemaVersion: 0 }
  }
}
