/**
 * Goal: a brief keeps its promises whatever the session and whatever was said in it. Method: random histories are played into the
 * reference log, with focus, decisions and context items among their commands; the texts they point to are random, in several
 * scripts, or missing; briefs of any size and level are made of the state.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { type BriefLevel, briefLevels } from '../../src/views/brief/sections.ts'
import { type Brief, brief } from '../../src/views/brief.ts'

const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 80 }),
  fc.constantFrom(
    'never log a password',
    '다음 단계: 테스트',
    '漢字仮名交文。次に進む。',
    '😀👨‍👩‍👧 emoji',
    'src/users.ts failed',
  ),
  fc.constant(`<system-reminder>not said</system-reminder>\n${'a long sentence of many words. '.repeat(40)}`),
  fc.constant(
    'Summary:\n1. Primary Request and Intent:\n   Log in\n\n9. Optional Next Step:\n   Hash passwords\n',
  ),
)
const texts = fc.array(words, { minLength: 1, maxLength: 12 }).map((some) => some.join('\n'))
const line = fc.constantFrom(
  'one line',
  '한 줄',
  'a line of more words than the others have, for cutting',
  '😀',
)

/** Commands with what briefs are about; `text` is where their contents point. */
function knowing(text: string): fc.Arbitrary<Command> {
  const content = { hash: sha256(text), bytes: Buffer.byteLength(text), preview: 'how it begins' }
  return fc.oneof(
    fc.constant<Command>({ type: 'prompt.submit', content }),
    fc.constant<Command>({ type: 'reply.record', kind: 'text', content }),
    fc.constant<Command>({ type: 'context.compact', trigger: 'auto', kind: 'full', summary: content }),
    line.map((nextStep): Command => ({ type: 'focus.change', objectives: [nextStep, 'two'], nextStep })),
    line.map((reason): Command => ({ type: 'decision.record', text: 'SQLite', reason })),
    fc
      .record({
        n: fc.integer({ min: 1, max: 30 }),
        tier: fc.constantFrom('critical' as const, 'supporting' as const, 'temporary' as const),
        title: line,
      })
      .map(
        ({ n, tier, title }): Command => ({
          type: 'context.add',
          tag: `@X-${n}`,
          tier,
          category: 'reference.project',
          title,
          tokens: 10,
        }),
      ),
    fc
      .integer({ min: 1, max: 40 })
      .map((n): Command => ({ type: 'task.add', taskId: `T${n}`, title: `task ${n}` })),
  )
}

interface Sample {
  readonly state: ReadonlyState
  readonly texts: ReadonlyMap<string, string>
}

const samples: fc.Arbitrary<{
  readonly commands: readonly Command[]
  readonly texts: ReadonlyMap<string, string>
}> = texts.chain((text) =>
  fc
    .record({
      history: historyArbitrary(25),
      more: fc.array(knowing(text), { maxLength: 40 }),
      readable: fc.boolean(),
    })
    .map(({ history, more, readable }) => ({
      commands: [...history.slice(0, 2), ...more, ...history.slice(2)],
      texts: new Map(readable ? [[sha256(text), text]] : []),
    })),
)

const tokens = fc.oneof(fc.integer({ min: 60, max: 400 }), fc.integer({ min: 60, max: 6_000 }))
const level = fc.constantFrom<BriefLevel>(...briefLevels)

async function played({
  commands,
  texts: readable,
}: {
  readonly commands: readonly Command[]
  readonly texts: ReadonlyMap<string, string>
}): Promise<Sample> {
  const { state } = await play(new MemoryLog(), commands)
  return { state, texts: readable }
}

/** Tokens by the measure that the brief itself names. */
function measured(text: string, { measure }: Brief): number {
  return Math.ceil(Buffer.byteLength(text) * measure.tokensPerByte)
}

