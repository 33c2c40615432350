/** Real git repositories in temporary folders. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export interface TestRepository {
  readonly folder: string
  /** Runs git in it, and gives what it printed. */
  readonly git: (...args: readonly string[]) => string
  /** Writes a file. */
  readonly write: (name: string, text: string) => void
  /** Commits everything. */
  readonly commit: (message: string) => string
}

export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'waymark-git-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An empty repository, on the branch `main`, with nobody's settings. */
export function makeRepository(program = 'git', folder = temporaryFolder()): TestRepository {
  const git = (...args: readonly string[]): string =>
    execFileSync(program, ['-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null' },
    })
  git('init', '--quiet', '--initial-branch=main')
  return {
    folder,
    git,
    write: (name, text) => writeFileSync(join(folder, name), text),
    commit: (message) => {
      git('add', '--all')
      git('commit', '--quiet', '--allow-empty', '-m', message)
      return git('rev-parse', 'HEAD').trim()
    },
  }
}
