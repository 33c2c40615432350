/** Histories of a session with one thing wrong: one command is refused, all others are accepted. */
import fc from 'fast-check'
import type { Command } from '../../events/commands.ts'
import { parseCommand } from '../../events/commands.ts'
import { type SessionSoFar, sessionDecider } from '../decider/session-decider.ts'
import { describeHistory, shownAs } from './describe.ts'
import { type LegalStep, legalStepsArbitrary } from './legal-history.ts'

/** What is wrong with the one command that is refused. */
export const sessionMistakes = ['before-start', 'repeated', 'wrong-order', 'wrong-id'] as const
export type SessionMistake = (typeof sessionMistakes)[number]

/** A history with one command or event that is refused. */
export interface NearLegal<Item, Mistake extends string> {
  readonly history: readonly Item[]
  /** The place of the one that is refused, counted from 0. */
  readonly wrongAt: number
  readonly what: Mistake
}

/**
 * Histories of a session in which exactly one command is refused, and it is known which. As a refused command changes nothing, the others are
 * accepted as if it were not there. Played with `play` and `{ policies: [] }`, that step and no other has a refusal. What may be wrong with it:
 *
 * - `before-start`: it comes before the session has begun;
 * - `repeated`: it was accepted once, and comes again;
 * - `wrong-order`: its time has not come yet;
 * - `wrong-id`: it names something that is not there.
 *
 * @param options `lengthMax`: commands at most, the refused one left out; 30 if left out
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const [found] = fc.sample(nearLegalHistoryArbitrary(), { seed: 1, numRuns: 1 })
 * typeof found?.history[found.wrongAt]?.type // 'string'
 * ```
 */
export function nearLegalHistoryArbitrary(
  options: { readonly lengthMax?: number } = {},
): fc.Arbitrary<NearLegal<Command, SessionMistake>> {
  return fc
    .tuple(legalStepsArbitrary(options), fc.constantFrom(...sessionMistakes), fc.nat())
    .map(([steps, what, from]) => withMistake(steps, what, from))
}

function withMistake(
  steps: readonly LegalStep[],
  wanted: SessionMistake,
  from: number,
): NearLegal<Command, SessionMistake> {
  const legal = steps.map(({ command }) => command)
  const found = { what: wanted, ...placeOf(steps, wanted, from) }
  // Where nothing of the wanted kind would be refused, there is always this.
  const { what, wrongAt, command } =
    found.command === undefined
      ? { what: 'before-start' as const, wrongAt: 0, command: tooEarly(steps) }
      : { what: found.what, wrongAt: found.wrongAt ?? 0, command: found.command }
  const history = [...legal.slice(0, wrongAt), command, ...legal.slice(wrongAt)]
  const made = { history, wrongAt, what }
  return shownAs(made, () => `${what}:\n${describeHistory(history, wrongAt)}`)
}

function tooEarly(steps: readonly LegalStep[]): Command {
  return steps[1]?.command ?? { type: 'turn.complete' }
}

interface Place {
  readonly wrongAt: number
  readonly command: Command
}

/** The first place from `from` on, all round, at which a command of that kind is refused. */
function placeOf(steps: readonly LegalStep[], what: SessionMistake, from: number): Partial<Place> {
  if (what === 'before-start') return { wrongAt: 0, command: tooEarly(steps) }
  for (let tried = 0; tried < steps.length; tried++) {
    const wrongAt = 1 + ((from + tried) % steps.length)
    const state = steps[wrongAt - 1]?.after
    const command =
      state === undefined ? undefined : candidatesOf[what](steps, wrongAt).find(refusedIn(state))
    if (command !== undefined) return { wrongAt, command }
  }
  return {}
}

function refusedIn(state: SessionSoFar): (command: Command) => boolean {
  const { decide } = sessionDecider()
  return (command) => !decide(command, state).ok
}

/** Commands that may be refused if they come at this place, the likeliest first. */
const candidatesOf: Readonly<
  Record<
    Exclude<SessionMistake, 'before-start'>,
    (steps: readonly LegalStep[], place: number) => readonly Command[]
  >
> = {
  repeated: (steps, place) => steps.slice(0, place).reverse().map(commandIn),
  'wrong-order': (steps, place) => steps.slice(place + 1).map(commandIn),
  'wrong-id': (steps, place) => [...steps.slice(place), ...steps.slice(0, place)].flatMap(misnamed),
}

function commandIn({ command }: LegalStep): Command {
  return command
}

/** Names of things that no history has. */
const nothingOf: Readonly<Record<string, unknown>> = {
  taskId: 'nowhere',
  taskIds: ['nowhere'],
  tag: '@NOWHERE',
  tags: ['@NOWHERE'],
  agent: 'nobody',
  recoveryId: 'reco_ffffffff-ffff-4fff-bfff-ffffffffffff',
  handoffId: 'hoff_ffffffff-ffff-4fff-bfff-ffffffffffff',
}

/** The command about something that is not there; none for a command that names nothing, or makes what it names. */
function misnamed({ command }: LegalStep): readonly Command[] {
  const named = Object.keys(command).filter((field) => Object.hasOwn(nothingOf, field))
  if (named.length === 0) return []
  return [
    parseCommand({ ...command, ...Object.fromEntries(named.map((field) => [field, nothingOf[field]])) }),
  ]
}
