/**
 * One command played in a state, with what policies put before it and what follows: the pure twin of `src/session/record.ts`. It takes ids and
 * times from the record, writes nothing, and asks nobody but the rules. That both agree is a law.
 */
import { decide } from '../decide/decide.ts'
import type { Decision, Refusal, RepositoryNote } from '../decide/decision.ts'
import type { Machines } from '../decide/machines.ts'
import { type DecidedEvent, tidyingTypes } from '../events/catalogue.ts'
import type { Command } from '../events/commands.ts'
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { Counters } from '../events/shapes.ts'
import { fold } from '../fold/fold.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { limits } from '../kernel/limits.ts'
import { type AppendMeta, envelopeOf } from '../session/append.ts'
import type { Policy } from '../session/policy.ts'
import { askedBy } from '../session/policy-commands.ts'
import { isCheckpointAgain, policyMeta } from '../session/record.ts'
import type { ScriptCommand } from './script-step.ts'

/** A command to be played. `events` is what the record has of it; ids and times come from there. */
export type PlayableCommand = Omit<
  ScriptCommand,
  'version' | 'lastVersion' | 'command' | 'policy' | 'causedBy'
> & {
  readonly command: Command
}

/** What a command is decided by, beside the state. */
export interface StepRules {
  readonly machines?: Machines | undefined
  readonly policies: readonly Policy[]
  /** What the index of calls would answer; `batch` is what the record has of the command that asks. */
  countedCall(callId: string, scope: 'session' | 'home', batch: readonly LoggedEvent[]): Counters | null
}

export interface CommandPlayed {
  /** What policies put before it. */
  readonly before: readonly LoggedEvent[]
  /** Its own batch; empty when it was refused or had nothing to add. */
  readonly own: readonly LoggedEvent[]
  /** What followed. */
  readonly after: readonly LoggedEvent[]
  readonly state: ReadonlyState
  readonly refusal: Refusal | null
}

/** A batch that was decided and folded. */
interface Batch {
  readonly events: readonly LoggedEvent[]
  readonly state: ReadonlyState
}

/** Plays a command. `recorded` is what the record has of policies at this step: theirs are the ids and times of the same commands. */
export function playCommand(
  state: ReadonlyState,
  own: PlayableCommand,
  recorded: readonly ScriptCommand[],
  rules: StepRules,
): CommandPlayed {
  const known = new Map(recorded.map((command) => [command.commandId, command]))
  const meta = metaOf(own)
  const first = decideOne(state, own, rules)
  const prepared = preparation(state, own, first, known, rules)
  const decision = prepared.events.length === 0 ? first : decideOne(prepared.state, own, rules)
  if (!decision.ok) return { before: [], own: [], after: [], state, refusal: decision.refusal }
  const done = appended(prepared.state, decision.events, own, meta)
  const followed = follow(state, done, own, known, rules)
  return {
    before: prepared.events,
    own: done.events,
    after: followed.events,
    state: followed.state,
    refusal: null,
  }
}

/** Plays one command by itself, without asking policies. */
export function playAlone(state: ReadonlyState, own: PlayableCommand, rules: StepRules): CommandPlayed {
  return playCommand(state, own, [], { ...rules, policies: [] })
}

function decideOne(state: ReadonlyState, { command, ...rest }: PlayableCommand, rules: StepRules): Decision {
  const { commandId, time, recordedAt, events } = rest
  const { machines } = rules
  return decide(state, command, {
    now: time ?? recordedAt,
    checkpointId: () => checkpointIdIn(events) ?? `ckpt_${derivedIdOf(`${commandId}/checkpoint`)}`,
    handoffId: () => `hoff_${derivedIdOf(`${commandId}/handoff`)}`,
    repository: () => repositoryIn(events),
    countedCall: (callId, scope) => rules.countedCall(callId, scope, events),
    ...(machines === undefined ? {} : { machines }),
  })
}

/** What policies put before a command: the twin of `preparation`. Nothing when the command stays refused. */
function preparation(
  state: ReadonlyState,
  own: PlayableCommand,
  decision: Decision,
  known: ReadonlyMap<string, ScriptCommand>,
  rules: StepRules,
): Batch {
  const nothing = { events: [], state }
  if (rules.policies.length === 0 || (decision.ok && decision.events.length === 0)) return nothing
  const refusal = decision.ok ? null : decision.refusal
  const now = own.time ?? own.recordedAt
  const events: LoggedEvent[] = []
  let [current, steps] = [state, 0]
  for (const policy of rules.policies) {
    if (policy.precede === undefined) continue
    const before = current
    for (const command of askedBy(policy, () => policy.precede?.(before, own.command, refusal, now) ?? [])) {
      if (steps >= limits.policyCommandsMax || isCheckpointAgain(current, command)) continue
      const meta = policyMeta(metaOf(own), policy, `before/${steps}`)
      const batch = playPolicy(current, command, own, meta, known, rules)
      if (batch === null || batch.events.length === 0) continue
      events.push(...batch.events)
      current = batch.state
      steps += 1
    }
  }
  if (steps === 0) return nothing
  return decideOne(current, own, rules).ok ? { events, state: current } : nothing
}

