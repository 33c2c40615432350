/**
 * Files that are replaced as a whole: written beside, made durable, renamed. A crash anywhere leaves the old file or the new
 * one. Reading back never follows a link, waits for a pipe, or takes in more than its bound.
 */
import { constants } from 'node:fs'
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import { archiveFolder, checkpointFolder } from './names.ts'

/** A file as it lies there: not at all, not as a file that can be read, or with its bytes. */
export type FoundFile =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly reason: string }
  | { readonly kind: 'folder'; readonly reason: string }
  | { readonly kind: 'read'; readonly bytes: Uint8Array; readonly sha256: string }

/** The text of a memory file, a byte order mark included. */
export function textIn(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

const readFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

export async function findFile(folder: string, name: string): Promise<FoundFile> {
  let handle: FileHandle
  try {
    handle = await open(join(folder, name), readFlags)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'missing' }
    if (code === 'ELOOP') return { kind: 'unreadable', reason: 'it is a link' }
    return { kind: 'unreadable', reason: `it cannot be opened (${code})` }
  }
  try {
    const about = await handle.stat()
    if (about.isDirectory()) return { kind: 'folder', reason: folderReason }
    if (!about.isFile()) return { kind: 'unreadable', reason: 'it is no regular file' }
    if (about.size > limits.memoryFileBytesMax) {
      return { kind: 'unreadable', reason: `it has ${about.size} bytes, more than any memory file` }
    }
    const bytes = await handle.readFile()
    return { kind: 'read', bytes, sha256: sha256(bytes) }
  } catch (error) {
    return { kind: 'unreadable', reason: `it cannot be read (${codeOf(error)})` }
  } finally {
    await handle.close()
  }
}

let temporaries = 0

/** Replaces a file, readable by its owner only. What it is called on disk becomes durable with `syncFolders`. */
export async function replaceFile(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name)
  temporaries += 1
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${temporaries}.tmp`)
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(bytes)
      await handle.datasync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

/** Why a file cannot be where a folder stands. */
export const folderReason = 'a folder stands in its place'

/** Makes the folders, unless something else stands in their place: that is given, with what it is. */
export async function makeFolders(folder: string): Promise<BlockedFolder | null> {
  const blocked = await blockedFolder(folder)
  if (blocked === null) await mkdir(join(folder, archiveFolder), { recursive: true, mode: 0o700 })
  return blocked
}

export interface BlockedFolder {
  readonly name: string
  readonly reason: string
}

/** What stands where a folder of checkpoints belongs and is none. A link may lead anywhere: nothing below it is read or written. */
export async function blockedFolder(folder: string): Promise<BlockedFolder | null> {
  for (const name of [checkpointFolder, archiveFolder]) {
    const about = await lstat(join(folder, name)).catch(() => null)
    if (about?.isDirectory() === false) {
      const what = about.isSymbolicLink() ? 'it is a link, which is not followed' : 'it is no folder'
      return { name, reason: what }
    }
  }
  return null
}

/** Makes renames durable. Some systems cannot sync a folder; there, the files are still whole. */
export async function syncFolders(folder: string, names: readonly string[]): Promise<void> {
  for (const path of new Set(names.map((name) => dirname(join(folder, name))))) {
    const handle = await open(path, 'r').catch(() => null)
    await handle?.sync().catch(() => {})
    await handle?.close()
  }
}

const temporaryPattern = /^\..+\.(\d{1,10})\.\d+\.tmp$/

/** Takes away what processes left behind that were killed while they wrote. */
export async function removeLeftovers(folder: string): Promise<void> {
  const isBlocked = (await blockedFolder(folder)) !== null
  for (const below of isBlocked ? [''] : ['', checkpointFolder, archiveFolder]) {
    const names = await readdir(join(folder, below)).catch(() => [])
    for (const name of names) {
      const processId = temporaryPattern.exec(name)?.[1]
      if (processId === undefined || isAlive(Number(processId))) continue
      await rm(join(folder, below, name), { force: true })
    }
  }
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

/** `ENOSPC` of an error of the system. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
