/** What is wrong on purpose: which problems it excuses, and whether it is still so. */

import { usage } from '../usage.ts'
import type { Coverage } from './coverage.ts'
import type { DeadEnd } from './dead-ends.ts'
import { type MachineProblem, problemOfWhole } from './finding.ts'
import type { Declared } from './options.ts'
import type { Places } from './places.ts'
import { namesText } from './spell.ts'

type Name = Exclude<keyof Declared, 'cutShort'>

/** What each list names, in words. */
const kinds: Readonly<Record<Name, string>> = {
  unreachable: 'state',
  neverTaken: 'transition',
  deadEnds: 'state',
  afterDone: 'event',
}

/** @throws WaymarkError `USAGE` for names that nothing of the machine has */
export function checkNames(declared: Declared, places: Places, eventTypes: readonly string[]): void {
  const states = places.states.map(({ name }) => name)
  const transitions = places.transitions.map(({ name }) => name)
  const isPlace = (name: string): boolean =>
    states.length === 0 || name.split(' & ').every((part) => states.includes(part))
  checkList(declared, 'unreachable', states)
  checkList(declared, 'neverTaken', transitions)
  checkList(declared, 'deadEnds', states, isPlace)
  checkList(declared, 'afterDone', eventTypes)
}

function checkList(
  declared: Declared,
  list: Name,
  known: readonly string[],
  isKnown: (name: string) => boolean = (name) => known.includes(name),
): void {
  const wrong = (declared[list] ?? []).find((name) => !isKnown(name))
  if (wrong === undefined) return
  const there = known.length === 0 ? 'there is none' : `there are: ${namesText(known, wrong)}`
  throw usage(`\`${list}\` names \`${wrong}\`, and there is no such ${kinds[list]}`, there)
}

/** What was found, as far as declarations are about it. */
export interface Met {
  readonly coverage: Coverage
  readonly deadEnds: readonly DeadEnd[]
  /** Types of events that lead out of a machine that is done. */
  readonly afterDone: readonly string[]
}

/** Problems with the declarations themselves: what is not so any more. */
export function declaredProblems(declared: Declared, met: Met): readonly MachineProblem[] {
  const { coverage, deadEnds, afterDone } = met
  const reached = (name: string): number => coverage.states.find((state) => state.name === name)?.count ?? 0
  const taken = (name: string): number => coverage.transitions.find((one) => one.name === name)?.count ?? 0
  return [
    ...eachName(declared, 'unreachable', (name) =>
      reached(name) > 0 ? `it was reached ${reached(name)} times` : null,
    ),
    ...eachName(declared, 'neverTaken', (name) =>
      taken(name) > 0 ? `it was taken ${taken(name)} times` : null,
    ),
    ...eachName(declared, 'deadEnds', (name) =>
      deadEnds.some((end) => isNamed(end, name)) ? null : 'no dead end was found there',
    ),
    ...eachName(declared, 'afterDone', (name) =>
      afterDone.includes(name) ? null : 'it leads out of no machine that is done',
    ),
    ...(declared.cutShort === true && coverage.cutShort.length === 0
      ? [problem('`cutShort` is declared, and everything was looked at')]
      : []),
  ]
}

function eachName(
  declared: Declared,
  list: Name,
  contradiction: (name: string) => string | null,
): readonly MachineProblem[] {
  return (declared[list] ?? []).flatMap((name) => {
    const said = contradiction(name)
    return said === null ? [] : [problem(`\`${list}\` names \`${name}\`, and ${said}`)]
  })
}

function problem(message: string): MachineProblem {
  return problemOfWhole('declared', message)
}

/** Whether a dead end is meant: by all of its state value, or by one state of it. */
export function isNamed({ name }: DeadEnd, declared: string): boolean {
  return name === declared || name.split(' & ').includes(declared)
}
