/** The machines as plain data, read from the machines themselves, and which of their events a recorded event stands for. */
import type { AnyStateMachine } from 'xstate'
import { budgetMachine } from '../../machines/budget.ts'
import { handoffMachine } from '../../machines/handoff.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import { sessionMachine } from '../../machines/session.ts'
import { sessionClassOf } from '../../machines/session-table.ts'
import type { MachineShape, MachineTransition } from '../../machines/shape.ts'
import { taskMachine } from '../../machines/task.ts'
import { isEventType, openedBy } from '../events/catalogue.ts'
import { type BudgetThresholds, standardConfiguration } from '../events/session.ts'
import { type BudgetPhase, budgetPhases } from '../events/usage.ts'

export const machineNames = ['task', 'budget', 'session', 'handoff', 'recovery'] as const
export type MachineName = (typeof machineNames)[number]

export function isMachineName(name: string): name is MachineName {
  return machineNames.some((one) => one === name)
}

const machines: Readonly<Record<MachineName, AnyStateMachine>> = {
  task: taskMachine,
  budget: budgetMachine,
  session: sessionMachine,
  handoff: handoffMachine,
  recovery: recoveryMachine,
}

/**
 * The shape of a machine. What the budget machine's guards say of percents depends on the thresholds that hold.
 *
 * @example
 * ```ts
 * machineShape('handoff').initial // 'offered'
 * machineShape('task').transitions[0] // { from: 'pending', event: 'task.start', guard: 'warned', to: 'token_warning' }
 * ```
 */
export function machineShape(
  name: MachineName,
  thresholds: Readonly<BudgetThresholds> = standardConfiguration,
): MachineShape {
  const { root } = machines[name]
  const nodes = Object.values(root.states)
  const initial = nodes.find((node) => root.initial.target?.includes(node))?.key ?? ''
  const found = nodes.flatMap((node) => transitionsOf(node, thresholds))
  const isBeginning = ({ guard }: MachineTransition): boolean => guard === notBegun
  return {
    name,
    initial,
    begins: found.find(isBeginning)?.event ?? null,
    states: nodes.map(({ key, type }) => ({ name: key, final: type === 'final' })),
    transitions: found.filter((transition) => !isBeginning(transition)),
  }
}

type Node = AnyStateMachine['root']

function transitionsOf(node: Node, thresholds: Readonly<BudgetThresholds>): readonly MachineTransition[] {
  return [...node.transitions].flatMap(([event, transitions]) =>
    transitions.map((transition, index): MachineTransition => {
      const guard = guardText(transition.guard, thresholds)
      return {
        from: node.key,
        event,
        guard: guard === undefined && index > 0 ? 'otherwise' : (guard ?? null),
        to: transition.target?.[0]?.key ?? node.key,
      }
    }),
  )
}

const notBegun = 'not begun'

/** What a guard asks, in the words of the machines' pages. That a session has begun goes without saying. */
const guardTexts: Readonly<Record<string, string | null>> = {
  warned: 'warned',
  returnsToPending: 'was pending',
  retryable: 'retryable',
  notStarted: notBegun,
  started: null,
}

function guardText(guard: unknown, thresholds: Readonly<BudgetThresholds>): string | null | undefined {
  if (guard === undefined) return undefined
  if (typeof guard === 'string') return guardTexts[guard] === undefined ? guard : guardTexts[guard]
  if (typeof guard !== 'object' || guard === null || !('type' in guard)) return 'a condition'
  const params: unknown = 'params' in guard ? guard.params : undefined
  if (guard.type !== 'leads' || typeof params !== 'object' || params === null) return String(guard.type)
  const ends = Object.values(params)
  const [from, to] = ends.flatMap((end) => budgetPhases.filter((phase) => phase === end))
  return from === undefined || to === undefined ? 'a reading' : readingText(from, to, thresholds)
}

/** The reading by which a phase is reached: the line that has to be passed last. */
function readingText(from: BudgetPhase, to: BudgetPhase, thresholds: Readonly<BudgetThresholds>): string {
  const begins = (phase: BudgetPhase | undefined): number => {
    if (phase === 'monitoring') return thresholds.monitoringThresholdPercent
    if (phase === 'warning') return thresholds.warningThresholdPercent
    return phase === 'emergency' ? thresholds.emergencyThresholdPercent : 100
  }
  const rank = budgetPhases.indexOf(to)
  if (rank > budgetPhases.indexOf(from)) return to === 'exhausted' ? '100 or more' : `above ${begins(to)}`
  return `up to ${begins(budgetPhases[rank + 1]) - thresholds.hysteresisPercent}`
}

/** Of the task machine: what `task.warned` and `task.relieved` stand for, which no command opens. */
const consequences: Readonly<Record<string, string>> = {
  'task.warned': 'task.warn',
  'task.relieved': 'task.relieve',
}

const taskEvents: ReadonlySet<string> = new Set(machines.task.events)

/** The task machine's event that a recorded event stands for; `null` for one that is not about where a task stands. */
export function taskEventOf(eventType: string): string | null {
  const command = isEventType(eventType) ? (openedBy[eventType] ?? consequences[eventType] ?? null) : null
  return command !== null && taskEvents.has(command) ? command : null
}

/** The session machine's event that a recorded event stands for: its command's class. `null` for one that only ever follows. */
export function sessionEventOf(eventType: string): string | null {
  const command = isEventType(eventType) ? openedBy[eventType] : null
  return command === null ? null : sessionClassOf[command]
}
