/**
 * A what-if as a fork: it begins at the last version before the first difference, and what was played from there on is recorded in it, in the
 * ordinary way. The session itself stays as it is.
 */
import { commandOf, type DecidedEvent } from '../events/catalogue.ts'
import type { Command } from '../events/commands.ts'
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { CommandRefused, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { LogTransaction } from '../log/port.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import { forkSession } from '../session/fork.ts'
import { type RecordEnvironment, type RecordRequest, record } from '../session/record.ts'
import type { Waymark } from '../session/waymark.ts'
import type { WhatIfChanges } from './asked-changes.ts'
import { checkChanges } from './changes-shape.ts'
import { Telling, type Told } from './comparison.ts'
import { makePlayer, type PlayedStep, type PlayRules } from './play.ts'
import { firstVersionOf, lastVersionOf } from './script-step.ts'
import { checkBeginning, prepare, type WhatIfOptions } from './what-if.ts'

export interface SaveOptions extends WhatIfOptions {
  /** Title of the fork; says what it is if left out. */
  readonly title?: string
}

/** A played command that the fork did not accept: it differs from what was played in what a fork always differs in. */
export interface LeftOut {
  /** Version of the record. */
  readonly version: number
  readonly command: string
  readonly reason: string
}

export interface SavedFork {
  readonly sessionId: string
  readonly parentSessionId: string
  /** The last version that both share. */
  readonly forkedAt: number
  readonly version: number
  /** Commands recorded in the fork after its beginning. */
  readonly commands: number
  readonly leftOut: Told<LeftOut>
}

/**
 * Plays as {@link whatIf} does, and records what was played, from the first difference on, in a fork of the session. Its calls were counted in
 * the session and are not counted again; tasks that the fork interrupts are restored at once. It takes no place among the sessions that are being
 * written, and leaves nothing to close.
 *
 * @throws as {@link whatIf}; WaymarkError `USAGE` when nothing differs, when it differs from the very beginning, or with other machines than
 * those that a home records with; `STORE_BUSY`
 *
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
 * const { version } = session.state
 * const fork = await saveWhatIf(waymark, session.id, { edit: [{ version, fields: { title: 'Log out' } }] })
 * const played = await waymark.openSession(fork.sessionId)
 * played.state.tasks['A']?.title // 'Log out'
 * ```
 */
export async function saveWhatIf(
  waymark: Waymark,
  name: string,
  changes: WhatIfChanges,
  options: SaveOptions = {},
): Promise<SavedFork> {
  checkChanges(changes)
  if (changes.machines !== undefined) throw otherMachines()
  const { rules, open, sessionId } = await prepare(waymark, name, changes)
  const script = await open()
  const player = makePlayer(script.start, rules)
  let recording: Recording | null = null
  const refused: string[] = []
  for await (const { step } of script.steps) {
    options.signal?.throwIfAborted()
    for (const played of player.play(step)) {
      checkBeginning(played)
      if (recording === null && played.refusal !== null) refused.push(played.refusal.reason)
      if (recording === null && !played.sameApartFromConfiguration) {
        recording = await begin(waymark, sessionId, played, rules, options)
      }
      await recording?.add(played)
    }
    options.onProgress?.(step.lastVersion, script.newest)
  }
  if (recording === null) throw nothingDiffers(sessionId, refused)
  return recording.end()
}

async function begin(
  waymark: Waymark,
  parentSessionId: string,
  { step, kind, command: first }: PlayedStep,
  { configuration }: PlayRules,
  { title }: SaveOptions,
): Promise<Recording> {
  const at = kind === 'inserted' ? lastVersionOf(step) : firstVersionOf(step) - 1
  if (at < 1) throw fromTheBeginning(parentSessionId)
  const time = step.time ?? step.recordedAt
  const { log, environment } = waymark
  // Nobody goes on writing in it: it takes no place among the sessions that are being written.
  const host = { log, environment, writers: null, appended: (id: string) => waymark.appended(id) }
  const state = await forkSession(host, parentSessionId, {
    at,
    title: title ?? `what if: ${parentSessionId} from version ${at} on`,
    time,
  })
  const switched = Object.values(state.tasks).filter(
    ({ switchCause, status }) => status === 'context_switch' && switchCause === 'fork',
  )
  const recording = new Recording(waymark, parentSessionId, state)
  const detail = `played again from version ${at} of ${parentSessionId} with other rules`
  const own: Command[] = [{ type: 'observation.record', kind: 'what-if', detail }]
  const isFirst = kind === 'inserted' && first?.type === 'session.configure'
  if (configuration !== undefined && !isFirst) own.push({ type: 'session.configure', configuration })
  if (switched.length > 0) own.push({ type: 'task.restore-context', taskIds: switched.map(({ id }) => id) })
  for (const command of own) await recording.send({ command, meta: { time }, version: at })
  return recording
}

/** A command for the fork, and the version of the record that it comes from. */
type Pending = Required<Pick<RecordRequest, 'command' | 'meta'>> & { readonly version: number }

/** Records commands in the fork, many at a time. */
class Recording {
  readonly #waymark: Waymark
  readonly #environment: RecordEnvironment
  readonly #parentSessionId: string
  readonly #leftOut = new Telling<LeftOut>()
  #state: ReadonlyState
  #pending: Pending[] = []
  #commands = 0

  constructor(waymark: Waymark, parentSessionId: string, state: ReadonlyState) {
    this.#waymark = waymark
    // What policies ask for is among what was played.
    this.#environment = { ...waymark.environment, policies: [] }
    this.#parentSessionId = parentSessionId
    this.#state = state
  }

  /** The batches of a played step, policies' ones included, each as the command that leads to it. */
  async add({ step, events, command: own }: PlayedStep): Promise<void> {
    if (own?.type === 'session.start' || own?.type === 'session.fork' || own?.type === 'session.redact')
      return
    const ids = new Map<string, string>()
    for (const batch of batchesOf(events)) {
      const [first] = batch
      const command = first === undefined || !isKnown(first) ? null : commandOf(first as DecidedEvent)
      if (first === undefined || command === null) {
        this.#leftOut.add({
          version: step.version,
          command: first?.type ?? '',
          reason: 'its type is not known here',
        })
        continue
      }
      const commandId = this.#idOf(first.commandId, step.commandId, first.actor)
      ids.set(first.commandId, commandId)
      const { time, actor, correlationId } = first
      const meta = { commandId, time, actor, ...(correlationId === null ? {} : { correlationId }) }
      await this.send({ command: countedElsewhere(command), meta, version: step.version })
    }
  }

  async end(): Promise<SavedFork> {
    await this.#flush()
    const { sessionId, version, forkedAt } = this.#state
    this.#waymark.appended(sessionId)
    return {
      sessionId,
      parentSessionId: this.#parentSessionId,
      forkedAt: forkedAt ?? 0,
      version,
      commands: this.#commands,
      leftOut: this.#leftOut.told,
    }
  }

  /** Ids of their own: a command id is there once in a home's history. */
  #idOf(commandId: string, stepId: string, actor: string): string {
    const own = derivedIdOf(`${this.#state.sessionId}/what-if/${stepId}`)
    if (commandId === stepId || !actor.startsWith('policy:')) {
      return derivedIdOf(`${this.#state.sessionId}/what-if/${commandId}`)
    }
    return policyIdUnder(own, commandId, stepId, actor.slice('policy:'.length))
  }

  async send(pending: Pending): Promise<void> {
    this.#pending.push(pending)
    if (this.#pending.length >= limits.commandsPerTransactionMax) await this.#flush()
  }

  async #flush(): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    if (pending.length === 0) return
    const recorded = await this.#waymark.log.transact((transaction) => this.#recordAll(transaction, pending))
    this.#state = recorded.state
    this.#commands += recorded.commands
    this.#leftOut.addAll(recorded.leftOut)
  }

  /** May be run again after a conflict, so it changes nothing here. */
  #recordAll(transaction: LogTransaction, pending: readonly Pending[]) {
    let [state, commands] = [this.#state, 0]
    const leftOut: LeftOut[] = []
    for (const { command, meta, version } of pending) {
      try {
        const request = { sessionId: state.sessionId, command, meta }
        const recorded = record(transaction, state, request, this.#environment)
        state = recorded.state
        if (recorded.events.length > 0) commands += 1
      } catch (error) {
        if (!(error instanceof CommandRefused)) throw error
        leftOut.push({ version, command: command.type, reason: error.message })
      }
    }
    takeKeyframeIfDue(transaction, state)
    return { state, commands, leftOut }
  }
}

