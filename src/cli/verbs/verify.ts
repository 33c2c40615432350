import { z } from 'zod'
import { type Verification, verifyLog } from '../../replay/verify.ts'
import { countOf } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import type { Cell } from '../layout.ts'
import type { Output } from '../output.ts'
import { sessionArgument, verb } from '../verb.ts'

const shape = z.strictObject({ session: sessionArgument.optional() })

export const verify = verb(shape, async ({ session }, context) => {
  const { output } = context
  const verification = await withWaymark(context, 'read', async (waymark) =>
    verifyLog(waymark.log, session === undefined ? undefined : await waymark.resolve(session), {
      onProgress: ({ sessionId, events }) =>
        output.progress(`verifying ${sessionId}: ${countOf(events, 'event')}`),
    }),
  )
  if (output.json) await output.document(verification)
  else await print(verification, output)
  return verification.ok ? exitCodes.fine : exitCodes.problem
})

async function print(
  { ok, sessions, orphanedEvents, contents }: Verification,
  output: Output,
): Promise<void> {
  const rows = sessions.flatMap(({ sessionId, events, problems, redactedCount, redacted }): Row[] =>
    problems.length === 0
      ? [[sound, sessionId, events, '', redactedText(redactedCount, redacted)]]
      : problems.map(({ version, kind, detail }) => [
          damaged,
          sessionId,
          events,
          version,
          `${kind}: ${detail}`,
        ]),
  )
  const texts = contents.problems.map(
    ({ hash, detail }): Row => [damaged, `text ${hash}`, null, null, detail],
  )
  if (rows.length + texts.length > 0) {
    await output.table({
      columns: ['', 'session', 'events', 'version', 'problem'],
      rows: [...rows, ...texts],
    })
  }
  if (orphanedEvents > 0)
    output.note(`${countOf(orphanedEvents, 'event')} of sessions that are not there any more`)
  const events = sessions.reduce((total, session) => total + session.events, 0)
  const checked = [
    countOf(sessions.length, 'session'),
    countOf(events, 'event'),
    countOf(contents.checked, 'stored text'),
    ...(contents.redacted > 0 ? [`${countOf(contents.redacted, 'text')} redacted`] : []),
  ]
  output.note(`${ok ? 'everything' : 'not everything'} is as it was written: ${checked.join(', ')}`)
  if (!ok) {
    output.note(
      'next: waymark repair writes what is sound into a new home beside this one; nothing is written over',
    )
  }
}

/** `2 events redacted by version 41`: taken out on purpose, and recorded. */
function redactedText(count: number, redacted: readonly { readonly by: number }[]): string {
  if (count === 0) return ''
  const versions = [...new Set(redacted.map(({ by }) => by))].slice(0, 5)
  return `${countOf(count, 'event')} redacted by version ${versions.join(', ')}`
}

type Row = readonly Cell[]

const sound: Cell = { text: 'sound', tone: 'good' }
const damaged: Cell = { text: 'damaged', tone: 'bad' }
