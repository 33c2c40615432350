/** The states and transitions of a machine, each with a number and a name that people can say. */
import type { AnyStateMachine, AnyStateNode, AnyTransitionDefinition, StateValue } from 'xstate'
import { guardText, isNamedGuard } from './guard-text.ts'

/** A state of a machine, however deep. The machine itself and its history states are none. */
export interface StatePlace {
  readonly number: number
  /** The way to it: `editing.dirty`. */
  readonly name: string
  readonly final: boolean
  /** Nothing is inside it. */
  readonly atomic: boolean
  readonly node: AnyStateNode
}

/** A transition, also one that is taken by itself, after a time, or when a child is done. */
export interface TransitionPlace {
  readonly number: number
  /** `failed: task.recover [retryable] → recovered` */
  readonly name: string
  /** The state it belongs to; `(machine)` for the machine as a whole. */
  readonly from: string
  /** What makes it, as it is said: an event's type, `always`, `after 1000`, `done of loader`. */
  readonly on: string
  /** The event as XState has it; empty for one that is taken by itself. */
  readonly descriptor: string
  readonly guard: string | null
  /** By what its guard is known: guards of one name are one guard, and one without a name is one of its own. */
  readonly guardKey: string | null
  /** Where it leads; `null` when it stays. */
  readonly to: string | null
  /** It is there to say that nothing happens. */
  readonly forbids: boolean
  readonly source: AnyStateNode
  readonly targets: readonly AnyStateNode[]
  readonly definition: AnyTransitionDefinition
}

export interface Places {
  readonly machine: string
  readonly states: readonly StatePlace[]
  readonly transitions: readonly TransitionPlace[]
  readonly stateOf: ReadonlyMap<AnyStateNode, StatePlace>
  readonly transitionOf: ReadonlyMap<AnyTransitionDefinition, TransitionPlace>
}

export function placesOf(machine: AnyStateMachine): Places {
  const nodes = nodesBelow(machine.root)
  const states = nodes
    .filter((node) => node !== machine.root && node.type !== 'history')
    .map((node, number): StatePlace => {
      const final = node.type === 'final'
      return { number, name: nameOf(node), final, atomic: final || node.type === 'atomic', node }
    })
  const transitions = named(nodes.flatMap((node) => definitionsOf(node).map((one) => [node, one] as const)))
  return {
    machine: machine.id,
    states,
    transitions,
    stateOf: new Map(states.map((state) => [state.node, state])),
    transitionOf: new Map(transitions.map((transition) => [transition.definition, transition])),
  }
}

/** A state and all that are inside it, in the order of the machine. */
export function nodesBelow(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesBelow)]
}

function definitionsOf(node: AnyStateNode): readonly AnyTransitionDefinition[] {
  return [...[...node.transitions.values()].flat(), ...(node.always ?? [])]
}

const machineItself = '(machine)'

function nameOf(node: AnyStateNode): string {
  return node.path.length === 0 ? machineItself : node.path.join('.')
}

/** Names are told apart by a number where the machine says the same twice. */
function named(found: readonly (readonly [AnyStateNode, AnyTransitionDefinition])[]): TransitionPlace[] {
  const seen = new Map<string, number>()
  return found.map(([source, definition], number) => {
    const descriptor = String(definition.eventType ?? '')
    const targets = definition.target ?? []
    const from = nameOf(source)
    const on = eventText(source, descriptor)
    const guard = guardText(definition.guard)
    const to = targets.length === 0 ? null : targets.map(nameOf).join(' & ')
    const text = `${from}: ${on}${guard === null ? '' : ` [${guard}]`} → ${to ?? 'stays'}`
    const count = (seen.get(text) ?? 0) + 1
    seen.set(text, count)
    const name = count === 1 ? text : `${text} #${count}`
    const key = isNamedGuard(definition.guard) ? guard : `${guard} of ${name}`
    return {
      number,
      name,
      from,
      on,
      descriptor,
      guard,
      guardKey: guard === null ? null : key,
      to,
      forbids: definition.target === undefined && definition.actions.length === 0,
      source,
      targets,
      definition,
    }
  })
}

/** XState's own events, by how their types begin. */
const ownEvents = [
  ['xstate.after.', 'after '],
  ['xstate.done.state.', 'done'],
  ['xstate.done.actor.', 'done of '],
  ['xstate.error.actor.', 'error of '],
  ['xstate.snapshot.', 'snapshot of '],
] as const

/** What makes a transition, in words: XState writes the ids of states and children into the types of its own events. */
function eventText(node: AnyStateNode, descriptor: string): string {
  if (descriptor === '') return 'always'
  const own = ownEvents.find(([prefix]) => descriptor.startsWith(prefix))
  if (own === undefined) return descriptor
  const [prefix, words] = own
  const rest = descriptor.slice(prefix.length)
  if (words === 'done') return rest === node.id ? words : `done of ${rest}`
  if (words === 'after ')
    return `${words}${rest.endsWith(`.${node.id}`) ? rest.slice(0, -node.id.length - 1) : rest}`
  // A child without an id of its own has one that XState made; its source says more.
  const child = node.invoke.find(({ id }, index) => id === rest && id === `${index}.${node.id}`)
  const source = typeof child?.src === 'string' ? child.src : rest
  return `${words}${source.startsWith('xstate.invoke.') ? 'the child' : source}`
}

/** A state value in words: `editing.dirty`, and with several at once `left.on & right.off`. */
export function valueText(value: StateValue): string {
  return leavesOf(value, '').join(' & ')
}

function leavesOf(value: StateValue, above: string): readonly string[] {
  if (typeof value === 'string') return [`${above}${value}`]
  return Object.entries(value).flatMap(([key, inner]) => {
    if (inner === undefined) return []
    const leaves = leavesOf(inner, `${above}${key}.`)
    return leaves.length === 0 ? [`${above}${key}`] : leaves
  })
}
