/** What would have been different: a session's commands played again under other rules, compared with what was recorded. */
import type { Command } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { streamOf } from '../replay/load.ts'
import type { Waymark } from '../session/waymark.ts'
import type { StateDiff } from '../views/state-diff.ts'
import { rulesOf, versionsNamed, type WhatIfChanges } from './asked-changes.ts'
import { checkChanges } from './changes-shape.ts'
import { Comparing, type Comparison, Telling, type Told } from './comparison.ts'
import { playedDiff } from './moved.ts'
import { makePlayer, type PlayedStep, type PlayRules } from './play.ts'
import { assertNoMachine, type OpenScript, openScript } from './script.ts'
import { lastVersionOf } from './script-step.ts'

export interface WhatIfOptions {
  /** Told how many versions of the record have been played. */
  readonly onProgress?: (played: number, newest: number) => void
  /** Ends it between two steps. */
  readonly signal?: AbortSignal
}

/** A command that a configuration given here goes before. */
export interface GaveWay {
  readonly version: number
  readonly command: string
  /** Fields of a configuration that are not taken from it. */
  readonly fields: readonly string[]
}

export interface WhatIf extends Comparison {
  readonly sessionId: string
  /** Version of the record after which was played: 0, or the point where a fork began. */
  readonly playedFrom: number
  /** Version of the record up to which was played. */
  readonly version: number
  /** Commands that were played, policies' not counted. */
  readonly commands: number
  /** Nothing came out otherwise: not one event, and no command was refused, inserted ones included. */
  readonly same: boolean
  readonly gaveWay: Told<GaveWay>
  /** Steps that were not decided anew but taken over from the record, by the reason. */
  readonly takenOver: Readonly<Record<TakenOverReason, number>>
  readonly state: { readonly recorded: ReadonlyState; readonly played: ReadonlyState }
  /** From the recorded state to the played one. */
  readonly diff: StateDiff
}

/**
 * Why a step says what the record says, though the histories have parted: its type is not known (`unknown`), other policies asked for it
 * (`policies`), something was taken out of it since (`redaction`), or what it brings was worked out from the recorded history: by a rewind, a merge, a recovery or a handoff.
 */
export type TakenOverReason =
  | 'unknown'
  | 'policies'
  | 'redaction'
  | 'rewind'
  | 'merge'
  | 'recovery'
  | 'handoff'

/** What a what-if plays: the rules, and the script from where it has to begin. */
export interface Prepared {
  readonly log: EventLog
  readonly sessionId: string
  readonly rules: PlayRules
  readonly open: () => Promise<OpenScript>
}

/**
 * Plays the commands of a session again under other rules, in memory, and says what would have been different. No model and no tool is called,
 * and nothing is written. A fork is played from the point where it began, and with what it inherited when a change lies there.
 *
 * @throws SessionNotFound, DamagedRecord, WaymarkError `SESSION_AMBIGUOUS`, `VERSION_NOT_FOUND`, `USAGE`, `COMMAND_INVALID`,
 * `CONFIGURATION_INVALID` when the session could not have begun so, `UNKNOWN_EVENT`
 *
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
 * await session.send({ type: 'task.start', taskId: 'A' })
 * const { version } = session.state
 * const { refused } = await whatIf(waymark, session.id, { skip: [version - 1] })
 * refused.listed.map(({ command, status }) => `${command}: ${status}`) // ['task.start: not there']
 * ```
 */
export async function whatIf(
  waymark: Waymark,
  name: string,
  changes: WhatIfChanges,
  options: WhatIfOptions = {},
): Promise<WhatIf> {
  return compared(await prepare(waymark, name, changes), options)
}

/** Finds out where a what-if has to begin, and which commands it changes. */
export async function prepare(waymark: Waymark, name: string, changes: WhatIfChanges): Promise<Prepared> {
  checkChanges(changes)
  const { log } = waymark
  const sessionId = await waymark.resolve(name)
  const { forkedFrom, summary } = await streamOf(log, sessionId)
  assertNoMachine(sessionId, summary)
  const inherited = forkedFrom?.version ?? 0
  const isInherited = [...versionsNamed(changes)].some((version) => version <= inherited)
  const after = isInherited ? 0 : inherited
  const { policies } = waymark.environment
  const open = (): Promise<OpenScript> => openScript(log, sessionId, { after, policies })
  return { log, sessionId, rules: await rulesOf(await open(), { policies, ...changes }), open }
}

