/**
 * Goal: a package is judged without its log, and nothing that comes in its place is believed, or does harm. Method: a sound package,
 * damaged in each way that is told; and files that were never packages.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { brotliCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { agentProblem } from '../../src/handoff/agents.ts'
import { type HandoffPackage, packageText, requiredFields, sealed } from '../../src/handoff/package.ts'
import { readHandoff, validateHandoff } from '../../src/handoff/validate.ts'
import { limits } from '../../src/kernel/limits.ts'
import { readPackageFile } from '../../src/session/package-file.ts'
import { aPackage } from './support.ts'

let whole: HandoffPackage
let text: string
beforeAll(async () => {
  whole = await aPackage()
  text = packageText(whole)
})

/** The package with another context, sealed anew, as one would who knows how. */
function withContext(critical: Uint8Array | string): HandoffPackage {
  const packed = typeof critical === 'string' ? critical : Buffer.from(critical).toString('base64')
  const { package_hash: _old, ...waymark } = whole.waymark
  return sealed({
    ...whole,
    context_snapshot: { ...whole.context_snapshot, critical_context: packed },
    waymark,
  })
}

describe('a sound package', () => {
  it('is valid as bytes, as text and as a value', () => {
    for (const input of [Buffer.from(text), text, JSON.parse(text) as object]) {
      expect(validateHandoff(input)).toMatchObject({ ok: true, problems: [], notes: [], package: whole })
    }
    expect(readHandoff(text).context.items).toHaveLength(1)
  })

  it('is valid as a value whose keys stand in another order', () => {
    const turned = Object.fromEntries(Object.entries(whole).toReversed())
    expect(validateHandoff(turned).ok).toBe(true)
  })

  it('is told to have few tokens, and an offer that is over; that makes it no less valid', () => {
    const { ok, notes } = validateHandoff(text, { minimumTokens: 1_000_000 })
    expect([ok, notes]).toEqual([true, [expect.stringContaining('fewer than 1000000: compress')]])
    const { package_hash: _old, ...waymark } = whole.waymark
    const past = sealed({ ...whole, waymark: { ...waymark, expires_at: '2020-01-01T00:00:00.000Z' } })
    expect(validateHandoff(past, { now: '2026-01-01T00:00:00.000Z' }).notes).toEqual([
      'the offer expired at 2020-01-01T00:00:00.000Z',
    ])
    expect(validateHandoff(past).notes).toEqual([])
  })
})

describe('a package that was changed', () => {
  it('law: any change of one byte is noticed', () => {
    const bytes = Buffer.from(text)
    const noticed = fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
      const other = Buffer.from(bytes)
      other[at] = ((other[at] ?? 0) + by) % 256
      expect(validateHandoff(other).ok).toBe(false)
    })
    fc.assert(noticed, { numRuns: 2_000 })
  })

  it('law: any byte more or less is noticed', () => {
    const bytes = Buffer.from(text)
    const noticed = fc.property(fc.nat(bytes.length), fc.option(fc.nat(255)), (at, more) => {
      const added = more === null ? Buffer.alloc(0) : Buffer.of(more)
      const rest = bytes.subarray(more === null ? at + 1 : at)
      const other = Buffer.concat([bytes.subarray(0, at), added, rest])
      expect(validateHandoff(other).ok).toBe(other.equals(bytes))
    })
    fc.assert(noticed, { numRuns: 1_000 })
  })

  it('says whether what it says was changed, or its text alone', () => {
    const renamed = text.replace('write_tests', 'write_docs_')
    expect(validateHandoff(renamed).problems).toMatchObject([
      { code: 'changed', field: 'waymark.package_hash' },
    ])
    expect(validateHandoff(text.replaceAll('\n', '\r\n')).problems).toMatchObject([
      { code: 'changed', field: null },
    ])
    const twice = text.replace('{', '{\n  "from_agent": "mallory",')
    expect(validateHandoff(twice)).toMatchObject({ ok: false, problems: [{ code: 'changed' }] })
    expect(() => readHandoff(renamed)).toThrow(expect.objectContaining({ code: 'HANDOFF_INVALID' }))
  })

  it.each(requiredFields)('without %s is told to miss it', (field) => {
    const { [field]: _left, ...rest } = whole
    const { ok, problems } = validateHandoff(rest)
    expect([ok, problems]).toEqual([
      false,
      [{ code: 'missing-field', field, message: `Missing required field: ${field}` }],
    ])
  })

  it('with half a surrogate pair is told so', () => {
    const half = text.replace('write_tests', '\\ud800')
    expect(validateHandoff(half).problems).toMatchObject([
      { code: 'wrong-field', message: expect.stringContaining('surrogate') },
    ])
  })

  it('with wrong fields names the first ones', () => {
    const wrong = { ...whole, to_agent: '', session_context: { ...whole.session_context, more: 1 } }
    expect(validateHandoff(wrong).problems).toMatchObject([
      { code: 'wrong-field', field: 'to_agent' },
      { code: 'wrong-field', field: 'session_context' },
    ])
    const bad = { task_id: 1 }
    const many = {
      ...whole,
      context_snapshot: { ...whole.context_snapshot, active_todos: Array(300).fill(bad) },
    }
    expect(validateHandoff(many).problems.length).toBe(10)
  })

  it('of another format is not judged by the shape of this one', () => {
    const newer = { waymark: { format_version: 2, quantum: true }, handoff_id: 7 }
    expect(validateHandoff(newer).problems).toEqual([
      {
        code: 'other-format',
        field: 'waymark.format_version',
        message: 'it has format 2; this version of Waymark reads format 1',
      },
    ])
    expect(validateHandoff({ waymark: { format_version: {} } }).problems).toMatchObject([
      { code: 'other-format' },
    ])
  })
})

