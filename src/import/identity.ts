/** Which session a file is about, told from its head and its name. */
import { basename, dirname } from 'node:path'
import type { Command } from '../events/commands.ts'
import type { JsonObject } from './values.ts'

export const formats = ['claude-code', 'codex'] as const
export type Format = (typeof formats)[number]

export interface Identity {
  readonly format: Format
  readonly sessionId: string
  /** How its own tool calls it. */
  readonly nativeId: string
  /** The native id under which its sub-agents are named: its own, or its parent's when it is a sub-agent itself. */
  readonly family: string
  readonly parentSessionId: string | null
  /** The file is one sub-agent's. */
  readonly isAgentFile: boolean
  /** Earliest time at its head; `null` when there is none. */
  readonly startedAt: string | null
  readonly start: Extract<Command, { type: 'session.start' }>
}

/** What is known of a file before it is read through. */
export interface FileHead {
  readonly path: string
  readonly records: readonly JsonObject[]
  /** Short hash of its first line. */
  readonly firstLineDigest: string
}

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i
const uuidName = new RegExp(`^(${uuid.source})(?=\\.)`, 'i')
const uuidAtEnd = new RegExp(`(${uuid.source})\\.[^.]*$`, 'i')

export function isUuid(text: string): boolean {
  return text.length === 36 && uuid.test(text)
}

/** The UUID that a file's name begins with, as in `<session>.jsonl` and `<session>.part2.jsonl`. */
export function uuidOfName(path: string): string | null {
  return uuidName.exec(basename(path))?.[1]?.toLowerCase() ?? null
}

/** The UUID that a file's name ends with, as in `rollout-<time>-<thread>.jsonl`. */
export function uuidEndingName(path: string): string | null {
  return uuidAtEnd.exec(basename(path))?.[1]?.toLowerCase() ?? null
}

/** The session whose folder of sub-agents a file lies in: `<session>/subagents/agent-x.jsonl`. */
export function parentByFolder(path: string): string | null {
  const found = /([^/\\]+)[/\\]subagents(?:$|[/\\])/.exec(dirname(path))
  return found?.[1] ?? null
}
