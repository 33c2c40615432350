/**
 * Bare commands played into memory, from nothing, with the clock and ids of a seed: what a test needs that was cut out of a session. Pure:
 * the same commands with the same seed, machines and policies lead to the same.
 */

import type { Machines } from '../decide/machines.ts'
import { type GivenMachines, isEndless, machinesGiven } from '../decide/machines-given.ts'
import type { Command } from '../events/commands.ts'
import { parseSending } from '../events/content.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import { timeShape } from '../events/shapes.ts'
import { frozen } from '../fold/fold.ts'
import { initialState, type ReadonlyState } from '../fold/state.ts'
import { seeded } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { type Policy, standardPolicies } from '../session/policy.ts'
import { CountedCalls } from './counted-calls.ts'
import type { ScriptCommand } from './script-step.ts'
import { type CommandPlayed, type PlayableCommand, playCommand, type StepRules } from './step.ts'

/** A command, and when it was sent; `null` for whenever it is played. */
export interface BareStep {
  readonly command: Command
  readonly time: string | null
  /** Where it stands in the session that it was taken from: it stays the same command when it is made plainer. */
  readonly version?: number
}

/** Under what commands are played. */
export interface SeededRules {
  readonly seed: number
  readonly policies: readonly Policy[]
  /** The usual ones if left out. */
  readonly machines?: Machines
}

/** An event without what differs from one recording to the next. */
export type PlainEvent = Pick<LoggedEvent, 'type' | 'data'>

/** What a command comes to. */
export interface Outcome {
  /** `failed`: a machine threw something instead of answering. */
  readonly answer: 'accepted' | 'refused' | 'failed'
  /** Why it was refused, or what was thrown. */
  readonly reason: string | null
  /** Its own batch; empty when it was refused or had nothing to add. */
  readonly events: readonly PlainEvent[]
  /** What policies put before it and added after it. */
  readonly byPolicies: readonly (PlainEvent & { readonly policy: string })[]
}

export interface PlayedBare {
  readonly step: BareStep
  readonly before: ReadonlyState
  /** After the command and what policies added; the same as before for one that was not accepted. */
  readonly after: ReadonlyState
  readonly outcome: Outcome
}

/**
 * Plays steps one after the other, for as long as somebody asks for the next. Who asks with `true` leaves the last one out: it goes on from
 * the state before it.
 */
export function* playedSteps(
  steps: readonly BareStep[],
  rules: SeededRules,
): Generator<PlayedBare, void, boolean | undefined> {
  const { clock, ids } = seeded(rules.seed)
  const calls = new CountedCalls()
  const stepRules: StepRules = { ...rules, countedCall: calls.answer.bind(calls) }
  let state: ReadonlyState = frozen(initialState(`sess_${ids.uuid()}`))
  for (const step of steps) {
    const recordedAt = step.time ?? clock.now()
    const own = { command: step.command, commandId: ids.uuid(), actor: 'user', time: null, recordedAt }
    const { events, ...played } = playOne(state, { ...own, ...noRecord }, stepRules)
    const isLeftOut = yield { step, before: state, ...played }
    if (isLeftOut === true) continue
    calls.note(events, [])
    state = played.after
  }
}

/** There is no record of the command, and nothing that it came from. */
const noRecord = { causationId: null, correlationId: null, events: [] }

export interface PlayedOne extends Pick<PlayedBare, 'after' | 'outcome'> {
  readonly events: readonly LoggedEvent[]
}

/** Plays one command. `recorded` is what a record has of policies at this step, if there is one. */
export function playOne(
  state: ReadonlyState,
  own: PlayableCommand,
  rules: StepRules,
  recorded: readonly ScriptCommand[] = [],
): PlayedOne {
  let played: CommandPlayed
  try {
    played = playCommand(state, own, recorded, rules)
  } catch (error) {
    if (!(error instanceof WaymarkError) || isEndless(error)) throw error
    return notAccepted(state, 'failed', error.message)
  }
  if (played.refusal !== null) {
    const { command, subject, status, reason } = played.refusal
    return notAccepted(state, 'refused', `${command} refused: ${subject} is ${status}: ${reason}`)
  }
  const policies = [...played.before, ...played.after]
  const byPolicies = policies.map((event) => ({
    policy: event.actor.replace(/^policy:/, ''),
    ...plainEvent(event),
  }))
  return {
    after: played.state,
    outcome: { answer: 'accepted', reason: null, events: played.own.map(plainEvent), byPolicies },
    events: [...played.own, ...policies],
  }
}

function notAccepted(after: ReadonlyState, answer: Outcome['answer'], reason: string): PlayedOne {
  return { after, outcome: { answer, reason, events: [], byPolicies: [] }, events: [] }
}

export function plainEvent({ type, data }: LoggedEvent): PlainEvent {
  return { type, data }
}

export interface PlayCommandsOptions {
  /** Of the clock and ids; 1 if left out. */
  readonly seed?: number
  /** Those that every session has, if left out. */
  readonly policies?: readonly Policy[]
  /** XState machines in the place of the usual ones: a module that exports `taskMachine`, or some of the others. */
  readonly machines?: Machines | GivenMachines
}

export interface PlayedCommands {
  /** Commands before the last one that were not accepted, and why: none, unless the way to the last one has changed. */
  readonly refused: readonly string[]
  /** The state before the last command. */
  readonly before: ReadonlyState
  /** The state after it, and after what policies added. */
  readonly state: ReadonlyState
  /** What the last command came to. */
  readonly outcome: Outcome
}

/**
 * Plays commands from nothing, in memory, and says what the last one came to. For tests: the clock and ids come from a seed, so that the
 * same commands lead to the same. A command may have a `time` beside its fields, and texts where references belong.
 *
 * @throws WaymarkError `COMMAND_INVALID`, or `MACHINES_INVALID` for what is no machine.
 * @example
 * ```ts
 * const { outcome } = playCommands([
 *   { type: 'session.start' },
 *   { type: 'task.add', taskId: 'A', title: 'Log in' },
 *   { type: 'task.complete', taskId: 'A' },
 * ])
 * outcome.reason // 'task.complete refused: task A is pending: it has not been started; start or cancel it'
 * ```
 */
export function playCommands(commands: readonly object[], options: PlayCommandsOptions = {}): PlayedCommands {
  const { seed = 1, policies = standardPolicies, machines } = options
  const rules = { seed, policies, ...(machines === undefined ? {} : { machines: machinesGiven(machines) }) }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new WaymarkError('USAGE', {
      message: `${String(seed)} is no seed`,
      hint: 'a seed is a whole number from 0',
    })
  }
  const refused: string[] = []
  let last: PlayedBare | null = null
  for (const played of playedSteps(commands.map(stepOf), rules)) {
    if (last !== null && last.outcome.answer !== 'accepted') refused.push(last.outcome.reason ?? '')
    last = played
  }
  if (last === null) {
    throw new WaymarkError('USAGE', {
      message: 'there is no command to play',
      hint: 'a session begins with { type: "session.start" }',
    })
  }
  return { refused, before: last.before, state: last.after, outcome: last.outcome }
}

function stepOf(input: object): BareStep {
  const { time, ...fields } = { time: undefined, ...input }
  const { command } = parseSending(fields)
  if (time === undefined) return { command, time: null }
  const parsed = timeShape.safeParse(time)
  if (parsed.success) return { command, time: parsed.data }
  throw new WaymarkError('COMMAND_INVALID', {
    message: `${command.type}: time: not a time in UTC with milliseconds`,
    hint: 'write it as 2026-01-31T12:00:00.000Z',
  })
}
