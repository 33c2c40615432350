/**
 * Where to look first for the commands that show a problem: those about the same things as the last one, and those shortly before it. In a
 * long session most candidates are long, and each is played; one that is short and shows the problem saves nearly all of that. It is only
 * a guess: the search goes on from it, or without it.
 */
import { idsIn } from './ids.ts'
import type { BareStep } from './play-commands.ts'

/** Commands before the last one in the first guess, and by how much each next one has more. */
const firstSize = 16
const growth = 4

/** Guesses, shorter ones first; all of them together are shorter than the list. */
export function* likelySteps(steps: readonly BareStep[]): Generator<readonly BareStep[], void, undefined> {
  const last = steps[steps.length - 1]
  if (last === undefined) return
  const wanted = idsIn(last.command)
  const related = new Set(steps.filter(({ command }) => [...idsIn(command)].some((id) => wanted.has(id))))
  for (let size = firstSize; size < steps.length / growth; size *= growth) {
    const guess = steps.filter(
      (step, index) => index === 0 || index >= steps.length - size || related.has(step),
    )
    if (guess.length < steps.length / 2) yield guess
  }
}
