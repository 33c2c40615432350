/** What is wrong on purpose: which problems it excuses, and whether it is still so. */
import type { Coverage } from './coverage.ts'
import type { DeadEnd } from './dead-ends.ts'
import type { MachineProblem } from './finding.ts'
import type { Declared } from './options.ts'
import type { Places } from './places.ts'

type Name = keyof Declared

/** What each list names, in words. */
const kinds: Readonly<Record<Name, string>> = {
  unreachable: 'state',
  neverTaken: 'transition',
  deadEnds: 'state',
  afterDone: 'event',
}

/** What was found, as far as declarations are about it. */
export interface Met {
  readonly places: Places
  readonly coverage: Coverage
  readonly deadEnds: readonly DeadEnd[]
  /** Types of events that lead out of a machine that is done. */
  readonly afterDone: readonly string[]
  readonly eventTypes: readonly string[]
}

/** Problems with the declarations themselves: names that nothing has, and what is not so any more. */
export function declaredProblems(declared: Declared, met: Met): readonly MachineProblem[] {
  const { coverage, deadEnds, afterDone, places, eventTypes } = met
  const states = places.states.map(({ name }) => name)
  const reached = (name: string): number => coverage.states.find((state) => state.name === name)?.count ?? 0
  const taken = (name: string): number => coverage.transitions.find((one) => one.name === name)?.count ?? 0
  return [
    ...eachName(declared, 'unreachable', states, (name) =>
      reached(name) > 0 ? `it was reached ${reached(name)} times` : null,
    ),
    ...eachName(
      declared,
      'neverTaken',
      coverage.transitions.map(({ name }) => name),
      (name) => (taken(name) > 0 ? `it was taken ${taken(name)} times` : null),
    ),
    ...eachName(declared, 'deadEnds', null, (name) =>
      deadEnds.some((end) => isNamed(end, name)) ? null : 'no dead end was found there',
    ),
    ...eachName(declared, 'afterDone', eventTypes, (name) =>
      afterDone.includes(name) ? null : 'it leads out of no machine that is done',
    ),
  ]
}

function eachName(
  declared: Declared,
  list: Name,
  known: readonly string[] | null,
  contradiction: (name: string) => string | null,
): readonly MachineProblem[] {
  return (declared[list] ?? []).flatMap((name) => {
    if (known !== null && !known.includes(name)) {
      return [
        problem(`\`${list}\` names \`${name}\`, and there is no such ${kinds[list]}: ${known.join('; ')}`),
      ]
    }
    const said = contradiction(name)
    return said === null ? [] : [problem(`\`${list}\` names \`${name}\`, and ${said}`)]
  })
}

export function problem(message: string): MachineProblem {
  return { check: 'declared', invariant: null, message, path: [] }
}

/** Whether a dead end is meant: by all of its state value, or by one state of it. */
export function isNamed({ name }: DeadEnd, declared: string): boolean {
  return name === declared || name.split(' & ').includes(declared)
}
