/** Homes for tests of memory files: real folders, real SQLite, nothing written unless a test asks for it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/kernel/clock.ts'
import { checkMemoryFiles, type DriftKind } from '../../src/memory/check.ts'
import type { MemorySettings } from '../../src/memory/render.ts'
import { type MemoryWritten, type WriteOptions, writeMemoryFiles } from '../../src/memory/write.ts'
import { sessionsFolderOf } from '../../src/session/home.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

export const settings: MemorySettings = {
  autoLoadHistory: true,
  contextPreservation: 'critical_only',
  cacheEnabled: true,
  persistenceEnabled: true,
}

export interface Home {
  readonly home: string
  /** The folder of its sessions. */
  readonly folder: string
  readonly waymark: Waymark
  readonly session: Session
  readonly write: (
    options?: Partial<WriteOptions>,
    changed?: Partial<MemorySettings>,
  ) => Promise<MemoryWritten>
  /** What drifted, by name; empty when nothing did. */
  readonly drift: (changed?: Partial<MemorySettings>) => Promise<Readonly<Record<string, DriftKind>>>
  readonly read: (name: string) => string
  readonly put: (name: string, content: string | Uint8Array) => void
  readonly names: () => readonly string[]
}

/** A home with one session. Its memory files are written when a test says so, unless it wants the real thing. */
export async function openHome(
  options: { readonly memoryFiles?: boolean; readonly clock?: Clock } = {},
): Promise<Home> {
  const home = join(mkdtempSync(join(tmpdir(), 'waymark-memory-')), '.moai')
  const { memoryFiles = false, clock = systemClock } = options
  const waymark = await Waymark.open({ home, memoryFiles, clock })
  onTestFinished(async () => {
    await waymark.close()
    rmSync(dirname(home), { recursive: true, force: true })
  })
  const session = await waymark.createSession({
    title: 'Log in',
    model: 'claude-sonnet-4-5',
    windowTokens: 200_000,
  })
  const folder = sessionsFolderOf(home)
  const place = { folder, log: waymark.log, clock }
  return {
    home,
    folder,
    waymark,
    session,
    write: (given = {}, changed = {}) =>
      writeMemoryFiles(place, { ...settings, ...changed }, { editedTasks: 'stay', ...given }),
    drift: async (changed = {}) => {
      const { files } = await checkMemoryFiles(place, { ...settings, ...changed })
      return Object.fromEntries(
        files.filter(({ kind }) => kind !== 'ok').map(({ name, kind }) => [name, kind]),
      )
    },
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    put: (name, content) => {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), content)
    },
    names: () =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
        (name) => !name.startsWith('waymark.db'),
      ),
  }
}

export function measured(contextTokens: number) {
  return { type: 'context.measure', contextTokens } as const
}

export async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms))
}
