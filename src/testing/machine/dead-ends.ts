/** Places that nothing leads away from, though the machine is not done. */
import type { AnyMachineSnapshot } from 'xstate'
import type { Edge } from './explore.ts'
import { keyOf, placeWords } from './finding.ts'
import { nodesBelow, type Places, type StatePlace, valueText } from './places.ts'

export interface DeadEnd {
  /** As it is declared: the state value in words, or one state of several at once. */
  readonly name: string
  readonly place: AnyMachineSnapshot
  readonly text: string
}

/**
 * Of all snapshots from which paths were followed: those in which no event that was tried changes anything. And with several states at
 * once: those in which a machine stays once it has come there, whatever happens beside them; told only when all paths were followed.
 */
export function deadEndsOf(places: Places, edges: readonly Edge[], isWhole: boolean): readonly DeadEnd[] {
  const stuck = stuckPlaces(edges).map(
    (place): DeadEnd => ({
      name: valueText(place.value),
      place,
      text: `${placeWords(place)} is a dead end: it is not final, and no event that was tried leads anywhere`,
    }),
  )
  const regions = isWhole ? stuckRegions(places, edges) : []
  const named = [...stuck, ...regions]
  return named.filter(({ name }, index) => named.findIndex((other) => other.name === name) === index)
}

function leads({ before, seen }: Edge): boolean {
  return seen.thrown !== null || keyOf(before) !== keyOf(seen.snapshot)
}

function stuckPlaces(edges: readonly Edge[]): readonly AnyMachineSnapshot[] {
  const left = new Set(edges.filter(leads).map(({ before }) => keyOf(before)))
  const places = new Map(edges.map(({ before }) => [keyOf(before), before]))
  return [...places].filter(([key]) => !left.has(key)).map(([, place]) => place)
}

function stuckRegions(places: Places, edges: readonly Edge[]): readonly DeadEnd[] {
  const candidates = places.states.filter((state) => state.atomic && !state.final && isBesideOthers(state))
  return candidates.flatMap((state): readonly DeadEnd[] => {
    const there = edges.filter(({ before }) => before._nodes.includes(state.node))
    const [first] = there
    if (first === undefined || there.some((edge) => leadsFrom(state, edge))) return []
    const text = `\`${state.name}\` is a dead end: it is not final, and the machine stays there whatever happens beside it`
    return [{ name: state.name, place: first.before, text }]
  })
}

/** A step that leaves a state, or that the state or one around it took. */
function leadsFrom({ node }: StatePlace, edge: Edge): boolean {
  const { snapshot, taken } = edge.seen
  if (!snapshot._nodes.includes(node)) return true
  return leads(edge) && taken.some(({ source }) => nodesBelow(source).includes(node))
}

function isBesideOthers({ node }: StatePlace): boolean {
  for (let around = node.parent; around !== undefined; around = around.parent) {
    if (around.type === 'parallel') return true
  }
  return false
}
