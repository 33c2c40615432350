/** A list of tasks that somebody has edited is never written over: it is set aside under the next free name. */
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../kernel/limits.ts'
import { codeOf, type FoundFile, textIn } from './files.ts'
import { editedTasksNameOf, editedTasksNumberOf, memoryFileNames } from './names.ts'
import { isUnedited } from './task-text.ts'

/** Whether somebody has edited the list, or put something in its place that Waymark does not write. */
export function isSomebodysList(found: FoundFile): boolean {
  if (found.kind === 'read') return !isUnedited(textIn(found.bytes))
  return found.kind !== 'missing'
}

/** Sets the list aside, be it a file, a link or a folder, and gives the name it has now. */
export async function setListAside(folder: string): Promise<string> {
  const path = join(folder, memoryFileNames.activeTasks)
  const isFolder = (await lstat(path)).isDirectory()
  const numbers = (await readdir(folder)).map((name) => editedTasksNumberOf(name) ?? 0)
  const name = await reserve(folder, Math.max(0, ...numbers) + 1, isFolder)
  try {
    await rename(path, join(folder, name))
  } catch (error) {
    await rm(join(folder, name), { recursive: true, force: true }).catch(() => {})
    throw error
  }
  return name
}

/** Takes a name that nobody has: two processes that set a list aside at once never write over each other's. */
async function reserve(folder: string, number: number, isFolder: boolean): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const name = editedTasksNameOf(number + attempt)
    try {
      if (isFolder) await mkdir(join(folder, name), { mode: 0o700 })
      else await (await open(join(folder, name), 'wx', 0o600)).close()
      return name
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || attempt === limits.memoryWriteAttemptsMax) throw error
    }
  }
}
