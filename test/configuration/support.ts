/** Homes with a file of settings in temporary folders, and what loading says of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { settingsPathOf } from '../../src/configuration/file.ts'
import { type LoadedSettings, type LoadOptions, loadSettings } from '../../src/configuration/load.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'

export interface Homes {
  readonly user: string
  readonly project: string
  write(home: 'user' | 'project', text: string | Uint8Array): string
  load(options?: Partial<LoadOptions>): Promise<LoadedSettings>
}

/** Two homes without files; nothing of this machine's environment is heard. */
export function makeHomes(): Homes {
  const base = mkdtempSync(join(tmpdir(), 'waymark-configuration-'))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const homes = { user: join(base, 'user', '.moai'), project: join(base, 'project', '.moai') }
  return {
    ...homes,
    write: (home, text) => {
      mkdirSync(join(homes[home], 'config'), { recursive: true })
      const file = settingsPathOf(homes[home])
      writeFileSync(file, text)
      return file
    },
    load: (options = {}) =>
      loadSettings({ home: homes.project, userHome: homes.user, environment: {}, ...options }),
  }
}

/** The error that loading ends with. */
export async function refusal(loading: Promise<unknown>): Promise<WaymarkError> {
  try {
    await loading
  } catch (error) {
    if (error instanceof WaymarkError) return error
    throw error
  }
  throw new Error('it was accepted')
}
