import { z } from 'zod'
import { stateAt } from '../../replay/at.ts'
import { checkpointsOf } from '../../replay/checkpoints.ts'
import { timeText } from '../../views/text.ts'
import { checkpointDocument } from '../checkpoint-document.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { sessionArgument, verb } from '../verb.ts'

export const checkpoints = verb(
  z.strictObject({ session: sessionArgument }),
  async ({ session }, context) => {
    const { output } = context
    const { state: now, entries } = await withWaymark(context, 'read', async (waymark) => {
      const state = await stateAt(waymark.log, await waymark.resolve(session))
      return { state, entries: await checkpointsOf(waymark.log, state) }
    })
    if (output.json) {
      const told = entries.map((entry) => ({
        ...entry,
        checkpoint: checkpointDocument(context.home, now, entry),
      }))
      await output.document(told)
      return exitCodes.fine
    }
    if (entries.length === 0) output.note('no checkpoints yet; waymark checkpoint takes one')
    else {
      await output.table({
        columns: [
          'checkpoint',
          'of version',
          'time',
          'used tokens',
          'trigger',
          'phase',
          'git',
          'archived',
          'reason',
        ],
        rows: entries.map(({ id, version, time, usedTokens, trigger, phase, gitHead, archived, reason }) => [
          id,
          version,
          output.aligned ? timeText(time) : time,
          usedTokens,
          trigger,
          phase,
          output.aligned ? (gitHead?.slice(0, 12) ?? null) : gitHead,
          archived ? 'archived' : null,
          reason,
        ]),
      })
    }
    return exitCodes.fine
  },
)
