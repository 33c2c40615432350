/**
 * What a recorded step says of a machine when it does not tell the context: the guards cannot be asked, so every answer that they might
 * have given is tried, and those are kept that lead where the step led.
 */
import type { AnyStateMachine, EventObject, StateValue } from 'xstate'
import { machineBounds } from './bounds.ts'
import { copyOf, type Look, type Observation, watched } from './observe.ts'
import { nodesBelow, type TransitionPlace } from './places.ts'
import { textOf } from './spell.ts'

/** What may have happened in a step. */
export interface Explanation {
  /** Whether the machine makes this step at all. */
  readonly possible: boolean
  /** Transitions that were taken however the guards answered. */
  readonly taken: readonly TransitionPlace[]
  /** Transitions that were taken if the guards answered so. */
  readonly perhaps: readonly TransitionPlace[]
  readonly visited: ReadonlySet<number>
  readonly looks: readonly Look[]
}

/** What is known of a step. */
export interface BareStep {
  readonly value: StateValue
  readonly event: EventObject
  readonly next: StateValue
  /** The event is known to have been accepted. */
  readonly accepted?: true
}

export type Explain = (step: BareStep) => Explanation

/** Gives a function that explains steps of a machine. */
export function unguarded(given: AnyStateMachine): Explain {
  const { machine: bare, answerWith } = bareCopyOf(given)
  const machine = watched(bare)
  const known = new Map<string, Explanation>()

  const explain: Explain = ({ value, event, next, accepted }) => {
    const before = bare.resolveState({ value, context: {} })
    const wanted = textOf(bare.resolveState({ value: next, context: {} }).value)
    const seen: Observation[] = []
    const untried: (readonly boolean[])[] = [[]]
    for (let tried = 0; tried < machineBounds.guardAnswersMax; tried++) {
      const answers = untried.pop()
      if (answers === undefined) break
      const asked = answerWith(answers)
      const observation = machine.step(before, { type: event.type })
      const mayBe = accepted !== true || observation.accepted
      if (observation.thrown === null && mayBe) seen.push(observation)
      // Each guard that answered yes of itself may have answered no.
      for (let index = answers.length; index < asked.count; index++) {
        const yes = Array.from({ length: index - answers.length }, () => true)
        untried.push([...answers, ...yes, false])
      }
    }
    const exact = seen.filter(({ snapshot }) => textOf(snapshot.value) === wanted)
    // Which state history brings back is not recorded.
    return explanationOf(exact.length > 0 ? exact : seen.filter(usesHistory))
  }

  return (step) => {
    const key = textOf([step.value, step.event.type, step.next, step.accepted])
    const before = known.get(key)
    if (before !== undefined) return before
    const explanation = explainedOr(() => explain(step))
    if (known.size < machineBounds.answersKeptMax) known.set(key, explanation)
    return explanation
  }
}

const unexplained: Explanation = { possible: false, taken: [], perhaps: [], visited: new Set(), looks: [] }

/** A record may name states that the machine does not have; XState throws then. */
function explainedOr(explain: () => Explanation): Explanation {
  try {
    return explain()
  } catch {
    return unexplained
  }
}

function usesHistory({ taken }: Observation): boolean {
  return taken.some(({ targets }) => targets.some(({ type }) => type === 'history'))
}

/** What all that may have happened have in common is certain. */
function explanationOf(seen: readonly Observation[]): Explanation {
  const [first, ...others] = seen
  if (first === undefined) return unexplained
  const isCertain = (transition: TransitionPlace): boolean =>
    others.every(({ taken }) => taken.includes(transition))
  const isSaid = (look: Look): boolean =>
    others.every(({ looks }) =>
      looks.some((other) => other.transition === look.transition && other.passed === look.passed),
    )
  const all = new Set(seen.flatMap(({ taken }) => taken))
  return {
    possible: true,
    taken: first.taken.filter(isCertain),
    perhaps: [...all].filter((transition) => !(first.taken.includes(transition) && isCertain(transition))),
    visited: new Set(
      [...first.visited].filter((number) => others.every(({ visited }) => visited.has(number))),
    ),
    looks: first.looks.filter(isSaid),
  }
}

/** A copy with its states and transitions alone; its guards answer as they are told, and with yes beyond that. */
function bareCopyOf(given: AnyStateMachine) {
  const machine = copyOf(given)
  let answers: readonly boolean[] = []
  let asked = { count: 0 }
  for (const node of nodesBelow(machine.root)) {
    node.entry = node.entry.filter(raises)
    node.exit = []
    node.output = undefined
    Object.defineProperty(node, 'invoke', { value: [] })
    for (const definition of [...[...node.transitions.values()].flat(), ...(node.always ?? [])]) {
      const isForbidding = definition.actions.length === 0
      const kept = definition.actions.filter(raises)
      // What was an action that is left out is still an action, so that the transition does not forbid its event.
      definition.actions = isForbidding || kept.length > 0 ? kept : [() => {}]
      if (definition.guard !== undefined) definition.guard = () => answers[asked.count++] ?? true
    }
  }
  const answerWith = (given: readonly boolean[]): { readonly count: number } => {
    answers = given
    asked = { count: 0 }
    return asked
  }
  return { machine, answerWith }
}

function raises(action: unknown): boolean {
  return typeof action === 'function' && 'type' in action && action.type === 'xstate.raise'
}
