/**
 * Goal: the figures that an independent reader counted on real transcripts are the figures of the import. Method: each
 * file alone into an empty home, then all of them into one. The transcripts are other people's and not part of this
 * project; where they are not at hand, the test says so and the fixtures beside it hold the same rules.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { figuresOf, imported } from './support.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = resolve(root, process.env.WAYMARK_TRANSCRIPTS ?? '../shared/transcripts')
const expectedPath = join(folder, 'expected.jsonl')

interface Expected {
  readonly file: string
  readonly format: string
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly compactions: number
  readonly damaged: number
  readonly lines: number
  readonly calls?: number
  readonly cacheCreationTokens?: number
  readonly peakContextTokens?: number
  readonly models?: readonly string[]
  readonly window?: number
}

const expected: readonly Expected[] = existsSync(expectedPath)
  ? readFileSync(expectedPath, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line): Expected => JSON.parse(line))
  : []

const title =
  expected.length === 0 ? `real transcripts: skipped, there are none in ${folder}` : 'real transcripts'

describe.skipIf(expected.length === 0)(title, () => {
  it.each(expected.map((figures) => [figures.file, figures] as const))('%s', async (file, figures) => {
    const { figures: found, result, states, log } = await imported([join(folder, file)])
    const report = result.files[0]
    const { calls, cacheCreationTokens, peakContextTokens, models, window } = figures
    expect(found).toMatchObject({
      inputTokens: figures.inputTokens,
      outputTokens: figures.outputTokens,
      cacheReadTokens: figures.cacheReadTokens,
      compactions: figures.compactions,
      ...(calls === undefined ? {} : { calls }),
      ...(cacheCreationTokens === undefined ? {} : { cacheCreationTokens }),
      ...(peakContextTokens === undefined ? {} : { peakTokens: peakContextTokens }),
    })
    expect(report).toMatchObject({ lines: figures.lines, damagedCount: figures.damaged, refused: 0 })
    const named = [...new Set(states.flatMap(({ usage }) => Object.keys(usage.byModel)))].sort()
    if (models !== undefined) expect(named).toEqual(models)
    if (window !== undefined) expect(states[0]?.window.totalTokens).toBe(window)
    expect((await imported([join(folder, file)], log)).result.appended).toBe(0)
  })

  it('count each call once in one home, whatever the order', { timeout: 120_000 }, async () => {
    const files = expected.map(({ file }) => join(folder, file))
    const forward = await imported(files)
    const calls = forward.figures.calls
    let backward = await imported(files.slice(-1))
    for (const file of files.slice(0, -1).reverse()) backward = await imported([file], backward.log)
    expect(calls).toBeLessThan(expected.reduce((sum, figures) => sum + (figures.calls ?? 0), 400))
    expect(figuresOf(backward.states)).toEqual(forward.figures)
    expect((await imported(files, forward.log)).result.appended).toBe(0)
  })
})
