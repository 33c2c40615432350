/** From the paths a user names to the transcripts among them, in the order in which they are read. */
import { open, readdir, realpath, stat } from 'node:fs/promises'
import { extname, join, resolve } from 'node:path'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { bounds, standardLineLimits } from './bounds.ts'
import type { Identity } from './identity.ts'
import { readLines } from './lines.ts'
import { sniff } from './sniff.ts'
import { digest } from './step.ts'
import { identify } from './translator.ts'
import { valuesOf } from './values.ts'

/** A file to be read. */
export interface Source {
  /** As the user named it, or as it was found below what the user named. */
  readonly path: string
  /** The file itself, whatever links lead to it. */
  readonly realPath: string
  readonly bytes: number
  /** When the file was last written: stands in where its lines have no time. */
  readonly writtenAt: string
  readonly identity: Identity
}

/** A file or folder that is not read, and why. */
export interface LeftOut {
  readonly path: string
  readonly skipped?: string
  readonly error?: string
}

export interface Found {
  readonly sources: readonly Source[]
  readonly leftOut: readonly LeftOut[]
}

interface Candidate {
  readonly path: string
  readonly named: boolean
  /** Nothing else was named: what cannot be read of it is all there is to say. */
  readonly only: boolean
}

/**
 * Finds the transcripts under the paths.
 *
 * @throws WaymarkError `IMPORT_FAILED` when a path that the user named is not there, or is a file of no known format;
 * then nothing has been read.
 */
export async function findSources(paths: readonly string[]): Promise<Found> {
  const leftOut: LeftOut[] = []
  const candidates: Candidate[] = []
  const visited = new Set<string>()
  for (const path of paths) {
    if (!(await isThere(path))) throw failed(path, 'there is no such file or folder', 'check the path')
    await walk({ path, named: true, only: paths.length === 1 }, 0, visited, candidates, leftOut)
  }
  const sources: Source[] = []
  const seen = new Set<string>()
  for (const candidate of candidates) {
    const source = await sourceOf(candidate).catch(asLeftOut(candidate.path))
    if (!('identity' in source)) leftOut.push(source)
    else if (!seen.has(source.realPath)) {
      seen.add(source.realPath)
      sources.push(source)
    }
  }
  return { sources: inOrder(sources), leftOut }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path)
    return true
  } catch (error) {
    return codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTDIR'
  }
}

/** Collects the transcripts below a path. A folder that was visited before, by whatever link, is not entered again. */
async function walk(
  { path, named, only }: Candidate,
  depth: number,
  visited: Set<string>,
  candidates: Candidate[],
  leftOut: LeftOut[],
): Promise<void> {
  try {
    const found = await stat(path)
    if (found.isFile() && (named || extname(path) === '.jsonl')) candidates.push({ path, named, only })
    if (!found.isDirectory()) {
      if (named && !found.isFile())
        throw failed(path, 'it is neither a file nor a folder', 'name files or folders')
      return
    }
    const real = await realpath(path)
    if (visited.has(real)) return
    visited.add(real)
    if (depth >= limits.folderDepthMax) {
      leftOut.push({ path, skipped: `more than ${limits.folderDepthMax} folders deep` })
      return
    }
    for (const name of (await readdir(path)).sort()) {
      await walk(
        { path: join(path, name), named: false, only: false },
        depth + 1,
        visited,
        candidates,
        leftOut,
      )
    }
  } catch (error) {
    leftOut.push(asLeftOut(path)(error))
  }
}

function asLeftOut(path: string): (error: unknown) => LeftOut {
  return (error) => {
    if (error instanceof WaymarkError || codeOf(error) === null) throw error
    return { path, error: error instanceof Error ? error.message : String(error) }
  }
}

function codeOf(error: unknown): string | null {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : null
}

async function sourceOf({ path, named, only }: Candidate): Promise<Source | LeftOut> {
  const file = await open(path)
  try {
    const { size, mtime } = await file.stat()
    const realPath = await realpath(path)
    const range = { from: 0, to: size, firstLine: 1 }
    const headLimits = {
      ...standardLineLimits,
      batchLinesMax: bounds.headLinesMax,
      batchBytesMax: bounds.headBytesMax,
    }
    const { value: batch } = await readLines(file, range, headLimits).next()
    const lines = (batch?.lines ?? []).map(({ bytes }) => Buffer.from(bytes).toString('utf8'))
    const records = lines.flatMap((line) => valuesOf(line).objects)
    const sniffed = sniff(records)
    if (sniffed.format === null) {
      if (!only) return named ? { path, error: sniffed.reason } : { path, skipped: sniffed.reason }
      throw failed(path, sniffed.reason, 'name Claude Code transcripts, Codex rollouts, or folders of them')
    }
    const head = { path: resolve(path), records, firstLineDigest: digest(lines[0] ?? '') }
    const identity = identify(sniffed.format, head)
    if (identity === null) return { path, skipped: 'nothing in it says yet which session it is about' }
    return { path, realPath, bytes: size, writtenAt: mtime.toISOString(), identity }
  } finally {
    await file.close()
  }
}

function failed(path: string, reason: string, hint: string): WaymarkError {
  return new WaymarkError('IMPORT_FAILED', { message: `${path}: ${reason}`, hint, details: { path } })
}

/** Parents before their children, originals before their copies: by depth, then by first time, size and path. */
function inOrder(sources: readonly Source[]): readonly Source[] {
  const parents = new Map(sources.map(({ identity }) => [identity.sessionId, identity.parentSessionId]))
  const depthOf = (sessionId: string | null, steps = 0): number => {
    const parent = sessionId === null ? undefined : parents.get(sessionId)
    return parent === undefined || parent === null || steps >= limits.lineageDepthMax
      ? 0
      : 1 + depthOf(parent, steps + 1)
  }
  const keyed = sources.map((source) => {
    const { identity, bytes, realPath } = source
    return { source, key: [depthOf(identity.sessionId), identity.startedAt ?? '', bytes, realPath] as const }
  })
  return keyed.sort((a, b) => compared(a.key, b.key)).map(({ source }) => source)
}

function compared(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [index, left] of a.entries()) {
    const right = b[index] ?? ''
    if (left !== right) return left < right ? -1 : 1
  }
  return 0
}
