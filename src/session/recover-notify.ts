/** The last step of a recovery: whoever asked to be told is told, before the closing event says what came of it. */
import type { Command } from '../events/commands.ts'
import { within } from './recover-resume.ts'
import { recordedLine } from './recover-steps.ts'
import { textOf, warn } from './warning.ts'

/** What came of telling, as it is recorded. */
export type Notified = NonNullable<Command<'session.recover'>['notified']>

/**
 * Calls back and waits, for so long and no longer. A text that it answers with is the detail that is recorded. One that throws or hangs
 * is recorded as skipped, with the reason, and is a process warning: the recovery is completed all the same.
 */
export async function tell<Report>(
  callback: ((report: Report) => unknown) | undefined,
  report: Report,
  waitMs: number,
): Promise<Notified> {
  if (callback === undefined) {
    return { outcome: 'skipped', detail: 'nobody asked to be told: the report is the answer' }
  }
  try {
    const answer = await within(() => callback(report), waitMs)
    const detail = typeof answer === 'string' && answer !== '' ? answer : 'told'
    return { outcome: 'done', detail: recordedLine(detail) }
  } catch (error) {
    warn('WAYMARK_RECOVERY', error)
    return { outcome: 'skipped', detail: recordedLine(`the notification failed: ${textOf(error)}`) }
  }
}
