/** Redaction of a session of an open home: the log, and the files beside it. */
import type { Waymark } from '../session/waymark.ts'
import { redactSession } from './redact.ts'
import type { RedactionReport, RedactOptions } from './report.ts'

/**
 * Takes data out of a session of an open home, named by its id, a unique prefix or its native id: out of the log as `redactSession` does,
 * and out of the files beside it. Files of checkpoints that may hold it are removed before this resolves; the other memory files are written
 * anew soon after, and when the home is closed at the latest.
 *
 * @throws SessionNotFound, DamagedRecord; WaymarkError `SESSION_AMBIGUOUS`, `STORE_BUSY`, and `USAGE` for a path that names something that
 * must stay as it is, before anything is changed.
 * @example
 * ```ts
 * await session.send({ type: 'prompt.submit', content: 'my key is AKIAIOSFODNN7EXAMPLE' })
 * const report = await redactInHome(waymark, session.id, { patterns: ['aws-key'] })
 * report.contents // 1
 * ```
 */
export async function redactInHome(
  waymark: Waymark,
  name: string,
  options: Omit<RedactOptions, 'folder'>,
): Promise<RedactionReport> {
  const { log, environment, sessionsFolder } = waymark
  const report = await redactSession(log, environment, await waymark.resolve(name), {
    ...options,
    ...(sessionsFolder === null ? {} : { folder: sessionsFolder }),
  })
  if (!report.dryRun) for (const { sessionId } of report.streams) waymark.appended(sessionId)
  return report
}