describe('a context that is none', () => {
  it('is not unpacked past its bound, however small it comes', () => {
    const bomb = brotliCompressSync(Buffer.alloc(1_000_000_000 / 4, 0x20))
    expect(bomb.length).toBeLessThan(10_000)
    const before = process.memoryUsage().rss
    const { ok, problems, context } = validateHandoff(withContext(bomb))
    expect([ok, context]).toEqual([false, null])
    expect(problems).toMatchObject([
      { code: 'context-unreadable', message: expect.stringContaining('would grow past') },
    ])
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000)
  })

  it.each([
    ['no Brotli', Buffer.from('hello')],
    ['nothing', Buffer.alloc(0)],
    ['cut off', brotliCompressSync(Buffer.from('{"brief":"x","items":[],"left_out":0}')).subarray(0, 10)],
    ['no JSON', brotliCompressSync(Buffer.from('hello'))],
    ['no UTF-8', brotliCompressSync(Buffer.of(0xff, 0xfe))],
    ['nested deeply', brotliCompressSync(Buffer.from('['.repeat(500_000)))],
    ['of another shape', brotliCompressSync(Buffer.from('{"brief":1}'))],
    [
      'with a prototype',
      brotliCompressSync(Buffer.from('{"__proto__":{"brief":"x"},"items":[],"left_out":0}')),
    ],
  ])('is told: %s', (_what, packed) => {
    const { ok, problems } = validateHandoff(withContext(packed))
    expect([ok, problems]).toMatchObject([false, [{ code: 'context-unreadable' }]])
  })
})

