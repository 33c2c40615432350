/**
 * Goal: a summary without a model is short, says the telling things, and never surprises. Method: texts of several kinds are
 * summarised and looked at; for any text and any number of bytes the promises of its docstring are checked.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import { cutToBytes } from '../../src/views/cut.ts'
import { extractSummary } from '../../src/views/extract.ts'

const small = 'It went on for a while and nobody minded that at all.'

/** Any text: words in several scripts, lines, code, halves of surrogate pairs. */
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom('a', ' ', '\n', '\r', '😀', '漢', '。', '.', '\ud83d', '\ude00', '{', '\0'),
    maxLength: 900,
  }),
  fc
    .array(
      fc.constantFrom(
        '# Heading',
        '- never do this',
        small,
        '결정: 다음 단계',
        '😀😀',
        '  "key": 1,',
        'Error: no',
      ),
      { maxLength: 60 },
    )
    .map((lines) => lines.join('\n')),
)

function whole(text: string): string {
  return Buffer.from(text).toString()
}

describe('an extracted summary', () => {
  it('law: fits its bytes, splits no character, is the same each time, and leaves a text that fits alone', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 700 }), (text, bytesMax) => {
        const summary = extractSummary(text, bytesMax)
        expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(bytesMax)
        expect(extractSummary(text, bytesMax)).toBe(summary)
        if (Buffer.byteLength(text) <= bytesMax) expect(summary).toBe(text)
        if (whole(text) === text) expect(whole(summary)).toBe(summary)
      }),
      { numRuns: 500 },
    )
  })

  it('law: says nothing that the text does not say, in its order', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 0, max: 700 }), (text, bytesMax) => {
        let from = 0
        for (const part of extractSummary(text, bytesMax).split(/\s*…\s*|\s*\n\s*/)) {
          const at = text.indexOf(part, from)
          expect(at).toBeGreaterThanOrEqual(from)
          from = at + part.length
        }
      }),
      { numRuns: 500 },
    )
  })

  it('keeps headings, decisions, failures, paths and next steps of prose, and marks what is missing', () => {
    const told = [
      '# Log in',
      'We decided to hash passwords with scrypt because bcrypt cuts them.',
      'Never log a password.',
      'The test in test/users.test.ts failed: token expired.',
      'Next: add the reset page.',
    ]
    const text = told.flatMap((line) => [line, ...Array<string>(8).fill(small)]).join('\n')
    const summary = extractSummary(text, 330)
    for (const line of told) expect(summary).toContain(line)
    expect(summary).toContain('\n…\n')
    expect(summary.split(small).length - 1).toBeLessThanOrEqual(1)
  })

  it('keeps the first and last lines of output, and what failed in between', () => {
    const lines = Array.from({ length: 400 }, (_, line) => `12:00:${line} | step ${line} | ok`)
    lines[170] = '12:00:170 | step 170 | Error: ENOSPC, no space left'
    const summary = extractSummary(lines.join('\n'), 400)
    expect(summary).toContain('ENOSPC')
    expect(summary.startsWith('12:00:0 |')).toBe(true)
    expect(summary.endsWith('step 399 | ok')).toBe(true)
  })

  it('cuts a sentence only where not even one fits', () => {
    expect(extractSummary('a sentence that is far too long for this', 13)).toBe('a sentence…')
    expect(extractSummary('😀😀', 7)).toBe('😀…')
    expect(extractSummary('😀😀', 3)).toBe('')
    expect(cutToBytes('漢字仮名', 8)).toBe('漢…')
  })

  it.each([
    ['one line', 'a'],
    ['empty lines', '\n'],
    ['short lines', 'a\n'],
    ['words', 'hello world. '],
    ['Chinese', '漢字仮名交文'],
    ['pairs', '😀'],
  ])('takes bounded time for 64 MiB of %s', { timeout: 30_000 }, (_, unit) => {
    const text = unit.repeat(Math.ceil(limits.contentBytesMax / Buffer.byteLength(unit)))
    expect(Buffer.byteLength(extractSummary(text, 2_000))).toBeLessThanOrEqual(2_000)
  })
})
