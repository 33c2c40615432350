import { z } from 'zod'
import { exportBundle } from '../../bundle/export.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import { contentRefShape } from '../../events/shapes.ts'
import { streamOf } from '../../replay/load.ts'
import type { Waymark } from '../../session/waymark.ts'
import { countOf, countText } from '../../views/text.ts'
import { type Context, withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, failureOf } from '../failure.ts'
import { sessionArgument, verb } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  content: z.boolean().optional(),
  bundle: z.string().min(1).optional(),
})

export const exportSession = verb(shape, async (input, context) => {
  const { session, content: withContent = false, bundle } = input
  const { output } = context
  if (bundle !== undefined) return writeBundle(session, bundle, context)
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

async function writeBundle(session: string, path: string, context: Context): Promise<ExitCode> {
  const { output } = context
  const bundled = await withWaymark(context, 'read', async (waymark) =>
    exportBundle(waymark.log, await waymark.resolve(session), path, {
      onProgress: ({ events, of }) =>
        output.progress(`exported ${countOf(events, 'event')} of ${countText(of)}`),
    }),
  )
  if (output.json) await output.document(bundled)
  else {
    const { version, events, contents, snapshots, missingContents } = bundled
    await output.line(path)
    const parts = [countOf(events, 'event'), countOf(contents, 'text'), countOf(snapshots, 'snapshot')]
    output.note(`up to version ${version}: ${parts.join(', ')}`)
    if (missingContents > 0)
      output.warn(`${countOf(missingContents, 'text')} that events refer to not in the store`)
    output.note(`next, elsewhere: waymark unbundle ${path}`)
  }
  return exitCodes.fine
}

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
