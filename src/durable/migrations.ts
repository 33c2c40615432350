/** From the version of a machine that recorded a state to the version at hand. */
import type { StateValue } from 'xstate'
import { plainOf } from '../decide/durable/json.ts'
import type { DurableMachine } from '../decide/durable/port.ts'
import type { Command } from '../events/commands.ts'
import type { TimerPolicy, UnknownEventPolicy } from '../events/machine.ts'
import type { RecordedMachine } from '../fold/state.ts'
import { VersionConflict, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { Session } from '../session/session.ts'
import { textOf } from '../session/warning.ts'
import { machineOf } from './machine-commands.ts'

/**
 * Brings a stream's machine to the one at hand. What is sent meanwhile by a process with the older one is not lost: the migration is made of the very
 * state that it is recorded after.
 *
 * @throws WaymarkError `MACHINE_MISMATCH`, `MACHINE_INVALID`, `MACHINE_FAILED` when a migration throws
 */
export async function bringUp(
  session: Session,
  machine: DurableMachine,
  migrations: Migrations,
  settings: MachineSettings,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const { version } = session
    const state = machineOf(session.state)
    const migration = migrationTo(machine, state, migrations, settings)
    const { snapshot = state.snapshot } = migration ?? {}
    // A machine that does not have the state is told of before anything is recorded with it.
    machine.snapshotOf({ ...state, snapshot })
    if (migration === null) return
    try {
      await session.send(migration, { expectedVersion: version })
      return
    } catch (error) {
      if (!(error instanceof VersionConflict) || attempt >= limits.machineMigrationsMax) throw error
      await session.refresh()
    }
  }
}

/** What a machine's state is recorded as: its state value, its context, and what else XState persists. */
export interface MigratedSnapshot {
  readonly value: StateValue
  readonly context: unknown
  readonly [other: string]: unknown
}

/** How a state of one version becomes one of the next. */
export interface Migration {
  /** The version that it leads to. */
  readonly to: string
  /** The new state; the old one if left out. Not to be changed in place. */
  readonly snapshot?: (before: MigratedSnapshot) => MigratedSnapshot
}

/** Migrations by the version they begin at; `''` for a machine that said none. */
export type Migrations = Readonly<Record<string, Migration>>

export interface MachineSettings {
  readonly unknownEvents?: UnknownEventPolicy
  readonly timerPolicy?: TimerPolicy
}

/**
 * The command that brings a recorded state to the machine at hand; `null` when it is there already.
 *
 * @throws WaymarkError `MACHINE_MISMATCH` when another machine recorded it, or no migrations lead to this version
 */
function migrationTo(
  machine: DurableMachine,
  state: RecordedMachine,
  migrations: Migrations,
  settings: MachineSettings,
): Command<'machine.migrate'> | null {
  if (state.machineId !== machine.machineId) {
    throw mismatch(
      state,
      machine,
      'is not the machine that recorded it',
      'open it with the machine it was started with',
    )
  }
  const changed = changedSettings(state, settings)
  const isSame = state.machineVersion === machine.machineVersion && state.machineHash === machine.machineHash
  if (isSame && changed === null) return null
  const { machineId, machineVersion, machineHash } = machine
  const snapshot = state.machineVersion === machineVersion ? null : migrated(machine, state, migrations)
  return {
    type: 'machine.migrate',
    machineId,
    machineVersion,
    machineHash,
    fromVersion: state.machineVersion,
    ...(snapshot === null ? {} : { snapshot }),
    ...changed,
  }
}

function changedSettings(state: RecordedMachine, settings: MachineSettings): MachineSettings | null {
  const { unknownEvents, timerPolicy } = settings
  const changed: MachineSettings = {
    ...(unknownEvents === undefined || unknownEvents === state.unknownEvents ? {} : { unknownEvents }),
    ...(timerPolicy === undefined || timerPolicy === state.timerPolicy ? {} : { timerPolicy }),
  }
  return Object.keys(changed).length === 0 ? null : changed
}

/** Goes from version to version until it is there. */
function migrated(
  machine: DurableMachine,
  state: RecordedMachine,
  migrations: Migrations,
): NonNullable<Command<'machine.migrate'>['snapshot']> {
  const wanted = machine.machineVersion ?? ''
  let version = state.machineVersion ?? ''
  // A recorded snapshot has its value and its context.
  let snapshot = structuredClone(state.snapshot) as unknown as MigratedSnapshot
  for (let steps = 0; version !== wanted; steps++) {
    const migration = Object.hasOwn(migrations, version) ? migrations[version] : undefined
    if (migration === undefined || steps >= limits.machineMigrationsMax) {
      const hint = `give durable() a migration that begins at "${version}", or the machine of version "${state.machineVersion ?? ''}"`
      throw mismatch(
        state,
        machine,
        `is version "${wanted}", and no migration leads there from "${version}"`,
        hint,
      )
    }
    if (migration.snapshot !== undefined) snapshot = made(machine, version, migration.snapshot, snapshot)
    version = migration.to
  }
  // It is JSON: each migration's answer was looked at.
  return snapshot as unknown as NonNullable<Command<'machine.migrate'>['snapshot']>
}

/** What a migration makes of a state, as JSON. */
function made(
  { machineId }: DurableMachine,
  from: string,
  migrate: NonNullable<Migration['snapshot']>,
  before: MigratedSnapshot,
): MigratedSnapshot {
  const what = `the migration of machine ${machineId} from version "${from}"`
  let after: unknown
  try {
    after = migrate(before)
  } catch (error) {
    throw new WaymarkError('MACHINE_FAILED', {
      message: `${what} threw: ${textOf(error)}`,
      hint: 'it answers with the new state for any state of that version; nothing was recorded',
      cause: error,
    })
  }
  const plain = plainOf(after ?? null, `what ${what} made`)
  const isSnapshot = typeof plain === 'object' && plain !== null && 'value' in plain && 'context' in plain
  // It has the two parts that were just looked for.
  if (isSnapshot) return plain as unknown as MigratedSnapshot
  throw new WaymarkError('MACHINE_INVALID', {
    message: `${what} answered ${after === undefined ? 'nothing' : 'no state'}: value and context are missing`,
    hint: 'let it return { ...before, value, context }',
  })
}

function mismatch(state: RecordedMachine, machine: DurableMachine, what: string, hint: string): WaymarkError {
  const { machineId, machineVersion } = state
  return new WaymarkError('MACHINE_MISMATCH', {
    message: `the state was recorded by machine ${machineId}${machineVersion === null ? '' : ` version ${machineVersion}`}; ${machine.machineId} ${what}`,
    hint,
    details: {
      recorded: { machineId, machineVersion },
      given: { machineId: machine.machineId, machineVersion: machine.machineVersion },
    },
  })
}
