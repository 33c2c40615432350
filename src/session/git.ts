/** Runs git: without a shell, for a bounded time, with bounded output. What git does is an answer and never thrown. */
import { spawn } from 'node:child_process'
import { limits } from '../kernel/limits.ts'

export interface GitOptions {
  /** The program to run; the `git` of the search path if left out. */
  readonly git?: string
  /** Milliseconds git may take. */
  readonly waitMs?: number
}

export interface GitRequest extends GitOptions {
  /** The folder git works in; the one of this process if left out. */
  readonly folder?: string
  readonly waitMs: number
  /** Told what git has printed so far; `true` when that is all that is needed. Git is then stopped. */
  readonly enough?: (stdout: string) => boolean
}

/**
 * How a run of git ended. `missing`: it could not be started; `late`: it was stopped because it took too long;
 * `enough`: it was stopped because it had said what was wanted.
 */
export interface GitAnswer {
  readonly ended: 'itself' | 'enough' | 'late' | 'missing'
  /** Exit code, where it ended by itself. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface GitVersion {
  readonly major: number
  readonly minor: number
  /** As git says it: `2.39.5`, `2.45.1.windows.1`. */
  readonly text: string
}

/** Variables by which a git that runs a hook points its children at its own repository; the folder is to say it here. */
const foreignVariables: ReadonlySet<string> = new Set([
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_COMMON_DIR',
  'GIT_DIR',
  'GIT_INDEX_FILE',
  'GIT_NAMESPACE',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_WORK_TREE',
])

export async function runGit(args: readonly string[], request: GitRequest): Promise<GitAnswer> {
  const { git = 'git', folder, waitMs, enough } = request
  const place = folder === undefined ? [] : ['-C', folder]
  return new Promise((resolve) => {
    let stdout = ''
    let stderr = ''
    const answer = (ended: GitAnswer['ended'], code: number | null = null): void =>
      resolve({ ended, code, stdout, stderr })
    let child: ReturnType<typeof start>
    try {
      child = start(git, [...place, ...args])
    } catch {
      // A folder or an environment that no program can be given.
      answer('missing')
      return
    }
    // SIGTERM lets git take its lock files away. Nobody waits for it: one that hangs must not hold up this process.
    const stop = (ended: 'enough' | 'late'): void => {
      clearTimeout(timer)
      child.kill('SIGTERM')
      child.stdout.destroy()
      child.stderr.destroy()
      child.unref()
      answer(ended)
    }
    const timer = setTimeout(() => stop('late'), waitMs)
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < limits.gitOutputCharactersMax) stdout += text
      if (enough?.(stdout) === true) stop('enough')
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < limits.gitOutputCharactersMax) stderr += text
    })
    child.on('error', () => {
      clearTimeout(timer)
      answer('missing')
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      answer('itself', code)
    })
  })
}

function start(git: string, args: readonly string[]) {
  const inherited = Object.entries(process.env).filter(([name]) => !foreignVariables.has(name))
  return spawn(git, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
    env: {
      ...Object.fromEntries(inherited),
      // Looking takes no locks, asks nobody, and says the same in every language.
      GIT_OPTIONAL_LOCKS: '0',
      GIT_TERMINAL_PROMPT: '0',
      LC_ALL: 'C',
    },
  })
}

/** The version of git; `null` when it is not installed, or does not answer in time. */
export async function gitVersion(options: GitOptions = {}): Promise<GitVersion | null> {
  const { code, stdout } = await runGit(['version'], { waitMs: limits.gitWaitMs, ...options })
  return code === 0 ? parseGitVersion(stdout) : null
}

/** Reads what `git version` prints. */
export function parseGitVersion(printed: string): GitVersion | null {
  const [, text = '', major, minor] = /^git version ((\d{1,9})\.(\d{1,9})\S*)/.exec(printed) ?? []
  return text === '' ? null : { major: Number(major), minor: Number(minor), text }
}
