import { z } from 'zod'
import type { HistoryDiff, Side } from '../../replay/diff/diff.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import type { Output } from '../output.ts'
import { printStateDiff } from '../state-diff-output.ts'
import { sessionArgument, verb } from '../verb.ts'

const shape = z.strictObject({
  before: sessionArgument,
  after: sessionArgument.optional(),
  all: z.boolean().optional(),
})

export const diff = verb(shape, async ({ before, after, all = false }, context) => {
  const { output } = context
  const found = await withWaymark(context, 'read', async (waymark) =>
    waymark.diff(before, after, {
      all,
      onProgress: (version) => output.progress(`comparing: version ${version}`),
    }),
  )
  if (output.json) await output.document(found)
  else await print(output, found)
  return found.same ? exitCodes.fine : exitCodes.problem
})

async function print(output: Output, found: HistoryDiff): Promise<void> {
  const { before, after, state } = found
  await output.facts([
    { label: 'before', value: placeText(before) },
    { label: 'after', value: placeText(after) },
    { label: 'they', value: relationText(found) },
  ])
  await printEvents(output, found)
  await printStateDiff(output, state)
  if (found.same) output.note(state.folded.length > 0 ? 'nothing else differs' : 'nothing differs')
  else if (found.state.changeCount === 0) output.note('the states do not differ')
}

function placeText({ sessionId, version }: Side): string {
  return `${sessionId} at version ${version}`
}

function relationText({ relation, common, before, after }: HistoryDiff): string {
  if (relation === 'same-session') {
    return before.version === after.version ? 'are one version' : 'are two versions of one session'
  }
  if (relation === 'shared-past') return `share their events up to version ${common}`
  return common === 0
    ? 'share nothing: their first events differ'
    : `share no past; what happened is the same up to version ${common}`
}

/** What only one side has: its first events, and how many of each type. */
async function printEvents(output: Output, { before, after, common }: HistoryDiff): Promise<void> {
  const firsts = [before, after].flatMap(({ first }, index) =>
    first === null ? [] : [[index === 0 ? 'before' : 'after', first.version, first.type, first.text]],
  )
  if (firsts.length === 0) return
  await output.table({
    section: `first after version ${common}`,
    columns: ['', 'version', 'type', 'what'],
    rows: firsts,
  })
  const types = new Set([...Object.keys(before.byType), ...Object.keys(after.byType)])
  await output.table({
    section: 'events',
    columns: ['type', 'before', 'after'],
    rows: [...types].map((type) => [type, before.byType[type] ?? 0, after.byType[type] ?? 0]),
  })
}
