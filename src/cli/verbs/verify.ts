import { z } from 'zod'
import type { Verification } from '../../replay/verify.ts'
import { countOf } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import type { Output } from '../output.ts'
import { sessionArgument, verb } from '../verb.ts'

const shape = z.strictObject({ session: sessionArgument.optional() })

export const verify = verb(shape, async ({ session }, context) => {
  const { output } = context
  output.progress('verifying …')
  const verification = await withWaymark(context, 'read', (waymark) => waymark.verify(session))
  if (output.json) await output.document(verification)
  else await print(verification, output)
  return verification.ok ? exitCodes.fine : exitCodes.problem
})

async function print({ ok, sessions, contents }: Verification, output: Output): Promise<void> {
  for (const { sessionId, events, ok: isSound, problems } of sessions) {
    if (isSound && !output.aligned) await output.table({ columns: [], rows: [[sessionId, 'ok', null, null]] })
    if (isSound && output.aligned) await output.line([{ text: 'sound', tone: 'good' }, { text: `    ${sessionId}  ${countOf(events, 'event')}` }])
    if (isSound) continue
    if (output.aligned) await output.line([{ text: 'DAMAGED', tone: 'bad' }, { text: `  ${sessionId}  ${countOf(events, 'event')}` }])
    for (const { version, kind, detail } of problems) {
      if (output.aligned) await output.line(`         ${version === null ? '' : `version ${version}: `}${kind}: ${detail}`)
      else await output.table({ columns: [], rows: [[sessionId, kind, version, detail]] })
    }
  }
  for (const { hash, detail } of contents.problems) {
    if (output.aligned) await output.line([{ text: 'DAMAGED', tone: 'bad' }, { text: `  text ${hash}: ${detail}` }])
    else await output.table({ columns: [], rows: [[hash, 'content', null, detail]] })
  }
  const events = sessions.reduce((total, session) => total + session.events, 0)
  const checked = `${countOf(sessions.length, 'session')}, ${countOf(events, 'event')}, ${countOf(contents.checked, 'stored text')}`
  output.note(`${ok ? 'everything is as it was written' : 'not everything is as it was written'}: ${checked}`)
  if (!ok) output.note('next: waymark recover <session> brings back what is sound; nothing is ever written over')
}
