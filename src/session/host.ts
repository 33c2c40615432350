/** What a session needs of the home it belongs to. */
import type { Settings } from '../configuration/settings.ts'
import { type ConfigurationChange, standardConfiguration } from '../events/session.ts'
import type { EventLog } from '../log/port.ts'
import type { MemoryFiles } from '../memory/memory-files.ts'
import type { EventLoopTurns } from './event-loop.ts'
import type { LiveSessions } from './live-sessions.ts'
import type { RecordEnvironment } from './record.ts'
import type { ResumeHook } from './recover-resume.ts'
import type { Summarizer } from './summaries.ts'
import type { WriterPlace } from './writers.ts'

export interface SessionHost {
  readonly log: EventLog
  readonly environment: RecordEnvironment
  readonly settings: Settings
  readonly summarizer: Summarizer
  /** The hook that recoveries call; `null` where none was given. */
  readonly resume: ResumeHook | null
  /** The sessions that are written from here. */
  readonly live: LiveSessions
  /** Lets the event loop turn between writes, of all sessions together. */
  readonly turns: EventLoopTurns
  /** The place a session takes while it is written from here; `null` where places are not counted. */
  readonly writers: WriterPlace | null
  /** The folder whose repository checkpoints note when a session does not say where it works. */
  readonly folder: string | null
  /** What sessions are at; the home is closed when it is empty. */
  readonly busy: Set<Promise<void>>
  /** Files kept in step with the log; `null` where none are. */
  readonly memory: MemoryFiles | null
  /** Told after each commit. */
  appended(sessionId: string): void
}

const sessionSettings = [
  'monitoringThresholdPercent',
  'warningThresholdPercent',
  'emergencyThresholdPercent',
  'reserveTokens',
  'autoCheckpoint',
  'checkpointIntervalMinutes',
  'sessionTimeoutMinutes',
  'recoveryStrategy',
  'contextPreservation',
  'forkingEnabled',
] as const satisfies readonly (keyof Settings & keyof ConfigurationChange)[]

/** What a session that begins takes from the settings of its home, where they are not the standard ones. */
export function configurationOf(settings: Settings): ConfigurationChange {
  const others = sessionSettings.filter((name) => settings[name] !== standardConfiguration[name])
  return Object.fromEntries(others.map((name) => [name, settings[name]]))
}
