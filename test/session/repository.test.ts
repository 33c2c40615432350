/** What a repository says of itself, asked of the git that is installed, in repositories in every condition. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { gitVersion, parseGitVersion } from '../../src/session/git.ts'
import { repositoryFacts } from '../../src/session/repository.ts'
import { makeRepository, temporaryFolder } from '../support/repository.ts'

/** A program of a few lines of shell. */
function script(text: string): string {
  const path = join(temporaryFolder(), 'git')
  writeFileSync(path, `#!/bin/sh\n${text}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('the facts of a repository', () => {
  it('are its commit, its branch, and that all is committed', async () => {
    const { folder, write, commit } = makeRepository()
    write('file', 'text')
    const head = commit('first')
    expect(await repositoryFacts(folder)).toEqual({ head, branch: 'main', dirty: false })
  })

  it.each([
    ['a changed file', (write: Write) => write('file', 'other')],
    ['an untracked file', (write: Write) => write('new', 'text')],
    ['very many untracked files', (write: Write) => times(3_000, (n) => write(`new-${n}`, ''))],
  ])('say that there is work not committed: %s', async (_, change) => {
    const { folder, write, commit } = makeRepository()
    write('file', 'text')
    const head = commit('first')
    change(write)
    expect(await repositoryFacts(folder)).toEqual({ head, branch: 'main', dirty: true })
  })

  it('say so of a change that is staged, and of a conflict', async () => {
    const { folder, git, write, commit } = makeRepository()
    write('file', 'text')
    commit('first')
    git('checkout', '--quiet', '-b', 'other')
    write('file', 'one')
    commit('one')
    git('checkout', '--quiet', 'main')
    write('file', 'two')
    git('add', 'file')
    expect((await repositoryFacts(folder))?.dirty).toBe(true)
    commit('two')
    expect(() => git('merge', 'other')).toThrow()
    expect((await repositoryFacts(folder))?.dirty).toBe(true)
  })

  it('do not count what is ignored', async () => {
    const { folder, write, commit } = makeRepository()
    write('.gitignore', 'made/\n')
    commit('first')
    mkdirSync(join(folder, 'made'))
    write('made/file', 'text')
    expect((await repositoryFacts(folder))?.dirty).toBe(false)
  })

  it('have no branch where the head is detached', async () => {
    const { folder, git, commit } = makeRepository()
    const head = commit('first')
    git('checkout', '--quiet', '--detach')
    expect(await repositoryFacts(folder)).toEqual({ head, branch: null, dirty: false })
  })

  it('are told from a folder below, in a working tree of its own, and with a branch of any name', async () => {
    const { folder, git, commit } = makeRepository()
    const head = commit('first')
    mkdirSync(join(folder, 'a b/-c'), { recursive: true })
    expect((await repositoryFacts(join(folder, 'a b/-c')))?.head).toBe(head)
    const tree = join(temporaryFolder(), 'tree')
    git('worktree', 'add', '--quiet', '-b', 'größer/日本\u2028#x', tree)
    expect(await repositoryFacts(tree)).toEqual({ head, branch: 'größer/日本\u2028#x', dirty: false })
  })

  it('of a repository that keeps its hashes as SHA-256 are longer', async () => {
    const { folder, git } = makeRepository()
    git('init', '--quiet', '--object-format=sha256', join(folder, 'long'))
    const long = makeRepository('git', join(folder, 'long'))
    expect(long.commit('first')).toMatch(/^[0-9a-f]{64}$/)
    expect((await repositoryFacts(long.folder))?.head).toMatch(/^[0-9a-f]{64}$/)
  })

  it('write nothing into the repository, not even its index', async () => {
    const { folder, git, write, commit } = makeRepository()
    write('file', 'text')
    commit('first')
    const before = git('hash-object', '.git/index')
    write('file', 'text')
    await repositoryFacts(folder)
    expect(git('hash-object', '.git/index')).toBe(before)
  })

  it('do not start the program that the repository names to watch its files', async () => {
    const { folder, git, commit } = makeRepository()
    commit('first')
    const trace = join(folder, '.git', 'started')
    git('config', 'core.fsmonitor', script(`touch ${trace}`))
    expect(await repositoryFacts(folder)).toMatchObject({ dirty: false })
    expect(() => git('hash-object', trace)).toThrow()
  })
})

describe('where a hook of another repository runs', () => {
  afterEach(() => {
    delete process.env.GIT_DIR
  })

  it('the folder says which repository is meant', async () => {
    const other = makeRepository()
    other.commit('other')
    const { folder, commit } = makeRepository()
    const head = commit('first')
    process.env.GIT_DIR = join(other.folder, '.git')
    expect((await repositoryFacts(folder))?.head).toBe(head)
  })
})

describe('there are no facts', () => {
  it('of a folder in no repository, of one that is not there, and of a name that cannot be one', async () => {
    expect(await repositoryFacts(temporaryFolder())).toBeNull()
    expect(await repositoryFacts(join(temporaryFolder(), 'missing'))).toBeNull()
    expect(await repositoryFacts('a\0b')).toBeNull()
  })

  it('of a repository without a commit, or without a working tree', async () => {
    const { folder, git } = makeRepository()
    expect(await repositoryFacts(folder)).toBeNull()
    git('init', '--quiet', '--bare', join(folder, 'bare'))
    expect(await repositoryFacts(join(folder, 'bare'))).toBeNull()
  })

  it('of a repository that is damaged', async () => {
    const { folder, write, commit } = makeRepository()
    write('file', 'text')
    commit('first')
    writeFileSync(join(folder, '.git', 'index'), 'no index')
    expect(await repositoryFacts(folder)).toBeNull()
  })

  it('without git', async () => {
    const { folder, commit } = makeRepository()
    commit('first')
    expect(await repositoryFacts(folder, { git: join(folder, 'no-git') })).toBeNull()
    expect(await gitVersion({ git: join(folder, 'no-git') })).toBeNull()
  })

  it('of a program that does not end, or prints without end, after a bounded time', async () => {
    const { folder, commit } = makeRepository()
    commit('first')
    for (const text of ['sleep 30', 'exec yes "# branch.oid"', 'trap "" TERM; exec sleep 30']) {
      const start = performance.now()
      expect(await repositoryFacts(folder, { git: script(text), waitMs: 200 })).toBeNull()
      expect(performance.now() - start).toBeLessThan(5_000)
    }
  })
})

describe('the version of git', () => {
  it('is that of the git which is installed', async () => {
    const { git } = makeRepository()
    const printed = git('version')
    const version = await gitVersion()
    expect(printed).toContain(version?.text)
    expect(version?.text).toMatch(new RegExp(`^${version?.major}\\.${version?.minor}\\b`))
  })

  it.each([
    ['git version 2.39.5\n', { major: 2, minor: 39, text: '2.39.5' }],
    ['git version 2.47.0', { major: 2, minor: 47, text: '2.47.0' }],
    ['git version 2.45.1.windows.1\n', { major: 2, minor: 45, text: '2.45.1.windows.1' }],
    ['git version 2.39.5 (Apple Git-154)\n', { major: 2, minor: 39, text: '2.39.5' }],
    ['git version 2.48.0-rc1\n', { major: 2, minor: 48, text: '2.48.0-rc1' }],
    ['git version 3.0\n', { major: 3, minor: 0, text: '3.0' }],
    ['hub version 2.14\n', null],
    ['git version unknown\n', null],
    ['', null],
  ])('is read from %j', (printed, version) => {
    expect(parseGitVersion(printed)).toEqual(version)
  })
})

type Write = (name: string, text: string) => void

function times(count: number, work: (n: number) => void): void {
  for (let n = 0; n < count; n++) work(n)
}
