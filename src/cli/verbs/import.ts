import { access, stat } from 'node:fs/promises'
import { z } from 'zod'
import { isBundle } from '../../bundle/blocks.ts'
import {
  type ImportedFile,
  type ImportProgress,
  type ImportResult,
  importFiles,
} from '../../import/import.ts'
import { countOf, percentText } from '../../views/text.ts'
import { interruptible, withWaymark } from '../context.ts'
import { exitCodes, usageError } from '../failure.ts'
import type { Cell } from '../layout.ts'
import type { Output } from '../output.ts'
import { verb } from '../verb.ts'

const shape = z.strictObject({
  path: z.array(z.string().min(1)).min(1),
  redact: z.array(z.string().min(1)).optional(),
})

export const importTranscripts = verb(shape, async ({ path: paths, redact = [] }, context) => {
  const { output } = context
  await refuseMissing(paths)
  return withWaymark(context, 'create', (waymark) =>
    interruptible(async (signal) => {
      const onProgress = (progress: ImportProgress): void => {
        // Called between two transactions: what has been read so far is recorded with its bookmark.
        signal.throwIfAborted()
        output.progress(progressText(progress))
      }
      try {
        const result = await importFiles(waymark.log, waymark.environment, paths, { onProgress, redact })
        for (const { sessionId } of result.files) if (sessionId !== null) waymark.appended(sessionId)
        if (output.json) await output.document(result)
        else await print(result, output)
        return result.files.some(({ error }) => error !== undefined) ? exitCodes.problem : exitCodes.fine
      } catch (error) {
        if (!signal.aborted) throw error
        output.note('stopped; what was read is recorded, and the same import goes on from there')
        return exitCodes.interrupted
      }
    }),
  )
})

/** Looked for before the home is opened, so that a slip of the finger does not make one. */
async function refuseMissing(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await access(path).catch((error: NodeJS.ErrnoException) => {
      const why = error.code === 'ENOENT' ? 'there is no such file or folder' : error.message
      throw usageError(`${path}: ${why}`, 'name transcripts, or folders to look for them in')
    })
    if (await looksLikeBundle(path)) {
      throw usageError(
        `${path} is a bundle of Waymark, not a transcript`,
        `waymark unbundle ${path} takes it in`,
      )
    }
  }
}

async function looksLikeBundle(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => null)
  return facts?.isFile() === true && isBundle(path)
}

function progressText({ path, fileIndex, files, bytesDone, bytesTotal }: ImportProgress): string {
  const percent = bytesTotal === 0 ? 100 : (bytesDone * 100) / bytesTotal
  return `${percentText(percent)}, file ${fileIndex + 1} of ${files}: ${path}`
}

async function print({ files, sessions, appended }: ImportResult, output: Output): Promise<void> {
  const columns = ['session', 'format', 'lines', 'events', 'new', 'damaged', 'file', 'remark']
  if (files.length > 0)
    await output.table({ section: 'files', columns, rows: files.map((file) => fileCells(file, output)) })
  const damaged = files.flatMap(({ path, damaged: lines }) =>
    lines.map(({ line, reason }): readonly Cell[] => [
      { text: path },
      line,
      { text: reason, tone: 'warning' },
    ]),
  )
  if (damaged.length > 0) {
    await output.table({ section: 'damaged lines', columns: ['file', 'line', 'reason'], rows: damaged })
  }
  output.note(
    `${countOf(appended, 'event')} recorded, of ${countOf(sessions, 'session')} in ${countOf(files.length, 'file')}`,
  )
  if (sessions > 0) output.note('next: waymark list, waymark log <session>')
}

function fileCells(file: ImportedFile, { aligned }: Output): readonly Cell[] {
  const { path, format, sessionId, lines, events, appended, damagedCount, refused, skipped, error } = file
  const remark: Cell =
    error !== undefined
      ? { text: error, tone: 'bad' }
      : skipped !== undefined
        ? { text: `passed over: ${skipped}`, tone: 'quiet' }
        : refused > 0
          ? { text: `${countOf(refused, 'step')} only noted`, tone: 'quiet' }
          : ''
  const name = sessionId !== null && aligned ? sessionId.slice(0, 'sess_'.length + 8) : sessionId
  return [name, format, lines, events, appended, damagedCount, path, remark]
}