/** Plays and compares. */
async function compared({ rules, open }: Prepared, { onProgress, signal }: WhatIfOptions): Promise<WhatIf> {
  const script = await open()
  const player = makePlayer(script.start, rules)
  const comparing = new Comparing()
  const gaveWay = new Telling<GaveWay>()
  const takenOver = { unknown: 0, policies: 0, redaction: 0, rewind: 0, merge: 0, recovery: 0, handoff: 0 }
  let recorded = script.start
  let { version } = script.start
  let [same, hasParted, commands] = [true, false, 0]
  for await (const { step, after } of script.steps) {
    signal?.throwIfAborted()
    for (const played of player.play(step)) {
      checkBeginning(played)
      comparing.add(played)
      same &&= played.same && played.refusal === null
      hasParted ||= !played.sameApartFromConfiguration
      if (played.command !== null) commands += 1
      gaveWay.addAll(gaveWayAt(played, rules))
      const reason = hasParted ? takenOverReason(played) : null
      if (reason !== null) takenOver[reason] += 1
    }
    recorded = after
    version = lastVersionOf(step)
    onProgress?.(version, script.newest)
  }
  return {
    sessionId: script.sessionId,
    playedFrom: script.start.version,
    version,
    commands,
    same,
    ...comparing.result(),
    gaveWay: gaveWay.told,
    takenOver,
    state: { recorded, played: player.state },
    diff: playedDiff(recorded, player.state),
  }
}

/** A session that could not have begun under these rules has no history to tell of. */
export function checkBeginning({ command, kind, refusal, step }: PlayedStep): void {
  if (refusal === null || command === null) return
  const isConfigured =
    kind === 'inserted' && step.command?.type === 'session.fork' && command.type === 'session.configure'
  // A beginning that is inserted is one command too many, and is refused like any other.
  const isBeginning = kind !== 'inserted' && command.type === 'session.start'
  if (!isConfigured && !isBeginning) return
  throw new WaymarkError('CONFIGURATION_INVALID', {
    message: `the session could not have begun so: ${refusal.reason}`,
    hint: refusal.accepted[0] ?? 'change what is given; docs/configuration.md says what fits together',
    details: { ...refusal },
  })
}

function gaveWayAt({ kind, step }: PlayedStep, { configuration, edit }: PlayRules): readonly GaveWay[] {
  const { version } = step
  const command = edit?.get(version) ?? step.command
  if (kind === 'inserted' || kind === 'skipped' || command === null) return []
  if (command.type === 'session.redact' && kind === 'gave-way') {
    return [{ version, command: command.type, fields: [] }]
  }
  if (configuration === undefined) return []
  const fields = fieldsSet(command, step.command).filter((field) => Object.hasOwn(configuration, field))
  return fields.length === 0 ? [] : [{ version, command: command.type, fields }]
}

/** The fields of a configuration that a command sets after the beginning, or that an edit sets at the beginning. */
function fieldsSet(command: Command, recorded: Command | null): readonly string[] {
  if (command.type === 'session.configure') return Object.keys(command.configuration)
  if (command.type !== 'session.start' || recorded?.type !== 'session.start') return []
  const before = Object(recorded.configuration)
  return Object.entries(command.configuration ?? {}).flatMap(([field, value]) =>
    Reflect.get(before, field) === value ? [] : [field],
  )
}

const workedOut: Readonly<Record<string, TakenOverReason>> = {
  'session.rewind': 'rewind',
  'session.merge': 'merge',
  'recovery.begin': 'recovery',
  'recovery.record-step': 'recovery',
  'session.recover': 'recovery',
  'session.hand-off': 'handoff',
}

/** Why a step after the parting says what the record says; `null` for one that was decided like any other. */
function takenOverReason({ kind, step, command }: PlayedStep): TakenOverReason | null {
  if (kind === 'taken-over') return step.redacted ? 'redaction' : 'unknown'
  if (kind !== 'played' || command === null) return null
  if (step.actor.startsWith('merge:')) return 'merge'
  const reason = workedOut[command.type]
  if (reason !== undefined) return reason
  return step.policies === 'others' ? 'policies' : null
}
