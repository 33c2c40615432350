/**
 * Goal: the multi-pack index is written where git can, and is sound whatever became of the packs.
 * Method: real repositories and the git that is installed. One that writes layers (2.47 or later) is taken from WAYMARK_GIT where
 * the installed one cannot; without either, those tests are skipped and say why.
 */
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { gitVersion } from '../../src/session/git.ts'
import { writeMultiPackIndex, writesLayers } from '../../src/session/pack-index.ts'
import { makeRepository, type TestRepository, temporaryFolder } from '../support/repository.ts'

const installed = await gitVersion()
const named = process.env.WAYMARK_GIT
const newer = named === undefined ? installed : await gitVersion({ git: named })
const writes = newer !== null && writesLayers(newer)
const why = writes
  ? ` (git ${newer.text})`
  : `: skipped, WAYMARK_GIT names no git 2.47 or later and the installed one is ${installed?.text ?? 'missing'}`

const git = named ?? 'git'

/** A repository with a pack for each of some commits. */
function packed(count: number, program = git): TestRepository {
  const repository = makeRepository(program)
  for (let n = 0; n < count; n++) addPack(repository, `file-${n}`)
  return repository
}

function addPack(repository: TestRepository, name: string): void {
  repository.write(name, name)
  repository.commit(name)
  repository.git('repack', '-d', '--quiet')
}

function layersOf({ folder }: TestRepository): number {
  const layers = join(folder, '.git/objects/pack/multi-pack-index.d')
  return existsSync(layers) ? readdirSync(layers).filter((name) => name.endsWith('.midx')).length : 0
}

function isSound({ git: run }: TestRepository): boolean {
  try {
    run('multi-pack-index', 'verify')
    run('fsck', '--full')
    return true
  } catch {
    return false
  }
}

describe.skipIf(!writes)(`a git that writes layers${why}`, () => {
  it('writes one, and another one for new packs only', async () => {
    const repository = packed(3)
    expect(layersOf(repository)).toBe(0)
    expect(await writeMultiPackIndex(repository.folder, { git })).toEqual({ done: true, renewed: false })
    expect(layersOf(repository)).toBe(1)
    expect(await writeMultiPackIndex(repository.folder, { git })).toEqual({ done: true, renewed: false })
    expect(layersOf(repository)).toBe(1)
    addPack(repository, 'later')
    expect(await writeMultiPackIndex(repository.folder, { git })).toEqual({ done: true, renewed: false })
    expect(layersOf(repository)).toBe(2)
    expect(isSound(repository)).toBe(true)
  })

  it('writes them anew when the packs they name were replaced', async () => {
    const repository = packed(3)
    await writeMultiPackIndex(repository.folder, { git })
    addPack(repository, 'later')
    await writeMultiPackIndex(repository.folder, { git })
    repository.git('repack', '-a', '-d', '--quiet')
    addPack(repository, 'last')
    expect(isSound(repository)).toBe(false)
    expect(await writeMultiPackIndex(repository.folder, { git })).toEqual({ done: true, renewed: true })
    expect(layersOf(repository)).toBe(1)
    expect(isSound(repository)).toBe(true)
    expect(repository.git('log', '--oneline').trim().split('\n').length).toBe(5)
  })

  it('takes over an index that is not in layers', async () => {
    const repository = packed(2)
    repository.git('multi-pack-index', 'write')
    addPack(repository, 'later')
    expect(await writeMultiPackIndex(repository.folder, { git })).toEqual({ done: true, renewed: false })
    expect(layersOf(repository)).toBe(2)
    expect(isSound(repository)).toBe(true)
  })

  it('works from a folder below, and for a working tree of its own', async () => {
    const repository = packed(2)
    const tree = join(temporaryFolder(), 'tree')
    repository.git('worktree', 'add', '--quiet', tree)
    expect(await writeMultiPackIndex(tree, { git })).toEqual({ done: true, renewed: false })
    expect(layersOf(repository)).toBe(1)
  })

  it('writes nothing when it is only to say what it would do', async () => {
    const repository = packed(2)
    expect(await writeMultiPackIndex(repository.folder, { git, dryRun: true })).toEqual({
      done: false,
      failed: false,
      reason: 'the multi-pack index would be written',
    })
    expect(layersOf(repository)).toBe(0)
  })

  it('has nothing to do without packs, and where the repository does not read such an index', async () => {
    const empty = makeRepository(git)
    empty.commit('loose')
    expect(await writeMultiPackIndex(empty.folder, { git })).toMatchObject({
      done: false,
      failed: false,
      reason: 'the repository has no packs, so there is nothing to index',
    })
    const repository = packed(2)
    repository.git('config', 'core.multiPackIndex', 'no')
    const outcome = await writeMultiPackIndex(repository.folder, { git })
    expect(outcome).toMatchObject({ done: false, failed: false })
    expect(outcome).toHaveProperty('reason', expect.stringContaining('core.multiPackIndex'))
    expect(layersOf(repository)).toBe(0)
  })

  it('that fails is told with what it said', async () => {
    const repository = packed(2)
    const inTheWay = join(repository.folder, '.git/objects/pack/multi-pack-index.d')
    writeFileSync(inTheWay, 'a file where the folder of layers belongs')
    const outcome = await writeMultiPackIndex(repository.folder, { git })
    expect(outcome).toMatchObject({ done: false, failed: true })
    expect(outcome).toHaveProperty('reason', expect.stringMatching(/^git ended with \d+: .*multi-pack-index/))
  })
})

describe.skipIf(installed === null || writesLayers(installed))(
  `an older git${installed !== null && writesLayers(installed) ? `: skipped, the installed one is ${installed.text}` : ''}`,
  () => {
    it('says so, and changes nothing', async () => {
      const repository = packed(2, 'git')
      expect(await writeMultiPackIndex(repository.folder)).toEqual({
        done: false,
        failed: false,
        reason: `git ${installed?.text} is older than 2.47, the first that writes an incremental multi-pack index`,
      })
      expect(layersOf(repository)).toBe(0)
    })
  },
)

describe('where there is nothing to write', () => {
  it('it is said: no git, no repository', async () => {
    const folder = temporaryFolder()
    const missing = { done: false, failed: false, reason: 'git is not installed, or does not answer' }
    expect(await writeMultiPackIndex(folder, { git: join(folder, 'no-git') })).toEqual(missing)
    expect(await writeMultiPackIndex(folder)).toEqual({
      done: false,
      failed: false,
      reason: `${folder} is in no git repository`,
    })
  })

  it('a folder that git does not want to look at is a failure with its reason', async () => {
    const { folder } = makeRepository()
    writeFileSync(join(folder, '.git', 'config'), 'no configuration [')
    const outcome = await writeMultiPackIndex(folder)
    expect(outcome).toMatchObject({ done: false, failed: true })
    expect(outcome).toHaveProperty('reason', expect.stringContaining('config'))
  })
})

describe('a version', () => {
  it.each([
    [2, 39, false],
    [2, 46, false],
    [2, 47, true],
    [2, 50, true],
    [3, 0, true],
    [1, 99, false],
  ])('%d.%d writes layers: %s', (major, minor, expected) => {
    expect(writesLayers({ major, minor, text: `${major}.${minor}` })).toBe(expected)
  })
})
