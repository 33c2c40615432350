/**
 * A machine under observation: a copy that tells, of each event, which transitions were taken, which states were passed through and what
 * the guards said. Nothing runs: actions are listed and never executed, children are never started, and no time passes.
 */
import {
  type ActorLogic,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyTransitionDefinition,
  and,
  createActor,
  type EventObject,
  getInitialMicrosteps,
  type InspectionEvent,
  isMachineSnapshot,
  or,
  type Snapshot,
} from 'xstate'
import { machineBounds } from './bounds.ts'
import { nodesBelow, type Places, placesOf, type TransitionPlace } from './places.ts'

/** What a guard said when it was asked. */
export interface Look {
  readonly transition: TransitionPlace
  readonly passed: boolean
}

/** What came of an event. */
export interface Observation {
  /** Where the machine is now; where it was, if something threw. */
  readonly snapshot: AnyMachineSnapshot
  /** Whether the event itself took a transition, and not one that forbids it. */
  readonly accepted: boolean
  /** All that were taken until the machine came to rest, in order. */
  readonly taken: readonly TransitionPlace[]
  /** Numbers of all states it was in after any of them. */
  readonly visited: ReadonlySet<number>
  readonly looks: readonly Look[]
  /** Types of the actions that would be executed. */
  readonly actions: readonly string[]
  /** What was thrown by a guard or an assignment; `null` if nothing was. */
  readonly thrown: { readonly error: unknown } | null
}

export interface ObservedMachine {
  readonly machine: AnyStateMachine
  readonly places: Places
  start(input: unknown): Observation
  step(before: AnyMachineSnapshot, event: EventObject): Observation
  /** What `snapshot.can(event)` says; what it throws is `step`'s to tell. */
  can(snapshot: AnyMachineSnapshot, event: EventObject): boolean | null
}

/** Makes the copy. The machine itself is left as it is. */
export function observed(given: AnyStateMachine): ObservedMachine {
  return watched(copyOf(given))
}

/** Watches a copy, which it changes. */
export function watched(machine: AnyStateMachine): ObservedMachine {
  const places = placesOf(machine)
  let looks: Look[] = []
  for (const transition of places.transitions) {
    watchGuard(transition, (passed) => looks.push({ transition, passed }))
  }
  const run = (before: AnyMachineSnapshot, move: (scope: Scope) => AnyMachineSnapshot): Observation => {
    looks = []
    const scope = scopeOf()
    try {
      const snapshot = move(scope)
      return observationOf(places, { snapshot, microsteps: scope.microsteps, looks, actions: scope.actions })
    } catch (error) {
      return { ...nothing, snapshot: before, looks, thrown: { error } }
    }
  }
  return {
    machine,
    places,
    start(input) {
      looks = []
      const scope = scopeOf()
      const snapshot: AnyMachineSnapshot = machine.getInitialSnapshot(scope.actor, input)
      if (snapshot.status === 'error')
        return { ...nothing, snapshot, looks, thrown: { error: snapshot.error } }
      const { microsteps, actions } = scope
      const observation = observationOf(places, { snapshot, microsteps, looks, actions })
      // The first of all microsteps is not inspected.
      looks = []
      const passed = getInitialMicrosteps(machine, input).map(([microstep]) => statesIn(places, microstep))
      return { ...observation, visited: new Set([...observation.visited, ...passed.flat()]) }
    },
    step: (before, event) => run(before, (scope) => machine.transition(before, event, scope.actor)),
    can(snapshot, event) {
      looks = []
      try {
        return snapshot.can(event)
      } catch {
        return null
      }
    },
  }
}

const nothing: Omit<Observation, 'snapshot' | 'looks' | 'thrown'> = {
  accepted: false,
  taken: [],
  visited: new Set(),
  actions: [],
}

/** Children that a program provides when it runs need not be there to look at the machine. */
export function copyOf(given: AnyStateMachine): AnyStateMachine {
  const sources = nodesBelow(given.root).flatMap((node) =>
    node.invoke.flatMap(({ src }) => (typeof src === 'string' ? [src] : [])),
  )
  const missing = sources.filter(
    (source) => !source.startsWith('xstate.invoke.') && given.implementations.actors[source] === undefined,
  )
  const machine = given.provide({ actors: Object.fromEntries(missing.map((source) => [source, idle])) })
  machine.options = { ...machine.options, maxIterations: machineBounds.microstepsMax }
  return machine
}

const idle: ActorLogic<Snapshot<unknown>, EventObject> = {
  transition: (state) => state,
  getInitialSnapshot: () => ({ status: 'active', output: undefined, error: undefined }),
  getPersistedSnapshot: (state) => state,
}

/** Has a guard told each time it is asked; it answers as before. */
function watchGuard({ definition }: TransitionPlace, tell: (passed: boolean) => void): void {
  const { guard } = definition
  if (guard === undefined) return
  const told = (passed: boolean) => () => {
    tell(passed)
    return passed
  }
  // XState's type of a guard in a definition is wider than that of a guard to be combined; both are the same things.
  const asked = guard as Parameters<typeof and>[0][number]
  definition.guard = or([and([asked, told(true)]), told(false)])
}

interface Microstep {
  readonly snapshot: AnyMachineSnapshot
  readonly transitions: readonly AnyTransitionDefinition[]
}

interface Scope {
  readonly actor: AnyActorScope
  readonly microsteps: readonly Microstep[]
  readonly actions: readonly string[]
}

/** What XState asks of the actor that a machine runs in; this one executes nothing. Each has a system of its own, as children register there. */
function scopeOf(): Scope {
  const microsteps: Microstep[] = []
  const actions: string[] = []
  const inspect = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.microstep' || !isMachineSnapshot(inspected.snapshot)) return
    microsteps.push({ snapshot: inspected.snapshot, transitions: inspected._transitions })
  }
  const self = createActor(idle, { inspect })
  const ignore = (): void => {}
  const actor: AnyActorScope = {
    self,
    id: self.id,
    sessionId: self.sessionId,
    system: self.system,
    logger: ignore,
    defer: ignore,
    emit: ignore,
    stopChild: ignore,
    actionExecutor: ({ type }) => actions.push(type),
  }
  return { actor, microsteps, actions }
}

interface Seen {
  readonly snapshot: AnyMachineSnapshot
  readonly microsteps: readonly Microstep[]
  readonly looks: readonly Look[]
  readonly actions: readonly string[]
}

function observationOf(places: Places, { snapshot, microsteps, looks, actions }: Seen): Observation {
  const placed = (definitions: readonly AnyTransitionDefinition[]): readonly TransitionPlace[] =>
    definitions.flatMap((definition) => places.transitionOf.get(definition) ?? [])
  const first = placed(microsteps[0]?.transitions ?? [])
  return {
    snapshot,
    accepted: first.some(({ forbids }) => !forbids),
    taken: microsteps.flatMap(({ transitions }) => placed(transitions)),
    visited: new Set(
      [...microsteps.map((one) => one.snapshot), snapshot].flatMap((one) => statesIn(places, one)),
    ),
    looks,
    actions,
    thrown: null,
  }
}

/** Numbers of the states that a snapshot is in. */
function statesIn(places: Places, snapshot: AnyMachineSnapshot): readonly number[] {
  return snapshot._nodes.flatMap((node) => places.stateOf.get(node)?.number ?? [])
}