describe('a brief', () => {
  it('law: never takes more tokens than it was given', async () => {
    await fc.assert(
      fc.asyncProperty(samples, tokens, level, async (sample, tokensMax, of) => {
        const { state, texts: readable } = await played(sample)
        const made = brief(state, readable, { tokens: tokensMax, level: of })
        expect(measured(made.text, made)).toBeLessThanOrEqual(tokensMax)
        expect(made.tokens).toBe(measured(made.text, made))
        expect(made.measure.tokensPerByte).toBeGreaterThanOrEqual(0.55)
        for (const { text } of made.sections) expect(made.text).toContain(text)
        const said = made.sections.map(({ name }) => name)
        for (const { section, what } of made.leftOut) expect(said.includes(section)).toBe(what === 'part')
      }),
    )
  })

  it('law: of a higher level has the sections of the lower one', async () => {
    await fc.assert(
      fc.asyncProperty(samples, tokens, async (sample, tokensMax) => {
        const { state, texts: readable } = await played(sample)
        const names = briefLevels.map((of) =>
          brief(state, readable, { tokens: tokensMax, level: of }).sections.map(({ name }) => name),
        )
        for (const [index, lower] of names.slice(0, -1).entries()) {
          expect(names[index + 1]).toEqual(expect.arrayContaining(lower))
        }
      }),
    )
  })

  it('law: is the same for the same state', async () => {
    await fc.assert(
      fc.asyncProperty(samples, tokens, level, async (sample, tokensMax, of) => {
        const { state, texts: readable } = await played(sample)
        const made = brief(state, readable, { tokens: tokensMax, level: of })
        // Keys in another order, as a snapshot brings them.
        const other: ReadonlyState = {
          ...state,
          tasks: reversed(state.tasks),
          context: { ...state.context, items: reversed(state.context.items) },
        }
        expect(brief(other, readable, { tokens: tokensMax, level: of })).toEqual(made)
      }),
      { numRuns: 50 },
    )
  })

  it('law: names no supporting item where a critical one is left out', async () => {
    await fc.assert(
      fc.asyncProperty(samples, tokens, async (sample, tokensMax) => {
        const { state, texts: readable } = await played(sample)
        const named = tagsIn(brief(state, readable, { tokens: tokensMax }))
        const items = Object.values(state.context.items)
        const critical = items.filter(({ tier }) => tier === 'critical').map(({ tag }) => tag)
        const others = items.filter(({ tier, tag }) => tier !== 'critical' && named.includes(tag))
        if (others.length > 0) expect(named).toEqual(expect.arrayContaining(critical))
      }),
    )
  })

  it('law: too few tokens are refused with how many it takes, and those are enough', async () => {
    await fc.assert(
      fc.asyncProperty(samples, fc.integer({ min: 0, max: 60 }), async (sample, tokensMax) => {
        const { state, texts: readable } = await played(sample)
        try {
          expect(brief(state, readable, { tokens: tokensMax }).tokens).toBeLessThanOrEqual(tokensMax)
        } catch (error) {
          expect(error).toMatchObject({ code: 'USAGE', details: { tokens: tokensMax } })
          const { tokensMin } = detailsOf(error)
          expect(tokensMin).toBeGreaterThan(tokensMax)
          expect(brief(state, readable, { tokens: tokensMin }).tokens).toBeLessThanOrEqual(tokensMin)
        }
      }),
      { numRuns: 50 },
    )
  })

  it('sibling: the samples cut, leave out, and have everything there is to say', async () => {
    const seen = { cut: 0, leftOut: 0, critical: 0, unreadable: 0, sections: new Set<string>() }
    for (const sample of fc.sample(samples, { numRuns: 150, seed: 7 })) {
      const { state, texts: readable } = await played(sample)
      const made = brief(state, readable, { tokens: 500, level: 3 })
      seen.cut += made.sections.some(({ cut }) => cut) ? 1 : 0
      seen.leftOut += made.leftOut.some(({ what }) => what === 'all') ? 1 : 0
      seen.critical += tagsIn(made).length > 0 ? 1 : 0
      seen.unreadable += made.text.includes('cannot be read') ? 1 : 0
      for (const { name } of brief(state, readable, { tokens: 50_000, level: 3 }).sections)
        seen.sections.add(name)
    }
    for (const count of [seen.cut, seen.leftOut, seen.critical, seen.unreadable])
      expect(count).toBeGreaterThan(10)
    expect(seen.sections.size).toBeGreaterThan(15)
  })
})

function tagsIn({ sections }: Brief): readonly string[] {
  const text = sections.find(({ name }) => name === 'items')?.text ?? ''
  return [...text.matchAll(/^- (@[\w.-]+) \(/gm)].map(([, tag = '']) => tag)
}

function reversed<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).reverse())
}

function detailsOf(error: unknown): { readonly tokensMin: number } {
  if (typeof error === 'object' && error !== null && 'details' in error) {
    const { details } = error
    if (
      typeof details === 'object' &&
      details !== null &&
      'tokensMin' in details &&
      typeof details.tokensMin === 'number'
    ) {
      return { tokensMin: details.tokensMin }
    }
  }
  throw error
}
