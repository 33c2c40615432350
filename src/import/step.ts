/**
 * What a translator says: steps. A step names a session, what happened in it, and by which words of the source it is
 * known, so that the same entry in another copy of the transcript is the same step. Most steps are commands; a few
 * are intents, whose commands depend on where the session stands when they arrive.
 */
import type { Command } from '../events/commands.ts'
import { type Content, wellFormed } from '../events/content.ts'
import type { ContextCategory, ContextTier } from '../events/context.ts'
import type { ContentRef } from '../events/shapes.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { sha256 } from '../kernel/hash.ts'

/** A task is to stand somewhere, by whatever legal way leads there from where it stands. */
export interface ReachTask {
  readonly type: 'reach-task'
  /** The task's id in its first generation: `task-3`; a later task of the same name is `task-3.2`. */
  readonly name: string
  readonly title: string
  readonly description?: string | undefined
  readonly target: 'pending' | 'running' | 'completed' | 'cancelled'
  /** `created`: a task of its own, even when one of that name is there; `listed`: seen for the first time; `known` before. */
  readonly origin: 'created' | 'listed' | 'known'
  readonly detail?: string | undefined
}

export interface DescribeTask {
  readonly type: 'describe-task'
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
}

/** A task waits for others; those that are done already are not waited for. */
export interface AwaitTasks {
  readonly type: 'await-tasks'
  readonly name: string
  readonly on: readonly string[]
}

/** The source says that somebody came back to the session. */
export interface ReturnToSession {
  readonly type: 'return-to-session'
  readonly detail: string
}

/** A text that lies in the window. */
export interface HeldItem {
  readonly tag: string
  readonly tier: ContextTier
  readonly category: ContextCategory
  readonly title: string
  readonly content: ContentRef
  readonly server?: string
}

/** Texts of one family lie in the window; when they are the `whole` of it, the others have left. */
export interface HoldItems {
  readonly type: 'hold-items'
  readonly family: string
  readonly items: readonly HeldItem[]
  readonly whole: boolean
}

/** Tools came to hand and others went, by their full names; when these are the `whole`, there are no others. */
export interface OfferTools {
  readonly type: 'offer-tools'
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly whole: boolean
}

/** The source says that what was aimed at has been reached. */
export interface MeetObjective {
  readonly type: 'meet-objective'
  readonly objective: string
}

export type Intent =
  | Command
  | ReachTask
  | DescribeTask
  | AwaitTasks
  | ReturnToSession
  | HoldItems
  | OfferTools
  | MeetObjective

export interface Step {
  readonly sessionId: string
  readonly key: string
  readonly time: string
  /** Line of the file, counted from 1. */
  readonly line: number
  readonly intent: Intent
  /** Texts that the events refer to. */
  readonly contents: readonly Content[]
}

/** Where in a file something stands, and when it happened. */
export interface Place {
  readonly time: string
  readonly line: number
}

/** The id of the command that is the `ordinal`-th a step leads to. */
export function commandIdOf(step: Pick<Step, 'sessionId' | 'key'>, ordinal: number): string {
  return derivedIdOf(wellFormed(`${step.sessionId}/${step.key}/${ordinal}`))
}

/** The session that a tool knows by a native id; importing it again finds it again. */
export function importedSessionId(tool: string, nativeId: string): string {
  return `sess_${derivedIdOf(wellFormed(`${tool}/${nativeId}`))}`
}

/** A project by its folder: it is called like it. */
export function projectAt(root: string): Extract<Command, { type: 'project.describe' }> {
  const name = root.split(/[/\\]/).findLast((part) => part !== '')
  return { type: 'project.describe', root, ...(name === undefined ? {} : { name }) }
}

/** A short name for a longer text, for keys. */
export function digest(text: string): string {
  return sha256(text).slice(0, 24)
}
