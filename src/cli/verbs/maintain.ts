import { statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { archiveHome } from '../../session/archive-home.ts'
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
  const report = await withWaymark(context, dryRun ? 'read' : 'write', (waymark) =>
    maintained(waymark, home, dryRun, output),
  )
  const folder = projectOf(home)
  if (withGit && !dryRun) output.progress(`writing the multi-pack index of ${folder}`)
  const outcome: PackIndexOutcome = withGit
    ? await writeMultiPackIndex(folder, { dryRun })
    : { done: false, failed: false, reason: 'left alone, as --no-git says' }
  const git = { folder, ...outcome }
  if (output.json) await output.document({ dryRun, ...report, git })
  else {
    await output.facts([...reportFacts(report), { label: 'git', ...gitText(outcome) }])
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

interface HomeReport {
  readonly checkpointsArchived: number
  readonly store: StoreReport
}

/** Archives first: what it sets aside needs its snapshots no more. */
async function maintained(
  waymark: Waymark,
  home: Home,
  dryRun: boolean,
  output: Output,
): Promise<HomeReport> {
  const { log, environment } = waymark
  const archived = await archiveHome(log, environment, {
    dryRun,
    onProgress: (sessionId) => output.progress(`looking for old checkpoints in ${sessionId}`),
  })
  // The archived ones' files follow.
  if (!dryRun) for (const { sessionId } of archived) waymark.appended(sessionId)
  const checkpointIds = archived.flatMap((one) => one.checkpointIds)
  const plan = await planCompaction(log, {
    alsoArchived: checkpointIds,
    onProgress: (sessionId) => output.progress(`looking at the snapshots of ${sessionId}`),
  })
  const checkpointsArchived = checkpointIds.length
  const snapshotBytes = plan.bytes
  if (dryRun) {
    const path = storePathOf(home.path)
    const bytesBefore = bytesOf(path) + bytesOf(`${path}-wal`)
    const unknown = { bytesAfter: null, bytesFree: null }
    const store = { bytesBefore, ...unknown, snapshotsDropped: plan.snapshots, snapshotBytes }
    return { checkpointsArchived, store }
  }
  output.progress('compacting the store')
  return { checkpointsArchived, store: { ...(await compactLog(log, plan)), snapshotBytes } }
}

function bytesOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

/** A home named `.moai` belongs to the folder above it. For others, and for the user's own, it is the working folder. */
function projectOf({ path }: Home): string {
  const above = dirname(path)
  return basename(path) === '.moai' && above !== homedir() ? above : process.cwd()
}

function reportFacts({ checkpointsArchived, store }: HomeReport): readonly Fact[] {
  const { bytesBefore, bytesAfter, bytesFree, snapshotsDropped, snapshotBytes } = store
  const size =
    bytesAfter === null
      ? bytesText(bytesBefore)
      : `${bytesText(bytesBefore)} before, ${bytesText(bytesAfter)} now`
  const spare =
    bytesFree === null || bytesFree === 0 ? '' : `, ${bytesText(bytesFree)} of it for later appends`
  const dropped = `${countOf(snapshotsDropped, 'snapshot')}${snapshotsDropped === 0 ? '' : ` of ${bytesText(snapshotBytes)}`}`
  const isDone = bytesAfter !== null
  return [
    { label: 'store', value: `${size}${spare}` },
    { label: isDone ? 'dropped' : 'would drop', value: dropped },
    { label: isDone ? 'archived' : 'would archive', value: countOf(checkpointsArchived, 'checkpoint') },
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
