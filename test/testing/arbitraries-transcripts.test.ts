/**
 * Goal: transcripts that the kit makes up are such as an import reads without a word, and come to what they say.
 * Method: each is written to a folder, imported into an empty log, and its figures are compared with what the generator knows.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import {
  type Transcript,
  transcriptArbitrary,
  writeTranscript,
} from '../../src/testing/arbitrary/transcript.ts'
import { type Imported, imported } from '../import/support.ts'
import { eventsOf } from '../support/events.ts'

async function importOf<T>(transcript: Transcript, look: (result: Imported) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-kit-transcript-'))
  try {
    return await look(await imported(await writeTranscript(folder, transcript)))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function toolCallsIn({ log, states }: Imported): Promise<number> {
  const events = await Promise.all(states.map(({ sessionId }) => eventsOf(log, sessionId)))
  return events.flat().filter((event) => isKnown(event) && event.type === 'tool.called').length
}

describe.each(['claude-code', 'codex'] as const)('a transcript of %s', (tool) => {
  it('law: it is read whole, and comes to what it says', async () => {
    await fc.assert(
      fc.asyncProperty(transcriptArbitrary([tool]), async (transcript) => {
        await importOf(transcript, async (found) => {
          const { peakTokens: _peak, ...sums } = found.figures
          const prompts = found.states.reduce((sum, { turns }) => sum + turns.prompts, 0)
          expect({ ...sums, prompts, toolCalls: await toolCallsIn(found) }).toEqual(transcript.figures)
          for (const file of found.result.files) {
            expect(file).toMatchObject({ format: tool, damagedCount: 0, refused: 0 })
          }
        })
      }),
      { numRuns: 20 },
    )
  })

  it('law: imported twice, it is counted once', async () => {
    await fc.assert(
      fc.asyncProperty(transcriptArbitrary([tool]), async (transcript) => {
        await importOf(transcript, async ({ log, figures }) => {
          const folder = await mkdtemp(join(tmpdir(), 'waymark-kit-transcript-'))
          const again = await imported(await writeTranscript(folder, transcript), log)
          await rm(folder, { recursive: true, force: true })
          expect(again.figures).toEqual(figures)
          expect(again.result.appended).toBe(0)
        })
      }),
      { numRuns: 6 },
    )
  })

  it('tells of everything it may tell of, whatever the seed', () => {
    const transcripts = fc.sample(transcriptArbitrary([tool]), 200)
    const sums = transcripts.map(({ figures }) => figures)
    expect(sums.some(({ compactions }) => compactions > 0)).toBe(true)
    expect(sums.some(({ toolCalls }) => toolCalls > 1)).toBe(true)
    expect(transcripts.some(({ files }) => files.length > 1)).toBe(true)
    const texts = transcripts.flatMap(({ files }) => files.map(({ text }) => text))
    const marks = {
      'claude-code': [
        '"isSidechain":true',
        '"forkedFrom"',
        '"is_error":true',
        '"stop_reason":null',
        'compact_boundary',
      ],
      codex: ['"forked_from_id"', '"compacted"', 'exited with code 1', '"task_complete"', '"token_count"'],
    }[tool]
    for (const mark of marks)
      expect(
        texts.some((text) => text.includes(mark)),
        mark,
      ).toBe(true)
  })

  it('shrinks to little, which is shown as what happened', () => {
    const details = fc.check(
      fc.property(transcriptArbitrary([tool]), ({ figures }) => figures.toolCalls === 0),
      { numRuns: 500 },
    )
    const [transcript] = details.counterexample ?? []
    const { calls = 9, prompts = 9, compactions = 9 } = transcript?.figures ?? {}
    expect(calls + prompts + compactions, fc.stringify(transcript)).toBeLessThanOrEqual(5)
    expect(fc.stringify(transcript)).toMatch(new RegExp(`${tool}\\n[\\s\\S]*"kind":"tool"`))
  })
})
