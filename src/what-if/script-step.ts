/** What a script is made of: the commands of a session as its log tells them, each with what came of it. */
import type { Command } from '../events/commands.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'

/** A command read back from its batch. */
export interface ScriptCommand {
  /** Version of the first event of its batch. */
  readonly version: number
  /** Version of the last event of its batch. */
  readonly lastVersion: number
  /** `null` for a batch that no command of this version of Waymark opens: it can only be taken over as recorded. */
  readonly command: Command | null
  readonly commandId: string
  readonly actor: string
  /** When it happened, as its source said; `null` when it happened as it was recorded. */
  readonly time: string | null
  readonly recordedAt: string
  readonly causationId: string | null
  readonly correlationId: string | null
  /** Name of the policy that asked for it within another command's write; `null` for a command that came from elsewhere. */
  readonly policy: string | null
  /** Id of the command that it stands before, or follows from, where a policy asked for it. */
  readonly causedBy: string | null
  /** Its batch as recorded. */
  readonly events: readonly LoggedEvent[]
}

/**
 * What the record says of policies at a step: they were asked (`asked`), nobody asked them, as in an import (`silent`), or what they did is
 * not what the policies at hand would do (`others`), and is taken over as recorded.
 */
export type PoliciesOfStep = 'asked' | 'silent' | 'others'

/** One command that came from outside, with what policies put before it and what followed. */
export interface ScriptStep extends ScriptCommand {
  readonly policy: null
  readonly before: readonly ScriptCommand[]
  readonly after: readonly ScriptCommand[]
  readonly policies: PoliciesOfStep
  /** Something was taken out of it since, and its command does not lead to it any more: it is taken over as recorded. */
  readonly redacted?: true
}

/** The commands of a session, or of a part of it, in order. */
export interface Script {
  readonly sessionId: string
  /** The state before the first step. */
  readonly start: ReadonlyState
  /** Version that the script ends at. */
  readonly version: number
  readonly steps: readonly ScriptStep[]
}

/** First version of the step: what policies put before it included. */
export function firstVersionOf({ before, version }: Pick<ScriptStep, 'before' | 'version'>): number {
  return before[0]?.version ?? version
}

/** Last version of the step: what policies added included. */
export function lastVersionOf({ after, lastVersion }: ScriptStep): number {
  return after[after.length - 1]?.lastVersion ?? lastVersion
}

/** All batches of a step in the order in which they lie in the log. */
export function commandsOfStep(step: ScriptStep): readonly ScriptCommand[] {
  return [...step.before, step, ...step.after]
}

/** All events of a step, in order. */
export function eventsOfStep(step: ScriptStep): readonly LoggedEvent[] {
  if (step.before.length === 0 && step.after.length === 0) return step.events
  return commandsOfStep(step).flatMap(({ events }) => events)
}
