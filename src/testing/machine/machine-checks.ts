/** The checks of a machine one by one, for test runners. */
import type { AnyStateMachine } from 'xstate'
import type { Check } from '../check.ts'
import { checkMachine, type MachineReport } from './check-machine.ts'
import type { MachineCheck, MachineProblem } from './finding.ts'
import { checkIsMachine, checkOptions } from './given.ts'
import type { MachineCheckOptions } from './options.ts'

const promises: Readonly<Record<Exclude<MachineCheck, 'invariants'>, string>> = {
  states: 'every state is reached',
  transitions: 'every transition is taken',
  finals: 'final states are final',
  'dead-ends': 'nothing is a dead end',
  symmetry: 'what `can` says is what happens, and a refused event changes nothing',
  answers: 'every event is answered without an error',
  whole: 'everything was looked at',
  declared: 'what was declared is so',
}

/**
 * The checks of `checkMachine`, one for each promise and each invariant, for any test runner: `for (const { name, run } of machineChecks(machine))
 * test(name, run)`. The machine is looked at once, when the first of them runs.
 *
 * @throws WaymarkError `USAGE` for what is no machine, and for options that cannot be; `run` for names that nothing of the machine has
 *
 * @example
 * ```ts
 * const checks = machineChecks(taskMachine, { invariants: { 'attempts count up': ({ context }) => context.attempts >= 0 } })
 * checks.map(({ name }) => name)[0] // 'task: every state is reached'
 * checks.length // 9
 * ```
 */
export function machineChecks<Machine extends AnyStateMachine>(
  machine: Machine,
  options: MachineCheckOptions<Machine> = {},
): readonly Check[] {
  checkIsMachine(machine)
  checkOptions(options)
  let made: MachineReport | null = null
  const report = (): MachineReport => {
    made ??= checkMachine(machine, options)
    return made
  }
  const checkOf = (name: string, isOf: (problem: MachineProblem) => boolean): Check => ({
    name: `${machine.id}: ${name}`,
    async run() {
      const { problems, seed } = report()
      const messages = problems.filter(isOf).map(({ message }) => message)
      if (messages.length > 0) throw new Error(`${messages.join('\n\n')}\n\n(seed ${seed})`)
    },
  })
  return [
    ...Object.entries(promises).map(([check, name]) => checkOf(name, (problem) => problem.check === check)),
    ...Object.keys(options.invariants ?? {}).map((invariant) =>
      checkOf(`invariant: ${invariant}`, (problem) => problem.invariant === invariant),
    ),
  ]
}
