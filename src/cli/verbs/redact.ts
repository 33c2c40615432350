import { z } from 'zod'
import { type FilesWithMatches, filesWithMatches } from '../../redaction/files.ts'
import { redactInHome } from '../../redaction/in-home.ts'
import type { RedactionReport } from '../../redaction/report.ts'
import { rulesOf } from '../../redaction/rules.ts'
import { sessionsFolderOf } from '../../session/home.ts'
import { countOf } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import type { Output } from '../output.ts'
import { sessionArgument, textOption, verb } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  path: z.array(textOption).optional(),
  pattern: z.array(textOption).optional(),
  reason: textOption.optional(),
  dryRun: z.boolean().optional(),
})

export const redact = verb(shape, async ({ session, path, pattern, reason, dryRun = false }, context) => {
  const { output, home } = context
  const asked = { paths: path ?? [], patterns: pattern ?? [] }
  const rules = rulesOf(asked)
  const folder = sessionsFolderOf(home.path)
  const report = await withWaymark(context, dryRun ? 'read' : 'write', async (waymark) => {
    const options = {
      ...asked,
      ...(reason === undefined ? {} : { reason }),
      dryRun,
      onProgress: (text: string) => output.progress(text),
    }
    return redactInHome(waymark, session, options)
  })
  // Only now: the memory files have been written again.
  const files = dryRun ? noFiles : await filesWithMatches(folder, rules, report.sessionId)
  const { left: filesLeft, ofOthers: filesOfOthers } = files
  if (output.json) await output.document({ ...report, filesLeft, filesOfOthers })
  else await print(report, files, output)
  const isClean = report.problemCount === 0 && report.erased !== false && filesLeft.length === 0
  return isClean ? exitCodes.fine : exitCodes.problem
})

const noFiles: FilesWithMatches = { left: [], ofOthers: [] }

async function print(
  report: RedactionReport,
  { left, ofOthers }: FilesWithMatches,
  output: Output,
): Promise<void> {
  const { dryRun, streams, events, contents, problems, filesRemoved } = report
  if (streams.length > 0) {
    await output.table({
      columns: ['session', 'events', 'inherited'],
      rows: streams.map(({ sessionId, events: own, inherited }) => [sessionId, own, inherited]),
    })
  }
  if (problems.length > 0) {
    await output.table({
      section: 'problems',
      columns: ['session', 'version', 'field', 'why'],
      rows: problems.map(({ sessionId, version, path, reason }) => [
        sessionId,
        version,
        path,
        { text: reason, tone: 'warning' },
      ]),
    })
  }
  const what = `${countOf(events, 'event')} and ${countOf(contents, 'text')}`
  if (events + contents === 0) output.note('nothing was found')
  else if (dryRun) output.note(`data of ${what} would be taken out`)
  else output.note(`data of ${what} is gone; the hashes stay, and waymark verify says what was taken out`)
  if (filesRemoved.length > 0) output.note(`${countOf(filesRemoved.length, 'file')} of checkpoints removed`)
  for (const { name, sessionId } of ofOthers)
    output.note(
      `${name} holds it of session ${sessionId}: waymark redact ${sessionId} with the same takes it out`,
    )
  for (const name of left)
    output.warn(`${name} still holds what was looked for: it is not one of the log's own`)
  if (report.notErasedBecause !== null) {
    output.warn(
      `the store could not be written anew, so bytes of it may be left in its file: ${report.notErasedBecause}`,
    )
    output.note('next: the same again, when nobody else works with the home')
  }
  if (!dryRun && events + contents > 0) {
    output.note('bundles, exports and backups made before, and other homes, still hold it')
  }
}
