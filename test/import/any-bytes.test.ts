/**
 * Goal: whatever bytes a transcript holds, the import ends, every line that can be read says what it says, every line that cannot is
 * kept byte by byte, and importing again, or on as the file grows, adds nothing twice. Method: lines whose words are known, of both
 * formats, between any bytes: cut and joined characters, zero bytes, lines that are too long, JSON nested deep; then every transcript at
 * hand with bytes flipped, cut out, put in and said twice.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { standardLineLimits } from '../../src/import/bounds.ts'
import type { ImportedFile, ImportOptions } from '../../src/import/import.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { eventsOf } from '../support/events.ts'
import { fixtures, imported, temporaryFolder } from './support.ts'

const lineFeed = Buffer.from('\n')
/** Small, so that lines that are too long, and many transactions, come up. */
const lineLimits = { ...standardLineLimits, lineBytesMax: 2_000, batchLinesMax: 3 }
const smallLines: ImportOptions = { lineLimits }

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const time = '2026-01-01T00:00:00Z'
/** Words that come up once in a file, and only in the line of that number. */
const wordsOf = (n: number): string => `the words of line ${n}.`

/** A line, and the texts that the log must hold for it. */
type Saying = (n: number) => { readonly record: object; readonly texts: readonly string[] }

function claudeEntry(n: number, type: string, rest: object): object {
  return { type, uuid: uuid(n), sessionId: uuid(0), timestamp: time, ...rest }
}

function claudeReply(n: number, block: object): object {
  const message = { id: `msg_${n}`, role: 'assistant', model: 'm', content: [block], stop_reason: 'end_turn' }
  return claudeEntry(n, 'assistant', { message })
}

const claude: readonly Saying[] = [
  (n) => ({
    record: claudeEntry(n, 'user', { message: { role: 'user', content: wordsOf(n) } }),
    texts: [wordsOf(n)],
  }),
  (n) => ({ record: claudeReply(n, { type: 'text', text: wordsOf(n) }), texts: [wordsOf(n)] }),
  (n) => ({ record: claudeReply(n, { type: 'thinking', thinking: wordsOf(n) }), texts: [wordsOf(n)] }),
  (n) => {
    const input = { command: wordsOf(n) }
    return {
      record: claudeReply(n, { type: 'tool_use', id: `call-${n}`, name: 'Bash', input }),
      texts: [JSON.stringify(input)],
    }
  },
  (n) => {
    const content = [{ type: 'tool_result', tool_use_id: `call-${n}`, content: wordsOf(n) }]
    return { record: claudeEntry(n, 'user', { message: { role: 'user', content } }), texts: [wordsOf(n)] }
  },
  (n) => {
    const record = claudeEntry(n, 'of-tomorrow', { words: wordsOf(n) })
    return { record, texts: [JSON.stringify(record)] }
  },
]

const codexLine = (n: number, type: string, payload: object): object => ({
  timestamp: new Date(Date.parse(time) + n).toISOString(),
  type,
  payload,
})

const codex: readonly Saying[] = [
  (n) => ({
    record: codexLine(n, 'event_msg', { type: 'user_message', message: wordsOf(n) }),
    texts: [wordsOf(n)],
  }),
  (n) => ({
    record: codexLine(n, 'response_item', {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: wordsOf(n) }],
    }),
    texts: [wordsOf(n)],
  }),
  (n) => {
    const call = { type: 'function_call', name: 'shell', arguments: wordsOf(n), call_id: `call-${n}` }
    return { record: codexLine(n, 'response_item', call), texts: [wordsOf(n)] }
  },
  (n) => {
    const output = { type: 'function_call_output', call_id: `call-${n}`, output: wordsOf(n) }
    return { record: codexLine(n, 'response_item', output), texts: [wordsOf(n)] }
  },
  (n) => {
    const output = { type: 'function_call_output', output: wordsOf(n) }
    return { record: codexLine(n, 'response_item', output), texts: [wordsOf(n)] }
  },
  ...['of_tomorrow', 'event_msg', 'response_item'].map(
    (type): Saying =>
      (n) => {
        const record = codexLine(n, type, { type: 'of_tomorrow', words: wordsOf(n) })
        return { record, texts: [JSON.stringify(record)] }
      },
  ),
]

