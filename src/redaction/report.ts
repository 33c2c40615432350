/** What a redaction is asked for, and what it answers. */

export interface RedactOptions {
  /** Fields: `prompt.submitted:content`, `task:title`, `*.cwd`. */
  readonly paths?: readonly string[]
  /** Texts: names of shapes of secrets, or regular expressions. */
  readonly patterns?: readonly string[]
  /** Why, for the record. It is kept as it is. */
  readonly reason?: string
  /** Say what would be taken out, and change nothing. */
  readonly dryRun?: boolean
  /** The folder of the home's sessions, where files of checkpoints lie; without it none are looked for. */
  readonly folder?: string
  readonly onProgress?: (text: string) => void
}

/** What was taken out of one stream. */
export interface RedactedStream {
  readonly sessionId: string
  /** Its own events of which data was replaced. */
  readonly events: number
  /** Events that it inherited of which data was replaced: a fork sees them redacted too. */
  readonly inherited: number
}

/** Something that was found and could not be taken out. */
export interface RedactionProblem {
  readonly sessionId: string
  readonly version: number | null
  readonly path: string
  readonly reason: string
}

export interface RedactionReport {
  readonly sessionId: string
  readonly dryRun: boolean
  readonly rules: readonly string[]
  readonly streams: readonly RedactedStream[]
  readonly events: number
  readonly contents: number
  readonly problems: readonly RedactionProblem[]
  readonly problemCount: number
  /** Files of checkpoints that held it, and are gone. */
  readonly filesRemoved: readonly string[]
  /** Whether the store's file was written anew, so that no byte of it is left there; `null` when nothing was changed. */
  readonly erased: boolean | null
  /** Why not. */
  readonly notErasedBecause: string | null
}
