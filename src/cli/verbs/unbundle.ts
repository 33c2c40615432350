import { access, constants, stat } from 'node:fs/promises'
import { z } from 'zod'
import { type Unbundled, unbundle as unbundleInto } from '../../bundle/unbundle.ts'
import { MemoryLog } from '../../log/memory.ts'
import { countOf, countText } from '../../views/text.ts'
import { hasStore, withWaymark } from '../context.ts'
import { exitCodes, usageError } from '../failure.ts'
import type { Output } from '../output.ts'
import { verb } from '../verb.ts'

const shape = z.strictObject({ bundle: z.string().min(1), dryRun: z.boolean().optional() })

export const unbundle = verb(shape, async ({ bundle, dryRun = false }, context) => {
  const { output } = context
  // Looked for before the home is opened, so that a slip of the finger does not make one.
  await requireFile(bundle)
  const onProgress = ({ events, of }: { readonly events: number; readonly of: number }): void =>
    output.progress(`checked ${countOf(events, 'event')} of ${countText(of)}`)
  // A bundle that is refused makes no home either.
  const alone = hasStore(context.home)
    ? null
    : await unbundleInto(new MemoryLog(), bundle, { dryRun: true, onProgress })
  const unbundled =
    alone !== null && dryRun
      ? alone
      : await withWaymark(context, 'create', async (waymark) => {
          const report = await unbundleInto(waymark.log, bundle, { dryRun, onProgress })
          if (!dryRun && report.appended > 0) waymark.appended(report.sessionId)
          return report
        })
  if (output.json) await output.document({ dryRun, ...unbundled })
  else await print(unbundled, dryRun, output)
  return exitCodes.fine
})

async function requireFile(path: string): Promise<void> {
  const why = await access(path, constants.R_OK).then(
    async () => ((await stat(path)).isFile() ? null : 'it is no file'),
    (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? 'there is no such file' : error.message),
  )
  if (why !== null) throw usageError(`${path}: ${why}`, 'waymark export <session> --bundle <file> makes one')
}

async function print(unbundled: Unbundled, dryRun: boolean, output: Output): Promise<void> {
  const { sessionId, streams, appended, contents, missingContents, redactedElsewhere, countedTwice } =
    unbundled
  await output.table({
    columns: ['session', '', 'version', 'new events'],
    rows: streams.map((stream) => [stream.sessionId, stream.status, stream.version, stream.appended]),
  })
  const verbs = dryRun ? 'would be taken in' : 'taken in'
  output.note(
    `${countOf(appended, 'event')} ${verbs}, ${countOf(contents, 'text')} in the bundle; everything in it was checked`,
  )
  if (missingContents > 0) {
    output.note(
      `${countOf(missingContents, 'text')} that events refer to ${missingContents === 1 ? 'is' : 'are'} not in it`,
    )
  }
  if (redactedElsewhere > 0) {
    output.note(
      `${countOf(redactedElsewhere, 'text')} redacted there and not here: here they stay as they are; waymark redact takes them out`,
    )
  }
  if (countedTwice !== null && countedTwice > 0) {
    output.warn(
      `${countOf(countedTwice, 'call')} of it had been counted here by another session: both count ${countedTwice === 1 ? 'it' : 'them'} now`,
    )
  }
  if (!dryRun && appended > 0) output.note(`next: waymark show ${sessionId}`)
}
