/** How rows become text, and when there is colour. */
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { aligned, tabSeparated, visible, visibleLines, widthOf } from '../../src/cli/layout.ts'
import { linesOf } from '../../src/cli/lines.ts'
import { makeOutput, type OutputOptions, painter, wantsColour } from '../../src/cli/output.ts'

const plain = (text: string) => text

describe('aligned rows', () => {
  it('are as wide as their widest cell, numbers at the right, nothing cut off', () => {
    const rows = [
      ['a', 1, 'first'],
      ['longer', 12_345, null],
      ['b', 42.55, { text: 'styled' }],
    ]
    expect(aligned(rows, plain)).toEqual([
      'a            1  first',
      'longer  12,345  –',
      'b         42.5  styled',
    ])
  })

  it('count what is wide as wide', () => {
    expect([
      widthOf('abc'),
      widthOf('세션'),
      widthOf('日本'),
      widthOf('é'),
      widthOf('🚀'),
      widthOf('👩‍👩‍👧'),
    ]).toEqual([3, 4, 4, 1, 2, 2])
    expect(
      aligned(
        [
          ['세션', 'x'],
          ['abcd', 'y'],
        ],
        plain,
      ),
    ).toEqual(['세션  x', 'abcd  y'])
  })

  it('show control characters instead of obeying them', () => {
    expect(visible('\u001b[31mred\u0007\r\n')).toBe('\\u001b[31mred\\u0007\\r\\n')
    expect(visible('right\u202eleft')).toBe('right\\u202eleft')
    expect(visible('C:\\temp „ä“')).toBe('C:\\temp „ä“')
    expect(visibleLines('one\ntwo\u001b')).toBe('one\ntwo\\u001b')
  })
})

describe('tab-separated rows', () => {
  it('hold every value whole and on one line', () => {
    const row = [null, 12_345, 0.1, 'a\tb\nc\\d\re', { text: '\u001b[0m', tone: 'bad' as const }]
    expect(tabSeparated(row)).toBe('\t12345\t0.1\ta\\tb\\nc\\\\d\\re\t\\u001b[0m')
  })
})

describe('colour', () => {
  const cases: readonly [string, boolean, Record<string, string>, boolean, boolean][] = [
    ['a terminal', true, {}, true, true],
    ['no terminal', false, {}, true, false],
    ['--no-color', true, { FORCE_COLOR: '1' }, false, false],
    ['NO_COLOR', true, { NO_COLOR: '1' }, true, false],
    ['an empty NO_COLOR', true, { NO_COLOR: '' }, true, true],
    ['FORCE_COLOR', false, { FORCE_COLOR: '1' }, true, true],
    ['FORCE_COLOR before NO_COLOR', false, { FORCE_COLOR: '1', NO_COLOR: '1' }, true, true],
    ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, true, false],
    ['a dumb terminal', true, { TERM: 'dumb' }, true, false],
  ]
  it.each(cases)('with %s', (_, isTTY, environment, color, wanted) => {
    expect(wantsColour({ isTTY }, { environment, color })).toBe(wanted)
  })

  it('paints what has a tone and nothing else', () => {
    expect([painter(true)('x', 'bad'), painter(true)('x', 'plain'), painter(false)('x', 'bad')]).toEqual([
      '\u001b[31mx\u001b[39m',
      'x',
      'x',
    ])
  })
})

function collector(isTTY: boolean) {
  const written: string[] = []
  return {
    written,
    sink: {
      isTTY,
      write: (text: string) => {
        written.push(text)
        return true
      },
      once: () => undefined,
    },
  }
}

function outputOn(isTTY: boolean, options: Partial<OutputOptions> = {}) {
  const stdout = collector(isTTY)
  const stderr = collector(isTTY)
  const base = { stdout: stdout.sink, stderr: stderr.sink, json: false, color: false, environment: {} }
  return { out: stdout.written, err: stderr.written, output: makeOutput({ ...base, ...options }) }
}

const table = { columns: ['name', 'count'], rows: [['a', 1_000] as const, ['bb', 2] as const] }

