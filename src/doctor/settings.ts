/** The settings of the home that is examined, and what is wrong with them. */
import { join } from 'node:path'
import { settingsPathOf } from '../configuration/file.ts'
import { loadSettings } from '../configuration/load.ts'
import type { Settings } from '../configuration/settings.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { PlaceContext } from './check.ts'
import type { Found } from './finding.ts'

type SettingsContext = Pick<PlaceContext, 'home' | 'environment' | 'settingsFlags' | 'userFolder'>

/** @throws WaymarkError `CONFIGURATION_INVALID` */
export async function settingsOf(context: SettingsContext): Promise<Settings> {
  const { home, environment, settingsFlags } = context
  const layers = { home: home.path, userHome: userHomeOf(context), environment, flags: settingsFlags }
  return (await loadSettings(layers)).settings
}

/** One finding for each line that the refusal has. */
export async function invalidSettings(context: PlaceContext): Promise<readonly Found[]> {
  try {
    await settingsOf(context)
    return []
  } catch (error) {
    if (!(error instanceof WaymarkError) || error.code !== 'CONFIGURATION_INVALID') throw error
    const files = [context.home.path, userHomeOf(context)].map(settingsPathOf)
    const proposal = error.hint ?? 'waymark config shows every key'
    return error.message.split('\n').map((message) => {
      const subject = files.find((file) => message.startsWith(file)) ?? null
      return { severity: 'problem', subject, message, proposal }
    })
  }
}

function userHomeOf({ userFolder }: SettingsContext): string {
  return join(userFolder, '.moai')
}