interface Format {
  readonly sayings: readonly Saying[]
  readonly first: object
}

const formats: Readonly<Record<string, Format>> = {
  'Claude Code': {
    sayings: claude,
    first: claudeEntry(0, 'user', { message: { role: 'user', content: wordsOf(0) } }),
  },
  Codex: { sayings: codex, first: codexLine(0, 'session_meta', { id: uuid(0), cwd: '/srv', source: 'cli' }) },
}

const multibyte = Buffer.from('{"type":"user","text":"ä€😀 \u0000 \u2028"}')
/** Anything that is no line with words: bytes, halves of lines, values that are no objects. */
const garbage: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 80 }),
  fc.nat({ max: multibyte.length - 1 }).map((length) => multibyte.subarray(0, length)),
  fc.integer({ min: 1, max: 40 }).map((length) => Buffer.alloc(length)),
  fc.integer({ min: 1_900, max: 2_300 }).map((length) => Buffer.alloc(length, 'x')),
  fc.integer({ min: 1, max: 900 }).map((depth) => Buffer.from(`${'{"a":['.repeat(depth)}`)),
  fc
    .oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer(), { maxLength: 3 }))
    .map((value) => Buffer.from(JSON.stringify(value))),
  fc
    .constantFrom('\ufeff', '\r', '{}', '{"type":', '"', '}', '{"type":"user"', '\ud800')
    .map((text) => Buffer.from(text)),
)

const part = fc.oneof(
  {
    weight: 2,
    arbitrary: garbage.map((bytes) => ({ bytes: bytes.map((byte) => (byte === 10 ? 11 : byte)) })),
  },
  { weight: 3, arbitrary: fc.nat({ max: 50 }).map((saying) => ({ saying })) },
)
const parts = fc.array(part, { minLength: 1, maxLength: 20 })

interface Made {
  readonly lines: readonly Uint8Array[]
  readonly texts: readonly string[]
  readonly isLastWhole: boolean
}

function made(
  { sayings, first }: Format,
  drawn: readonly ({ bytes: Uint8Array } | { saying: number })[],
): Made {
  const texts: string[] = []
  const lines = drawn.map((one, index) => {
    if ('bytes' in one) return one.bytes
    const { record, texts: own } = sayings[one.saying % sayings.length]?.(index + 1) ?? {
      record: {},
      texts: [],
    }
    texts.push(...own)
    return Buffer.from(JSON.stringify(record))
  })
  const last = drawn[drawn.length - 1]
  return {
    lines: [Buffer.from(JSON.stringify(first)), ...lines],
    texts,
    isLastWhole: last !== undefined && 'saying' in last,
  }
}

/** Lines one below the other; the last one may lack its end. */
function joined(lines: readonly Uint8Array[], isEnded = true): Buffer {
  const all = Buffer.concat(lines.flatMap((line) => [line, lineFeed]))
  return isEnded ? all : all.subarray(0, -1)
}

/** The hashes of all texts that events of the log refer to, and the number of lines kept because they cannot be read. */
async function kept(
  log: EventLog,
): Promise<{ readonly hashes: ReadonlySet<string>; readonly unreadable: number }> {
  const hashes = new Set<string>()
  let unreadable = 0
  for await (const page of log.streams()) {
    for (const { sessionId } of page) {
      for (const event of await eventsOf(log, sessionId)) {
        for (const found of JSON.stringify(event.data).matchAll(/"hash":"([0-9a-f]{64})"/g))
          hashes.add(found[1] ?? '')
        if (isKnown(event) && event.type === 'observation.recorded') {
          unreadable += ['damaged-line', 'unfinished-line'].includes(event.data.kind) ? 1 : 0
        }
      }
    }
  }
  for (const hash of hashes) expect(await log.content(hash)).not.toBeNull()
  return { hashes, unreadable }
}

