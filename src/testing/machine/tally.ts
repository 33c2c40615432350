/** How often each part of a machine was met. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { descriptorMatches } from '../../../machines/compile-table.ts'
import type { Look, Observation } from './observe.ts'
import type { Places, TransitionPlace } from './places.ts'

/** Counts of a transition. */
export interface TransitionCounts {
  /** Steps in which it was taken. */
  taken: number
  /** Recorded steps in which it or another one was taken, and that do not say which. */
  perhaps: number
  /** Steps in which its state was there and its event came. */
  offered: number
  /** What its guard said. */
  passed: number
  refused: number
}

export interface Tally {
  readonly places: Places
  /** Steps that came through each state, by its number. */
  readonly states: number[]
  readonly transitions: TransitionCounts[]
}

export function emptyTally(places: Places): Tally {
  return {
    places,
    states: places.states.map(() => 0),
    transitions: places.transitions.map(() => ({ taken: 0, perhaps: 0, offered: 0, passed: 0, refused: 0 })),
  }
}

/** What is counted of a step. */
export type Counted = Pick<Observation, 'taken' | 'visited' | 'looks'>

export function count(tally: Tally, { taken, visited, looks }: Counted, times = 1): void {
  for (const number of visited) tally.states[number] = (tally.states[number] ?? 0) + times
  for (const { number } of new Set(taken)) add(tally, number, 'taken', times)
  for (const look of looks) countLook(tally, look, times)
}

function countLook(tally: Tally, { transition, passed }: Look, times = 1): void {
  add(tally, transition.number, passed ? 'passed' : 'refused', times)
}

/** Counts the transitions that an event might have taken. */
export function countOffered(tally: Tally, before: AnyMachineSnapshot, event: EventObject, times = 1): void {
  for (const { number } of offeredBy(tally.places, before, event)) add(tally, number, 'offered', times)
}

function offeredBy(
  places: Places,
  before: AnyMachineSnapshot,
  event: EventObject,
): readonly TransitionPlace[] {
  return before._nodes.flatMap((node) =>
    [...node.transitions]
      .filter(([descriptor]) => descriptorMatches(event.type, descriptor))
      .flatMap(([, definitions]) =>
        definitions.flatMap((definition) => places.transitionOf.get(definition) ?? []),
      ),
  )
}

export function countPerhaps(tally: Tally, transition: TransitionPlace, times: number): void {
  add(tally, transition.number, 'perhaps', times)
}

function add(tally: Tally, number: number, what: keyof TransitionCounts, times: number): void {
  const counts = tally.transitions[number]
  if (counts !== undefined) counts[what] += times
}
