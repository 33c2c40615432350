/**
 * Whether policies were asked at a step of a record. An import, a merge and the steps of a recovery ask none, a program may have been opened
 * without any, or with its own; the log says so only by what is in it. So the policies at hand are asked about the step as it was
 * recorded, and the answer is compared.
 */
import { redactedText } from '../events/secrets.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { Policy } from '../session/policy.ts'
import { askedBy } from '../session/policy-commands.ts'
import type { CountedCalls } from './counted-calls.ts'
import { areSameEvents } from './same.ts'
import type { PoliciesOfStep, ScriptStep } from './script-step.ts'
import { type PlayableCommand, playAlone, playCommand } from './step.ts'

/** The step's states as recorded. */
export interface StatesOfStep {
  /** Before it, and before what policies put there. */
  readonly before: ReadonlyState
  /** After its own batch. */
  readonly own: ReadonlyState
}

const silentActors: readonly string[] = ['import', 'recovery']
const silentCommands: ReadonlySet<string> = new Set([
  'session.merge',
  'recovery.begin',
  'recovery.record-step',
  'recovery.fail',
])

/** What is taken for granted of a step at which the policies at hand would have nothing to ask. */
function usually(
  { actor, command }: Pick<ScriptStep, 'actor' | 'command'>,
  atBeginning: PoliciesOfStep,
): PoliciesOfStep {
  const isSilent =
    (silentActors.includes(actor) && command?.type !== 'session.recover') ||
    actor.startsWith('merge:') ||
    silentCommands.has(command?.type ?? '')
  return isSilent ? 'silent' : atBeginning
}

/** What the record says of policies at a step. `atBeginning` is what its session's beginning said. */
export function policiesOf(
  step: Omit<ScriptStep, 'policies'>,
  states: StatesOfStep,
  policies: readonly Policy[],
  atBeginning: PoliciesOfStep,
  calls: CountedCalls,
): PoliciesOfStep {
  const { command } = step
  const isRecorded = step.before.length > 0 || step.after.length > 0
  if (command === null) return isRecorded ? 'others' : 'silent'
  const own: PlayableCommand = { ...step, command }
  if (!isRecorded && !wouldAsk(own, states, policies)) {
    return usually(step, atBeginning === 'silent' ? 'silent' : 'asked')
  }
  const rules = {
    policies,
    countedCall: calls.answer.bind(calls),
  }
  const played = playCommand(states.before, own, [...step.before, ...step.after], rules)
  const recorded = [...step.before, ...step.after].flatMap(({ events }) => events)
  if (areSameEvents([...played.before, ...played.after], recorded)) return 'asked'
  return isRecorded ? 'others' : 'silent'
}

function wouldAsk(
  own: PlayableCommand,
  { before, own: after }: StatesOfStep,
  policies: readonly Policy[],
): boolean {
  const now = own.time ?? own.recordedAt
  return policies.some(
    (policy) =>
      askedBy(policy, () => policy.precede?.(before, own.command, null, now) ?? []).length > 0 ||
      askedBy(policy, () => policy.follow(before, after, own.command, now)).length > 0,
  )
}

/**
 * Whether something was taken out of a step since, so that its command does not lead to it any more: two titles may have become one.
 *
 * @param ready the state in which it was decided
 */
export function lostToRedaction(
  { command, ...step }: Omit<ScriptStep, 'policies'>,
  ready: ReadonlyState,
  calls: CountedCalls,
): boolean {
  if (command === null || !JSON.stringify(step.events).includes(redactedText)) return false
  const rules = { policies: [], countedCall: calls.answer.bind(calls) }
  return !areSameEvents(playAlone(ready, { ...step, command }, rules).own, step.events)
}