/** The report of a file that is imported; `null` where it is no transcript at all, which is told by its code. */
async function report(path: string, log: EventLog, options: ImportOptions): Promise<ImportedFile | null> {
  try {
    const { result } = await imported([path], log, options)
    return result.files[0] ?? null
  } catch (error) {
    if (error instanceof WaymarkError && error.code === 'IMPORT_FAILED') return null
    throw error
  }
}

function countLines(bytes: Uint8Array): number {
  const feeds = bytes.filter((byte) => byte === 10).length
  return bytes.length === 0 || bytes[bytes.length - 1] === 10 ? feeds : feeds + 1
}

describe.each(Object.entries(formats))('any bytes in a transcript of %s', (_name, format) => {
  /** Law: the words of every line that can be read are in the log, and the bytes of every line that cannot be read are as well. */
  it('lose no line that can be read, and keep those that cannot', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.boolean(), async (drawn, isEnded) => {
        const { lines, texts } = made(format, drawn)
        const path = join(temporaryFolder(), `${uuid(0)}.jsonl`)
        const bytes = joined(lines, isEnded)
        writeFileSync(path, bytes)
        const { log, result } = await imported([path], new MemoryLog(), smallLines)
        const [file] = result.files
        expect(file).toMatchObject({ lines: countLines(bytes), refused: 0 })
        const { hashes, unreadable } = await kept(log)
        expect(texts.filter((text) => !hashes.has(sha256(text)))).toEqual([])
        expect(unreadable).toBe(file?.damagedCount)
        for (const { line, reason } of file?.damaged ?? []) {
          const whole = lines[line - 1] ?? new Uint8Array()
          if (reason !== 'longer than a line may be') expect(hashes).toContain(sha256(whole))
        }
        expect((await imported([path], log, smallLines)).result).toMatchObject({
          appended: 0,
          files: [{ lines: file?.lines }],
        })
      }),
      { numRuns: 60 },
    )
  })

  /** Law: cut anywhere, imported, grown and imported again, a file has said what it says imported as a whole. */
  it('are read on where the file has grown', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.double({ min: 0, max: 1, noNaN: true }), async (drawn, share) => {
        const { lines, texts } = made(format, drawn)
        const path = join(temporaryFolder(), `${uuid(0)}.jsonl`)
        const bytes = joined(lines)
        const least = (lines[0]?.length ?? 0) + 1
        const log = new MemoryLog()
        writeFileSync(path, bytes.subarray(0, least + Math.floor((bytes.length - least) * share)))
        await imported([path], log, smallLines)
        writeFileSync(path, bytes)
        const { result } = await imported([path], log, smallLines)
        expect(result.files[0]).toMatchObject({ lines: countLines(bytes), refused: 0 })
        const { hashes } = await kept(log)
        expect(texts.filter((text) => !hashes.has(sha256(text)))).toEqual([])
        expect((await imported([path], log, smallLines)).result.appended).toBe(0)
        const whole = await imported([path], new MemoryLog(), smallLines)
        expect(result.files[0]?.damaged).toEqual(whole.result.files[0]?.damaged)
      }),
      { numRuns: 40 },
    )
  })
})

it('any bytes really hold lines with words, and lines that cannot be read', async () => {
  for (const format of Object.values(formats)) {
    const samples = fc.sample(parts, { numRuns: 30, seed: 3 }).map((drawn) => made(format, drawn))
    const path = join(temporaryFolder(), `${uuid(0)}.jsonl`)
    let damaged = 0
    for (const { lines } of samples) {
      writeFileSync(path, joined(lines))
      damaged += (await report(path, new MemoryLog(), smallLines))?.damagedCount ?? 0
    }
    expect(damaged).toBeGreaterThan(30)
    expect(samples.flatMap(({ texts }) => texts).length).toBeGreaterThan(60)
  }
})

