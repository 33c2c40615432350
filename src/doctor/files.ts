/** Checks of the folder a home is: who may read it, what lies about in it, what keeps it out of version control, how much room is left. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { limits } from '../kernel/limits.ts'
import { runGit } from '../session/git.ts'
import { makeHome, sessionsFolderOf, storePathOf } from '../session/home.ts'
import { countOf, countText, inNaturalOrder, namesText } from '../views/text.ts'
import { bounds } from './bounds.ts'
import type { PlaceContext } from './check.ts'
import type { Found } from './finding.ts'
import { bytesOf } from './store.ts'

/** Permissions of a group and of everybody else. */
const othersMode = 0o077

interface Entry {
  readonly path: string
  readonly mode: number
  readonly isFolder: boolean
  readonly writtenMs: number
}

/** What lies in the folder of the sessions, the folder itself first; links are not followed. */
async function* entriesIn(home: string): AsyncGenerator<Entry, void, undefined> {
  const waiting = [sessionsFolderOf(home)]
  let count = 0
  for (
    let path = waiting.pop();
    path !== undefined && count < limits.examinedFilesMax;
    path = waiting.pop()
  ) {
    const about = await lstat(path).catch(() => null)
    // It may have gone since its name was read; a link has no permissions of its own.
    if (about === null || about.isSymbolicLink()) continue
    count += 1
    yield { path, mode: about.mode & 0o777, isFolder: about.isDirectory(), writtenMs: about.mtimeMs }
    if (!about.isDirectory()) continue
    const folder = path
    const names = await readdir(folder).catch(() => [])
    waiting.push(
      ...names
        .sort(inNaturalOrder)
        .reverse()
        .map((name) => join(folder, name)),
    )
  }
}

/** Whether others may read what was typed, read and answered. */
export async function openPermissions({ home }: PlaceContext): Promise<readonly Found[]> {
  if (process.platform === 'win32') return []
  const wide: Entry[] = []
  for await (const entry of entriesIn(home.path)) if ((entry.mode & othersMode) !== 0) wide.push(entry)
  const [first] = wide
  if (first === undefined) return []
  const folder = sessionsFolderOf(home.path)
  const names = wide.map(({ path, mode }) => `${nameIn(folder, path)} ${mode.toString(8)}`)
  // Nobody gets past a folder that is closed.
  const isReachable = first.path === folder
  return [
    {
      severity: isReachable ? 'warning' : 'notice',
      subject: first.path,
      message: `${countText(wide.length)} of its files and folders are open to others: ${namesText(names)}`,
      proposal: `waymark doctor --fix, or: chmod -R go= ${folder}`,
      repair: async () => {
        for (const { path, mode } of wide) await chmod(path, mode & ~othersMode)
      },
    },
  ]
}

function nameIn(folder: string, path: string): string {
  return relative(folder, path) || basename(folder)
}

/** Files are written beside and renamed; these were never renamed. The number is that of the process that wrote it. */
const temporaryPattern = /^\..+\.(\d{1,10})\.\d{1,15}\.tmp$/

/** Temporary files whose writers are gone. Those of this process it is writing just now, whatever the clock says. */
export async function leftoverFiles({ home, nowMs }: PlaceContext): Promise<readonly Found[]> {
  const left: string[] = []
  for await (const { path, isFolder, writtenMs } of entriesIn(home.path)) {
    const [, processId] = temporaryPattern.exec(basename(path)) ?? []
    if (Number(processId) === process.pid) continue
    const isOld = nowMs - writtenMs > bounds.temporaryMinutes * 60_000
    if (!isFolder && processId !== undefined && (isOld || !isAlive(Number(processId)))) left.push(path)
  }
  const store = storePathOf(home.path)
  const index = `${store}-shm`
  if ((await bytesOf(store)) === null && (await bytesOf(index)) !== null) left.push(index)
  if (left.length === 0) return []
  const folder = sessionsFolderOf(home.path)
  return [
    {
      severity: 'notice',
      subject: left[0] ?? null,
      message: `${countOf(left.length, 'file')} of writers that are gone: ${namesText(left.map((path) => nameIn(folder, path)))}`,
      proposal: 'waymark doctor --fix takes them away',
      repair: async () => {
        for (const path of left) await rm(path, { force: true })
      },
    },
  ]
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** Whether git would take the sessions in. Without git there is nothing that could. */
export async function unignoredHome({ home }: PlaceContext): Promise<readonly Found[]> {
  const folder = sessionsFolderOf(home.path)
  if ((await bytesOf(folder)) === null) return []
  const ask = (args: readonly string[], enough = false) =>
    runGit(args, {
      folder,
      waitMs: limits.gitWaitMs,
      ...(enough ? { enough: (stdout: string) => stdout.includes('\n') } : {}),
    })
  const tracked = await ask(['ls-files', '--', '.'], true)
  // Not in a repository, or there is no git.
  if (tracked.ended !== 'enough' && tracked.code !== 0) return []
  const names = tracked.stdout.split('\n').filter((name) => name !== '' && name !== '.gitignore')
  if (names.length > 0) {
    return [
      {
        severity: 'problem',
        subject: folder,
        message: `git keeps files of it: ${namesText(names)}`,
        proposal: `git rm -r --cached ${folder}, then commit; what was committed before stays in the history`,
      },
    ]
  }
  const { code } = await ask(['check-ignore', '--quiet', '--no-index', basename(storePathOf(home.path))])
  if (code !== 1) return []
  const ignore = join(folder, '.gitignore')
  const isMissing = (await bytesOf(ignore)) === null
  return [
    {
      severity: 'warning',
      subject: folder,
      message: `it lies in a git repository, and nothing ignores it${isMissing ? '' : ': its .gitignore lets it through'}`,
      proposal: isMissing ? `waymark doctor --fix writes ${ignore}` : `put a line with * into ${ignore}`,
      ...(isMissing ? { repair: async () => void (await makeHome(home.path)) } : {}),
    },
  ]
}

/** Whether there is room to go on recording. */
export async function diskAlmostFull({ home, diskSpace }: PlaceContext): Promise<readonly Found[]> {
  const { freeBytes, totalBytes } = await diskSpace(home.path)
  const isLittle = freeBytes < bounds.diskBytes
  if (totalBytes === 0 || (!isLittle && freeBytes >= totalBytes * bounds.diskShare)) return []
  const percent = ((freeBytes * 100) / totalBytes).toFixed(1)
  return [
    {
      severity: isLittle ? 'problem' : 'warning',
      subject: home.path,
      message: `${countText(freeBytes)} of ${countText(totalBytes)} bytes are free (${percent} %)`,
      proposal: 'waymark maintain makes the store smaller; else free space on that disk',
    },
  ]
}
