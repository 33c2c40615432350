/**
 * Plays a script again under other rules: purely, into memory. No model, tool, hook, file or store is asked. Policies' commands of the record
 * are left out and asked for anew; ids and times come from the record. With nothing changed, the same events come out.
 */
import type { Refusal } from '../decide/decision.ts'
import type { Machines } from '../decide/machines.ts'
import type { Command } from '../events/commands.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import type { ConfigurationChange } from '../events/session.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { type Policy, standardPolicies } from '../session/policy.ts'
import { configured } from './configured.ts'
import { CountedCalls } from './counted-calls.ts'
import { areSameApartFromConfiguration, areSameEvents } from './same.ts'
import { eventsOfStep, lastVersionOf, type Script, type ScriptStep } from './script-step.ts'
import { type CommandPlayed, type PlayableCommand, playAlone, playCommand, takenOver } from './step.ts'
import { VersionMap } from './version-map.ts'

/** What is to be otherwise. What is left out stays as it was. */
export interface PlayRules {
  /** Machines that decide in place of Waymark's own. */
  readonly machines?: Machines
  /** Fields of the session's configuration, from its beginning on; commands of the script that set the same fields give way. */
  readonly configuration?: ConfigurationChange
  /** Size of the window, as if it had been stated at the beginning. */
  readonly windowTokens?: number
  /** What the session does of its own accord; the standard policies if left out. */
  readonly policies?: readonly Policy[]
  /** Steps that are left out, by the version of their command. */
  readonly skip?: ReadonlySet<number>
  /** Commands that stand in the place of others, by the version of those. */
  readonly edit?: ReadonlyMap<number, Command>
  /** Commands that come after a step, by the version of its command. */
  readonly insert?: ReadonlyMap<number, readonly Command[]>
}

/**
 * What became of a step: it was played, left out on request (`skipped`), left out because a configuration given here goes before it
 * (`gave-way`), taken over as recorded because it cannot be played (`taken-over`), or was not in the record (`inserted`).
 */
export type StepKind = 'played' | 'edited' | 'skipped' | 'gave-way' | 'taken-over' | 'inserted'

export interface PlayedStep {
  readonly kind: StepKind
  /** The step as recorded; of an inserted one, the step it comes after. */
  readonly step: ScriptStep
  /** The command as it was played; `null` where none was. */
  readonly command: Command | null
  readonly before: ReadonlyState
  readonly after: ReadonlyState
  /** All events: of policies before it, its own, and what followed. */
  readonly events: readonly LoggedEvent[]
  readonly ownEvents: readonly LoggedEvent[]
  readonly refusal: Refusal | null
  /** Its events are those of the record: types, data, times and ids. */
  readonly same: boolean
  /** The same, but for what a beginning says of the configuration. */
  readonly sameApartFromConfiguration: boolean
}

export interface Player {
  /** Plays a step, and what is to be inserted after it. */
  play(step: ScriptStep): readonly PlayedStep[]
  /** The state now. */
  readonly state: ReadonlyState
}

/** A player that stands at `start`; steps are given to it in their order. */
export function makePlayer(start: ReadonlyState, rules: PlayRules = {}): Player {
  return new StepPlayer(start, rules)
}

/**
 * Plays a whole script, step by step.
 *
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
 * await session.send({ type: 'task.start', taskId: 'A' })
 * const script = await scriptOf(waymark.log, session.id)
 * const played = [...playScript(script, { skip: new Set([session.state.version - 1]) })]
 * played.at(-1)?.refusal?.status // 'not there'
 * ```
 */
export function* playScript(
  { start, steps }: Pick<Script, 'start' | 'steps'>,
  rules: PlayRules = {},
): Generator<PlayedStep, ReadonlyState, undefined> {
  const player = makePlayer(start, rules)
  for (const step of steps) yield* player.play(step)
  return player.state
}

class StepPlayer implements Player {
  #state: ReadonlyState
  readonly #rules: PlayRules
  readonly #policies: readonly Policy[]
  readonly #calls = new CountedCalls()
  readonly #versions = new VersionMap()
  #isConfigured = false

  constructor(start: ReadonlyState, rules: PlayRules) {
    this.#state = start
    this.#rules = rules
    this.#policies = rules.policies ?? standardPolicies
  }

  get state(): ReadonlyState {
    return this.#state
  }