const root = fileURLToPath(new URL('../..', import.meta.url))
const realFolder = resolve(root, process.env.WAYMARK_TRANSCRIPTS ?? '../shared/transcripts')

function transcriptsIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.jsonl') && path !== 'expected.jsonl')
    .sort()
    .map((path) => join(folder, path))
}

/** A way to spoil bytes at a place, given as a share of them. */
const spoil = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
  how: fc.constantFrom('flip', 'cut', 'put', 'twice'),
  size: fc.integer({ min: 1, max: 120 }),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
})
type Spoil = typeof spoil extends fc.Arbitrary<infer S> ? S : never

function spoilt(bytes: Buffer, { at, how, size, bytes: put }: Spoil): Buffer {
  const start = Math.floor(bytes.length * at)
  const [before, after] = [bytes.subarray(0, start), bytes.subarray(start)]
  if (how === 'cut') return Buffer.concat([before, after.subarray(size)])
  if (how === 'put') return Buffer.concat([before, put, after])
  if (how === 'twice') return Buffer.concat([before, after.subarray(0, size * 20), after])
  return Buffer.concat([
    before,
    after.subarray(0, 1).map((byte) => byte ^ (1 << (size % 8))),
    after.subarray(1),
  ])
}

/** So many whole lines, from a share of the file on; the first one says what the file is. */
function someLines(path: string, share: number, most: number): Buffer {
  const bytes = readFileSync(path)
  const ends: number[] = []
  for (let feed = bytes.indexOf(10); feed >= 0; feed = bytes.indexOf(10, feed + 1)) ends.push(feed + 1)
  const first = bytes.subarray(0, ends[0])
  const from = Math.floor(ends.length * share)
  return Buffer.concat([first, bytes.subarray(ends[from] ?? 0, ends[from + most] ?? bytes.length)])
}

/** Law: it ends, every line is counted, every line that cannot be read is kept, and a second time adds nothing. */
async function survives(bytes: Buffer, redact: readonly string[]): Promise<boolean> {
  const path = join(temporaryFolder(), `${uuid(0)}.jsonl`)
  writeFileSync(path, bytes)
  const log = new MemoryLog()
  const options: ImportOptions = { redact }
  const file = await report(path, log, options)
  if (file?.sessionId === null || file === null) return false
  expect(file).toMatchObject({ lines: countLines(bytes), refused: 0 })
  expect(file.error).toBeUndefined()
  expect((await kept(log)).unreadable).toBe(file.damagedCount)
  expect(await report(path, log, options)).toEqual({ ...file, appended: 0 })
  return true
}

const spoils = fc.array(spoil, { minLength: 1, maxLength: 6 })
const redactions = fc.constantFrom<readonly string[]>([], [], ['secrets'])

describe('a transcript with spoilt bytes', () => {
  const paths = transcriptsIn(fixtures)

  it('is imported as far as it can be read', { timeout: 60_000 }, async () => {
    let read = 0
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), spoils, redactions, async (path, ways, redact) => {
        read += (await survives(ways.reduce(spoilt, readFileSync(path)), redact)) ? 1 : 0
      }),
      { numRuns: 120 },
    )
    expect(read).toBeGreaterThan(40)
  })

  const real = existsSync(realFolder) ? transcriptsIn(realFolder) : []
  const title =
    real.length === 0 ? `a real one: skipped, there are none in ${realFolder}` : 'a real one is imported too'

  it.skipIf(real.length === 0)(title, { timeout: 60_000 }, async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...real), share, spoils, async (path, from, ways) => {
        await survives(ways.reduce(spoilt, someLines(path, from, 40)), [])
      }),
      { numRuns: 25 },
    )
  })
})
