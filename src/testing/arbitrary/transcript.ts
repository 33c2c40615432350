/** Random transcripts of coding agents, as the text of their files, with what an import of them has to come to. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { assertAllKnown } from '../usage.ts'
import { claudeTranscript } from './claude-transcript.ts'
import { codexTranscript } from './codex-transcript.ts'
import { shownAs } from './describe.ts'
import { type Story, storyArbitrary } from './story.ts'
import type { TranscriptFigures } from './tally.ts'

/** Transcripts of one piece of work: a session's file, and that of a fork if there is one. */
export interface Transcript {
  readonly tool: 'claude-code' | 'codex'
  /** Names of files, as the tool would name them, with their text. */
  readonly files: readonly { readonly name: string; readonly text: string }[]
  readonly figures: TranscriptFigures
}

const makers = { 'claude-code': claudeTranscript, codex: codexTranscript } as const

/**
 * Well-formed transcripts of Claude Code and Codex: prompts, replies told in several lines, tool calls with and without results, usage that is
 * repeated, compactions, sub-agents, and forks that begin with a copy of their parent. `figures` is what they say in sum.
 *
 * @param tools of which tools; both if left out
 * @throws WaymarkError `USAGE` for a tool that is not there, or none
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const [transcript] = fc.sample(transcriptArbitrary(['codex']), { seed: 1, numRuns: 1 })
 * JSON.parse(transcript?.files[0]?.text.split('\n')[0] ?? '').type // 'session_meta'
 * ```
 */
export function transcriptArbitrary(
  tools: readonly Transcript['tool'][] = ['claude-code', 'codex'],
): fc.Arbitrary<Transcript> {
  assertAllKnown('tool', tools, Object.keys(makers))
  return fc.tuple(fc.constantFrom(...tools), storyArbitrary()).map(([tool, story]) => {
    const transcript: Transcript = { tool, ...makers[tool](story) }
    return shownAs(transcript, () => `${tool}\n${storyText(story)}`)
  })
}

function storyText({ beats, fork }: Story): string {
  const lines = beats.map((beat) => fc.stringify(beat))
  if (fork === null) return lines.join('\n')
  return [...lines, `forked after ${fork.at}:`, ...fork.beats.map((beat) => fc.stringify(beat))].join('\n')
}

/** Writes the files of a transcript into a folder, and gives their paths. */
export async function writeTranscript(
  folder: string,
  { files }: Pick<Transcript, 'files'>,
): Promise<readonly string[]> {
  const paths: string[] = []
  for (const { name, text } of files) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, text)
    paths.push(path)
  }
  return paths
}
