/**
 * The multi-pack index of a git repository: one index over all packs, so that git finds an object without looking through pack
 * after pack. Written in layers, a new one holds only what no earlier one does. It is a cache, and never more than a shortcut.
 */
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../kernel/limits.ts'
import { type GitAnswer, type GitOptions, type GitVersion, gitVersion, runGit } from './git.ts'

export type PackIndexOutcome =
  | {
      readonly done: true
      /** Layers named packs that were not there any more, so all were taken away and written anew. */
      readonly renewed: boolean
    }
  | {
      readonly done: false
      /** Git was asked and failed; else there was nothing to do, or it could not be asked. */
      readonly failed: boolean
      readonly reason: string
    }

export interface PackIndexOptions extends GitOptions {
  /** Look and say what would be done; write nothing. */
  readonly dryRun?: boolean
}

const oldestVersion = { major: 2, minor: 47 } as const

/** Whether this git can write a multi-pack index in layers. */
export function writesLayers({ major, minor }: GitVersion): boolean {
  return major > oldestVersion.major || (major === oldestVersion.major && minor >= oldestVersion.minor)
}

/**
 * Writes the incremental multi-pack index of the repository that `folder` lies in, and verifies it. Git, as of 2.47, does not
 * renew the layers when `git gc` or `git repack -a` replaces the packs they name; then they are taken away and written anew.
 * Never throws for what git does.
 */
export async function writeMultiPackIndex(
  folder: string,
  options: PackIndexOptions = {},
): Promise<PackIndexOutcome> {
  const version = await gitVersion(options)
  if (version === null) return passedOver('git is not installed, or does not answer')
  const ask = (...args: readonly string[]): Promise<GitAnswer> =>
    runGit(args, { folder, waitMs: limits.gitMaintenanceWaitMs, ...options })
  const packs = await ask('rev-parse', '--path-format=absolute', '--git-path', 'objects/pack')
  if (packs.code !== 0) {
    const isNone = packs.stderr.includes('not a git repository')
    return isNone ? passedOver(`${folder} is in no git repository`) : failed(packs)
  }
  if (!writesLayers(version)) {
    return passedOver(
      `git ${version.text} is older than 2.47, the first that writes an incremental multi-pack index`,
    )
  }
  const packFolder = packs.stdout.trimEnd()
  if (!(await hasPacks(packFolder)))
    return passedOver('the repository has no packs, so there is nothing to index')
  const wanted = await ask('config', '--type=bool', '--get', 'core.multiPackIndex')
  if (wanted.stdout.trim() === 'false')
    return passedOver('core.multiPackIndex is false: git would not read the index')
  return options.dryRun === true
    ? passedOver('the multi-pack index would be written')
    : writeSound(ask, packFolder)
}

type Ask = (...args: readonly string[]) => Promise<GitAnswer>

const write = ['multi-pack-index', 'write', '--incremental'] as const
const verify = ['multi-pack-index', 'verify'] as const

async function writeSound(ask: Ask, packFolder: string): Promise<PackIndexOutcome> {
  const written = await ask(...write)
  if (written.code !== 0) return failed(written)
  const verified = await ask(...verify)
  if (verified.code === 0) return { done: true, renewed: false }
  // One that took too long says nothing about the layers.
  if (verified.ended !== 'itself') return failed(verified)
  await takeLayersAway(packFolder)
  const again = await ask(...write)
  if (again.code !== 0) return failed(again)
  const proof = await ask(...verify)
  if (proof.code === 0) return { done: true, renewed: true }
  await takeLayersAway(packFolder)
  return failed(proof)
}

async function hasPacks(packFolder: string): Promise<boolean> {
  const names = await readdir(packFolder).catch(() => [])
  return names.some((name) => name.endsWith('.idx'))
}

/** Git reads the layers that the chain names. Without the chain it reads the packs, so the chain goes first. */
async function takeLayersAway(packFolder: string): Promise<void> {
  const layers = join(packFolder, 'multi-pack-index.d')
  await rm(join(layers, 'multi-pack-index-chain'), { force: true }).catch(() => {})
  await rm(layers, { recursive: true, force: true }).catch(() => {})
}

function passedOver(reason: string): PackIndexOutcome {
  return { done: false, failed: false, reason }
}

function failed({ ended, code, stderr }: GitAnswer): PackIndexOutcome {
  const said = stderr.trim().slice(0, limits.lineCharactersMax)
  const reason =
    ended === 'late' ? 'git did not end in time and was stopped' : `git ended with ${String(code)}`
  return { done: false, failed: true, reason: said === '' ? reason : `${reason}: ${said}` }
}
