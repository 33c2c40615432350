import { z } from 'zod'
import { systemClock } from '../../kernel/clock.ts'
import { stateAt } from '../../replay/at.ts'
import { adviceOf } from '../../views/advice.ts'
import { stateSections } from '../../views/layer-facts.ts'
import { layersOf } from '../../views/layers.ts'
import { stateView } from '../../views/state-view.ts'
import { presentOf } from '../../views/task-list.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { printAdvice } from '../panels.ts'
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
  const now = at === undefined ? presentOf(state, systemClock.now()) : (state.lastEventAt ?? '')
  const advice = adviceOf(state, now)
  if (output.json) {
    await output.document({ ...view, layers: layersOf(state), advice })
    return exitCodes.fine
  }
  for (const { title, facts } of stateSections(view, state)) await output.facts(facts, title ?? undefined)
  await printAdvice(output, advice)
  return exitCodes.fine
})
