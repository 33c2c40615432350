/** Packages as files: read with a bound, written whole or not at all. */
import { open, stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { type HandoffPackage, packageText } from '../handoff/package.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { replaceFile, syncFolders } from '../memory/files.ts'

/**
 * The bytes of a file that is said to be a package; what they are worth, `validateHandoff` says. One that is larger than a package may
 * be is cut just above that size.
 *
 * @throws WaymarkError `USAGE` when there is no such file, or it cannot be read.
 */
export async function readPackageFile(path: string): Promise<Uint8Array> {
  try {
    // Looked at before it is opened: opening a pipe would wait for a writer.
    if (!(await stat(path)).isFile()) throw unreadable(path, 'it is no file')
    const handle = await open(path, 'r')
    try {
      const buffer = Buffer.alloc(Math.min((await handle.stat()).size, limits.handoffPackageBytesMax) + 1)
      let length = 0
      while (length < buffer.length) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
        if (bytesRead === 0) break
        length += bytesRead
      }
      return buffer.subarray(0, length)
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof WaymarkError) throw cause
    throw unreadable(path, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

function unreadable(path: string, reason: string, cause?: unknown): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `cannot read the package ${path}: ${reason}`,
    hint: 'name the file that waymark handoff offer --out wrote',
    cause,
  })
}

/**
 * Makes sure that a package can be written, before anything is offered.
 *
 * @throws WaymarkError `USAGE` when the folder is not there, or a folder lies in the file's place.
 */
export async function checkPackagePath(path: string): Promise<void> {
  const folder = await stat(dirname(resolve(path))).catch(() => null)
  const present = await stat(path).catch(() => null)
  const problem =
    folder?.isDirectory() !== true
      ? `there is no folder ${dirname(path)}`
      : present?.isDirectory() === true
        ? 'it is a folder'
        : null
  if (problem === null) return
  throw new WaymarkError('USAGE', {
    message: `cannot write the package to ${path}: ${problem}`,
    hint: 'make the folder first, or name another file',
  })
}

/** Writes a package, readable by its owner only. A crash leaves the file as it was, or whole. */
export async function writePackageFile(path: string, handoff: HandoffPackage): Promise<void> {
  const folder = dirname(resolve(path))
  await replaceFile(folder, basename(path), Buffer.from(packageText(handoff)))
  await syncFolders(folder, [basename(path)])
}