describe('what was never a package', () => {
  it.each<[string, string | Uint8Array | object, string]>([
    ['nothing', '', 'not-json'],
    ['words', 'hello', 'not-json'],
    ['a list', '[]', 'not-json'],
    ['null', 'null', 'not-json'],
    ['a number', '1e999', 'not-json'],
    ['a list as a value', [], 'not-json'],
    ['no UTF-8', Buffer.of(0x7b, 0xff, 0x7d), 'not-json'],
    ['a byte order mark', `\u{feff}{}`, 'not-json'],
    ['brackets without end', '['.repeat(5_000_000), 'not-json'],
    ['objects without end', '{"a":'.repeat(2_000_000), 'not-json'],
    ['an empty object', '{}', 'missing-field'],
    ['a prototype', '{"__proto__":{"handoff_id":1}}', 'missing-field'],
    ['more than a package may be', ' '.repeat(limits.handoffPackageBytesMax + 1), 'too-large'],
    ['a hundred megabytes', Buffer.alloc(100_000_000, 0x20), 'too-large'],
    ['fields that are inherited', Object.create({ handoff_id: 'x' }) as object, 'missing-field'],
  ])('is told: %s', (_what, input, code) => {
    const { ok, problems, package: handoff } = validateHandoff(input)
    expect([ok, handoff, problems[0]?.code]).toEqual([false, null, code])
  })

  it('does not take __proto__ for a field, nor reach a prototype', () => {
    const hostile = text.replace('"handoff_id"', '"__proto__": {"polluted": true},\n  "handoff_id"')
    expect(validateHandoff(hostile)).toMatchObject({ ok: false, problems: [{ code: 'wrong-field' }] })
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  it('law: no text and no bytes make it throw', () => {
    const calm = fc.property(fc.oneof(fc.string(), fc.uint8Array(), fc.json(), fc.object()), (input) => {
      expect(validateHandoff(input).ok).toBe(false)
    })
    fc.assert(calm, { numRuns: 500 })
  })
})

describe('a file', () => {
  function place(): string {
    const path = mkdtempSync(join(tmpdir(), 'waymark-handoff-'))
    onTestFinished(() => rmSync(path, { recursive: true, force: true }))
    return path
  }

  it('is read up to its bound', async () => {
    const folder = place()
    const file = join(folder, 'p.json')
    writeFileSync(file, text)
    expect(Buffer.from(await readPackageFile(file)).toString()).toBe(text)
    symlinkSync(file, join(folder, 'link.json'))
    expect(validateHandoff(await readPackageFile(join(folder, 'link.json'))).ok).toBe(true)
    writeFileSync(file, Buffer.alloc(limits.handoffPackageBytesMax + 1_000_000, 0x20))
    const bytes = await readPackageFile(file)
    expect(bytes.length).toBe(limits.handoffPackageBytesMax + 1)
    expect(validateHandoff(bytes).problems).toMatchObject([{ code: 'too-large' }])
  })

  it('that is a folder, a pipe, or not there is told', async () => {
    const folder = place()
    mkdirSync(join(folder, 'folder'))
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(folder, 'pipe')])
    for (const name of ['folder', 'pipe', 'missing', 'folder/missing']) {
      await expect(readPackageFile(join(folder, name))).rejects.toMatchObject({ code: 'USAGE' })
    }
  })
})

describe('agents', () => {
  const registry = { 'spec-builder': { hands_to: ['tester', 'writer'] }, tester: { hands_to: [] } }

  it('cooperate as the registry says; an empty one allows all', () => {
    expect(agentProblem({}, 'anybody', 'anybody else')).toBeNull()
    expect(agentProblem(registry, 'spec-builder', 'writer')).toBeNull()
    expect(agentProblem(registry, 'tester', 'spec-builder')).toMatchObject({
      code: 'AGENTS_INCOMPATIBLE',
      message: expect.stringContaining('it hands to nobody'),
    })
    expect(agentProblem(registry, 'writer', 'tester')).toMatchObject({ code: 'AGENTS_INCOMPATIBLE' })
  })

  it('that are not known are told, with the nearest names', () => {
    for (const [from, to, name] of [
      ['spec-bilder', 'tester', 'spec-builder'],
      ['spec-builder', 'testre', 'tester'],
    ] as const) {
      const problem = agentProblem(registry, from, to)
      expect(problem).toMatchObject({ code: 'AGENT_UNKNOWN' })
      expect(problem?.hint).toContain(`did you mean ${name}`)
    }
    for (const name of ['constructor', '__proto__', 'toString', '']) {
      expect(agentProblem(registry, 'spec-builder', name)).toMatchObject({ code: 'AGENT_UNKNOWN' })
    }
  })

  it('of a package are asked about where a registry is given', () => {
    const agents = { 'tdd-implementer': { hands_to: ['spec-builder'] } }
    expect(validateHandoff(text, { agents })).toMatchObject({ ok: false, problems: [{ code: 'agents' }] })
    expect(() => readHandoff(text, { agents })).toThrow(
      expect.objectContaining({ code: 'AGENTS_INCOMPATIBLE' }),
    )
    expect(validateHandoff(text, { agents: { 'spec-builder': { hands_to: ['tdd-implementer'] } } }).ok).toBe(
      true,
    )
  })
})
