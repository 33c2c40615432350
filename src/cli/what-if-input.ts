/** What was typed for a what-if, taken in: versions, settings, machines and commands. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { settingsInFile } from '../configuration/file.ts'
import { keys, type SettingName } from '../configuration/settings.ts'
import type { ConfigurationChange } from '../events/session.ts'
import { standardConfiguration } from '../events/session.ts'
import { limits } from '../kernel/limits.ts'
import type { CommandChange, WhatIfChanges } from '../what-if/asked-changes.ts'
import { usageError } from './failure.ts'
import { loadMachines } from './machines-module.ts'
import { textOption } from './verb.ts'

/** Options of `replay` that ask for a what-if; the rest of its options are of no use beside them. */
export const whatIfShape = {
  with: z.array(textOption).optional(),
  machines: textOption.optional(),
  skip: z.array(z.string()).optional(),
  edit: z.array(z.string()).optional(),
  insert: z.array(z.string()).optional(),
  save: z.boolean().optional(),
  title: textOption.optional(),
}

const inputShape = z.object(whatIfShape)
export type WhatIfInput = z.infer<typeof inputShape>

/** Whether one of these options was given. */
export function asksWhatIf(input: WhatIfInput): boolean {
  return Object.keys(whatIfShape).some((name) => Reflect.get(input, name) !== undefined)
}

/** What is to be otherwise, and what of the file says nothing about a session. */
export interface TypedChanges {
  readonly changes: WhatIfChanges
  /** Keys of settings that what a session decides does not depend on. */
  readonly withoutEffect: readonly string[]
}

export async function changesOf(input: WhatIfInput): Promise<TypedChanges> {
  const { with: files = [], machines: module, skip = [], edit = [], insert = [] } = input
  const { configuration, withoutEffect } = await configurationFrom(files)
  const machines = module === undefined ? undefined : await loadMachines(module)
  const changes: WhatIfChanges = {
    ...(configuration === undefined ? {} : { configuration }),
    ...(machines === undefined ? {} : { machines }),
    skip: skip.flatMap(versionsIn),
    edit: pairsIn('--edit', edit),
    insert: pairsIn('--insert', insert),
  }
  return { changes, withoutEffect }
}

/** Of several files, what a later one states goes before what an earlier one does. */
async function configurationFrom(files: readonly string[]) {
  const values = new Map<SettingName, unknown>()
  for (const file of files) {
    for (const [name, value] of await settingsInFile(resolve(file))) values.set(name, value)
  }
  const isOfSession = (name: SettingName): boolean => Object.hasOwn(standardConfiguration, name)
  const said = [...values]
  const fields = said.filter(([name]) => isOfSession(name))
  const withoutEffect = said
    .filter(([name]) => !isOfSession(name))
    .map(([name]) => `session.${keys[name].name}`)
  // Judged by the shapes of the settings, which are those of a session's configuration.
  const configuration = Object.fromEntries(fields) as ConfigurationChange
  return { configuration: fields.length === 0 ? undefined : configuration, withoutEffect }
}

/** `12,20-25` as versions. */
function versionsIn(text: string): readonly number[] {
  const versions: number[] = []
  for (const part of text.split(',')) {
    const [, first, last] = /^\s*(\d{1,15})(?:-(\d{1,15}))?\s*$/.exec(part) ?? []
    if (first === undefined) {
      throw usageError(
        `--skip "${text.slice(0, 60)}": "${part.slice(0, 60)}" is no version`,
        'write 12, or 20-25, or both: 12,20-25',
      )
    }
    const [from, to] = [Number(first), Number(last ?? first)]
    if (to < from)
      throw usageError(
        `--skip "${text.slice(0, 60)}": ${from}-${to} goes backwards`,
        'the smaller version comes first',
      )
    if (versions.length + to - from >= limits.whatIfChangesMax) {
      throw usageError(
        `--skip names more than ${limits.whatIfChangesMax} versions`,
        'name fewer, or fork the session before them',
      )
    }
    for (let version = from; version <= to; version++) versions.push(version)
  }
  return versions
}

/** Pairs of a version and a JSON object, as two arguments or as one: `12 '{…}'`, `12='{…}'`. */
function pairsIn(option: string, given: readonly string[]): readonly CommandChange[] {
  const changes: CommandChange[] = []
  for (let index = 0; index < given.length; index++) {
    const text = given[index] ?? ''
    const [, version, joined] = /^(\d{1,15})(?:=([\s\S]*))?$/.exec(text) ?? []
    if (version === undefined) {
      throw usageError(`${option}: "${text.slice(0, 60)}" is no version`, hintOf(option))
    }
    if (joined === undefined) index += 1
    const json = joined ?? given[index]
    if (json === undefined)
      throw usageError(`${option} ${version}: what is to be there is missing`, hintOf(option))
    changes.push({ version: Number(version), fields: objectIn(option, version, json) })
  }
  return changes
}

function objectIn(option: string, version: string, json: string): Readonly<Record<string, unknown>> {
  const value = parsed(option, version, json)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw usageError(`${option} ${version}: what follows is no JSON object`, hintOf(option))
}

function parsed(option: string, version: string, json: string): unknown {
  try {
    return JSON.parse(json)
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error)
    throw usageError(`${option} ${version}: what follows is not JSON: ${what}`, hintOf(option))
  }
}

function hintOf(option: string): string {
  return option === '--edit'
    ? `a version and the fields to replace, as JSON: --edit 12 '{"title":"Log in"}'`
    : `a version and the command that comes after it, as JSON: --insert 12 '{"type":"task.start","taskId":"A"}'`
}
