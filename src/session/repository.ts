/** What a git repository says of itself, for checkpoints: the commit, the branch, and whether there is work not committed. */
import { limits } from '../kernel/limits.ts'
import { type GitOptions, runGit } from './git.ts'

export interface RepositoryFacts {
  /** The commit that is checked out, 40 or 64 hexadecimal digits. */
  readonly head: string
  /** `null` on a detached head. */
  readonly branch: string | null
  /** Whether files are changed, added or untracked. */
  readonly dirty: boolean
}

/** One run tells all three. A program that the repository's configuration names to watch its files is not started. */
const question = [
  '-c',
  'core.fsmonitor=false',
  'status',
  '--porcelain=v2',
  '--branch',
  '--no-ahead-behind',
  '--untracked-files=normal',
]

/**
 * The facts of the repository that `folder` lies in; `null` when it lies in none or in one without a working tree or a
 * commit, when git is not installed, and when git does not answer within `limits.gitWaitMs`.
 */
export async function repositoryFacts(
  folder: string,
  options: GitOptions = {},
): Promise<RepositoryFacts | null> {
  // The first entry after the headers tells that there is work not committed; the others may be many.
  const request = { folder, waitMs: limits.gitWaitMs, ...options, enough: hasEntry }
  const { ended, code, stdout } = await runGit(question, request)
  return ended === 'enough' || code === 0 ? parseStatus(stdout) : null
}

/** Whether a line that is no header has begun. */
function hasEntry(stdout: string): boolean {
  // No `m` flag: it would take separators that a branch's name may hold for ends of lines.
  return /(?:^|\n)[^#\n]/.test(stdout)
}

const detached = '(detached)'

/** Reads what `git status --porcelain=v2 --branch` prints, or the beginning of it. */
function parseStatus(stdout: string): RepositoryFacts | null {
  const head = /(?:^|\n)# branch\.oid ([0-9a-f]{40,64})\n/.exec(stdout)?.[1]
  const branch = /\n# branch\.head ([^\n]+)\n/.exec(stdout)?.[1]
  if (head === undefined || branch === undefined) return null
  return {
    head,
    branch: branch === detached ? null : branch.slice(0, limits.lineCharactersMax),
    dirty: hasEntry(stdout),
  }
}
