/**
 * Goal: a package has every field that was asked for, made from the state, and can be read back without the log. Method: a session
 * at work is offered; its package is compared with what was recorded.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { contextMarkdown } from '../../src/handoff/markdown.ts'
import { handoffJsonSchema, handoffPackageShape, packageText } from '../../src/handoff/package.ts'
import { readHandoff, validateHandoff } from '../../src/handoff/validate.ts'
import { limits } from '../../src/kernel/limits.ts'
import { aPackage, inMemory, onDisk, secretText, worked } from './support.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'waymark-handoff-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  return path
}

describe('a handoff package', () => {
  it('has every field that was asked for, from the state', async () => {
    const waymark = await inMemory()
    const session = await worked(waymark)
    const { package: handoff, version } = await session.handOff({ toAgent: 'tdd-implementer' })
    const { checkpoints } = session.state
    expect(handoff).toMatchObject({
      handoff_id: expect.stringMatching(/^hoff_/),
      timestamp: expect.stringMatching(/Z$/),
      from_agent: 'spec-builder',
      to_agent: 'tdd-implementer',
      session_context: {
        session_id: session.id,
        model: 'claude-sonnet-4-5',
        context_position: expect.any(Number),
        available_tokens: expect.any(Number),
        user_language: 'ko',
        expertise_level: 'intermediate',
        current_project: 'MoAI-ADK',
      },
      task_context: {
        spec_id: 'SPEC-001',
        current_phase: 'implementation',
        completed_steps: ['spec_complete', 'architecture_defined'],
        next_step: 'write_tests',
        constraints: ['must_use_pytest', 'coverage_85'],
      },
      context_snapshot: {
        critical_context: expect.stringMatching(/^[A-Za-z0-9+/]+=*$/),
        session_checkpoints: checkpoints.map(({ id, time }) => ({ checkpoint_id: id, timestamp: time })),
        active_todos: [
          { task_id: 'T-1', content: 'Hash passwords', status: 'in_progress', spec_id: 'SPEC-001' },
          { task_id: 'SPEC-001', content: 'Log in', status: 'pending' },
          { task_id: 'T-2', status: 'pending', parent_task_id: 'SPEC-001', depends_on: ['T-1'] },
        ],
        token_budget_strategy: 'progressive_summarization',
      },
      recovery_info: {
        last_checkpoint: checkpoints.at(-1)?.time,
        recovery_tokens_reserved: 55_000,
        session_fork_available: true,
      },
      waymark: {
        format_version: 1,
        session_version: version - 1,
        epoch: 1,
        open_todos: 3,
        compression: null,
      },
    })
    expect(handoff.waymark.head_hash).toBe(await waymark.log.chainHash(session.id, version - 1))
    expect(checkpoints.at(-1)).toMatchObject({ trigger: 'handoff', version: version - 2 })
  })

  it('is what the log holds, and what the file says', async () => {
    const { waymark } = await onDisk()
    const session = await worked(waymark)
    const file = join(folder(), 'package.json')
    const offer = await session.handOff({ toAgent: 'tester', file })
    expect(readFileSync(file, 'utf8')).toBe(packageText(offer.package))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(await session.handoffPackage()).toEqual(offer.package)
    expect(await session.handoffPackage(offer.handoffId)).toEqual(offer.package)
    expect(session.state.handoffs).toMatchObject([
      { id: offer.handoffId, status: 'offered', toAgent: 'tester' },
    ])
    expect(validateHandoff(readFileSync(file))).toMatchObject({ ok: true, problems: [], notes: [] })
  })

  it('replaces a file as a whole, and leaves nothing beside it', async () => {
    const session = await worked(await inMemory())
    const place = folder()
    const file = join(place, 'package.json')
    await session.handOff({ toAgent: 'tester', file })
    await session.send({ type: 'session.resume' })
    const { package: second } = await session.handOff({ toAgent: 'writer', file })
    expect(readFileSync(file, 'utf8')).toBe(packageText(second))
    expect(readdirSync(place)).toEqual(['package.json'])
  })

  it('cannot be written where there is no folder, or a folder: then nothing is offered', async () => {
    const session = await worked(await inMemory())
    const place = folder()
    mkdirSync(join(place, 'taken'))
    for (const file of [join(place, 'missing', 'p.json'), join(place, 'taken')]) {
      const before = session.version
      await expect(session.handOff({ toAgent: 'tester', file })).rejects.toMatchObject({ code: 'USAGE' })
      expect([session.version, session.state.status]).toEqual([before, 'active'])
    }
  })

  it('holds the critical context and no other, compressed', async () => {
    const handoff = await aPackage()
    const { context } = readHandoff(handoff)
    expect(context.items).toEqual([
      {
        tag: '@SECRET-001',
        title: null,
        category: 'reference.project',
        tokens: expect.any(Number),
        text_of: 'content',
        text: secretText,
        missing: null,
      },
    ])
    expect(context.brief).toContain('# Brief of sess_')
    const text = contextMarkdown(handoff, context)
    expect(text).toContain('# Handoff from spec-builder to tdd-implementer')
    expect(text).toContain('the plan stands')
    expect(text).toContain(`### @SECRET-001\n\n\`\`\`\n${secretText}\n\`\`\``)
    expect(text).not.toContain('a passing remark')
    expect(packageText(handoff)).not.toContain(secretText)
  })

  it('names critical texts that do not fit, and those that are none', async () => {
    const waymark = await inMemory()
    const session = await worked(waymark)
    const add = (tag: string, content?: string) =>
      session.send({
        type: 'context.add',
        tag,
        tier: 'critical',
        category: 'reference.project',
        tokens: 1,
        ...(content === undefined ? {} : { content }),
      })
    await add('@FENCE-001', 'a\n````\nb')
    await add('@HUGE-001', 'x'.repeat(limits.handoffContextBytesMax + 1))
    await add('@BARE-001')
    for (let n = 0; n < 5; n++) await add(`@PART-00${n}`, String(n).repeat(limits.handoffContextBytesMax / 3))
    const { package: handoff } = await session.handOff({ toAgent: 'tester' })
    const { context } = readHandoff(packageText(handoff))
    const why = Object.fromEntries(context.items.map(({ tag, missing }) => [tag, missing]))
    expect(why).toMatchObject({
      '@SECRET-001': null,
      '@FENCE-001': null,
      '@HUGE-001': 'the package is full',
      '@BARE-001': 'it was added without a text',
      '@PART-000': null,
      '@PART-004': 'the package is full',
    })
    expect(contextMarkdown(handoff, context)).toContain('`````\na\n````\nb\n`````')
    expect(context.left_out).toBe(0)
  })

  it('lists the newest tasks up to a bound, and counts all', async () => {
    const session = await worked(await inMemory())
    const all = Array.from({ length: limits.handoffTodosMax + 5 }, (_, n) =>
      session.send({ type: 'task.add', taskId: `N-${n}`, title: 'x'.repeat(2_000) }),
    )
    await Promise.all(all)
    const { package: handoff } = await session.handOff({ toAgent: 'tester' })
    expect(handoff.context_snapshot.active_todos).toHaveLength(limits.handoffTodosMax)
    expect(handoff.context_snapshot.active_todos[0]?.task_id).toBe('T-1')
    expect(handoff.waymark.open_todos).toBe(limits.handoffTodosMax + 8)
    expect(validateHandoff(packageText(handoff)).ok).toBe(true)
  })
})

describe('the JSON Schema', () => {
  it('is published as it is made from the shape', async () => {
    await expect(`${JSON.stringify(handoffJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      '../../docs/handoff.schema.json',
    )
  })

  it('is in the package, under a name of its own', () => {
    const published = createRequire(import.meta.url).resolve('waymark/handoff.schema.json')
    expect(published).toMatch(/docs.handoff\.schema\.json$/)
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(manifest.files).toContain('docs/handoff.schema.json')
  })

  it('agrees with the shape about each field left out, and each of another kind', async () => {
    // The schema is plain JSON of the draft that zod reads.
    const schema = z.fromJSONSchema(handoffJsonSchema() as Parameters<typeof z.fromJSONSchema>[0])
    const whole: object = await aPackage()
    expect([schema.safeParse(whole).success, handoffPackageShape.safeParse(whole).success]).toEqual([
      true,
      true,
    ])
    let refused = 0
    for (const path of pathsOf(whole)) {
      for (const value of [undefined, 'x', -1, [], {}, { more: 1 }]) {
        const other = changedAt(whole, path, value)
        const expected = handoffPackageShape.safeParse(other).success
        expect([path, value, schema.safeParse(other).success]).toEqual([path, value, expected])
        if (!expected) refused += 1
      }
    }
    expect(refused).toBeGreaterThan(150)
  })
})

type Path = readonly (string | number)[]

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null) return [path]
  const inner = Object.entries(value).flatMap(([key, child]) => pathsOf(child, [...path, key]))
  return path.length === 0 ? inner : [path, ...inner]
}

/** A copy in which one field has another value, or is not there. */
function changedAt(whole: object, path: Path, value: unknown): object {
  const copy = structuredClone(whole)
  let at: object = copy
  for (const key of path.slice(0, -1)) at = Reflect.get(at, key)
  const last = path.at(-1) ?? ''
  if (value === undefined) Reflect.deleteProperty(at, last)
  else Reflect.set(at, last, value)
  return copy
}