describe('output', () => {
  it('lays tables out for people on a terminal, titles of numbers at the right', async () => {
    const { out, output } = outputOn(true)
    await output.table({ ...table, section: 'things' })
    await output.facts([{ label: 'size', value: 'small' }], 'facts')
    await output.flush()
    expect(out.join('')).toBe('things\nname  count\na     1,000\nbb        2\n\nfacts\nsize  small\n')
  })

  it('gives programs values: no titles, the section before each row', async () => {
    const { out, output } = outputOn(false)
    await output.table({ ...table, section: 'things' })
    await output.facts([{ label: 'window', value: 'full' }])
    await output.flush()
    expect(out.join('')).toBe('things\ta\t1000\nthings\tbb\t2\nwindow\tfull\n')
  })

  it.each([
    ['aligned', false, 'name  count\na     1,000\nbb        2\n'],
    ['tsv', true, 'a\t1000\nbb\t2\n'],
  ])('lays out as WAYMARK_LAYOUT=%s says', async (layout, isTTY, text) => {
    const { out, output } = outputOn(isTTY, { environment: { WAYMARK_LAYOUT: layout } })
    await output.table(table)
    await output.flush()
    expect(out.join('')).toBe(text)
  })

  it.each([
    [false, 'a\tb\n\u001b[2Jc\n'],
    [true, 'a\tb\n\\u001b[2Jc\n'],
  ])('gives a text as it is, but to a terminal no control characters (%s)', async (isTTY, text) => {
    const { out, output } = outputOn(isTTY)
    await output.text('a\tb\n\u001b[2Jc\n')
    await output.text('end')
    await output.flush()
    expect(out.join('')).toBe(`${text}end\n`)
  })

  it('keeps notes on stderr, and to itself under --json; warnings are always told', async () => {
    for (const json of [false, true]) {
      const { out, err, output } = outputOn(false, { json })
      output.note('by the way')
      output.warn('something\nhint: do something')
      expect(out).toEqual([])
      expect(err.join('')).toBe(`${json ? '' : 'by the way\n'}waymark: something\nhint: do something\n`)
    }
  })

  it('shows progress in place on a terminal, wipes it before anything else, and shows none elsewhere', async () => {
    const terminal = outputOn(true)
    terminal.output.progress('1 of 2')
    terminal.output.progress('2 of 2 comes too soon to be shown')
    await terminal.output.line('done')
    await terminal.output.flush()
    expect(terminal.err).toEqual(['\r\u001b[K1 of 2', '\r\u001b[K'])
    for (const quiet of [outputOn(false), outputOn(true, { environment: { TERM: 'dumb' } })]) {
      quiet.output.progress('1 of 2')
      expect(quiet.err).toEqual([])
    }
  })

  it('writes many lines at once, in order, before any note, and by itself', async () => {
    const { out, output } = outputOn(false)
    for (const text of ['1', '2', '3']) await output.line(text)
    expect(out).toEqual([])
    output.note('by the way')
    await output.line('4')
    expect(out).toEqual(['1\n2\n3\n'])
    await new Promise(setImmediate)
    expect(out).toEqual(['1\n2\n3\n', '4\n'])
    await output.line('x'.repeat(70_000))
    expect(out).toHaveLength(3)
  })

  it('waits for a reader that is slower', async () => {
    let drained: (() => void) | undefined
    const slow = {
      isTTY: false,
      write: () => false,
      once: (_: 'drain', listener: () => void) => (drained = listener),
    }
    const { output } = outputOn(false, { stdout: slow })
    let isWritten = false
    await output.line('x')
    const writing = output.flush().then(() => {
      isWritten = true
    })
    await Promise.resolve()
    expect(isWritten).toBe(false)
    drained?.()
    await writing
    expect(isWritten).toBe(true)
  })
})

describe('lines of a stream', () => {
  async function read(chunks: readonly (string | Uint8Array)[], lineBytesMax = 10) {
    const lines = []
    for await (const batch of linesOf(Readable.from(chunks), lineBytesMax)) {
      for (const { number, bytes } of batch)
        lines.push([number, bytes === null ? null : Buffer.from(bytes).toString()])
    }
    return lines
  }

  it('come whole however the stream is cut into pieces', async () => {
    const text = 'one\n\ntwo\r\n세션\nlast'
    const bytes = Buffer.from(text)
    const expected = [
      [1, 'one'],
      [2, ''],
      [3, 'two\r'],
      [4, '세션'],
      [5, 'last'],
    ]
    expect(await read([text])).toEqual(expected)
    expect(await read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(expected)
    expect(await read([])).toEqual([])
  })

  it('are passed over when they are too long, and the next one is read', async () => {
    expect(await read(['x'.repeat(8), 'x'.repeat(8), 'x\n', '0123456789\nok\n'])).toEqual([
      [1, null],
      [2, '0123456789'],
      [3, 'ok'],
    ])
    expect(await read(['x'.repeat(11)])).toEqual([[1, null]])
  })
})
