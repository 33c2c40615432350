/** What SQLite says when something goes wrong, as errors that say what to do about it. */
import { DamagedRecord, isDiskFull, WaymarkError } from '../../kernel/errors.ts'
import { resultCodes, type SqliteDriver } from './driver.ts'

/** The error to throw for one that SQLite or the file system threw; any other error comes back as it is. */
export function faultOf(error: unknown, driver: SqliteDriver, path: string): unknown {
  const code = driver.resultCodeOf(error)
  const cause = error instanceof Error ? error : new Error(String(error))
  switch (code) {
    case resultCodes.busy:
      return busy(path, cause)
    case resultCodes.full:
      return full(path, cause)
    case resultCodes.ioError:
      return failed(path, cause)
    case resultCodes.readOnly:
    case resultCodes.cannotOpen:
      return notWritable(path, cause)
    case resultCodes.constraint:
      return new WaymarkError('ALREADY_EXISTS', {
        message: `what was to be written to ${path} is there already: ${cause.message}`,
        hint: 'a command id, a session and a position are used once',
        details: { path },
        cause,
      })
    case resultCodes.corrupt:
    case resultCodes.notADatabase:
      return damagedFile(path, cause)
    case null:
      return 'syscall' in cause ? systemFaultOf(path, cause) : error
    default:
      return error
  }
}

/** The same for an error of the file system itself, met where SQLite was not asked. */
export function systemFaultOf(path: string, cause: Error): WaymarkError {
  if (isDiskFull(cause)) return full(path, cause)
  return 'code' in cause && cause.code === 'EIO' ? failed(path, cause) : notWritable(path, cause)
}

function full(path: string, cause: Error): WaymarkError {
  return new WaymarkError('STORE_FULL', {
    message: `no room left to write to ${path}; nothing was appended`,
    hint: 'free space on that disk, then send again',
    details: { path },
    cause,
  })
}

function failed(path: string, cause: Error): WaymarkError {
  return new WaymarkError('STORE_FAILED', {
    message: `reading or writing ${path} failed: ${cause.message}`,
    hint: 'look after the disk and its limits (space, quota, file size); nothing of the last command was appended',
    details: { path },
    cause,
  })
}

export function busy(path: string, cause?: Error): WaymarkError {
  return new WaymarkError('STORE_BUSY', {
    message: `another process has been writing to ${path} all the time; nothing was appended`,
    hint: 'try again; if it stays busy, look for a process that hangs with the file open',
    details: { path },
    cause,
  })
}

export function notWritable(path: string, cause: Error): WaymarkError {
  return new WaymarkError('HOME_NOT_WRITABLE', {
    message: `cannot write to ${path}: ${cause.message}`,
    hint: 'give yourself write permission for the file and its folder, or use another home with --home <folder>',
    details: { path },
    cause,
  })
}

export function damagedFile(path: string, cause: Error): DamagedRecord {
  return new DamagedRecord({
    message: `${path} is damaged: ${cause.message}`,
    hint: 'keep the file as it is; restore a backup, or let waymark repair write what is sound into a new home',
    details: { path, reason: cause.message },
    cause,
  })
}
