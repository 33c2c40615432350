/** What the memory files of a moment should be: each file's text, made from state and log. */
import type { ReadonlyState } from '../fold/state.ts'
import type { EventLog } from '../log/port.ts'
import type { PersistenceSettings } from '../views/session-json.ts'
import { contextCacheText, type PackedContext, packContext } from './context-cache.ts'
import { memoryFileNames } from './names.ts'
import { sessionStateText } from './session-state.ts'
import type { HomeSessions } from './sessions.ts'
import { taskListText } from './task-text.ts'

/** The settings that memory files depend on. */
export interface MemorySettings extends PersistenceSettings {
  /** Memory files are written by themselves after events; asked for, they are written in any case. */
  readonly persistenceEnabled: boolean
}

/** The files that follow from the state of one session. */
export interface Rendered {
  readonly files: ReadonlyMap<string, Uint8Array>
  readonly packed: PackedContext | null
}

export async function render(
  log: EventLog,
  state: ReadonlyState,
  sessions: HomeSessions,
  settings: MemorySettings,
  options: { readonly lastSync: string; readonly packed: PackedContext | null },
): Promise<Rendered> {
  const packed = settings.cacheEnabled ? await packContext(log, state, options.packed) : null
  const texts: readonly (readonly [string, string])[] = [
    [memoryFileNames.sessionState, sessionStateText(state, sessions, settings, options.lastSync)],
    [memoryFileNames.activeTasks, taskListText(state)],
    ...(packed === null ? [] : [[memoryFileNames.contextCache, contextCacheText(state, packed)] as const]),
  ]
  return { files: new Map(texts.map(([name, text]) => [name, Buffer.from(text)])), packed }
}
