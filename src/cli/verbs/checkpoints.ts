import { z } from 'zod'
import { foldInto } from '../../fold/fold.ts'
import { initialState, type ReadonlyState } from '../../fold/state.ts'
import { stateAt } from '../../replay/at.ts'
import type { Waymark } from '../../session/waymark.ts'
import { timeText } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { sessionArgument, verb } from '../verb.ts'

type Entry = ReadonlyState['checkpoints'][number]

export const checkpoints = verb(
  z.strictObject({ session: sessionArgument }),
  async ({ session }, context) => {
    const { output } = context
    const entries = await withWaymark(context, 'read', async (waymark) => {
      const state = await stateAt(waymark.log, await waymark.resolve(session))
      const isWhole = state.checkpoints.length === state.checkpointCount
      return isWhole ? state.checkpoints : allCheckpoints(waymark, state.sessionId)
    })
    if (output.json) {
      await output.document(entries)
      return exitCodes.fine
    }
    if (entries.length === 0) output.note('no checkpoints yet; waymark checkpoint takes one')
    else {
      await output.table({
        columns: ['checkpoint', 'of version', 'time', 'used tokens', 'trigger', 'phase', 'git', 'reason'],
        rows: entries.map(({ id, version, time, usedTokens, trigger, phase, gitHead, reason }) => [
          id,
          version,
          output.aligned ? timeText(time) : time,
          usedTokens,
          trigger,
          phase,
          output.aligned ? (gitHead?.slice(0, 12) ?? null) : gitHead,
          reason,
        ]),
      })
    }
    return exitCodes.fine
  },
)

/** State lists the newest only; the log has them all. */
async function allCheckpoints(waymark: Waymark, sessionId: string): Promise<readonly Entry[]> {
  const state = initialState(sessionId)
  const entries: Entry[] = []
  for await (const page of waymark.log.read(sessionId)) {
    for (const event of page) {
      foldInto(state, [event])
      const newest = state.checkpoints[state.checkpoints.length - 1]
      if (event.type === 'checkpoint.created' && newest !== undefined) entries.push(newest)
    }
  }
  return entries
}
