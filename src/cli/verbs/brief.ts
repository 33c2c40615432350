import { z } from 'zod'
import { stateAt } from '../../replay/at.ts'
import { briefOf } from '../../session/brief.ts'
import { briefLevels } from '../../views/brief/sections.ts'
import { countOf, countText } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { sessionArgument, tokensOption, verb } from '../verb.ts'

const levelOption = z
  .string()
  .transform(Number)
  .pipe(z.literal(briefLevels, `a level is one of ${briefLevels.join(', ')}`))

const shape = z.strictObject({
  session: sessionArgument,
  tokens: tokensOption.optional(),
  level: levelOption.optional(),
})

export const brief = verb(shape, async ({ session, tokens, level }, context) => {
  const { output } = context
  const made = await withWaymark(context, 'read', async (waymark) => {
    const state = await stateAt(waymark.log, await waymark.resolve(session))
    return briefOf(waymark.log, state, {
      ...(tokens === undefined ? {} : { tokens }),
      ...(level === undefined ? {} : { level }),
    })
  })
  if (output.json) {
    await output.document(made)
    return exitCodes.fine
  }
  await output.text(made.text)
  const { leftOut } = made
  const missing = leftOut.length === 0 ? '' : `; ${countOf(leftOut.length, 'section')} left out or cut`
  output.note(
    `${countText(made.tokens)} of ${countText(made.tokensMax)} tokens, level ${made.level}${missing}`,
  )
  return exitCodes.fine
})
