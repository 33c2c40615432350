/** What a what-if is asked to change, taken in with care. */
import type { Machines } from '../decide/machines.ts'
import { type GivenMachines, machinesGiven } from '../decide/machines-given.ts'
import { type Command, parseCommand } from '../events/commands.ts'
import type { ConfigurationChange } from '../events/session.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { Policy } from '../session/policy.ts'
import type { PlayRules } from './play.ts'
import type { OpenScript } from './script.ts'
import { firstVersionOf, lastVersionOf, type ScriptCommand, type ScriptStep } from './script-step.ts'

/** Fields for the command at a version, or a whole command that comes after it. */
export interface CommandChange {
  /** A version of the command's batch. */
  readonly version: number
  readonly fields: Readonly<Record<string, unknown>>
}

/** What is to be otherwise. What is left out stays as it was. */
export interface WhatIfChanges {
  /** Fields of the session's configuration, as if they had been set at its beginning. */
  readonly configuration?: ConfigurationChange
  /** Size of the window in tokens, as if it had been stated at the beginning. */
  readonly windowTokens?: number
  /** Machines that decide in place of Waymark's own: as `machinesFrom` makes them, or XState machines by name. */
  readonly machines?: Machines | GivenMachines
  /** What the session does of its own accord; what the home does if left out. */
  readonly policies?: readonly Policy[]
  /** Versions whose commands are left out. */
  readonly skip?: readonly number[]
  /** Commands with other fields. */
  readonly edit?: readonly CommandChange[]
  /** Commands that come after others. */
  readonly insert?: readonly CommandChange[]
}

/** Versions that changes name; their number is bounded. @throws WaymarkError `USAGE` */
export function versionsNamed({ skip = [], edit = [], insert = [] }: WhatIfChanges): ReadonlySet<number> {
  const count = skip.length + edit.length + insert.length
  if (count > limits.whatIfChangesMax) {
    throw new WaymarkError('USAGE', {
      message: `${count} changes are more than the ${limits.whatIfChangesMax} that are played at a time`,
      hint: 'name fewer versions, or fork the session before them',
    })
  }
  return new Set([...skip, ...[...edit, ...insert].map(({ version }) => version)])
}

/**
 * Rules for a player, from changes. The script is read once to find the commands at the versions that are named.
 *
 * @throws WaymarkError `VERSION_NOT_FOUND` for a version that is not there; `USAGE` for one of a policy's batch, of the beginning, or
 * named twice; `COMMAND_INVALID` for what is no command
 */
export async function rulesOf(script: OpenScript, changes: WhatIfChanges): Promise<PlayRules> {
  const { skip: skips, edit: edits, insert: inserts, machines, ...rules } = changes
  const named = versionsNamed(changes)
  const found = named.size === 0 ? new Map<number, ScriptStep>() : await stepsAt(script, named)
  const skip = skipped(skips ?? [], found, script)
  const edit = new Map<number, Command>()
  for (const change of edits ?? []) {
    const step = stepAt(found, change.version, script)
    if (edit.has(step.version) || skip.has(step.version)) throw twice(change.version)
    edit.set(step.version, edited(step, change))
  }
  const insert = new Map<number, readonly Command[]>()
  for (const change of inserts ?? []) {
    const step = stepAt(found, change.version, script)
    insert.set(step.version, [...(insert.get(step.version) ?? []), inserted(change)])
  }
  const deciding = machines === undefined ? {} : { machines: machinesGiven(machines) }
  return { ...rules, ...deciding, skip, edit, insert }
}

/** The commands that are left out. A range may hold what policies asked for because of them: that goes with them. */
function skipped(
  versions: readonly number[],
  found: ReadonlyMap<number, ScriptStep>,
  script: OpenScript,
): ReadonlySet<number> {
  const own = new Set<number>()
  for (const version of versions) {
    const step = found.get(version)
    if (step !== undefined && version >= step.version && version <= step.lastVersion) own.add(step.version)
  }
  for (const version of versions) {
    const step = found.get(version)
    if (step === undefined || !own.has(step.version)) stepAt(found, version, script)
    if (step?.command?.type === 'session.start' || step?.command?.type === 'session.fork')
      throw begins(version, step.command.type)
  }
  return own
}

/** The steps that hold the named versions, by those versions. */
async function stepsAt(
  { steps }: OpenScript,
  named: ReadonlySet<number>,
): Promise<ReadonlyMap<number, ScriptStep>> {
  const found = new Map<number, ScriptStep>()
  const newest = Math.max(...named)
  for await (const { step } of steps) {
    if (firstVersionOf(step) > newest) break
    for (let version = firstVersionOf(step); version <= lastVersionOf(step); version++) {
      if (named.has(version)) found.set(version, step)
    }
  }
  return found
}

function stepAt(found: ReadonlyMap<number, ScriptStep>, version: number, script: OpenScript): ScriptStep {
  const step = found.get(version)
  if (step === undefined) {
    throw new WaymarkError('VERSION_NOT_FOUND', {
      message: `session ${script.sessionId} has no version ${version}`,
      hint: `its versions are 1 to ${script.newest}; waymark log shows them`,
      details: { sessionId: script.sessionId, version, newest: script.newest },
    })
  }
  if (version < step.version || version > step.lastVersion) throw ofPolicy(version, step)
  if (step.command !== null) return step
  throw new WaymarkError('USAGE', {
    message: `version ${version} is an event of a type that this version of Waymark does not know`,
    hint: 'name another version; what is not known is taken over as recorded',
    details: { version },
  })
}

function ofPolicy(version: number, step: ScriptStep): WaymarkError {
  const holds = ({ version: first, lastVersion }: ScriptCommand): boolean =>
    version >= first && version <= lastVersion
  const name = [...step.before, ...step.after].find(holds)?.policy ?? 'of the session'
  return new WaymarkError('USAGE', {
    message: `version ${version} was asked for by policy ${name}, because of the command at version ${step.version}`,
    hint: `name version ${step.version}; what policies ask for is asked again when it is played`,
    details: { version, policy: name, causedBy: step.version },
  })
}

function begins(version: number, type: 'session.start' | 'session.fork'): WaymarkError {
  const fields = type === 'session.start' ? '{"model":"claude-opus-4-5"}' : '{"title":"Log in by mail"}'
  return new WaymarkError('USAGE', {
    message: `version ${version} is where the session begins: without it there is none`,
    hint: `edit it instead: --edit ${version} '${fields}'`,
    details: { version },
  })
}

function twice(version: number): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `the command at version ${version} is to be changed in two ways`,
    hint: 'name each command once, with all the fields that are to be others',
    details: { version },
  })
}

function edited({ command }: ScriptStep, { version, fields }: CommandChange): Command {
  return asCommand({ ...command, ...fields }, `the command at version ${version}, edited,`)
}

function inserted({ version, fields }: CommandChange): Command {
  return asCommand(fields, `what is to come after version ${version}`)
}

function asCommand(value: unknown, what: string): Command {
  try {
    return parseCommand(value)
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    throw new WaymarkError('COMMAND_INVALID', {
      message: `${what} is no command: ${error.message}`,
      hint: error.hint ?? 'docs/events.md lists the commands with their fields',
      details: error.details,
      cause: error,
    })
  }
}
