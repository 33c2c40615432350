/** The events that a machine is tried with: those that its user gave data for, and for the others their bare type. */
import fc from 'fast-check'
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { descriptorMatches } from '../../../machines/compile-table.ts'
import { nodesBelow, type Places } from './places.ts'
import { textOf } from './spell.ts'

/** The data of an event: all of it but its type. */
export type EventData<Event extends EventObject, Type extends string> = Omit<
  Extract<Event, { readonly type: Type }>,
  'type'
>

/**
 * Data for a machine's events, by type: values, or an arbitrary of fast-check. An event that is left out is tried with its type alone, one
 * with an empty list never comes. XState's own events can be given data too, such as the output of a child:
 * `'xstate.done.actor.loader': [{ output: 3 }]`.
 */
export type EventsGiven<Event extends EventObject> = {
  readonly [Type in Event['type']]?: readonly EventData<Event, Type>[] | fc.Arbitrary<EventData<Event, Type>>
} & { readonly [own: `xstate.${string}`]: readonly object[] | fc.Arbitrary<object> }

/** A type of event as it is tried. */
export interface EventSource {
  readonly type: string
  /** For paths. */
  readonly samples: readonly EventObject[]
  /** For random walks; `null` for one that never comes. */
  readonly arbitrary: fc.Arbitrary<EventObject> | null
  /** Whether it can come now: a time that is over and a child that is done are events of some states alone. */
  comes(snapshot: AnyMachineSnapshot): boolean
}

export interface EventsTried {
  readonly sources: readonly EventSource[]
  /** Types that data was given for, and that the machine does not know. */
  readonly unknown: readonly string[]
  /** Types that it does know, wildcards too. */
  readonly known: readonly string[]
}

interface Sampling {
  readonly seed: number
  readonly samplesPerEvent: number
}

type DataGiven = Readonly<Record<string, readonly object[] | fc.Arbitrary<object> | undefined>>

export function eventsOf(places: Places, given: DataGiven, sampling: Sampling): EventsTried {
  const descriptors = [...new Set(places.transitions.map(({ descriptor }) => descriptor))].filter(
    (descriptor) => descriptor !== '' && !raisedAlone.some((prefix) => descriptor.startsWith(prefix)),
  )
  const isKnown = (type: string): boolean =>
    descriptors.some((descriptor) => descriptorMatches(type, descriptor))
  const wild = descriptors.filter(isWildcard)
  const types = new Set([
    ...descriptors.filter((descriptor) => !isWildcard(descriptor)),
    ...Object.keys(given).filter(isKnown),
    ...wild.map((descriptor) => `${descriptor.slice(0, -1)}any`),
  ])
  return {
    sources: [...types].map((type) => sourceOf(places, type, given[type], sampling)),
    unknown: Object.keys(given).filter((type) => !isKnown(type)),
    known: descriptors,
  }
}

/** Events that XState raises by itself, and nobody sends. */
const raisedAlone = ['xstate.done.state.', 'xstate.init', 'xstate.stop']

function isWildcard(descriptor: string): boolean {
  return descriptor === '*' || descriptor.endsWith('.*')
}

function sourceOf(
  places: Places,
  type: string,
  given: readonly object[] | fc.Arbitrary<object> | undefined,
  { seed, samplesPerEvent }: Sampling,
): EventSource {
  const eventWith = (data: object): EventObject => Object.assign({ type }, data, { type })
  const comes = comesWhen(type)
  if (given !== undefined && !isList(given)) {
    const arbitrary = given.map(eventWith)
    const samples = different(fc.sample(arbitrary, { seed, numRuns: samplesPerEvent }))
    return { type, samples, arbitrary, comes }
  }
  const samples = different((given ?? bare(places, type)).map(eventWith))
  return { type, samples, arbitrary: samples.length === 0 ? null : fc.constantFrom(...samples), comes }
}

function isList(given: readonly object[] | fc.Arbitrary<object>): given is readonly object[] {
  return Array.isArray(given)
}

function different(events: readonly EventObject[]): readonly EventObject[] {
  return [...new Map(events.map((event) => [textOf(event), event])).values()]
}

/** What XState's own events carry at least. */
function bare(places: Places, type: string): readonly object[] {
  const actorId = childOf(type)
  if (type.startsWith(failed)) return [{ error: new Error('the child failed'), actorId }]
  if (type.startsWith(finished)) return [{ output: undefined, actorId }]
  if (type.startsWith(changed)) return [{ snapshot: { status: 'active' } }]
  return type === 'xstate.route' ? routesOf(places) : [{}]
}

const finished = 'xstate.done.actor.'
const failed = 'xstate.error.actor.'
const changed = 'xstate.snapshot.'
const delayed = 'xstate.after.'

/** The child that an event comes from; `null` for an event that comes from none. */
function childOf(type: string): string | null {
  const prefix = [finished, failed, changed].find((one) => type.startsWith(one))
  return prefix === undefined ? null : type.slice(prefix.length)
}

/** States that say of themselves that one may go there from anywhere. */
function routesOf(places: Places): readonly object[] {
  const root = places.states[0]?.node.machine.root
  const nodes = root === undefined ? [] : nodesBelow(root)
  return nodes.filter(({ config }) => 'route' in config).map(({ id }) => ({ to: `#${id}` }))
}

function comesWhen(type: string): EventSource['comes'] {
  const child = childOf(type)
  if (child === null && !type.startsWith(delayed)) return () => true
  return ({ _nodes, children }) =>
    (child === null || child in children) && _nodes.some(({ transitions }) => transitions.has(type))
}
