/**
 * Lets the disk fail, the process die and the clock jump where a test says so: `preload/interpose.c`, compiled here and put before the
 * C library of a child process. Without Linux or a compiler it is missing, and says why.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from './processes.ts'

/** Kinds of calls, as they are told apart; `open-write` may change or make a file. */
export type CallKind =
  | 'open'
  | 'open-write'
  | 'read'
  | 'write'
  | 'fsync'
  | 'truncate'
  | 'rename'
  | 'unlink'
  | 'mkdir'

/** What becomes of a call: the process dies before it, after it, or when half is written; or the call fails. */
export type Fate =
  | 'kill-before'
  | 'kill-after'
  | 'tear'
  | 'short'
  | 'ENOSPC'
  | 'EDQUOT'
  | 'EIO'
  | 'EROFS'
  | 'EACCES'

export interface Orders {
  /** Calls about paths like this count: a pattern with `*`. */
  readonly path?: string
  readonly calls?: readonly CallKind[]
  /** The first call that is met, counted from 1; none if left out. */
  readonly at?: number
  /** How many are met from there on; one if left out, all with -1. */
  readonly count?: number
  readonly fate?: Fate
  /** A file in which each call that counts is noted. */
  readonly trace?: string
  /** Milliseconds that the time of day is ahead. */
  readonly clockMs?: number
}

function compiled(): { readonly library: string } | { readonly missing: string } {
  if (process.platform !== 'linux') return { missing: 'it takes Linux to put a library before the C library' }
  const folder = mkdtempSync(join(tmpdir(), 'waymark-interpose-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const library = join(folder, 'interpose.so')
  const source = join(projectRoot, 'test/support/preload/interpose.c')
  try {
    const options = ['-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-o', library, source, '-ldl']
    execFileSync('cc', options, { stdio: 'pipe' })
    return { library }
  } catch (error) {
    const isThere = !(error instanceof Error && 'code' in error && error.code === 'ENOENT')
    // A compiler that is there must be able to compile it.
    if (isThere) throw error
    return { missing: 'there is no C compiler' }
  }
}

const found = compiled()

/** Why nothing can be interposed here, or `null`. */
export const missing = 'missing' in found ? found.missing : null

/** A test's title, with the reason where it has to be skipped. */
export function titled(title: string): string {
  return missing === null ? title : `${title}: skipped, ${missing}`
}

let orderNumber = 0

/** One child's library: what its environment needs, and the orders, which may change while it runs. */
export interface Interposer {
  readonly environment: Readonly<Record<string, string>>
  order(orders: Orders): void
}

export function interposerIn(folder: string): Interposer {
  const file = join(folder, `orders-${orderNumber++}`)
  const order = (orders: Orders): void => writeFileSync(file, textOf(orders))
  order({})
  const library = 'library' in found ? found.library : ''
  return { environment: { LD_PRELOAD: library, INTERPOSE_ORDERS: file }, order }
}

function textOf({ path, calls = [], at = 0, count = 1, fate, trace, clockMs = 0 }: Orders): string {
  const words: readonly (readonly [string, string | number | undefined])[] = [
    ['order', ++orderNumber],
    ['path', path],
    ['calls', calls.join(' ')],
    ['at', at],
    ['count', count],
    ['do', fate],
    ['trace', trace],
    ['clock', clockMs],
  ]
  return words.flatMap(([word, value]) => (value === undefined ? [] : [`${word} ${value}\n`])).join('')
}
