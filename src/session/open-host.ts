/** What a home is opened with, and what its sessions get of it. */
import { dirname } from 'node:path'
import type { Settings } from '../configuration/settings.ts'
import { type Clock, type Ids, systemClock, systemIds } from '../kernel/clock.ts'
import type { EventLog } from '../log/port.ts'
import { MemoryFiles } from '../memory/memory-files.ts'
import { EventLoopTurns } from './event-loop.ts'
import { sessionsFolderOf } from './home.ts'
import type { SessionHost } from './host.ts'
import { LiveSessions } from './live-sessions.ts'
import { type Policy, standardPolicies } from './policy.ts'
import type { ResumeHook } from './recover-resume.ts'
import { extractiveSummarizer, type Summarizer } from './summaries.ts'
import { WriterPlace } from './writers.ts'

export interface OpenOptions {
  /** Folder of the home; the nearest `.moai` upward, else `~/.moai`, if left out. */
  readonly home?: string
  /** A log of your own instead of the home's SQLite file. */
  readonly store?: EventLog
  /** Refuse to make a home that is not there, and open it for reading only. */
  readonly readOnly?: boolean
  readonly clock?: Clock
  readonly ids?: Ids
  /** What sessions do of their own accord; the standard policies if left out, none with an empty list. */
  readonly policies?: readonly Policy[]
  /** Resumes a session where it lives, in an SDK or a service, when it is recovered here. */
  readonly resume?: ResumeHook
  /**
   * Makes the summaries that policies ask for; the built-in one, which needs no model, if left out. One that throws is replaced
   * by it for that summary, one that takes more than a minute for the rest of the session.
   */
  readonly summarizer?: Summarizer
  /** Settings that go before those of the home's files and the environment. With a `store`, only these and the defaults count. */
  readonly settings?: Partial<Settings>
  /** Settings by the names they have in the file, with dots: `context_budget.reserve_tokens=60000`. They go before the environment. */
  readonly set?: readonly string[]
  /** Whether memory files are kept beside the log: they are if left out. */
  readonly memoryFiles?: boolean
}

export function hostOf(
  log: EventLog,
  settings: Settings,
  home: string | null,
  options: OpenOptions,
): SessionHost {
  const environment = {
    clock: options.clock ?? systemClock,
    ids: options.ids ?? systemIds,
    policies: options.policies ?? standardPolicies,
  }
  const isWritten = home !== null && options.readOnly !== true
  const keepsFiles = isWritten && options.memoryFiles !== false
  const { clock } = environment
  const memory = keepsFiles
    ? new MemoryFiles({ folder: sessionsFolderOf(home), log, settings: () => settings, clock })
    : null
  return {
    log,
    environment,
    settings,
    summarizer: options.summarizer ?? extractiveSummarizer,
    resume: options.resume ?? null,
    live: new LiveSessions(environment.policies.length > 0),
    turns: new EventLoopTurns(),
    writers: isWritten ? new WriterPlace(systemIds.uuid(), settings.maxParallelSessions) : null,
    folder: home === null ? null : dirname(home),
    busy: new Set(),
    memory,
    appended: (sessionId) => memory?.touch(sessionId),
  }
}