  play(step: ScriptStep): readonly PlayedStep[] {
    const played = this.#one(step)
    const inserted = this.#configureLater(step)
    for (const command of this.#rules.insert?.get(step.version) ?? []) inserted.push(command)
    const more = inserted.map((command, index) => this.#insert(step, command, index))
    this.#versions.note(lastVersionOf(step), this.#state.version)
    return [played, ...more]
  }

  #one(step: ScriptStep): PlayedStep {
    const { skip, edit } = this.#rules
    if (skip?.has(step.version) === true) return this.#passedOver(step, 'skipped')
    const edited = edit?.get(step.version)
    const given = edited ?? step.command
    if (given === null || (step.redacted && edited === undefined)) return this.#takenOver(step)
    const command = this.#fitted(given)
    if (command === null) return this.#passedOver(step, 'gave-way')
    // What was taken out of the record is not in what is played; its versions would be wrong ones.
    if (command.type === 'session.redact' && this.#versions.hasParted)
      return this.#passedOver(step, 'gave-way')
    return this.#finish(
      edited === undefined ? 'played' : 'edited',
      step,
      command,
      this.#playAs(step, command),
    )
  }

  /** The command under the configuration that is given, and with versions of this history. */
  #fitted(command: Command): Command | null {
    if (command.type === 'session.start') this.#isConfigured = true
    const fitting = configured(command, this.#rules)
    if (fitting?.type !== 'session.rewind') return fitting
    return { ...fitting, toVersion: this.#versions.playedAt(fitting.toVersion) }
  }

  #playAs(step: ScriptStep, command: Command): CommandPlayed {
    const own: PlayableCommand = { ...step, command }
    const before = this.#state
    if (step.policies !== 'others') {
      const rules = this.#stepRules(step.policies === 'asked' ? this.#policies : [])
      return playCommand(before, own, [...step.before, ...step.after], rules)
    }
    return this.#playAsRecorded(step, own)
  }

  /** What other policies asked for is played as it was asked; it stands with its cause. */
  #playAsRecorded(step: ScriptStep, own: PlayableCommand): CommandPlayed {
    const start = this.#state
    const rules = this.#stepRules([])
    let state = start
    const run = (commands: ScriptStep['before']): LoggedEvent[] =>
      commands.flatMap((recorded) => {
        const { command } = recorded
        if (command === null) return []
        const played = playAlone(state, { ...recorded, command }, rules)
        state = played.state
        return played.own
      })
    const before = run(step.before)
    const played = playAlone(state, own, rules)
    if (played.refusal !== null) return { ...played, state: start }
    state = played.state
    const after = played.own.length === 0 ? [] : run(step.after)
    return { before, own: played.own, after, state, refusal: null }
  }

  #stepRules(policies: readonly Policy[]) {
    const { machines } = this.#rules
    return { machines, policies, countedCall: this.#calls.answer.bind(this.#calls) }
  }

  /** A script that has no beginning of its own is configured after its first step: the fork, or whatever comes first. */
  #configureLater(step: ScriptStep): Command[] {
    const { configuration } = this.#rules
    if (this.#isConfigured || configuration === undefined) return []
    this.#isConfigured = true
    return step.command?.type === 'session.start' ? [] : [{ type: 'session.configure', configuration }]
  }

  #insert(step: ScriptStep, command: Command, index: number): PlayedStep {
    const own: PlayableCommand = {
      ...step,
      command,
      commandId: derivedIdOf(`${step.commandId}/what-if/${index}/${command.type}`),
      actor: 'user',
      causationId: null,
      events: [],
    }
    const policies = step.policies === 'silent' ? [] : this.#policies
    const played = playCommand(this.#state, own, [], this.#stepRules(policies))
    return this.#finish('inserted', step, command, played)
  }

  #finish(kind: StepKind, step: ScriptStep, command: Command | null, played: CommandPlayed): PlayedStep {
    const before = this.#state
    const events =
      played.before.length === 0 && played.after.length === 0
        ? played.own
        : [...played.before, ...played.own, ...played.after]
    const recorded = kind === 'inserted' ? [] : eventsOfStep(step)
    const same = areSameEvents(events, recorded)
    const sameApartFromConfiguration = same || areSameApartFromConfiguration(events, recorded)
    if (!sameApartFromConfiguration) this.#versions.part()
    this.#calls.note(events, recorded)
    this.#state = played.state
    const { own: ownEvents, refusal, state: after } = played
    return {
      kind,
      step,
      command,
      before,
      after,
      events,
      ownEvents,
      refusal,
      same,
      sameApartFromConfiguration,
    }
  }

  #passedOver(step: ScriptStep, kind: 'skipped' | 'gave-way'): PlayedStep {
    return this.#finish(kind, step, null, {
      before: [],
      own: [],
      after: [],
      state: this.#state,
      refusal: null,
    })
  }

  #takenOver(step: ScriptStep): PlayedStep {
    const { events, state } = takenOver(this.#state, eventsOfStep(step))
    return this.#finish('taken-over', step, null, {
      before: [],
      own: events,
      after: [],
      state,
      refusal: null,
    })
  }
}
