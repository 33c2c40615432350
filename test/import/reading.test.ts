/** Goal: bytes become lines and values, files become sources, exactly and within bounds. Method: small files and tables. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { contentOf, oneLine } from '../../src/events/content.ts'
import { type LineLimits, standardLineLimits } from '../../src/import/bounds.ts'
import { findSources } from '../../src/import/find.ts'
import { type Line, readLines } from '../../src/import/lines.ts'
import { sniff } from '../../src/import/sniff.ts'
import { timeOf } from '../../src/import/text.ts'
import { valuesOf } from '../../src/import/values.ts'
import { fixture, imported, temporaryFolder } from './support.ts'

async function linesOf(
  content: string | Uint8Array,
  limits: Partial<LineLimits> = {},
): Promise<readonly Line[]> {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, content)
  const file = await open(path)
  const lines: Line[] = []
  const range = { from: 0, to: Buffer.byteLength(content), firstLine: 1 }
  for await (const batch of readLines(file, range, { ...standardLineLimits, ...limits }))
    lines.push(...batch.lines)
  await file.close()
  return lines
}

const textOf = ({ bytes }: Line): string => Buffer.from(bytes).toString('utf8')

describe('lines', () => {
  it.each([
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['a\nb', ['a', 'b']],
    ['\n\na\r\n', ['', '', 'a\r']],
  ])('%j', async (content, expected) => {
    expect((await linesOf(content)).map(textOf)).toEqual(expected)
  })

  it('tell their number, their size and whether they end', async () => {
    const lines = await linesOf('ä\nbc')
    expect(lines.map(({ number, size, terminated }) => [number, size, terminated])).toEqual([
      [1, 3, true],
      [2, 2, false],
    ])
  })

  it('that are too long are passed over; their beginning and size are known', async () => {
    const lines = await linesOf(`${'x'.repeat(400_000)}\nshort\n`, { lineBytesMax: 1_000 })
    expect(lines.map(({ number, size, tooLong }) => [number, size, tooLong])).toEqual([
      [1, 400_001, true],
      [2, 6, false],
    ])
    expect(lines[0]?.bytes.length).toBeLessThanOrEqual(65_536)
  })

  /** Law: whatever the batches, the lines put together again are the bytes. */
  it('lose no byte, however they are batched', async () => {
    const pieces = fc.array(fc.oneof(fc.constant('\n'), fc.string({ maxLength: 40 })), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 5 }), async (parts, batchLinesMax) => {
        const content = parts.join('')
        const lines = await linesOf(content, { batchLinesMax })
        expect(lines.map((line) => textOf(line) + (line.terminated ? '\n' : '')).join('')).toBe(
          Buffer.from(content).toString('utf8'),
        )
        expect(lines.map(({ number }) => number)).toEqual(lines.map((_, index) => index + 1))
      }),
      { numRuns: 60 },
    )
  })
})

