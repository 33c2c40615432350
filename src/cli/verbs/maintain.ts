import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { compactLog, planCompaction } from '../../session/compaction.ts'
import { type Home, storePathOf } from '../../session/home.ts'
import { type PackIndexOutcome, writeMultiPackIndex } from '../../session/pack-index.ts'
import type { Waymark } from '../../session/waymark.ts'
import { countOf, countText, type Fact } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import type { Output } from '../output.ts'
import { verb } from '../verb.ts'

const shape = z.strictObject({ dryRun: z.boolean().optional(), git: z.boolean().optional() })

export const maintain = verb(shape, async ({ dryRun = false, git: withGit = true }, context) => {
  const { output, home } = context
  const store = await withWaymark(context, dryRun ? 'read' : 'write', (waymark) =>
    dryRun ? looked(waymark, home, output) : compacted(waymark, output),
  )
  const folder = projectOf(home)
  if (withGit && !dryRun) output.progress(`writing the multi-pack index of ${folder}`)
  const outcome: PackIndexOutcome = withGit
    ? await writeMultiPackIndex(folder, { dryRun })
    : { done: false, failed: false, reason: 'left alone, as --no-git says' }
  const git = { folder, ...outcome }
  if (output.json) await output.document({ dryRun, store, git })
  else {
    await output.facts([...storeFacts(store), { label: 'git', ...gitText(outcome) }])
    if (dryRun) output.note('nothing was changed')
  }
  return !outcome.done && outcome.failed ? exitCodes.problem : exitCodes.fine
})

interface StoreReport {
  readonly bytesBefore: number
  /** `null` where nothing was changed. */
  readonly bytesAfter: number | null
  readonly bytesFree: number | null
  readonly snapshotsDropped: number
  /** What the dropped snapshots took up. */
  readonly snapshotBytes: number
}

async function compacted(waymark: Waymark, output: Output): Promise<StoreReport> {
  const plan = await planned(waymark, output)
  output.progress('compacting the store')
  return { ...(await compactLog(waymark.log, plan)), snapshotBytes: plan.bytes }
}

/** What a compaction would do. */
async function looked(waymark: Waymark, home: Home, output: Output): Promise<StoreReport> {
  const plan = await planned(waymark, output)
  const path = storePathOf(home.path)
  const bytesBefore = bytesOf(path) + bytesOf(`${path}-wal`)
  return {
    bytesBefore,
    bytesAfter: null,
    bytesFree: null,
    snapshotsDropped: plan.snapshots,
    snapshotBytes: plan.bytes,
  }
}

function planned(waymark: Waymark, output: Output) {
  return planCompaction(waymark.log, {
    onProgress: (sessionId) => output.progress(`looking at the snapshots of ${sessionId}`),
  })
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** A home named `.moai` belongs to the folder above it. For others, and for the user's own, it is the working folder. */
function projectOf({ path }: Home): string {
  const above = dirname(path)
  return basename(path) === '.moai' && above !== homedir() ? above : process.cwd()
}

function storeFacts(store: StoreReport): readonly Fact[] {
  const { bytesBefore, bytesAfter, bytesFree, snapshotsDropped, snapshotBytes } = store
  const size =
    bytesAfter === null
      ? bytesText(bytesBefore)
      : `${bytesText(bytesBefore)} before, ${bytesText(bytesAfter)} now`
  const spare =
    bytesFree === null || bytesFree === 0 ? '' : `, ${bytesText(bytesFree)} of it for later appends`
  const dropped = `${countOf(snapshotsDropped, 'snapshot')}${snapshotsDropped === 0 ? '' : ` of ${bytesText(snapshotBytes)}`}`
  return [
    { label: 'store', value: `${size}${spare}` },
    { label: bytesAfter === null ? 'would drop' : 'dropped', value: dropped },
  ]
}

function bytesText(bytes: number): string {
  return `${countText(bytes)} bytes`
}

function gitText(outcome: PackIndexOutcome): Pick<Fact, 'value' | 'tone'> {
  if (outcome.done) {
    return {
      value: outcome.renewed ? 'multi-pack index was out of date, written anew' : 'multi-pack index written',
    }
  }
  return { value: outcome.reason, tone: outcome.failed ? 'bad' : 'plain' }
}
