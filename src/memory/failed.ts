/** Files that could not be written. One of them stops no other; a folder that takes none at all is told as such. */
import { isDiskFull, WaymarkError } from '../kernel/errors.ts'
import { codeOf, folderReason } from './files.ts'

export interface FailedFile {
  readonly name: string
  readonly reason: string
}

/** Does something to a file. When that fails, it is noted in `failed`, and the answer is `null`. */
export async function tried<T>(
  failed: FailedFile[],
  name: string,
  work: () => Promise<T>,
): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    if (!isSystemError(error)) throw error
    const isFolder = ['EISDIR', 'ERR_FS_EISDIR'].includes(codeOf(error))
    failed.push({ name, reason: isFolder ? folderReason : error.message })
    return null
  }
}

/** The error for a folder that no file can be written to. */
export function notWritable(folder: string, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause
  const isFull = isDiskFull(cause)
  return new WaymarkError(isFull ? 'STORE_FULL' : 'HOME_NOT_WRITABLE', {
    message: `cannot write the memory files to ${folder}: ${cause.message}`,
    hint: isFull
      ? 'free space on that disk, then waymark sync; the log is not affected'
      : 'give yourself permission for that folder and what lies in it, then waymark sync; the log is not affected',
    cause,
  })
}

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && ('syscall' in error || codeOf(error).startsWith('ERR_FS_'))
}
