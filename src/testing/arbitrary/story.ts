/** What happens in a transcript, whatever tool writes it down. */
import fc from 'fast-check'
import type { Counters } from '../../events/shapes.ts'

/** Something that happens, in one or several lines. */
export type Beat =
  | { readonly kind: 'prompt'; readonly text: string }
  /** A call of the model, told in so many lines. */
  | { readonly kind: 'reply'; readonly lines: number; readonly tokens: Counters }
  | {
      readonly kind: 'tool'
      readonly name: string
      readonly result: 'ok' | 'error' | 'none'
      readonly tokens: Counters
    }
  | { readonly kind: 'compaction'; readonly postTokens: number }
  /** A sub-agent's work in its parent's file. */
  | { readonly kind: 'agent'; readonly text: string; readonly tokens: Counters }

export interface Story {
  /** Names of sessions and calls are made from it. */
  readonly number: number
  readonly beats: readonly Beat[]
  /** Another session that goes on after so many beats, with what happens there. */
  readonly fork: { readonly at: number; readonly beats: readonly Beat[] } | null
}

/** At least one of each, so that a call is never mistaken for none. */
const count = fc.integer({ min: 1, max: 40_000 })
const tokens: fc.Arbitrary<Counters> = fc.record(
  { inputTokens: count, outputTokens: count, cacheReadTokens: count, cacheCreationTokens: count },
  { noNullPrototype: true },
)
const text = fc.constantFrom('Write the opening hours.', 'Only in winter.', 'Ask the baker.')

function beatArbitrary(): fc.Arbitrary<Beat> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('prompt' as const), text }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('reply' as const),
        lines: fc.integer({ min: 1, max: 3 }),
        tokens,
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('tool' as const),
        name: fc.constantFrom('Read', 'Bash'),
        result: fc.constantFrom('ok' as const, 'error' as const, 'none' as const),
        tokens,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('compaction' as const),
        postTokens: fc.integer({ min: 1_000, max: 30_000 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('agent' as const), text, tokens }) },
  )
}

export function storyArbitrary(): fc.Arbitrary<Story> {
  const beats = (maxLength: number): fc.Arbitrary<readonly Beat[]> =>
    fc.array(beatArbitrary(), { minLength: 1, maxLength, size: 'max' })
  const fork = fc.option(fc.record({ at: fc.integer({ min: 1, max: 6 }), beats: beats(4) }), { freq: 3 })
  return fc.record({ number: fc.integer({ min: 0, max: 0xffff_ffff }), beats: beats(12), fork })
}
