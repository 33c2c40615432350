/** The step of a recovery at which an SDK's own resume comes in: a hook of the caller's, waited for so long and no longer. */
import type { ReadonlyState } from '../fold/state.ts'
import { textOf } from './warning.ts'

/** What a hook is told. */
export interface ResumeFacts {
  readonly sessionId: string
  readonly recoveryId: string
  /** The session's id in the tool it comes from, which that tool resumes by. */
  readonly nativeId: string | null
  readonly tool: string | null
  readonly model: string | null
  /** The checkpoint that was chosen to come back to; `null` for the newest sound state. */
  readonly checkpointId: string | null
  readonly state: ReadonlyState
  /** Aborted when it takes too long. */
  readonly signal: AbortSignal
}

/** What a hook did. */
export interface Resumed {
  /** The name of the resumed session where it was resumed. */
  readonly sessionRef?: string | undefined
  readonly detail: string
}

/**
 * Resumes a session where it lives: in an SDK, a service, another process. Called once in each attempt at a recovery, after the
 * context has been validated; a recovery that is interrupted meanwhile calls it again.
 */
export type ResumeHook = (facts: ResumeFacts) => Resumed | Promise<Resumed>

/** The result of the step, as it is recorded. */
export interface ResumeOutcome {
  readonly outcome: 'done' | 'skipped'
  readonly detail: string
  readonly lines: readonly string[]
}

/** Calls the hook. One that throws, hangs, or gives something else than it was asked for is recorded as skipped, with the reason. */
export async function callResume(
  hook: ResumeHook | undefined,
  facts: Omit<ResumeFacts, 'signal'>,
  waitMs: number,
): Promise<ResumeOutcome> {
  if (hook === undefined) return { outcome: 'skipped', detail: nobodyText(facts), lines: [] }
  const controller = new AbortController()
  try {
    const answer: unknown = await within(() => hook({ ...facts, signal: controller.signal }), waitMs)
    if (!isResumed(answer)) return skipped('the resume hook gave no { sessionRef?, detail }')
    const { sessionRef, detail } = answer
    return { outcome: 'done', detail, lines: sessionRef === undefined ? [] : [`resumed as ${sessionRef}`] }
  } catch (error) {
    controller.abort()
    return skipped(`the resume hook failed: ${textOf(error)}`)
  }
}

/** A hook of a caller without types may give anything. */
function isResumed(answer: unknown): answer is Resumed {
  if (typeof answer !== 'object' || answer === null) return false
  const sessionRef: unknown = Reflect.get(answer, 'sessionRef')
  const isRef = sessionRef === undefined || typeof sessionRef === 'string'
  return isRef && typeof Reflect.get(answer, 'detail') === 'string'
}

function skipped(detail: string): ResumeOutcome {
  return { outcome: 'skipped', detail, lines: [] }
}

function nobodyText({ nativeId, tool }: Omit<ResumeFacts, 'signal'>): string {
  const where = nativeId === null ? '' : `; ${tool ?? 'its tool'} knows it as ${nativeId}`
  return `no hook was given that resumes it elsewhere${where}`
}

/** What a callback of the caller's answers, unless that takes too long. */
export async function within(call: () => unknown, waitMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${waitMs} ms`)), waitMs)
  })
  try {
    return await Promise.race([call(), late])
  } finally {
    clearTimeout(timer)
  }
}
