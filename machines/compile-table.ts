/** From a machine to its table, or to the reason why a table does not hold it. Whatever is not known here is not held. */
import type { AnyStateMachine } from 'xstate'

export interface TableEvent {
  readonly type: string
}

/** A transition that may be taken. */
export interface Candidate {
  readonly descriptor: string
  readonly guard: ((context: object, event: TableEvent) => boolean) | null
  /** `null` when the state stays as it is. */
  readonly target: string | null
  /** A transition with neither target nor actions: it says that the event is not accepted here. */
  readonly forbids: boolean
  readonly assignments: readonly Assignment[]
}

type Assignment = (given: object, context: object, event: TableEvent) => object

export interface TableState {
  readonly isFinal: boolean
  /** For each event that is named: all that may be taken, those of wildcards and of the machine itself behind its own. */
  readonly exact: ReadonlyMap<string, readonly Candidate[]>
  /** For every other event: the wildcards, in the order in which they are tried. */
  readonly wildcards: readonly Candidate[]
}

export type Table =
  | { readonly ok: true; readonly states: ReadonlyMap<string, TableState> }
  | { readonly ok: false; readonly notHeld: string }

type Node = AnyStateMachine['root']
type Transition = NonNullable<ReturnType<Node['transitions']['get']>>[number]

/** Thrown and caught in this file. */
class NotHeld extends Error {}

const rootKeys = new Set([
  'id',
  'initial',
  'type',
  'context',
  'states',
  'on',
  'types',
  'version',
  'description',
  'meta',
  'tags',
])
const stateKeys = new Set(['id', 'key', 'on', 'type', 'description', 'meta', 'tags'])
const transitionKeys = new Set(
  'target guard actions reenter description meta source eventType toJSON'.split(' '),
)

export function tableOf(machine: AnyStateMachine): Table {
  try {
    return { ok: true, states: statesOf(machine) }
  } catch (error) {
    if (error instanceof NotHeld) return { ok: false, notHeld: error.message }
    throw error
  }
}

function statesOf(machine: AnyStateMachine): ReadonlyMap<string, TableState> {
  const { root } = machine
  checkKeys(root.config, rootKeys, 'the machine')
  if (root.type !== 'compound') throw new NotHeld(`the machine is ${root.type}`)
  const states = new Map<string, TableState>()
  for (const [name, node] of Object.entries(root.states)) {
    checkKeys(node.config, stateKeys, `state ${name}`)
    if (node.type !== 'atomic' && node.type !== 'final') throw new NotHeld(`state ${name} is ${node.type}`)
    states.set(name, stateOf(machine, node))
  }
  return states
}

/** Own transitions come first, then those of the machine as a whole. */
function stateOf(machine: AnyStateMachine, node: Node): TableState {
  const levels = [node, machine.root].map((level) => candidatesOf(machine, level))
  const names = new Set(levels.flatMap((level) => [...level.keys()]).filter((name) => !isWildcard(name)))
  const exact = new Map<string, readonly Candidate[]>()
  for (const name of names) {
    exact.set(
      name,
      levels.flatMap((level) => [...(level.get(name) ?? []), ...wildcardsOf(level, name)]),
    )
  }
  return { isFinal: node.type === 'final', exact, wildcards: levels.flatMap((level) => wildcardsOf(level)) }
}

type Level = ReadonlyMap<string, readonly Candidate[]>

function candidatesOf(machine: AnyStateMachine, node: Node): Level {
  const entries = [...node.transitions].map(
    ([descriptor, transitions]) =>
      [descriptor, transitions.map((one) => candidateOf(machine, descriptor, one))] as const,
  )
  return new Map(entries)
}

/** The longest first, as XState tries them; those that match an event, or all. */
function wildcardsOf(level: Level, type?: string): readonly Candidate[] {
  return [...level.keys()]
    .filter((name) => isWildcard(name) && (type === undefined || descriptorMatches(type, name)))
    .sort((a, b) => b.length - a.length)
    .flatMap((name) => level.get(name) ?? [])
}

