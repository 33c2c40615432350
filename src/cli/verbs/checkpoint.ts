import { z } from 'zod'
import { repositoryFacts } from '../../session/repository.ts'
import { checkpointDocument } from '../checkpoint-document.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { epochOption, sessionArgument, textOption, under, verb } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  reason: textOption.optional(),
  phase: textOption.optional(),
  epoch: epochOption,
})

export const checkpoint = verb(shape, async ({ session: name, reason, phase, epoch }, context) => {
  const { output } = context
  const repository = await repositoryFacts(process.cwd())
  const facts = {
    ...(reason === undefined ? {} : { reason }),
    ...(phase === undefined ? {} : { phase }),
    ...(repository === null ? {} : { gitHead: repository.head, gitDirty: repository.dirty }),
    ...(repository === null || repository.branch === null ? {} : { gitBranch: repository.branch }),
  }
  const { sessionId, point, entry, state } = await withWaymark(context, 'write', async (waymark) => {
    const session = await waymark.openSession(name, under(epoch))
    const taken = await session.checkpoint(facts)
    return {
      sessionId: session.id,
      point: taken,
      state: session.state,
      entry: session.state.checkpoints.find(({ id }) => id === taken.id),
    }
  })
  const gitHead = entry?.gitHead ?? null
  const gitBranch = entry?.gitBranch ?? null
  const gitDirty = entry?.gitDirty ?? null
  if (output.json) {
    const git = { gitHead, gitBranch, gitDirty }
    const fields = entry === undefined ? {} : { checkpoint: checkpointDocument(context.home, state, entry) }
    await output.document({ sessionId, checkpointId: point.id, version: point.version, ...git, ...fields })
  } else {
    await output.line(point.id)
    const onBranch = gitBranch === null ? '' : ` on ${gitBranch}`
    const changes = gitDirty === true ? ', with changes that are not committed' : ''
    const git = gitHead === null ? '' : `, git ${gitHead.slice(0, 12)}${onBranch}${changes}`
    output.note(`of version ${point.version}${git}`)
  }
  return exitCodes.fine
})
