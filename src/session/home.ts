/** Where sessions live: the nearest `.moai` folder upward, else the one in the user's home folder. */
import { existsSync } from 'node:fs'
import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { isDiskFull, WaymarkError } from '../kernel/errors.ts'

const folderName = '.moai'

/** The variables of a process, as `process.env` holds them. */
type Environment = Readonly<Record<string, string | undefined>>

/** The home a command works with, and how it was found: given, from the environment, a project's, or the user's. */
export interface Home {
  readonly path: string
  readonly foundBy: 'given' | 'environment' | 'project' | 'user'
}

/**
 * Finds the home: `given`, else `WAYMARK_HOME`, else the nearest `.moai` from `from` upward, else `~/.moai`.
 * Nothing is created.
 */
export function findHome(given?: string, from = process.cwd(), environment: Environment = process.env): Home {
  if (given !== undefined) return { path: resolve(from, given), foundBy: 'given' }
  const named = environment.WAYMARK_HOME
  if (named !== undefined && named !== '') return { path: resolve(from, named), foundBy: 'environment' }
  const user = join(homedir(), folderName)
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const candidate = join(folder, folderName)
    if (existsSync(candidate)) return { path: candidate, foundBy: candidate === user ? 'user' : 'project' }
    if (dirname(folder) === folder) return { path: user, foundBy: 'user' }
  }
}

/** The folder that holds a home's log and memory files. */
export function sessionsFolderOf(home: string): string {
  return join(home, 'sessions')
}

/** The file that holds a home's log. */
export function storePathOf(home: string): string {
  return join(sessionsFolderOf(home), 'waymark.db')
}

/** What keeps a home out of version control: transcripts hold secrets. */
const ignoreText =
  '# Sessions hold what was typed, read and answered, secrets included. They stay out of version control.\n*\n'

/**
 * Makes the home's folders (0700) and its `.gitignore`; what is there stays.
 *
 * @returns whether the home was new.
 * @throws WaymarkError `HOME_NOT_WRITABLE`, `STORE_FULL`
 */
export async function makeHome(home: string): Promise<boolean> {
  const sessions = sessionsFolderOf(home)
  try {
    const present = await stat(sessions).catch(() => null)
    await mkdir(sessions, { recursive: true, mode: 0o700 })
    if (present === null) await chmod(sessions, 0o700)
    await writeFile(join(sessions, '.gitignore'), ignoreText, { flag: 'wx', mode: 0o600 }).catch(unlessThere)
    return present === null
  } catch (cause) {
    const isFull = isDiskFull(cause)
    throw new WaymarkError(isFull ? 'STORE_FULL' : 'HOME_NOT_WRITABLE', {
      message: `cannot write to ${sessions}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: `${isFull ? 'free space on that disk, or ' : ''}choose another place with --home <folder> or WAYMARK_HOME`,
      cause,
    })
  }
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}
