/** All paths through a machine, as far as the bounds go: each different snapshot once, with the shortest path to it. */
import { getShortestPaths } from '@xstate/graph'
import type { ActorLogic, AnyMachineSnapshot, EventObject } from 'xstate'
import type { EventSource } from './events.ts'
import { keyOf, type Step } from './finding.ts'
import type { Observation, ObservedMachine } from './observe.ts'
import { textOf } from './spell.ts'

/** An event tried in a snapshot. */
export interface Edge {
  readonly before: AnyMachineSnapshot
  readonly event: EventObject
  readonly seen: Observation
}

export interface Explored {
  readonly edges: readonly Edge[]
  /** Events tried where the machine is done. Nothing is followed from there. */
  readonly ends: readonly Edge[]
  /** The shortest path to each snapshot, by its key. */
  readonly paths: ReadonlyMap<string, readonly Step[]>
  /** Every snapshot that was met. */
  readonly places: readonly AnyMachineSnapshot[]
  /** Bounds that were met, in words. */
  readonly cutShort: readonly string[]
}

export interface ExploreBounds {
  readonly statesMax: number
  readonly stepsMax: number
}

/** Two snapshots that nothing tells apart have the same future, so that what holds on the shortest path to one holds on every path. */
export function explore(
  machine: ObservedMachine,
  sources: readonly EventSource[],
  start: AnyMachineSnapshot,
  bounds: ExploreBounds,
): Explored {
  const edges: Edge[] = []
  const cutShort = new Set<string>()
  let expanded = 0
  const logic: ActorLogic<AnyMachineSnapshot, EventObject> = {
    getInitialSnapshot: () => start,
    getPersistedSnapshot: (snapshot) => snapshot,
    transition(before, event) {
      const seen = machine.step(before, event)
      edges.push({ before, event, seen })
      return seen.snapshot
    },
  }
  const paths = getShortestPaths(logic, {
    fromState: start,
    events: (snapshot) =>
      sources.filter((source) => source.comes(snapshot)).flatMap(({ samples }) => samples),
    serializeState: keyOf,
    serializeEvent: textOf,
    stopWhen({ status }) {
      if (status !== 'active') return true
      const met = boundMet(expanded, edges.length, bounds)
      if (met !== null) cutShort.add(met)
      else expanded += 1
      return met !== null
    },
  })
  // Each path begins with the event of the start, which is none of the machine's.
  const steps = new Map(
    paths.map(({ state, steps: [, ...made] }) => [
      keyOf(state),
      made.map(({ event, state: after }) => ({ event, after })),
    ]),
  )
  const places = paths.map(({ state }) => state)
  const ends = triedAtEnds(machine, sources, places, bounds)
  if (ends.met !== null) cutShort.add(ends.met)
  return {
    edges,
    ends: ends.edges,
    paths: steps,
    places,
    cutShort: [...cutShort],
  }
}

function boundMet(states: number, steps: number, { statesMax, stepsMax }: ExploreBounds): string | null {
  if (states >= statesMax)
    return `paths were followed from ${statesMax} different snapshots (statesMax); there are more`
  return steps >= stepsMax ? `${stepsMax} events were tried on paths (stepsMax); there are more` : null
}

function triedAtEnds(
  machine: ObservedMachine,
  sources: readonly EventSource[],
  places: readonly AnyMachineSnapshot[],
  { stepsMax }: ExploreBounds,
): { readonly edges: readonly Edge[]; readonly met: string | null } {
  const edges: Edge[] = []
  for (const before of places.filter(({ status }) => status === 'done')) {
    for (const source of sources.filter((one) => one.comes(before))) {
      if (edges.length >= stepsMax) {
        const met = `${stepsMax} events were tried where the machine is done (stepsMax); there are more`
        return { edges, met }
      }
      for (const event of source.samples) edges.push({ before, event, seen: machine.step(before, event) })
    }
  }
  return { edges, met: null }
}
