import { z } from 'zod'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { sessionArgument, textOption, verb, versionOption } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  at: versionOption.optional(),
  checkpoint: textOption.optional(),
  title: textOption.optional(),
})

export const fork = verb(shape, async ({ session: name, at, checkpoint, title }, context) => {
  const { output } = context
  const options = {
    ...(at === undefined ? {} : { at }),
    ...(checkpoint === undefined ? {} : { checkpoint }),
    ...(title === undefined ? {} : { title }),
  }
  const { id, state } = await withWaymark(context, 'write', async (waymark) => waymark.fork(name, options))
  const { parentSessionId, forkedAt } = state
  if (output.json) {
    await output.document({ sessionId: id, parentSessionId, forkedAt, version: state.version })
  } else {
    await output.line(id)
    output.note(`shares the first ${forkedAt} events of ${parentSessionId}`)
  }
  return exitCodes.fine
})
