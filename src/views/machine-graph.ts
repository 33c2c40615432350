/** A machine with what a session made of it: what is drawn, and as JSON. */
import type { MachineShape, MachineTransition } from '../../machines/shape.ts'

/** A step of the way that was taken through a machine. */
export interface MachineStep {
  readonly version: number
  readonly time: string
  /** What went that way: a task, a handoff or a recovery by its id; `null` for the session itself. */
  readonly subject: string | null
  /** `null` where it began. */
  readonly from: string | null
  readonly event: string
  readonly to: string
}

export interface UsedTransition {
  readonly from: string
  readonly event: string
  readonly to: string
  readonly count: number
}

/** What a session made of a machine, up to a version. */
export interface MachineUse {
  readonly sessionId: string
  readonly version: number
  /** The one task that is meant; `null` for all. */
  readonly taskId: string | null
  /** How often the machine began: once for each task, handoff and recovery. */
  readonly begun: number
  readonly transitions: readonly UsedTransition[]
  /** How many stand in each state now. */
  readonly now: Readonly<Record<string, number>>
  /** Changes of state, the newest, oldest first; steps that stay where they are, are counted only. */
  readonly steps: readonly MachineStep[]
  readonly stepCount: number
}

export interface DrawnTransition extends MachineTransition {
  /** How often it was taken; `null` without a session. */
  readonly count: number | null
}

export interface MachineGraph {
  readonly machine: string
  readonly initial: string
  readonly begins: string | null
  readonly states: readonly { readonly name: string; readonly final: boolean; readonly now: number | null }[]
  readonly transitions: readonly DrawnTransition[]
  /** Changes of state that are no transition of the machine, such as those of a rewind. */
  readonly outside: readonly UsedTransition[]
  readonly session: Omit<MachineUse, 'transitions' | 'now'> | null
}

/** Brings a machine and its use together. */
export function machineGraph(shape: MachineShape, use: MachineUse | null): MachineGraph {
  const { name, initial, begins } = shape
  const usedBy = new Map(use?.transitions.map((used) => [keyOf(used), used]))
  // Where several guards lead to one state by one event, the log does not say which held: the first stands for all.
  const transitions = shape.transitions.map((transition, index): DrawnTransition => {
    const isFirst = shape.transitions.findIndex((other) => keyOf(other) === keyOf(transition)) === index
    const count = isFirst ? (usedBy.get(keyOf(transition))?.count ?? 0) : 0
    return { ...transition, count: use === null ? null : count }
  })
  const known = new Set(shape.transitions.map(keyOf))
  return {
    machine: name,
    initial,
    begins,
    states: shape.states.map((state) => ({
      ...state,
      now: use === null ? null : (use.now[state.name] ?? 0),
    })),
    transitions,
    outside: use?.transitions.filter((used) => !known.has(keyOf(used))) ?? [],
    session: use === null ? null : sessionOf(use),
  }
}

function sessionOf({ transitions: _counts, now: _now, ...session }: MachineUse): MachineGraph['session'] {
  return session
}

function keyOf({ from, event, to }: Pick<UsedTransition, 'from' | 'event' | 'to'>): string {
  return `${from} ${event} ${to}`
}

/** An arrow of a drawing: all transitions from one state to another. */
export interface Arrow {
  /** `null` for the beginning. */
  readonly from: string | null
  /** `null` for the end. */
  readonly to: string | null
  readonly label: string
  readonly taken: boolean
}

/**
 * What is drawn. Left out are transitions that stay where they are and those that are several others of the same event in one, unless
 * they were taken; what all guards of one event have in common is said once.
 */
export function arrowsOf(graph: MachineGraph): readonly Arrow[] {
  const drawn = graph.transitions.filter(
    (one) => (one.count ?? 0) > 0 || (one.from !== one.to && !isSeveral(one, graph.transitions)),
  )
  const ends = new Map<string, DrawnTransition[]>()
  for (const one of drawn) {
    const key = `${one.from} ${one.to}`
    ends.set(key, [...(ends.get(key) ?? []), one])
  }
  const isAlone = new Set(graph.transitions.map(({ event }) => event)).size === 1
  const arrows = [...ends.values()].flatMap((group): readonly Arrow[] => {
    const [first] = group
    if (first === undefined) return []
    const taken = group.some(({ count }) => (count ?? 0) > 0)
    return [{ from: first.from, to: first.to, label: labelsOf(group, graph.machine, isAlone), taken }]
  })
  const begun = graph.session?.begun ?? 0
  const begins = graph.begins === null ? '' : shortName(graph.begins, graph.machine)
  return [
    { from: null, to: graph.initial, label: withCount(begins, begun), taken: begun > 0 },
    ...arrows,
    ...graph.outside.map(({ from, event, to, count }) => ({
      from,
      to,
      label: withCount(`by ${event}`, count),
      taken: true,
    })),
    ...graph.states
      .filter(({ final }) => final)
      .map(({ name }) => ({ from: name, to: null, label: '', taken: false })),
  ]
}

/** `fail, cancel`; `start [warned] ×3`. A machine with one event alone is told by its guards. */
function labelsOf(group: readonly DrawnTransition[], machine: string, isAlone: boolean): string {
  const labels = group.map(({ event, guard, count }) => {
    const name = isAlone ? (guard ?? shortName(event, machine)) : shortName(event, machine)
    const condition = isAlone || guard === null ? '' : ` [${guard}]`
    return withCount(`${name}${condition}`, count ?? 0)
  })
  return [...new Set(labels)].join(', ')
}

function withCount(label: string, count: number): string {
  return count === 0 ? label : `${label} ×${count}`.trim()
}

function shortName(event: string, machine: string): string {
  return event.startsWith(`${machine}.`) ? event.slice(machine.length + 1) : event
}

/** Whether a transition goes where two others of the same event go one after the other. */
function isSeveral(one: MachineTransition, all: readonly MachineTransition[]): boolean {
  const isWay = (from: string, to: string): boolean =>
    all.some((other) => other.event === one.event && other.from === from && other.to === to)
  return all.some(
    ({ from, to }) =>
      from === one.from &&
      to !== one.from &&
      to !== one.to &&
      isWay(one.from, to) &&
      isWay(to, one.to) &&
      isBetween(one, to, all),
  )
}

/** Whether a state lies between the ends of a transition, in the order of the states. */
function isBetween(
  { from, to }: MachineTransition,
  state: string,
  all: readonly MachineTransition[],
): boolean {
  const order = [...new Set(all.map((transition) => transition.from))]
  const place = (name: string): number => order.indexOf(name)
  return (place(from) - place(state)) * (place(to) - place(state)) < 0
}
