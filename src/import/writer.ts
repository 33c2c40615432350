/** Writes steps inside a transaction: each once, whatever file it comes from, and none stops the others. */
import { type Command, parseCommand } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { CommandRefused, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { LogTransaction } from '../log/port.ts'
import { packSnapshot } from '../replay/snapshot.ts'
import { type RecordEnvironment, record } from '../session/record.ts'
import { commandsOf } from './plan.ts'
import { commandIdOf, type Step } from './step.ts'
import { oneLine } from './text.ts'

/** States by session id, as far as they are known. */
export type States = ReadonlyMap<string, ReadonlyState>

export interface Written {
  readonly appended: number
  readonly refused: number
  /** States after the steps, of the sessions they were about. */
  readonly states: States
}

const actor = 'import'
/** Steps that say where something stands: seen again later, they would not be the nothing that they were. */
const repeatable: ReadonlySet<string> = new Set(['usage.record'])
/** A keyframe pays once this many times the state's own bytes have been appended as events. */
const keyframeStateFactor = 4

/** Records the steps that are not recorded yet, in their order. */
export function writeSteps(
  transaction: LogTransaction,
  steps: readonly Step[],
  known: States,
  environment: RecordEnvironment,
): Written {
  const writer = new StepWriter(transaction, known, environment)
  for (const step of steps) writer.write(step)
  writer.takeKeyframes()
  return { appended: writer.appended, refused: writer.refused, states: writer.states }
}

class StepWriter {
  appended = 0
  refused = 0
  readonly states: Map<string, ReadonlyState>
  readonly #transaction: LogTransaction
  readonly #environment: RecordEnvironment
  readonly #changed = new Set<string>()

  constructor(transaction: LogTransaction, known: States, environment: RecordEnvironment) {
    this.#transaction = transaction
    this.#environment = environment
    this.states = new Map(known)
  }

  write(step: Step): void {
    const { sessionId } = step
    const known = this.states.get(sessionId) ?? null
    const isNew = known === null && this.#transaction.stream(sessionId) === null
    if (!isNew && this.#isDone(step)) return
    let ordinal = 0
    const before = this.#stateOf(sessionId)
    if (before === null && step.intent.type !== 'session.start') return
    const commands = before === null ? [step.intent as Command] : commandsOf(before, step.intent)
    for (const command of commands) {
      if (this.#record(step, command, ordinal)) ordinal += 1
    }
    if (ordinal === 0 && !repeatable.has(step.intent.type)) this.#transaction.putBookmark(doneKey(step), '')
  }

  /** A step that led to nothing has left no event; a bookmark stands for it. */
  #isDone(step: Step): boolean {
    if (this.#transaction.batchOf(step.sessionId, commandIdOf(step, 0)) !== null) return true
    return !repeatable.has(step.intent.type) && this.#transaction.bookmark(doneKey(step)) !== null
  }
}
