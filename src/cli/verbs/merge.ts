import { z } from 'zod'
import { mergePolicies } from '../../events/branch.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import type { MergeConflict } from '../../session/merge/draft.ts'
import type { MergeReport } from '../../session/merge/plan.ts'
import { countOf } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes, withHint } from '../failure.ts'
import type { Output } from '../output.ts'
import { epochOption, sessionArgument, under, verb } from '../verb.ts'

const policy = z.enum(mergePolicies, `a policy is ${mergePolicies.join(', ')}`)

const shape = z.strictObject({
  into: sessionArgument,
  fork: sessionArgument,
  policy: policy.optional(),
  tasks: policy.optional(),
  context: policy.optional(),
  decisions: policy.optional(),
  dryRun: z.boolean().optional(),
  epoch: epochOption,
})

export const merge = verb(shape, async (input, context) => {
  const { output } = context
  const { into, fork, policy: every = 'fail', dryRun = false, epoch } = input
  const { tasks = every, context: items = every, decisions = every } = input
  const policies = { tasks, context: items, decisions }
  const report = await withWaymark(context, dryRun ? 'read' : 'write', async (waymark) => {
    const session = await waymark.openSession(into, under(epoch))
    try {
      return await session.merge(fork, { policies, dryRun })
    } catch (error) {
      const isConflict = error instanceof WaymarkError && error.code === 'MERGE_CONFLICT'
      // People see what is at odds before they are told that nothing was merged; programs have it in the error.
      if (isConflict && !output.json) {
        const { conflicts } = await session.merge(fork, { policies, dryRun: true })
        await printConflicts(output, conflicts)
      }
      if (session.state.machine === undefined) throw error
      const hint = `go on in the fork itself, or begin another one: waymark fork ${into} --at <version>`
      throw withHint(error, hint)
    }
  })
  const open = report.conflicts.filter(({ resolution }) => resolution === null)
  if (output.json) await output.document(report)
  else await print(output, report)
  return open.length === 0 ? exitCodes.fine : exitCodes.problem
})

async function print(output: Output, report: MergeReport): Promise<void> {
  const { changes, conflicts, sourceSessionId, sourceVersion, commandCount, recorded } = report
  if (changes.length > 0) {
    await output.table({
      section: 'changes',
      columns: ['part', 'what', 'change', 'before', 'after'],
      rows: changes.map(({ part, id, as, change, before, after }) => [
        part,
        as === id ? id : `${id} as ${as}`,
        { text: change, tone: change === 'removed' ? 'warning' : 'good' },
        before,
        after,
      ]),
    })
  }
  await printConflicts(output, conflicts)
  const nothing = changes.length === 0 && conflicts.length === 0
  if (nothing) output.note(`nothing new in ${sourceSessionId} up to version ${sourceVersion}`)
  else if (recorded)
    output.note(`merged ${sourceSessionId} at version ${sourceVersion}: ${countOf(commandCount, 'command')}`)
  else output.note('a dry run: nothing was recorded')
}

async function printConflicts(output: Output, conflicts: readonly MergeConflict[]): Promise<void> {
  if (conflicts.length === 0) return
  await output.table({
    section: 'conflicts',
    columns: ['part', 'what', 'base', 'ours', 'theirs', 'resolution'],
    rows: conflicts.map(({ part, id, base, ours, theirs, resolution }) => [
      part,
      id,
      base,
      ours,
      theirs,
      resolution ?? { text: 'none', tone: 'bad' },
    ]),
  })
}
