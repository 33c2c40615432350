import { z } from 'zod'
import { type RepairReport, repairHome } from '../../repair/repair.ts'
import { countOf } from '../../views/text.ts'
import { exitCodes } from '../failure.ts'
import type { Cell } from '../layout.ts'
import type { Output } from '../output.ts'
import { verb } from '../verb.ts'

const shape = z.strictObject({ out: z.string().min(1).optional() })

export const repair = verb(shape, async ({ out }, { output, home }) => {
  const report = await repairHome({
    home: home.path,
    ...(out === undefined ? {} : { out }),
    onProgress: (text) => output.progress(text),
  })
  if (output.json) await output.document(report)
  else await print(report, output)
  return report.complete && report.verified ? exitCodes.fine : exitCodes.problem
})

async function print(report: RepairReport, output: Output): Promise<void> {
  const { home, out, sessions, contents, unreadable, lostAndFound, complete, verified } = report
  await output.table({
    section: 'sessions',
    columns: ['session', '', 'saved', 'of', 'lost', 'at version', 'why'],
    rows: sessions.map(({ sessionId, savedVersion, version, lostEvents, problem }): Cell[] => [
      sessionId,
      problem === null
        ? { text: 'whole', tone: 'good' }
        : { text: savedVersion > 0 ? 'in part' : 'lost', tone: 'bad' },
      savedVersion,
      version,
      lostEvents,
      problem?.version ?? null,
      problem?.reason ?? '',
    ]),
  })
  if (contents.lost.length > 0) {
    await output.table({
      section: 'lost texts',
      columns: ['text', 'why'],
      rows: contents.lost.map(({ hash, reason }) => [hash, reason]),
    })
  }
  for (const reason of unreadable) output.warn(`a part of the list of sessions cannot be read: ${reason}`)
  output.note(`${complete ? 'everything' : 'what is sound'} is in ${out}; ${home} is as it was`)
  if (lostAndFound !== null) output.note(`what could be read and not be saved: ${out}/${lostAndFound}`)
  if (!complete) output.note('import transcripts again with --home to bring back what they still hold')
  if (verified) output.note(`next: waymark list --home ${out}`)
  else output.warn(`the new home is not sound either: waymark verify --home ${out}`)
  const events = sessions.reduce((sum, { savedEvents }) => sum + savedEvents, 0)
  const saved = sessions.filter(({ savedVersion }) => savedVersion > 0).length
  const of = saved === sessions.length ? '' : ` of ${sessions.length}`
  output.note(
    `saved: ${countOf(saved, 'session')}${of}, ${countOf(events, 'event')}, ${countOf(contents.saved, 'text')}`,
  )
}
