/**
 * Transcripts of coding agents on this machine that a home does not have. They are told by their names, and by the folder that stands in
 * their first lines; what they say is the importer's to read.
 */
import { open, readdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, join, relative, sep } from 'node:path'
import { limits } from '../kernel/limits.ts'
import { countOf, namesText } from '../views/text.ts'
import type { LogContext, PlaceContext } from './check.ts'
import type { Found } from './finding.ts'

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

interface Transcript {
  readonly path: string
  readonly nativeId: string
  readonly writtenMs: number
}

/** Where a tool keeps its transcripts, and which of its files are whole sessions: the id is in the name. */
interface Tool {
  readonly folder: (context: Pick<PlaceContext, 'environment' | 'userFolder'>) => string
  readonly pattern: RegExp
  /** Levels of folders below. */
  readonly depth: number
}

const tools: readonly Tool[] = [
  {
    folder: ({ environment, userFolder }) =>
      join(environment.CLAUDE_CONFIG_DIR || join(userFolder, '.claude'), 'projects'),
    pattern: new RegExp(`^(${uuid})\\.jsonl$`, 'i'),
    depth: 1,
  },
  {
    folder: ({ environment, userFolder }) =>
      join(environment.CODEX_HOME || join(userFolder, '.codex'), 'sessions'),
    pattern: new RegExp(`^rollout-.*?(${uuid})\\.jsonl$`, 'i'),
    depth: 3,
  },
]

/** Transcripts made in this home's project that were not imported; of all projects, for the user's own home. */
export async function unimportedTranscripts(context: LogContext): Promise<readonly Found[]> {
  const { log, home, userFolder, folder } = context
  const known = new Set<string>()
  for await (const page of log.streams())
    for (const { summary } of page) if (summary?.nativeId != null) known.add(summary.nativeId.toLowerCase())
  const isUsersOwn = home.path === join(userFolder, '.moai')
  const project = basename(home.path) === '.moai' ? dirname(home.path) : folder
  const missing: Transcript[] = []
  for (const transcript of await transcripts(context)) {
    if (known.has(transcript.nativeId.toLowerCase())) continue
    const madeIn = await folderIn(transcript.path)
    if (madeIn !== null && (isUsersOwn || isBelow(madeIn, project))) missing.push(transcript)
  }
  const [newest] = missing
  if (newest === undefined) return []
  const folders = [...new Set(missing.map(({ path }) => dirname(path)))]
  return [
    {
      severity: 'notice',
      subject: newest.path,
      message: `${countOf(missing.length, 'transcript')} of ${isUsersOwn ? 'yours' : project} not imported, the newest is ${newest.nativeId}`,
      proposal: `waymark import ${folders.length === 1 ? namesText(folders) : commonFolder(folders)}`,
    },
  ]
}

/** The transcript of a native id, or of a beginning of it that is long enough; `null` when there is none. */
export async function transcriptOf(context: PlaceContext, name: string): Promise<string | null> {
  const wanted = name.toLowerCase()
  if (wanted.length < idCharactersMin) return null
  return (
    (await transcripts(context)).find(({ nativeId }) => nativeId.toLowerCase().startsWith(wanted))?.path ??
    null
  )
}

const idCharactersMin = 8

/** The newest transcripts of all tools, newest first. */
async function transcripts(context: PlaceContext): Promise<readonly Transcript[]> {
  let found: Transcript[] = []
  for (const { folder, pattern, depth } of tools) {
    for await (const path of filesBelow(folder(context), depth)) {
      const nativeId = pattern.exec(basename(path))?.[1]
      const about = nativeId === undefined ? null : await stat(path).catch(() => null)
      if (nativeId === undefined || about === null || about.size === 0) continue
      found.push({ path, nativeId, writtenMs: about.mtimeMs })
      if (found.length > limits.examinedTranscriptsMax * 2) found = newestOf(found)
    }
  }
  return newestOf(found)
}

function newestOf(found: readonly Transcript[]): Transcript[] {
  return found.toSorted((a, b) => b.writtenMs - a.writtenMs).slice(0, limits.examinedTranscriptsMax)
}

async function* filesBelow(folder: string, depth: number): AsyncGenerator<string, void, undefined> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isFile()) yield path
    else if (entry.isDirectory() && depth > 0) yield* filesBelow(path, depth - 1)
  }
}

/** The folder a session was begun in, as its first lines say; `null` when they do not. Then an import would have nothing to take up. */
async function folderIn(path: string): Promise<string | null> {
  const head = await headOf(path).catch(() => '')
  const written = /"cwd"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(head)?.[1]
  if (written === undefined) return null
  try {
    const folder: unknown = JSON.parse(written)
    return typeof folder === 'string' ? folder : null
  } catch {
    return null
  }
}

async function headOf(path: string): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(limits.transcriptHeadBytes), 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

function isBelow(path: string, folder: string): boolean {
  const below = relative(folder, path)
  return below === '' || (below !== '..' && !below.startsWith(`..${sep}`))
}

/** The folder that all of them lie in. */
function commonFolder(folders: readonly string[]): string {
  const [first = homedir(), ...others] = folders
  let common = first
  while (!others.every((folder) => isBelow(folder, common)) && dirname(common) !== common)
    common = dirname(common)
  return common
}
