/** The settings of a home: all layers read, each checked by itself, and the whole checked for what must fit together. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileLayer } from './file.ts'
import { environmentLayer, flagsLayer, type Value } from './layer.ts'
import { type Origin, originText } from './origin.ts'
import { invalid, type Problem } from './problem.ts'
import {
  keys,
  type SettingName,
  type Settings,
  settingNames,
  settingsShape,
  standardSettings,
} from './settings.ts'

export interface LoadedSettings {
  readonly settings: Settings
  readonly origins: Readonly<Record<SettingName, Origin>>
}

export interface LoadOptions {
  /** The home whose settings are asked for: its file is the layer `project`. It need not be there. */
  readonly home: string
  /** The user's own home, whose file is the layer `home`; `~/.moai` if left out. */
  readonly userHome?: string
  /** The environment of this process if left out. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Keys with values, as they are typed after `--set`: `context_budget.reserve_tokens=60000`. */
  readonly flags?: readonly string[]
}

/**
 * Reads the settings of a home from all layers: defaults, the user's own home, the project's home, environment, flags; the
 * later goes before the earlier. Only the section `session` of a file is read. A home that is the user's own is read once.
 *
 * @throws WaymarkError `CONFIGURATION_INVALID`, naming the place, the key, what is wrong and what would be right.
 * @example
 * ```ts
 * const { settings, origins } = await loadSettings({ home: '/nowhere/.moai', flags: ['cache_enabled=false'] })
 * settings.cacheEnabled // false
 * origins.cacheEnabled.layer // 'flags'
 * ```
 */
export async function loadSettings(options: LoadOptions): Promise<LoadedSettings> {
  const userHome = resolve(options.userHome ?? join(homedir(), '.moai'))
  const home = resolve(options.home)
  const layers = [
    await fileLayer('home', userHome),
    ...(home === userHome ? [] : [await fileLayer('project', home)]),
    environmentLayer(options.environment ?? process.env),
    flagsLayer(options.flags ?? []),
  ]
  const problems = layers.flatMap((layer) => layer.problems)
  if (problems.length > 0) throw invalid(problems)
  const said = new Map<SettingName, Value>(layers.flatMap((layer) => [...layer.values]))
  const loaded = { settings: settingsOf(said), origins: originsOf(said) }
  const clashes = clashesIn(loaded.settings, (setting) => told(setting, loaded))
  if (clashes.length > 0) throw invalid(clashes)
  return loaded
}

function settingsOf(said: ReadonlyMap<SettingName, Value>): Settings {
  const values = [...said].map(([setting, { value }]) => [setting, value])
  return settingsShape.parse({ ...standardSettings, ...Object.fromEntries(values) })
}

function originsOf(said: ReadonlyMap<SettingName, Value>): Readonly<Record<SettingName, Origin>> {
  const origins = settingNames.map((setting) => [setting, said.get(setting)?.origin ?? { layer: 'defaults' }])
  // One entry for each setting.
  return Object.fromEntries(origins) as Record<SettingName, Origin>
}

/** Thresholds that rise: the first of each pair is below the second. */
const rising = [
  ['monitoringThresholdPercent', 'warningThresholdPercent'],
  ['warningThresholdPercent', 'emergencyThresholdPercent'],
] as const
type Rising = (typeof rising)[number][number]

/** What does not fit together, told in the words that `tell` has for a setting. */
export function clashesIn(settings: Settings, tell: (setting: Rising) => string): readonly Problem[] {
  return rising
    .filter(([lower, higher]) => settings[lower] >= settings[higher])
    .map(([lower, higher]) => ({
      origin: null,
      key: `session.${keys[lower].name}`,
      what: `${tell(lower)} is not below ${tell(higher)}`,
      right: 'thresholds rise: monitoring below warning below emergency',
    }))
}

/** `session.context_budget.warning_threshold_percent 90 (project, /project/.moai/config/config.json:4:7)` */
function told(setting: Rising | 'reserveTokens', { settings, origins }: LoadedSettings): string {
  const place = originText(origins[setting])
  const layer = origins[setting].layer
  return `session.${keys[setting].name} ${settings[setting]} (${place === null ? layer : `${layer}, ${place}`})`
}

/**
 * Makes sure that a reserve leaves something of a window. What was set can only be checked so when the window is known, or
 * assumed, which the message then says.
 *
 * @throws WaymarkError `CONFIGURATION_INVALID` when the reserve is as large as the window or larger, naming where it was set.
 * @example
 * ```ts
 * const flags = ['context_budget.reserve_tokens=300000']
 * const loaded = await loadSettings({ home: '/nowhere/.moai', flags })
 * checkReserve(loaded, 200_000) // throws CONFIGURATION_INVALID
 * ```
 */
export function checkReserve(
  loaded: LoadedSettings,
  windowTokens: number,
  { assumed = false }: { readonly assumed?: boolean } = {},
): void {
  const { reserveTokens } = loaded.settings
  if (reserveTokens === null || reserveTokens < windowTokens) return
  throw invalid([
    {
      origin: null,
      key: `session.${keys.reserveTokens.name}`,
      what: `${told('reserveTokens', loaded)} leaves nothing of a window of ${windowTokens} tokens${assumed ? ', which is assumed' : ''}`,
      right: `it takes less than ${windowTokens} here, or null for 27.5 % of whatever the window is${assumed ? '; a larger window is named with --window' : ''}`,
    },
  ])
}
