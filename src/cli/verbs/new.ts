import { z } from 'zod'
import { withWaymark } from '../context.ts'
import { exitCodes, homeText } from '../failure.ts'
import { sessionArgument, textOption, tokensOption, verb } from '../verb.ts'

const shape = z.strictObject({
  title: textOption.optional(),
  model: textOption.optional(),
  window: tokensOption.optional(),
  agent: textOption.optional(),
  continues: sessionArgument.optional(),
})

export const newSession = verb(shape, async ({ title, model, window, agent, continues }, context) => {
  const { home, output } = context
  const options = {
    ...(title === undefined ? {} : { title }),
    ...(model === undefined ? {} : { model }),
    ...(window === undefined ? {} : { windowTokens: window }),
    ...(agent === undefined ? {} : { agent }),
  }
  const session = await withWaymark(context, 'create', async (waymark) => {
    const before = continues === undefined ? {} : { continuesSessionId: await waymark.resolve(continues) }
    return waymark.createSession({ ...options, ...before })
  })
  if (output.json) {
    await output.document({ sessionId: session.id, version: session.version, home: home.path })
  } else {
    await output.line(session.id)
    output.note(`in ${homeText(home)}`)
  }
  return exitCodes.fine
})
