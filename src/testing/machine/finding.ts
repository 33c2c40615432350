/** What is found wrong with a machine, and the way that led there. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { valueText } from './places.ts'
import { shortTextOf, textOf } from './spell.ts'

/** What is checked. */
export type MachineCheck =
  | 'states'
  | 'transitions'
  | 'finals'
  | 'dead-ends'
  | 'symmetry'
  | 'answers'
  | 'whole'
  | 'invariants'
  | 'declared'

/** A step of the way to a problem. */
export interface PathStep {
  readonly event: EventObject
  /** Where it led, in words: `editing.dirty`, `left.on & right.off`. */
  readonly state: string
}

/** Something that is wrong with a machine. */
export interface MachineProblem {
  readonly check: MachineCheck
  /** The invariant that does not hold; `null` for other problems. */
  readonly invariant: string | null
  /** What is wrong, where, and the way that led there. */
  readonly message: string
  /** The events that led there from the start, and the one that shows it. */
  readonly path: readonly PathStep[]
}

/** A problem that is seen at a place, before its way is told. */
export interface Finding {
  readonly check: MachineCheck
  readonly invariant: string | null
  /** What is the same problem has the same key, wherever it was met. */
  readonly key: string
  /** Walks look for so many of a kind, and then no longer: none is hidden by many of another. */
  readonly kind: string
  readonly text: string
}

/** A step that was made. */
export interface Step {
  readonly event: EventObject
  readonly after: AnyMachineSnapshot
}

export function problemOf(
  finding: Finding,
  start: AnyMachineSnapshot,
  steps: readonly Step[],
): MachineProblem {
  const { check, invariant, text } = finding
  const path = steps.map(({ event, after }) => ({ event, state: valueText(after.value) }))
  const lines = [
    `the way there begins in \`${valueText(start.value)}\``,
    ...path.map(({ event, state }, index) => `${index + 1}. ${eventWords(event)} → ${state}`),
  ]
  return { check, invariant, message: [text, ...lines.map((line) => `  ${line}`)].join('\n'), path }
}

/** A problem of the whole, which no single way leads to. */
export function problemOfWhole(check: MachineCheck, message: string): MachineProblem {
  return { check, invariant: null, message, path: [] }
}

/** An event in words: its type, and its data if it has any. */
export function eventWords({ type, ...data }: EventObject): string {
  return Object.keys(data).length === 0 ? type : `${type} ${shortTextOf(data)}`
}

/** Where a machine is, in words. */
export function placeWords({ value, context }: AnyMachineSnapshot): string {
  const remembered: unknown = context
  const isEmpty =
    typeof remembered !== 'object' || remembered === null || Object.keys(remembered).length === 0
  return `\`${valueText(value)}\`${isEmpty ? '' : ` with ${shortTextOf(remembered)}`}`
}

const keys = new WeakMap<AnyMachineSnapshot, string>()

/** All of a snapshot that its future depends on, as text: two with the same text are the same place. */
export function keyOf(snapshot: AnyMachineSnapshot): string {
  const known = keys.get(snapshot)
  if (known !== undefined) return known
  const { value, context, historyValue, status, children } = snapshot
  const history = Object.entries(historyValue).map(([id, nodes]) => [id, nodes.map((node) => node.id)])
  const key = textOf([value, context, history, status, Object.keys(children).sort()])
  keys.set(snapshot, key)
  return key
}
