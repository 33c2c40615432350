/** What a check is, and what each kind of check is given to look at. */
import type { LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { CheckedRow, RowProblem } from '../log/chain.ts'
import type { EventLog, StreamInfo } from '../log/port.ts'
import type { Home } from '../session/home.ts'
import type { Found } from './finding.ts'
import type { Liveness } from './liveness.ts'

export interface DiskSpace {
  readonly freeBytes: number
  readonly totalBytes: number
}

/** Where the examination is made, for checks that need no log. */
export interface PlaceContext {
  readonly home: Home
  /** The folder that stands for "here". */
  readonly folder: string
  readonly userFolder: string
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Settings as they are typed after `--set`. */
  readonly settingsFlags: readonly string[]
  readonly deep: boolean
  /** The session that was asked for, by whatever name. */
  readonly named: string | null
  readonly nowMs: number
  readonly diskSpace: (folder: string) => Promise<DiskSpace>
  /** The log, where it could be opened. */
  readonly log: EventLog | null
  readonly onProgress: (text: string) => void
}

export interface LogContext extends PlaceContext {
  readonly log: EventLog
}

/** The newest events of a session itself, checked row by row. */
export interface Tail {
  readonly rows: readonly CheckedRow[]
  readonly problems: readonly RowProblem[]
}

/** One session. What several checks look at is read once. */
export interface SessionContext extends LogContext {
  readonly stream: StreamInfo
  readonly state: () => Promise<ReadonlyState>
  readonly tail: () => Promise<Tail>
  readonly liveness: () => Promise<Liveness>
  /** The session's own events that can be trusted: all of them in a deep examination, else the newest. */
  readonly events: () => AsyncIterable<readonly LoggedEvent[]>
}

interface CheckFacts<Code extends string> {
  readonly code: Code
  /** What it looks for, in half a sentence. */
  readonly about: string
  /** Why a finding matters. */
  readonly explanation: string
  /** Made only in a deep examination. */
  readonly onlyDeep?: true
}

/**
 * A check, by what it needs: `place` nothing at all, `home` the folder of the home, `log` a log that can be opened, `session` a session
 * of it. It may throw: that becomes a finding and stops no other check.
 */
export type Check<Code extends string = string> = CheckFacts<Code> &
  (
    | { readonly needs: 'place' | 'home'; readonly run: (context: PlaceContext) => Promise<readonly Found[]> }
    | { readonly needs: 'log'; readonly run: (context: LogContext) => Promise<readonly Found[]> }
    | { readonly needs: 'session'; readonly run: (context: SessionContext) => Promise<readonly Found[]> }
  )
