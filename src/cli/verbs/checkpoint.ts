import { execFile } from 'node:child_process'
import { z } from 'zod'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { sessionArgument, textOption, verb } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  reason: textOption.optional(),
  phase: textOption.optional(),
})

export const checkpoint = verb(shape, async ({ session: name, reason, phase }, context) => {
  const { output } = context
  const gitHead = await headOfRepository()
  const facts = {
    ...(reason === undefined ? {} : { reason }),
    ...(phase === undefined ? {} : { phase }),
    ...(gitHead === null ? {} : { gitHead }),
  }
  const { sessionId, point } = await withWaymark(context, 'write', async (waymark) => {
    const session = await waymark.openSession(name)
    return { sessionId: session.id, point: await session.checkpoint(facts) }
  })
  if (output.json) {
    await output.document({ sessionId, checkpointId: point.id, version: point.version, gitHead })
  } else {
    await output.line(point.id)
    output.note(`of version ${point.version}${gitHead === null ? '' : `, git ${gitHead.slice(0, 12)}`}`)
  }
  return exitCodes.fine
})

const gitWaitMs = 2_000

/** The commit this folder's repository is at; `null` without a repository, a commit, or git itself. */
async function headOfRepository(): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('git', ['rev-parse', '--verify', 'HEAD'], { timeout: gitWaitMs }, (error, stdout) => {
      const head = stdout.trim()
      resolve(error === null && /^[0-9a-f]{40,64}$/.test(head) ? head : null)
    })
  })
}
