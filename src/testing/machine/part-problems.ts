/** Parts of a machine that nothing came to, and the static promise of final states. */
import type { Coverage } from './coverage.ts'
import { type MachineProblem, problemOfWhole } from './finding.ts'
import type { Declared } from './options.ts'
import { nodesBelow, type Places } from './places.ts'

/**
 * States that were not reached and transitions that were not taken, each told once: what lies inside an unreached state, and what leads
 * out of it or into one that is declared, goes without saying.
 */
export function partProblems(
  places: Places,
  coverage: Coverage,
  { unreachable = [], neverTaken = [] }: Declared,
): readonly MachineProblem[] {
  const isWhole = coverage.cutShort.length === 0
  const [reached, taken] = isWhole
    ? ['is never reached', 'is never taken']
    : ['was not reached before the work was cut short', 'was not taken before the work was cut short']
  const beyond = isWhole ? '' : ` (cut short: ${coverage.cutShort.join('; ')})`
  const missed = places.states.filter(({ number }) => coverage.states[number]?.why !== null)
  const missedNodes = new Set(missed.map(({ node }) => node))
  const declared = places.states.filter(({ name }) => unreachable.includes(name)).map(({ node }) => node)
  const excused = new Set(declared.flatMap(nodesBelow))
  const states = missed
    .filter(({ node }) => !excused.has(node) && !(node.parent !== undefined && missedNodes.has(node.parent)))
    .map(({ name, number }) =>
      problemOfWhole('states', `\`${name}\` ${reached}: ${coverage.states[number]?.why}${beyond}`),
    )
  const transitions = places.transitions
    .filter(({ number }) => coverage.transitions[number]?.why !== null)
    .filter(({ source, targets, name }) => {
      const goesWithoutSaying = missedNodes.has(source) || targets.some((target) => excused.has(target))
      return !goesWithoutSaying && !neverTaken.includes(name)
    })
    .map(({ name, number }) =>
      problemOfWhole('transitions', `\`${name}\` ${taken}: ${coverage.transitions[number]?.why}${beyond}`),
    )
  return [...states, ...transitions, ...leavingFinals(places)]
}

/** A final state of a state inside is never left by itself, only by what is around it. */
function leavingFinals(places: Places): readonly MachineProblem[] {
  return places.transitions
    .filter(({ source }) => source.type === 'final')
    .map(({ name, from }) =>
      problemOfWhole('finals', `\`${from}\` is final, and yet has a transition: \`${name}\``),
    )
}
