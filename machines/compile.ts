/**
 * A machine as a table: for each state and event, the transitions that may be taken, in the order in which XState tries them. Asking
 * the table makes no snapshot, no actor and no list of actions, so it takes a small part of the time. It gives what XState's
 * `transition` gives; where a machine has what a table does not hold (states inside states, `always`, `after`, actors), XState itself is
 * asked.
 */
import { type AnyStateMachine, transition } from 'xstate'
import { type Candidate, descriptorMatches, type TableEvent, tableOf } from './compile-table.ts'

/** What came of an event: where the machine is now, and what it remembers. */
export interface Step {
  /** Whether any transition was taken. An event that no transition takes changes nothing. */
  readonly accepted: boolean
  /** The state of a flat machine; of one with states inside states the outermost. */
  readonly value: string
  readonly context: unknown
  /** `done` in a final state. */
  readonly status: string
}

/** A machine that can be asked where an event leads, from any state and any context. It keeps nothing. */
export interface CompiledMachine {
  /** Why XState is asked instead of the table; `null` when the table holds all of the machine. */
  readonly notHeld: string | null
  /** Where the event leads; `null` when the machine does not accept it. Nothing but guards is run. */
  target(value: string, context: object, event: TableEvent): string | null
  /** The same with what the machine remembers afterwards. */
  step(value: string, context: object, event: TableEvent): Step
}

/** Thrown inside when an assignment asks for what only a running actor has. */
const needsActor = new Error('an assignment asks for an actor')

/**
 * Compiles a machine.
 *
 * @throws Whatever a guard or an assignment of the machine throws when it is asked, as XState's `transition` does.
 *
 * @example
 * ```ts
 * const compiled = compileMachine(taskMachine)
 * compiled.target('pending', initialTaskContext, { type: 'task.start' }) // 'in_progress'
 * compiled.target('completed', initialTaskContext, { type: 'task.start' }) // null
 * compiled.notHeld // null
 * ```
 */
export function compileMachine(machine: AnyStateMachine): CompiledMachine {
  const table = tableOf(machine)
  if (!table.ok) return uncompiled(machine, table.notHeld)
  const { states } = table

  function taken(value: string, context: object, event: TableEvent): Candidate | null | undefined {
    const state = states.get(value)
    // Events of XState's own are its own business.
    if (state === undefined || event.type === '*' || event.type.startsWith('xstate.')) return undefined
    const exact = state.exact.get(event.type)
    const first = exact === undefined ? null : passing(exact, context, event)
    if (first !== null || exact !== undefined || state.wildcards.length === 0) return first
    const matching = state.wildcards.filter(({ descriptor }) => descriptorMatches(event.type, descriptor))
    return passing(matching, context, event)
  }

  const whole = uncompiled(machine, null)
  return {
    notHeld: null,
    target(value, context, event) {
      try {
        const candidate = taken(value, context, event)
        if (candidate === undefined) return whole.target(value, context, event)
        return candidate === null || candidate.forbids ? null : (candidate.target ?? value)
      } catch {
        // XState says in its own words what was thrown, and where.
        return whole.target(value, context, event)
      }
    },
    step(value, context, event) {
      try {
        const candidate = taken(value, context, event)
        if (candidate === undefined) return whole.step(value, context, event)
        const isDone = states.get(value)?.isFinal === true
        if (candidate === null) return { accepted: false, value, context, status: isDone ? 'done' : 'active' }
        const next = candidate.target ?? value
        const status = isDone || states.get(next)?.isFinal === true ? 'done' : 'active'
        return {
          accepted: !candidate.forbids,
          value: next,
          context: assigned(candidate, context, event),
          status,
        }
      } catch {
        return whole.step(value, context, event)
      }
    },
  }
}

/** The first whose guard lets the event through. */
function passing(candidates: readonly Candidate[], context: object, event: TableEvent): Candidate | null {
  for (const candidate of candidates) {
    const { guard } = candidate
    if (guard === null || guard(context, event)) return candidate
  }
  return null
}

/** The context after the assignments, each of which sees what those before it assigned. */
function assigned({ assignments }: Candidate, before: object, event: TableEvent): object {
  let context = before
  for (const assign of assignments) {
    const given = {
      context,
      event,
      get spawn(): never {
        throw needsActor
      },
      get self(): never {
        throw needsActor
      },
      get system(): never {
        throw needsActor
      },
    }
    context = { ...context, ...assign(given, context, event) }
  }
  return context
}

/** The plain twin: XState is asked each time. */
function uncompiled(machine: AnyStateMachine, notHeld: string | null): CompiledMachine {
  const step = (value: string, context: object, event: TableEvent): Step => {
    const before = machine.resolveState({ value, context })
    const accepted = before.can(event)
    const [after] = transition(machine, before, event)
    return { accepted, value: outermost(after.value), context: after.context, status: after.status }
  }
  return {
    notHeld,
    step,
    target(value, context, event) {
      const { accepted, value: next } = step(value, context, event)
      return accepted ? next : null
    },
  }
}

function outermost(value: unknown): string {
  return typeof value === 'object' && value !== null ? (Object.keys(value)[0] ?? '') : String(value)
}
