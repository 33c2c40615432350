import { z } from 'zod'
import { stateAt } from '../../replay/at.ts'
import { stateFacts, stateView } from '../../views/state-view.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { treeUsage } from '../tree.ts'
import { sessionArgument, verb, whenOption } from '../verb.ts'

const shape = z.strictObject({ session: sessionArgument, at: whenOption.optional() })

export const show = verb(shape, async ({ session, at }, context) => {
  const { output } = context
  const { state, usage } = await withWaymark(context, 'read', async (waymark) => {
    const found = await stateAt(waymark.log, await waymark.resolve(session), at)
    const time = at === undefined ? null : typeof at === 'string' ? at : found.lastEventAt
    return { state: found, usage: await treeUsage(waymark, found, time) }
  })
  const view = stateView(state, usage)
  if (output.json) await output.document(view)
  else await output.facts(stateFacts(view, state))
  return exitCodes.fine
})