describe('values', () => {
  it.each([
    ['{"a":1}', 1, null],
    ['  {"a":1}\r', 1, null],
    ['\uFEFF{"a":1}', 1, null],
    ['', 0, null],
    [' \t', 0, null],
    ['{"a":1}{"b":"}{"}', 2, null],
    ['{"a":[{"b":"\\""}]} {"c":2}', 2, null],
    ['{"a":1}{"b":', 1, 'cut off inside an object'],
    ['{"a":"b', 0, 'unterminated string'],
    ['{"a":1}{"b":"c', 1, 'unterminated string'],
    ['{"a":1} garbage {"b":2}', 1, 'not JSON'],
    ['{a:1}{"b":2}', 0, 'not JSON'],
    ['42', 0, 'a JSON value that is not an object'],
    ['"a"{"b":1}', 1, 'a JSON value that is not an object'],
    ['[1] {"a":1}', 1, 'a JSON value that is not an object'],
    ['nul', 0, 'not JSON'],
    ['\u0000\u0000', 0, 'not JSON'],
  ])('%j', (line, objects, damage) => {
    const values = valuesOf(line)
    expect([values.objects.length, values.damage]).toEqual([objects, damage])
  })

  /** Law: objects written one after the other, with any blanks between, are read as they were. */
  it('of any objects glued together are those objects', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(
        fc.array(object, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('', ' ', '\t'),
        (objects, blank) => {
          const written = objects.map((value) => JSON.stringify(value))
          expect(valuesOf(written.join(blank))).toEqual({
            objects: written.map((text): unknown => JSON.parse(text)),
            damage: null,
          })
        },
      ),
    )
  })

  it('nested deeper than a stack are read without harm', async () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`
    const path = join(temporaryFolder(), 'deep.jsonl')
    const message = `{"type":"assistant","sessionId":"deep","message":{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"x","input":{"a":${deep}}}]}}`
    writeFileSync(path, `${message}\n{"type":"strange","sessionId":"deep","a":${deep}}\n`)
    const { top, result } = await imported([path])
    expect(result.files[0]).toMatchObject({ damaged: [], refused: 0 })
    expect(Object.keys(top.openCalls)).toEqual(['t1'])
  })
})

describe('texts and times', () => {
  it('become one well-formed line', () => {
    expect(oneLine('  a\n\tb\u0000\u001b[1mc \ud800', 20)).toBe('a b [1mc \ufffd')
    expect(oneLine('aaaa😀', 5)).toBe('aaaa…')
    expect(oneLine(`${'a'.repeat(3)}😀😀`, 5)).toBe('aaa…')
  })

  it('keep their bytes; a half surrogate becomes the replacement character, in the hash as well', async () => {
    const lone = contentOf('\ud800')
    expect(lone.ref).toEqual({ ...contentOf('\ufffd').ref })
  })

  it.each([
    ['2026-03-02T09:00:00Z', '2026-03-02T09:00:00.000Z'],
    ['2026-03-02T09:00:00.123456+02:00', '2026-03-02T07:00:00.123Z'],
    ['2026-03-02T09:00', '2026-03-02T09:00:00.000Z'],
    [1_772_442_000, '2026-03-02T09:00:00.000Z'],
    [1_772_442_000_000, '2026-03-02T09:00:00.000Z'],
    ['[trimmed]', null],
    ['May 5', null],
    ['2026-99-99T00:00:00Z', null],
    [-1, null],
    [null, null],
  ])('%j is %j', (value, time) => {
    expect(timeOf(value)).toBe(time)
  })
})

describe('a format', () => {
  it.each([
    [[{ type: 'user', message: { role: 'user' } }], 'claude-code'],
    [[{ message: { role: 'assistant' } }], 'claude-code'],
    [[{ type: 'summary', summary: 'a', leafUuid: 'b' }], 'claude-code'],
    [[{ type: 'queue-operation', sessionId: 's' }], 'claude-code'],
    [[{ type: 'session_meta', payload: {} }, { role: 'user' }], 'codex'],
    [[{ sessionId: 's', projectHash: 'p', messages: [] }], null],
    [[{ file: 'a', calls: 1 }], null],
    [[], null],
  ])('of %j is %s', (records, format) => {
    expect(sniff(records).format).toBe(format)
  })
})

describe('sources', () => {
  const lines = (session: string, time: string): string =>
    `{"type":"user","sessionId":"${session}","timestamp":"${time}","message":{"role":"user","content":"hello"}}\n`

  it('are found below folders, once, whatever links lead to them; other files are left alone', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, 'a/b'), { recursive: true })
    writeFileSync(join(folder, 'a/b/one.jsonl'), lines('one', '2026-01-02T00:00:00Z'))
    writeFileSync(join(folder, 'a/two.jsonl'), lines('two', '2026-01-01T00:00:00Z'))
    writeFileSync(join(folder, 'a/notes.txt'), 'no transcript')
    writeFileSync(join(folder, 'a/figures.jsonl'), '{"calls":1}\n')
    symlinkSync('..', join(folder, 'a/b/up'))
    symlinkSync('one.jsonl', join(folder, 'a/b/same.jsonl'))
    symlinkSync('nowhere', join(folder, 'a/b/broken.jsonl'))
    const { sources, leftOut } = await findSources([folder, join(folder, 'a/b/one.jsonl')])
    expect(sources.map(({ identity }) => identity.nativeId)).toEqual(['two', 'one'])
    expect(leftOut).toEqual([
      { path: join(folder, 'a/b/broken.jsonl'), error: expect.stringContaining('ENOENT') },
      {
        path: join(folder, 'a/figures.jsonl'),
        skipped: 'it is neither a Claude Code transcript nor a Codex rollout',
      },
    ])
  })

  it('come parents first, then by time', async () => {
    const { sources } = await findSources([fixture('codex'), fixture('claude-code/11-agent-progress')])
    const depths = sources.map(({ identity }) => (identity.parentSessionId === null ? 0 : 1))
    expect(depths).toEqual([...depths].sort((a, b) => a - b))
  })

  it('that are not there, or the only one named and no transcript, stop everything before it begins', async () => {
    const folder = temporaryFolder()
    const [good, bad] = [join(folder, 'good.jsonl'), join(folder, 'bad.jsonl')]
    writeFileSync(good, lines('good', '2026-01-01T00:00:00Z'))
    writeFileSync(bad, 'hello\n')
    await expect(findSources([bad])).rejects.toMatchObject({ code: 'IMPORT_FAILED' })
    expect(await findSources([good, bad])).toMatchObject({
      sources: [{ path: good }],
      leftOut: [{ path: bad, error: 'it holds no JSON lines' }],
    })
    await expect(findSources([good, join(folder, 'none')])).rejects.toMatchObject({ code: 'IMPORT_FAILED' })
  })
})