/** What policies add after a command: the twin of `followUps` and `recordPolicy`. */
function follow(
  before: ReadonlyState,
  done: Batch,
  own: PlayableCommand,
  known: ReadonlyMap<string, ScriptCommand>,
  rules: StepRules,
): Batch {
  const work = done.events.find(({ type }) => !tidyingTypes.has(type))
  const cause = done.events[done.events.length - 1]
  let { state } = done
  if (rules.policies.length === 0 || work === undefined || before === state) return { events: [], state }
  const asked = rules.policies.flatMap((policy) =>
    askedBy(policy, () => policy.follow(before, done.state, own.command, work.time)).map((command) => ({
      policy,
      command,
    })),
  )
  const events: LoggedEvent[] = []
  for (const [index, { policy, command }] of asked.slice(0, limits.policyCommandsMax).entries()) {
    if (isCheckpointAgain(state, command)) continue
    const meta = policyMeta(metaOf(own), policy, String(index), cause)
    const batch = playPolicy(state, command, own, meta, known, rules)
    if (batch === null) continue
    events.push(...batch.events)
    state = batch.state
  }
  return { events, state }
}

/** A policy's command with the ids and times that the record has of it; `null` when it is refused. */
function playPolicy(
  state: ReadonlyState,
  command: Command,
  own: PlayableCommand,
  meta: AppendMeta,
  known: ReadonlyMap<string, ScriptCommand>,
  rules: StepRules,
): Batch | null {
  const recorded = known.get(meta.commandId)
  const playable: PlayableCommand = {
    command,
    commandId: meta.commandId,
    actor: meta.actor,
    time: recorded === undefined ? own.time : recorded.time,
    recordedAt: recorded?.recordedAt ?? own.recordedAt,
    causationId: meta.causationId ?? null,
    correlationId: meta.correlationId ?? null,
    events: recorded?.events ?? [],
  }
  const decision = decideOne(state, playable, rules)
  return decision.ok ? appended(state, decision.events, playable, metaOf(playable)) : null
}

function metaOf({ commandId, actor, time, causationId, correlationId }: PlayableCommand): AppendMeta {
  return {
    commandId,
    actor,
    ...(time === null ? {} : { time }),
    ...(causationId === null ? {} : { causationId }),
    ...(correlationId === null ? {} : { correlationId }),
  }
}

/** The state after decided events, and the events as they would be recorded. */
function appended(
  before: ReadonlyState,
  decided: readonly DecidedEvent[],
  { recordedAt, events: recorded }: PlayableCommand,
  meta: AppendMeta,
): Batch {
  if (decided.length === 0) return { events: [], state: before }
  const known = recorded[0]?.commandId === meta.commandId ? recorded : []
  const events = decided.map((event, index) => {
    const envelope = envelopeOf(event.type, index, meta, recordedAt)
    const place = { sessionId: before.sessionId, version: before.version + index + 1, position: 0 }
    return { ...envelope, ...place, ...event, id: known[index]?.id ?? envelope.id }
  })
  return { events, state: fold(before, events) }
}

/** Events of the record in a state of another version: what cannot be played is taken over so. */
export function takenOver(before: ReadonlyState, recorded: readonly LoggedEvent[]): Batch {
  const events = recorded.map((event, index) => ({ ...event, version: before.version + index + 1 }))
  return { events, state: fold(before, events) }
}

function checkpointIdIn(batch: readonly LoggedEvent[]): string | null {
  const [first] = batch
  return first !== undefined && isKnown(first) && first.type === 'checkpoint.created'
    ? first.data.checkpointId
    : null
}

/** What the repository said of itself then, as the checkpoint of that time tells it. */
function repositoryIn(batch: readonly LoggedEvent[]): RepositoryNote | null {
  const [first] = batch
  if (first === undefined || !isKnown(first) || first.type !== 'checkpoint.created') return null
  const { gitHead, gitBranch, gitDirty } = first.data
  if (gitHead === undefined) return null
  return { head: gitHead, branch: gitBranch ?? null, dirty: gitDirty ?? false }
}
