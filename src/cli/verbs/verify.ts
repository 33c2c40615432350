import { z } from 'zod'
import { type Verification, verifyLog } from '../../replay/verify/verify.ts'
import { countOf } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { loadAllMachines } from '../machines-module.ts'
import type { Output } from '../output.ts'
import { sessionArgument, textOption, verb } from '../verb.ts'
import { askedText, outcomeTable, sessionRows, textRows, uncertainText } from '../verify-output.ts'

const shape = z.strictObject({ session: sessionArgument.optional(), machines: textOption.optional() })

export const verify = verb(shape, async ({ session, machines: module }, context) => {
  const { output } = context
  const loaded = module === undefined ? null : await loadAllMachines(module)
  const verification = await withWaymark(context, 'read', async (waymark) =>
    verifyLog(waymark.log, session === undefined ? undefined : await waymark.resolve(session), {
      ...(loaded === null ? {} : { durable: { machines: loaded.durable, about: 'all-steps' } }),
      ...(loaded?.machines == null ? {} : { machines: loaded.machines }),
      onProgress: ({ sessionId, events }) =>
        output.progress(`verifying ${sessionId}: ${countOf(events, 'event')}`),
    }),
  )
  if (output.json) await output.document(verification)
  else await print(verification, output)
  return verification.ok ? exitCodes.fine : exitCodes.problem
})

async function print(verification: Verification, output: Output): Promise<void> {
  const { sessions, orphanedEvents, contents } = verification
  const rows = [...sessions.flatMap(sessionRows), ...textRows(contents)]
  if (rows.length > 0) {
    await output.table({ columns: ['', 'session', 'events', 'version', 'problem'], rows })
  }
  const outcomes = outcomeTable(sessions)
  if (outcomes.rows.length > 0) await output.table(outcomes)
  if (orphanedEvents > 0)
    output.note(`${countOf(orphanedEvents, 'event')} of sessions that are not there any more`)
  for (const text of [...uncertainText(sessions), ...askedText(sessions)]) output.note(text)
  conclude(verification, output)
}

function conclude({ ok, sessions, orphanedEvents, contents }: Verification, output: Output): void {
  const isWritten =
    sessions.every(({ problems }) => problems.length === 0) &&
    orphanedEvents === 0 &&
    contents.problems.length === 0
  const events = sessions.reduce((total, session) => total + session.events, 0)
  const checked = [
    countOf(sessions.length, 'session'),
    countOf(events, 'event'),
    countOf(contents.checked, 'stored text'),
    ...(contents.redacted > 0 ? [`${countOf(contents.redacted, 'text')} redacted`] : []),
  ]
  output.note(`${isWritten ? 'everything' : 'not everything'} is as it was written: ${checked.join(', ')}`)
  if (ok || isWritten) return
  output.note(
    'next: waymark repair writes what is sound into a new home beside this one; nothing is written over',
  )
}
