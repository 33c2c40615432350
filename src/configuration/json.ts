/** Settings as JSON: as the file has them, and the JSON Schema that editors check the file with. */
import { z } from 'zod'
import {
  type AgentRegistry,
  keys,
  type SettingName,
  type Settings,
  settingNames,
  shapes,
  standardSettings,
} from './settings.ts'

type Tree<T> = { readonly [name: string]: T | Tree<T> }

/** The settings of `.moai/config/config.json`, by the names they have there. */
export interface SettingsJson {
  readonly session: Tree<string | number | boolean | null | AgentRegistry>
}

/**
 * Settings by the names they have in the file.
 *
 * @example
 * ```ts
 * settingsJson(standardSettings).session.checkpoint_interval_minutes // 10
 * ```
 */
export function settingsJson(settings: Partial<Settings>): SettingsJson {
  const present = settingNames.filter((setting) => settings[setting] !== undefined)
  return { session: treeOf(present, (setting) => settings[setting] ?? null) }
}

/**
 * The JSON Schema of the file: strict about the section `session`, silent about everything else. It cannot say that the
 * thresholds rise; `loadSettings` does.
 *
 * @example
 * ```ts
 * settingsJsonSchema().type // 'object'
 * ```
 */
export function settingsJsonSchema(): Readonly<Record<string, unknown>> {
  const section = treeOf<z.ZodType>(settingNames, (setting) =>
    shapes[setting].meta({ description: keys[setting].about, default: standardSettings[setting] }).optional(),
  )
  const file = z.looseObject({ session: strict(section).optional() }).meta({
    title: '.moai/config/config.json',
    description: 'Settings of Waymark, in the section "session". Other sections belong to other tools.',
  })
  return z.toJSONSchema(file, { io: 'input' })
}

function strict(tree: Tree<z.ZodType>): z.ZodType {
  const fields = Object.entries(tree).map(([name, node]): [string, z.ZodType] => [
    name,
    node instanceof z.ZodType ? node : strict(node).optional(),
  ])
  return z.strictObject(Object.fromEntries(fields))
}

/** Values by the parts of their settings' names. */
function treeOf<T>(settings: readonly SettingName[], ofSetting: (setting: SettingName) => T): Tree<T> {
  const root: Record<string, T | Record<string, T>> = {}
  const groups = new Map<string, Record<string, T>>()
  for (const setting of settings) {
    const [first = '', second] = keys[setting].name.split('.')
    if (second === undefined) {
      root[first] = ofSetting(setting)
      continue
    }
    const group = groups.get(first) ?? {}
    group[second] = ofSetting(setting)
    groups.set(first, group)
    root[first] = group
  }
  return root
}
