/**
 * Going on in a fresh session: with a fresh budget, linked to the old one and to the version it goes on from. It reads the old
 * session and appends nothing to it, so it also helps where that is damaged, or stuck in a recovery.
 */
import type { LoadedSettings } from '../configuration/load.ts'
import type { Command } from '../events/commands.ts'
import { type ConfigurationChange, standardConfiguration } from '../events/session.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import type { RowProblem } from '../log/chain.ts'
import { loadState } from '../replay/load.ts'
import { planRecovery, type Recovery } from '../replay/recover.ts'
import { callLines, continuationLines } from '../views/continuation.ts'
import { type OpenItem, openItems } from '../views/open-items.ts'
import { beginSession, historyOf } from './begin.ts'
import { startCommand } from './begin-options.ts'
import type { SessionHost } from './host.ts'
import { findCheckpoint } from './recover-checkpoint.ts'

export interface AfreshOptions {
  /** The checkpoint (its id, or a unique prefix of it) or the version to go on from; the newest version if left out. */
  readonly from?: string | number
  /** Go on from the newest sound version of a damaged session, too. */
  readonly emergency?: boolean
  readonly model?: string
  readonly windowTokens?: number
  readonly title?: string
}

export interface AfreshReport {
  /** The fresh session, and the version it is at. */
  readonly sessionId: string
  readonly version: number
  readonly continuesSessionId: string
  readonly continuesVersion: number
  /** The checkpoint it goes on from, if one was named. */
  readonly checkpointId: string | null
  /** What is damaged in the old session; what comes after it is not taken over. */
  readonly damage: RowProblem | null
  /** What was going on in the old session at that version. */
  readonly open: readonly OpenItem[]
  readonly broughtTasks: number
  readonly broughtItems: number
  /** How to go on, most important first. */
  readonly plan: readonly string[]
}

interface Source {
  readonly state: ReadonlyState
  readonly checkpointId: string | null
  readonly damage: RowProblem | null
}

/**
 * Begins a session that goes on where another one stood, with its open tasks.
 *
 * @throws DamagedRecord when the old session is damaged and this is no emergency; WaymarkError `VERSION_NOT_FOUND`, `USAGE`,
 * `LIMIT_REACHED`
 */
export async function startAfresh(
  host: SessionHost,
  loaded: LoadedSettings | null,
  sessionId: string,
  options: AfreshOptions,
): Promise<{ readonly state: ReadonlyState; readonly report: AfreshReport }> {
  const { state: old, checkpointId, damage } = await sourceOf(host, sessionId, options)
  const command = startCommand(startOptions(old, options), host.settings, loaded)
  const preservation = command.configuration?.contextPreservation ?? host.settings.contextPreservation
  const history = await historyOf(host.log, command, { preservation, tasks: 'open' })
  const state = await beginSession(host, command, history)
  const report = {
    sessionId: state.sessionId,
    version: state.version,
    continuesSessionId: sessionId,
    continuesVersion: old.version,
    checkpointId,
    damage,
    open: openItems(old),
    broughtTasks: Object.keys(state.tasks).length,
    broughtItems: Object.keys(state.context.items).length,
    plan: [...continuationLines(state), ...callLines(old)],
  }
  return { state, report }
}

async function sourceOf(
  { log }: SessionHost,
  sessionId: string,
  { from, emergency = false }: AfreshOptions,
): Promise<Source> {
  const found = await planRecovery(log, sessionId)
  const { damage } = found
  if (from === undefined) {
    if (damage !== null && !emergency) throw damaged(found)
    if (found.version === 0) throw unsound(found, 1)
    return { state: found.state, checkpointId: null, damage }
  }
  const chosen = typeof from === 'number' ? null : await findCheckpoint(log, found.state, from)
  const version = chosen?.version ?? Number(from)
  if (version < 1 || version > found.version) throw unsound(found, version)
  const { state } = await loadState(log, sessionId, version)
  return { state, checkpointId: chosen?.id ?? null, damage }
}

function damaged({ sessionId, version, damage }: Recovery): WaymarkError {
  return new DamagedRecord({
    message: `session ${sessionId} is damaged from version ${damage?.version ?? version + 1} on`,
    hint: `recover --emergency goes on from version ${version}, the newest sound one; verify locates all damage`,
    details: { sessionId, version: damage?.version ?? version + 1 },
  })
}

function unsound({ sessionId, version: newest, damage }: Recovery, version: number): WaymarkError {
  const what = damage === null ? 'has no' : 'has no sound'
  return new WaymarkError('VERSION_NOT_FOUND', {
    message: `session ${sessionId} ${what} version ${version} to go on from`,
    hint:
      newest === 0
        ? 'waymark new begins another one'
        : `its ${damage === null ? '' : 'sound '}versions are 1 to ${newest}`,
    details: { sessionId, version, newest },
  })
}

/** What the fresh session takes from the old one by itself: model, window, place, and what was configured for it. */
function startOptions(old: ReadonlyState, options: AfreshOptions): Omit<Command<'session.start'>, 'type'> {
  const { model = old.model, title = old.title, windowTokens = statedWindow(old, options) } = options
  return {
    continuesSessionId: old.sessionId,
    continuesVersion: old.version,
    ...(model === null ? {} : { model }),
    ...(title === null ? {} : { title }),
    ...(windowTokens === null ? {} : { windowTokens }),
    ...(old.cwd === null ? {} : { cwd: old.cwd }),
    ...(old.holder === null ? {} : { agent: old.holder }),
    configuration: configuredIn(old),
  }
}

/** A window that somebody stated is that of the model it was stated for. */
function statedWindow({ window, model }: ReadonlyState, options: AfreshOptions): number | null {
  const isSameModel = options.model === undefined || options.model === model
  const isStated = window.totalSource === 'stated' || window.totalSource === 'configured'
  return isSameModel && isStated ? window.totalTokens : null
}

function configuredIn({ configuration }: ReadonlyState): ConfigurationChange {
  const standard: Readonly<Record<string, unknown>> = standardConfiguration
  return Object.fromEntries(Object.entries(configuration).filter(([name, value]) => value !== standard[name]))
}
