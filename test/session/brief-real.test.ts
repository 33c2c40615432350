/**
 * Goal: briefs of real sessions hold what one needs to go on. Method: each real transcript is imported alone, and the brief of
 * each of its sessions is compared with what the log holds: the last prompt, the open tasks, the last compaction's summary.
 * The transcripts are other people's and not part of this project; where they are not at hand, the test says so.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { ReadonlyState } from '../../src/fold/state.ts'
import type { EventLog } from '../../src/log/port.ts'
import { briefOf } from '../../src/session/brief.ts'
import type { Brief } from '../../src/views/brief.ts'
import { imported } from '../import/support.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = resolve(root, process.env.WAYMARK_TRANSCRIPTS ?? '../shared/transcripts')
const expectedPath = join(folder, 'expected.jsonl')

const files: readonly string[] = existsSync(expectedPath)
  ? readFileSync(expectedPath, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): string => JSON.parse(line).file)
  : []

const title =
  files.length === 0
    ? `briefs of real transcripts: skipped, there are none in ${folder}`
    : 'briefs of real transcripts'

const tokensMax = 2_000
const seen = { prompts: 0, tasks: 0, summaries: 0 }

describe.skipIf(files.length === 0)(title, () => {
  it.each(files)('%s', async (file) => {
    const { states, log } = await imported([join(folder, file)])
    for (const state of states) {
      const made = await briefOf(log, state, { tokens: tokensMax, level: 2 })
      expect(made.tokens).toBeLessThanOrEqual(tokensMax)
      expect(Math.ceil(Buffer.byteLength(made.text) * 0.55)).toBeLessThanOrEqual(tokensMax)
      expect(made.text).not.toMatch(/<system-reminder>|<command-name>|<local-command/)
      await holdsLastPrompt(made, state, log)
      holdsOpenTasks(made, state)
      await holdsSummary(made, state, log)
    }
  })

  it('had prompts, open tasks and summaries to look for', () => {
    expect(seen.prompts).toBeGreaterThan(25)
    expect(seen.tasks).toBeGreaterThan(2)
    expect(seen.summaries).toBeGreaterThan(3)
  })
})

/** The first words that somebody typed last: they are in the brief, whatever a tool wrapped around them. */
async function holdsLastPrompt({ text }: Brief, state: ReadonlyState, log: EventLog): Promise<void> {
  for (const { content } of state.talk.prompts.toReversed()) {
    const words = wordsOf(unwrapped(await textOf(log, content.hash))).slice(0, 6)
    if (words.length === 0) continue
    seen.prompts += 1
    expect(wordsOf(text)).toEqual(expect.arrayContaining(words))
    return
  }
}

function holdsOpenTasks({ sections }: Brief, state: ReadonlyState): void {
  const open = Object.values(state.tasks).filter(
    ({ status, reason }) => status !== 'completed' && reason !== 'cancelled',
  )
  if (open.length === 0) return
  seen.tasks += 1
  const text = sections.find(({ name }) => name === 'tasks')?.text ?? ''
  const named = open.filter((task) => text.includes(task.title.slice(0, 40)))
  const unnamed = Number(/(\d+) more open tasks/.exec(text)?.[1] ?? 0)
  expect(named.length).toBeGreaterThan(0)
  expect(named.length + unnamed).toBe(open.length)
}

/** What the section quotes stands in the summary, and it is more than a line; but prompts it kept are told by themselves. */
async function holdsSummary({ sections }: Brief, state: ReadonlyState, log: EventLog): Promise<void> {
  const pointer = state.talk.summary
  if (pointer === null) return
  const whole = await textOf(log, pointer.content.hash)
  if (/^\s*\[\s*\{/.test(whole)) return
  seen.summaries += 1
  const summary = wordsOf(whole).join(' ')
  const text = sections.find(({ name }) => name === 'summary')?.text ?? ''
  const quoted = text.split('\n').filter((line) => line.startsWith('> '))
  const pieces = quoted.flatMap((line) => line.slice(2).split('…')).map((piece) => wordsOf(piece).join(' '))
  for (const piece of pieces.filter((found) => found.length > 8)) expect(summary).toContain(piece)
  expect(pieces.join(' ').length).toBeGreaterThan(100)
}

async function textOf(log: EventLog, hash: string): Promise<string> {
  return Buffer.from((await log.content(hash)) ?? []).toString('utf8')
}

function wordsOf(text: string): readonly string[] {
  return text.match(/[\p{L}\p{N}]+/gu) ?? []
}

/** A plain reading of what is not the user's: elements, notes of programs, and the words around a message of another agent. */
function unwrapped(prompt: string): string {
  return prompt
    .replace(/<(system-reminder|local-command-[a-z]+|command-message)>[\s\S]*?<\/\1>/g, '')
    .replace(/<[^<>\n]*>/g, ' ')
    .replace(/^\{"type":"idle_notification".*$/gm, '')
    .replace(/^(Another Claude session sent a message:|This came from another Claude session.*)$/gm, '')
    .replace(/^\[Request interrupted.*\]$/gm, '')
    .replace(/^[\s\S]*\n## My request for Codex:/, '')
}
