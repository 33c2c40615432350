/**
 * Goal: nothing that may stand in a file breaks the import, and nothing readable is lost for it. Method: mix lines that
 * say something known with any bytes, any JSON, and entries whose fields have been replaced by anything.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { figuresText, fixtures, imported, temporaryFolder } from './support.ts'

const session = '20000000-0000-4000-8000-000000000001'

function callLine(id: number): string {
  const usage = {
    input_tokens: 1,
    output_tokens: 2,
    cache_read_input_tokens: 4,
    cache_creation_input_tokens: 8,
  }
  const message = {
    id: `msg_known_${id}`,
    role: 'assistant',
    model: 'm',
    content: [],
    stop_reason: 'end_turn',
    usage,
  }
  const uuid = `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`
  return JSON.stringify({
    type: 'assistant',
    uuid,
    sessionId: session,
    timestamp: '2026-01-01T00:00:00Z',
    message,
  })
}

const withoutLineFeed = (bytes: Uint8Array): Uint8Array => bytes.filter((byte) => byte !== 10)
const junk = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map(withoutLineFeed),
  fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
  fc.string().map((text) => Buffer.from(text.replaceAll('\n', ''))),
  fc.nat({ max: 180 }).map((length) => Buffer.from(callLine(0).slice(0, length))),
)

describe('an import', () => {
  /** Law: between any other lines, every line that can be read is read; the others are counted. */
  it('loses no readable line among unreadable ones', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(junk, fc.boolean()), { maxLength: 12 }), async (parts) => {
        const lines = parts.flatMap(([bytes, known], index) =>
          known ? [bytes, Buffer.from(callLine(index + 1))] : [bytes],
        )
        const all = [Buffer.from(callLine(0)), ...lines]
        const path = join(temporaryFolder(), 'mixed.jsonl')
        writeFileSync(path, Buffer.concat(all.flatMap((line) => [line, Buffer.from('\n')])))
        const { figures, result } = await imported([path])
        const known = 1 + parts.filter(([, isKnown]) => isKnown).length
        expect(figures).toMatchObject({
          calls: known,
          inputTokens: known,
          outputTokens: 2 * known,
          peakTokens: 13,
        })
        expect(result.files[0]).toMatchObject({ lines: all.length, refused: 0 })
      }),
      { numRuns: 60 },
    )
  })

  it('meets damage and known lines in the test above', () => {
    const samples = fc
      .sample(junk, { numRuns: 200, seed: 1 })
      .map((bytes) => Buffer.from(bytes).toString('utf8'))
    const damaged = samples.filter((text) => {
      try {
        return text.trim() !== '' && typeof JSON.parse(text) !== 'object'
      } catch {
        return true
      }
    })
    expect(damaged.length).toBeGreaterThan(50)
    expect(damaged.length).toBeLessThan(200)
  })

  const records = readdirSync(fixtures, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.jsonl'))
    .map((path) => readFileSync(join(fixtures, path), 'utf8').split('\n'))
    .map((lines) =>
      lines.flatMap((line): Record<string, unknown>[] => {
        try {
          const value: unknown = JSON.parse(line)
          return typeof value === 'object' && value !== null && !Array.isArray(value) ? [{ ...value }] : []
        } catch {
          return []
        }
      }),
    )

  const change = fc.record({
    record: fc.nat(),
    path: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
    value: fc.option(
      fc.oneof(fc.jsonValue(), fc.string(), fc.constantFrom('__proto__', '\ud800', '', -1, 1e300, 0.5)),
      {
        nil: undefined,
      },
    ),
  })

  /** Law: whatever stands in the fields of entries, the import ends, refuses nothing, damages nothing, and is repeatable. */
  it('takes entries whose fields hold anything', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(change, { minLength: 1, maxLength: 8 }), async (which, changes) => {
        const entries = structuredClone(records[which % records.length] ?? [])
        for (const { record, path, value } of changes) replace(entries[record % entries.length], path, value)
        const first = JSON.stringify({
          type: 'user',
          sessionId: session,
          message: { role: 'user', content: 'hello' },
        })
        const file = join(temporaryFolder(), 'changed.jsonl')
        writeFileSync(file, [first, ...entries.map((entry) => JSON.stringify(entry))].join('\n'))
        const { result, log } = await imported([file])
        expect(result.files[0]).toMatchObject({ lines: entries.length + 1, damaged: [], refused: 0 })
        expect((await imported([file], log)).result.appended).toBe(0)
      }),
      { numRuns: 150 },
    )
  })

  it('gives the same figures for lines written with other key orders and blanks', async () => {
    const lines = [0, 1, 2].map((id): unknown => JSON.parse(callLine(id)))
    const path = join(temporaryFolder(), 'spaced.jsonl')
    const turned = lines.map((line) => Object.fromEntries(Object.entries(Object(line)).reverse()))
    writeFileSync(path, turned.map((line) => `  ${JSON.stringify(line)}  \r\n`).join(''))
    expect(figuresText((await imported([path])).figures)).toBe('3 calls, 3 6 12 24, 0 compactions, peak 13')
  })
})

/** Replaces the field that a path of numbers leads to; `undefined` takes it away. */
function replace(target: unknown, path: readonly number[], value: unknown): void {
  if (typeof target !== 'object' || target === null) return
  const keys = Object.keys(target)
  const key = keys[(path[0] ?? 0) % Math.max(1, keys.length)]
  if (key === undefined) return
  const inner: unknown = Reflect.get(target, key)
  if (path.length > 1 && typeof inner === 'object' && inner !== null) replace(inner, path.slice(1), value)
  else if (value === undefined) Reflect.deleteProperty(target, key)
  else Reflect.set(target, key, value)
}
