/** Writes steps inside a transaction: each once, whatever file it comes from, and none stops the others. */
import { type Command, parseCommand } from '../events/commands.ts'
import { oneLine } from '../events/content.ts'
import { frozen } from '../fold/fold.ts'
import { initialState, type ReadonlyState } from '../fold/state.ts'
import { CommandRefused, WaymarkError } from '../kernel/errors.ts'
import type { LogTransaction } from '../log/port.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import { caughtUp, type RecordEnvironment, record } from '../session/record.ts'
import { commandsOf } from './plan.ts'
import { commandIdOf, type Step } from './step.ts'

/** States by session id, as far as they are known. */
export type States = ReadonlyMap<string, ReadonlyState>

export interface Written {
  /** Events appended. */
  readonly appended: number
  /** Steps that the rules did not accept; an observation stands for each. */
  readonly refused: number
  /** What is known now: the states before, and those of the sessions that the steps were about. */
  readonly states: States
}

const actor = 'import'

/** Records the steps that are not recorded yet, in their order. */
export function writeSteps(
  transaction: LogTransaction,
  steps: readonly Step[],
  known: States,
  environment: RecordEnvironment,
): Written {
  const writer = new StepWriter(transaction, known, environment)
  for (const step of steps) writer.write(step)
  return { appended: writer.appended, refused: writer.refused, states: writer.states }
}

class StepWriter {
  appended = 0
  refused = 0
  readonly states: Map<string, ReadonlyState>
  readonly #transaction: LogTransaction
  readonly #environment: RecordEnvironment
  /** Sessions whose state is the newest there is; nobody else writes during the transaction. */
  readonly #current = new Set<string>()

  constructor(transaction: LogTransaction, known: States, environment: RecordEnvironment) {
    this.#transaction = transaction
    this.#environment = { ...environment, policies: [] }
    this.states = new Map(known)
  }

  write(step: Step): void {
    const state = this.#stateOf(step.sessionId)
    const firstId = commandIdOf(step, 0)
    if (state.version > 0 && this.#isDone(step, firstId)) return
    let ordinal = 0
    for (const command of commandsOf(state, step.intent)) {
      if (this.#record(step, command, ordinal)) ordinal += 1
    }
    if (ordinal === 0 && !mayComeAgain(step)) this.#transaction.putBookmark(doneKey(firstId), '')
    const after = this.states.get(step.sessionId)
    if (ordinal > 0 && after !== undefined) takeKeyframeIfDue(this.#transaction, after)
  }

  #stateOf(sessionId: string): ReadonlyState {
    const known = this.states.get(sessionId)
    if (known !== undefined && this.#current.has(sessionId)) return known
    const isThere = this.#transaction.stream(sessionId) !== null
    const state = isThere
      ? caughtUp(this.#transaction, sessionId, known ?? null)
      : frozen(initialState(sessionId))
    this.#current.add(sessionId)
    this.states.set(sessionId, state)
    return state
  }

  #isDone(step: Step, firstId: string): boolean {
    if (this.#transaction.batchOf(step.sessionId, firstId) !== null) return true
    return !mayComeAgain(step) && this.#transaction.bookmark(doneKey(firstId)) !== null
  }

  /** Records one command of a step, or the observation that it was not accepted. Gives whether events were appended. */
  #record(step: Step, command: Command, ordinal: number): boolean {
    try {
      return this.#append(step, parseCommand(command), ordinal)
    } catch (error) {
      const isRefusal = error instanceof CommandRefused
      const isInvalid = error instanceof WaymarkError && error.code === 'COMMAND_INVALID'
      if (!isRefusal && !isInvalid) throw error
      this.refused += 1
      const kind = `${isRefusal ? 'refused' : 'invalid'}-${command.type}`
      const observation: Command = {
        type: 'observation.record',
        kind,
        detail: oneLine(error.message),
        line: step.line,
      }
      return this.#append(step, observation, ordinal)
    }
  }

  #append(step: Step, command: Command, ordinal: number): boolean {
    const { sessionId, time } = step
    for (const { ref, body } of step.contents) {
      this.#transaction.putContent(ref.hash, typeof body === 'string' ? Buffer.from(body) : body)
    }
    const meta = { commandId: commandIdOf(step, ordinal), time, actor }
    const known = this.states.get(sessionId) ?? null
    const recorded = record(this.#transaction, known, { sessionId, command, meta }, this.#environment)
    this.states.set(sessionId, recorded.state)
    if (recorded.repeated || recorded.events.length === 0) return recorded.repeated
    this.appended += recorded.events.length
    return true
  }
}

/** A report of a call may be sent again: the decision itself counts only what is new. */
function mayComeAgain(step: Step): boolean {
  return step.intent.type === 'usage.record'
}

/** A step that led to nothing has left no event to find it by. Seen again later, it would not be the nothing that it was. */
function doneKey(commandId: string): string {
  return `import/done/${commandId}`
}
