/** Legal histories of a session: each command is accepted where it comes, and adds something. */
import fc from 'fast-check'
import type { Command } from '../../events/commands.ts'
import { type SessionSoFar, sessionDecider, type TimedEvent } from '../decider/session-decider.ts'
import { assertWhole } from '../usage.ts'
import { describeHistory, shownAs } from './describe.ts'
import { leavingOut } from './leaving-out.ts'
import { type Move, moveArbitrary, startArbitrary } from './moves.ts'

/** Moves that are made up for each command that is wanted: some have nothing to say, or are refused. */
const movesPerCommand = 2

/** A command of a legal history, with what it came to. */
export interface LegalStep {
  readonly command: Command
  readonly events: readonly TimedEvent[]
  readonly before: SessionSoFar
  readonly after: SessionSoFar
}

/**
 * Histories of a session in which every command is accepted in its place and adds at least an event: through tasks, the budget, handoffs
 * and recoveries. They shrink to few commands. They are legal for `decide` itself; policies that add commands of their own are not
 * reckoned with, so play them with `{ policies: [] }`.
 *
 * @param options `lengthMax`: commands at most, the start included; 30 if left out
 * @throws WaymarkError `USAGE` for a `lengthMax` below 1
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const [history] = fc.sample(legalHistoryArbitrary({ lengthMax: 5 }), { seed: 1, numRuns: 1 })
 * history?.[0]?.type // 'session.start'
 * ```
 */
export function legalHistoryArbitrary(
  options: { readonly lengthMax?: number } = {},
): fc.Arbitrary<readonly Command[]> {
  return legalStepsArbitrary(options).map((steps) => {
    const history = steps.map(({ command }) => command)
    return shownAs(history, () => describeHistory(history))
  })
}

/** The same with what each command came to. */
export function legalStepsArbitrary({
  lengthMax = 30,
}: {
  readonly lengthMax?: number
} = {}): fc.Arbitrary<readonly LegalStep[]> {
  assertWhole('lengthMax', lengthMax, 1)
  // To the full length and without bias, or most histories would be a few commands long.
  const moves = fc.noBias(
    fc.array(moveArbitrary(), { maxLength: (lengthMax - 1) * movesPerCommand, size: 'max' }),
  )
  const steps = fc
    .tuple(startArbitrary(), moves)
    .map(([start, rest]) => legalSteps([() => start, ...rest], lengthMax))
  return leavingOut(
    steps,
    (made) => made.map(({ command }) => command),
    (commands) =>
      legalSteps(
        commands.map(
          (command): Move =>
            () =>
              command,
        ),
        lengthMax,
      ),
    1,
  )
}

/** Makes the moves one after the other, and leaves out those that lead nowhere. */
function legalSteps(moves: readonly Move[], lengthMax: number): readonly LegalStep[] {
  const decider = sessionDecider()
  const steps: LegalStep[] = []
  let state = decider.initialState()
  for (const move of moves) {
    if (steps.length >= lengthMax) break
    const command = move(state.session)
    const answer = command === null ? null : decider.decide(command, state)
    if (command === null || answer === null || !answer.ok || answer.events.length === 0) continue
    const after = decider.fold(state, answer.events)
    steps.push({ command, events: answer.events, before: state, after })
    state = after
  }
  return steps
}