function isWildcard(descriptor: string): boolean {
  return descriptor === '*' || descriptor.endsWith('.*')
}

/** Whether an event is meant by a descriptor: its own name, `*`, or the beginning of its name in whole words before `.*`. */
export function descriptorMatches(type: string, descriptor: string): boolean {
  if (descriptor === type || descriptor === '*') return true
  if (!descriptor.endsWith('.*')) return false
  const words = descriptor.split('.')
  const given = type.split('.')
  for (const [index, word] of words.entries()) {
    if (word === '*') return index === words.length - 1
    if (word !== given[index]) return false
  }
  return true
}

function candidateOf(machine: AnyStateMachine, descriptor: string, one: Transition): Candidate {
  checkKeys(one, transitionKeys, `a transition on ${descriptor}`)
  const { target } = one
  if (target !== undefined && target.length !== 1)
    throw new NotHeld(`a transition on ${descriptor} has several targets`)
  const node = target?.[0]
  if (node !== undefined && node.parent !== machine.root)
    throw new NotHeld(`a transition on ${descriptor} leads to the machine itself`)
  return {
    descriptor,
    guard: guardOf(machine, one.guard),
    target: node?.key ?? null,
    forbids: node === undefined && one.actions.length === 0,
    assignments: one.actions.flatMap((action: unknown) => assignmentsOf(machine, action)),
  }
}

type Callable = (...args: readonly unknown[]) => unknown

function isCallable(value: unknown): value is Callable {
  return typeof value === 'function'
}

/** The function behind a guard or an action, by whatever way it is named, and what it is given beside context and event. */
interface Named {
  readonly run: unknown
  readonly parameters: (context: object, event: TableEvent) => unknown
}

const none = (): undefined => undefined

function namedIn(implementations: Readonly<Record<string, unknown>>, given: unknown): Named {
  if (typeof given === 'function') return { run: given, parameters: none }
  if (typeof given === 'string') return { run: implementations[given], parameters: none }
  if (typeof given !== 'object' || given === null || !('type' in given))
    throw new NotHeld('it has an unknown form')
  const run = implementations[String(given.type)]
  const parameters = 'params' in given ? given.params : undefined
  if (!isCallable(parameters)) return { run, parameters: () => parameters }
  return { run, parameters: (context, event) => parameters({ context, event }) }
}

function guardOf(machine: AnyStateMachine, given: unknown): Candidate['guard'] {
  if (given === undefined || given === null) return null
  const { run, parameters } = namedIn(machine.implementations.guards, given)
  // A name that stands for another name, and guards made of guards, are for XState.
  if (!isCallable(run) || 'check' in run) throw new NotHeld('a guard is made of other guards')
  return (context, event) => Boolean(run({ context, event }, parameters(context, event)))
}

/** Assignments change what is remembered; actions of a program's own change nothing that a transition gives. */
function assignmentsOf(machine: AnyStateMachine, given: unknown): readonly Assignment[] {
  const { run, parameters } = namedIn(machine.implementations.actions, given)
  if (run === undefined || (isCallable(run) && !('resolve' in run))) {
    return [
      (_args, context, event) => {
        // XState works out what such an action is given, and that may throw.
        parameters(context, event)
        return {}
      },
    ]
  }
  if (!isCallable(run) || !('assignment' in run)) throw new NotHeld('an action does more than assign')
  const { assignment } = run
  return [
    (args, context, event) => {
      const more = parameters(context, event)
      if (isCallable(assignment)) return Object(assignment(args, more))
      const parts = Object.entries(Object(assignment)).map(([key, part]) => [
        key,
        isCallable(part) ? part(args, more) : part,
      ])
      return Object.fromEntries(parts)
    },
  ]
}

function checkKeys(config: object, known: ReadonlySet<string>, what: string): void {
  for (const [key, value] of Object.entries(config)) {
    if (value !== undefined && !known.has(key)) throw new NotHeld(`${what} has \`${key}\``)
  }
}
