import { z } from 'zod'
import type { LoggedEvent } from '../../events/envelope.ts'
import { contentRefShape } from '../../events/shapes.ts'
import { streamOf } from '../../replay/load.ts'
import type { Waymark } from '../../session/waymark.ts'
import { countOf, countText } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, failureOf } from '../failure.ts'
import { sessionArgument, verb } from '../verb.ts'

const shape = z.strictObject({ session: sessionArgument, content: z.boolean().optional() })

export const exportSession = verb(shape, async ({ session, content: withContent = false }, context) => {
  const { output } = context
  return withWaymark(context, 'read', async (waymark) => {
    const sessionId = await waymark.resolve(session)
    const { version } = await streamOf(waymark.log, sessionId)
    let exitCode: ExitCode = exitCodes.fine
    for await (const page of waymark.log.read(sessionId)) {
      for (const event of page) {
        if (!withContent) await output.record(event)
        else {
          const { texts, missing } = await textsOf(waymark, event)
          await output.record(Object.keys(texts).length === 0 ? event : { ...event, content: texts })
          for (const why of missing) output.warn(`version ${event.version}: ${why}`)
          if (missing.length > 0) exitCode = exitCodes.problem
        }
      }
      output.progress(
        `exported ${countOf(page[page.length - 1]?.version ?? 0, 'event')} of ${countText(version)}`,
      )
    }
    return exitCode
  })
})

/** The texts an event refers to, by their hash; `null` for one that is not there or not as it was written. */
async function textsOf(
  waymark: Waymark,
  event: LoggedEvent,
): Promise<{ readonly texts: Readonly<Record<string, string | null>>; readonly missing: readonly string[] }> {
  const texts: Record<string, string | null> = {}
  const missing: string[] = []
  // Where an event refers to a text, the reference is a field of its data.
  const fields = typeof event.data === 'object' && event.data !== null ? Object.values(event.data) : []
  for (const field of fields) {
    const reference = contentRefShape.safeParse(field)
    if (!reference.success) continue
    const { hash } = reference.data
    try {
      texts[hash] = await waymark.content(hash)
    } catch (error) {
      texts[hash] = null
      missing.push(failureOf(error).message)
    }
  }
  return { texts, missing }
}