/** The id of a policy's command under its cause in the fork, so that it is known as one: the same key below another command. */
function policyIdUnder(own: string, commandId: string, stepId: string, name: string): string {
  for (let index = 0; index < limits.policyCommandsMax; index++) {
    for (const key of [String(index), `before/${index}`]) {
      if (derivedIdOf(`${stepId}/policy/${name}/${key}`) === commandId) {
        return derivedIdOf(`${own}/policy/${name}/${key}`)
      }
    }
  }
  return derivedIdOf(`${own}/${commandId}`)
}

function batchesOf(events: readonly LoggedEvent[]): readonly (readonly LoggedEvent[])[] {
  const batches = new Map<string, LoggedEvent[]>()
  for (const event of events) {
    const batch = batches.get(event.commandId)
    if (batch === undefined) batches.set(event.commandId, [event])
    else batch.push(event)
  }
  return [...batches.values()]
}

/** Each token is counted once: the session itself has counted these calls. */
function countedElsewhere(command: Command): Command {
  return command.type === 'usage.record' ? { ...command, countedOnceIn: 'home' } : command
}

function otherMachines(): WaymarkError {
  return new WaymarkError('USAGE', {
    message:
      'what other machines decide cannot be saved: a home decides by its own, and the fork would not follow from them',
    hint: 'look at what would have been different without saving it',
  })
}

/** Why there is no fork to make. `refused` are the reasons for which inserted commands were refused. */
export function nothingDiffers(sessionId: string, refused: readonly string[]): WaymarkError {
  const [reason] = refused
  return new WaymarkError('USAGE', {
    message:
      reason === undefined
        ? 'there is nothing to save: what was played is the same as what was recorded'
        : `there is nothing to save: what was inserted is refused, and the rest is as recorded: ${reason}`,
    hint:
      reason === undefined
        ? 'waymark fork makes a fork without changes'
        : 'insert a command that is accepted there; without --save all refusals are listed',
    details: { sessionId },
  })
}

function fromTheBeginning(sessionId: string): WaymarkError {
  return new WaymarkError('USAGE', {
    message: 'it differs from the very beginning: there is no version that a fork could share',
    hint: 'begin a session with what is to be otherwise (waymark new)',
    details: { sessionId },
  })
}
