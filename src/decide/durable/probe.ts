/**
 * Whether a machine comes from an XState that a step can be made with. A machine may come from another copy than Waymark's own; each copy is tried
 * once, with a small machine made of its own classes.
 */
import { type AnyStateMachine, fromTransition } from 'xstate'
import { WaymarkError } from '../../kernel/errors.ts'
import { Book } from './book.ts'
import { isMachine } from './inside.ts'
import { treeOf } from './tree.ts'

const tried = new WeakMap<object, string | null>()

/** @throws WaymarkError `MACHINE_INVALID` when it is no machine, or one of an XState that lacks what a step needs */
export function assertUsable(machine: AnyStateMachine): void {
  // What is given comes from callers without types too.
  const given: unknown = machine
  if (!isMachine(given))
    throw unusable('it is no machine: createMachine() or setup().createMachine() makes one')
  const { constructor: made } = given
  let problem = tried.get(made)
  if (problem === undefined) {
    problem = problemOf(made)
    tried.set(made, problem)
  }
  if (problem != null) throw unusable(`it was made by an XState that ${problem}`)
}

function unusable(reason: string): WaymarkError {
  return new WaymarkError('MACHINE_INVALID', {
    message: `this machine cannot be run on the log: ${reason}`,
    hint: 'Waymark needs XState 5.19 or newer: npm install xstate@5',
  })
}

/** What the classes that made a machine do not do as a step needs it; `null` when they do. */
function problemOf(made: AnyStateMachine['constructor']): string | null {
  let hasRun = false
  const act = (): void => {
    hasRun = true
  }
  const config = {
    id: 'probe',
    initial: 'on',
    states: { on: { entry: act, invoke: { id: 'kid', src: 'kid' }, after: { 10: 'off' } }, off: {} },
  }
  const book = new Book(0, { timers: {}, effects: {} })
  book.isOpen = true
  const kid = { ...fromTransition((state: unknown) => state, null), start: act }
  try {
    const machine: unknown = Reflect.construct(made, [config, { actors: { kid } }])
    if (!isMachine(machine)) return 'makes no machines as they are known'
    treeOf(machine, { input: undefined }, book, false).start()
  } catch (error) {
    return `fails at a simple one (${error instanceof Error ? error.message : String(error)})`
  }
  if (hasRun) return 'runs actions and actors at once, where they have to wait'
  const isBooked = book.actions.length === 1 && book.effects.size === 1 && book.timers.length === 1
  return isBooked ? null : 'does not tell of its actions, actors and timers'
}
