/** Why a part of a machine was not met, as far as its shape and the counts can tell. */
import type { AnyStateNode } from 'xstate'
import { nodesBelow, type StatePlace, type TransitionPlace } from './places.ts'
import type { Tally } from './tally.ts'

/** Ways to a state that are named; of many the first say enough. */
const waysToldMax = 3

/** The reason a state was not reached; `null` for one that was. */
export function whyState(tally: Tally, state: StatePlace): string | null {
  if ((tally.states[state.number] ?? 0) > 0) return null
  const ways = tally.places.transitions.filter(({ targets, source }) =>
    targets.some((target) => leadsInto(target, state.node, source)),
  )
  if (ways.length === 0) {
    const parent = outermostUnreached(tally, state.node)
    return parent === null ? 'no transition leads to it' : `\`${parent}\` is not reached`
  }
  const told = ways.slice(0, waysToldMax).map(({ name }) => `\`${name}\``)
  const more = ways.length - told.length
  return `none of the transitions to it was taken: ${told.join(', ')}${more === 0 ? '' : ` and ${more} more`}`
}

/** A state around this one that was not reached either: its reason is the reason. */
function outermostUnreached(tally: Tally, node: AnyStateNode): string | null {
  const around = allAround(node)
    .flatMap((one) => tally.places.stateOf.get(one) ?? [])
    .findLast(({ number }) => (tally.states[number] ?? 0) === 0)
  return around?.name ?? null
}

function allAround(node: AnyStateNode): readonly AnyStateNode[] {
  return node.parent === undefined ? [] : [node.parent, ...allAround(node.parent)]
}

/** Whether a transition to a target comes to a state: to itself, into it, or to what is around it, beginning there. */
function leadsInto(target: AnyStateNode, state: AnyStateNode, source: AnyStateNode): boolean {
  if (nodesBelow(state).includes(target)) return !nodesBelow(state).includes(source)
  return beginningsOf(target).includes(state)
}

/** The states in which a target begins; those that history brings back are any of its parent's. */
function beginningsOf(target: AnyStateNode): readonly AnyStateNode[] {
  if (target.type === 'history') return target.parent === undefined ? [] : nodesBelow(target.parent)
  if (target.type === 'parallel')
    return Object.values(target.states).flatMap((one) => [one, ...beginningsOf(one)])
  if (target.type !== 'compound') return []
  return target.initial.target.flatMap((one) => [one, ...beginningsOf(one)])
}

/** The reason a transition was not taken; `null` for one that was, or perhaps was. */
export function whyTransition(tally: Tally, transition: TransitionPlace): string | null {
  const counts = tally.transitions[transition.number]
  if (counts === undefined || counts.taken + counts.perhaps > 0) return null
  const source = tally.places.stateOf.get(transition.source)
  if (source !== undefined && (tally.states[source.number] ?? 0) === 0)
    return `\`${source.name}\` is not reached`
  const { offered, passed, refused } = counts
  if (transition.guard !== null && passed === 0 && refused > 0) {
    return `\`${transition.guard}\` was never true (asked ${times(refused)})`
  }
  const before = shadowOf(tally, transition)
  if (before !== null) return `\`${before.name}\` comes before it and is always taken`
  if (transition.descriptor === '') return 'a transition inside it came first'
  if (offered === 0) return `no \`${transition.on}\` came while the machine was there`
  return `its event came ${times(offered)}, and it was not taken`
}

/** A transition of the same state and event that is tried first and asks nothing. */
function shadowOf(tally: Tally, transition: TransitionPlace): TransitionPlace | null {
  return (
    tally.places.transitions.find(
      ({ number, source, descriptor, guard }) =>
        source === transition.source &&
        descriptor === transition.descriptor &&
        guard === null &&
        number < transition.number,
    ) ?? null
  )
}

export function whyGuard(passed: number, refused: number): string | null {
  if (passed > 0 && refused > 0) return null
  if (passed + refused === 0) return 'never asked'
  return passed > 0 ? `never false (asked ${times(passed)})` : `never true (asked ${times(refused)})`
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
