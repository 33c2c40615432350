import { z } from 'zod'
import { settingsJson } from '../../configuration/json.ts'
import { type LoadedSettings, loadSettings } from '../../configuration/load.ts'
import { originText } from '../../configuration/origin.ts'
import { namesLike, shown } from '../../configuration/problem.ts'
import { keys, type SettingName, settingNamed, settingNames } from '../../configuration/settings.ts'
import type { Tone } from '../../views/text.ts'
import { exitCodes, usageError } from '../failure.ts'
import type { Output } from '../output.ts'
import { verb } from '../verb.ts'

export const config = verb(z.strictObject({ key: z.string().optional() }), async ({ key }, context) => {
  const { home, output, set } = context
  const asked = key === undefined ? null : settingAsked(key)
  const loaded = await loadSettings({ home: home.path, flags: set })
  if (!output.json) await print(loaded, asked === null ? settingNames : [asked], output)
  else if (asked === null) await output.document(allOf(loaded))
  else await output.document(oneOf(loaded, asked))
  return exitCodes.fine
})

function settingAsked(key: string): SettingName {
  const setting = settingNamed(key)
  if (setting !== undefined) return setting
  throw usageError(`unknown key "${shown(key)}"`, `did you mean ${namesLike(key.split('.')).join(' or ')}?`)
}

function allOf({ settings, origins }: LoadedSettings): object {
  const byName = settingNames.map((setting) => [keys[setting].name, origins[setting]])
  return { settings: settingsJson(settings), origins: Object.fromEntries(byName) }
}

function oneOf({ settings, origins }: LoadedSettings, setting: SettingName): object {
  return { key: keys[setting].name, value: settings[setting], origin: origins[setting] }
}

async function print(
  { settings, origins }: LoadedSettings,
  asked: readonly SettingName[],
  output: Output,
): Promise<void> {
  await output.table({
    columns: ['key', 'value', 'layer', 'where'],
    rows: asked.map((setting) => {
      const origin = origins[setting]
      const tone: Tone = origin.layer === 'defaults' ? 'quiet' : 'plain'
      return [
        keys[setting].name,
        { text: valueText(settings[setting]), tone: origin.layer === 'defaults' ? 'plain' : 'strong' },
        { text: origin.layer, tone },
        originText(origin),
      ]
    }),
  })
}

function valueText(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}
