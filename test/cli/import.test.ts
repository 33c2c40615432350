/** Importing through the command: what it reports, that it may be repeated and interrupted, and what it does with bad input. */
import { appendFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import * as shapes from './shapes.ts'
import { built, makePlace, ndjson, type Place } from './support.ts'

beforeAll(built, 180_000)

const nativeId = '11111111-2222-4333-8444-555555555555'

/** A turn of a Claude Code transcript: a prompt and the answer to it. */
function turn(number: number): string[] {
  const shared = {
    isSidechain: false,
    userType: 'external',
    cwd: '/home/you/project',
    sessionId: nativeId,
    version: '2.0.0',
    gitBranch: 'main',
  }
  const uuid = (part: number) => `00000000-0000-4000-8000-${String(number * 10 + part).padStart(12, '0')}`
  const time = (part: number) => new Date(Date.UTC(2026, 0, 31, 12, number, part)).toISOString()
  const parentUuid =
    number === 1 ? null : `00000000-0000-4000-8000-${String((number - 1) * 10 + 1).padStart(12, '0')}`
  const prompt = {
    ...shared,
    parentUuid,
    type: 'user',
    message: { role: 'user', content: `Question ${number}` },
    uuid: uuid(0),
    timestamp: time(0),
  }
  const message = {
    id: `msg_${number}`,
    type: 'message',
    role: 'assistant',
    model: 'claude-sonnet-4-5',
    content: [{ type: 'text', text: `Answer ${number}` }],
    stop_reason: 'end_turn',
    usage: {
      input_tokens: 10,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 1_000 * number,
      output_tokens: 5,
    },
  }
  const reply = {
    ...shared,
    parentUuid: uuid(0),
    type: 'assistant',
    message,
    requestId: `req_${number}`,
    uuid: uuid(1),
    timestamp: time(1),
  }
  return [JSON.stringify(prompt), JSON.stringify(reply)]
}

function transcript(place: Place, lines: readonly string[], name = `${nativeId}.jsonl`): string {
  const path = join(place.folder, name)
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
  return path
}

describe('import', () => {
  it('makes sessions of transcripts, and reports each file', async () => {
    const place = await makePlace()
    const path = transcript(place, [...turn(1), '{"type":"user","broken', ...turn(2)])
    const result = await place.json(shapes.importShape, 'import', path)
    expect(result).toMatchObject({
      files: [{ path, format: 'claude-code', nativeId, lines: 5, damaged: [{ line: 3 }] }],
      sessions: 1,
    })
    expect(result.appended).toBeGreaterThan(4)
    const state = await place.json(shapes.showShape, 'show', nativeId)
    expect(state).toMatchObject({
      nativeId,
      usage: { calls: 2, inputTokens: 20, outputTokens: 10, cacheReadTokens: 3_000 },
      window: { usedTokens: 2_010, peakTokens: 2_010 },
    })
    expect(await place.json(shapes.verifyShape, 'verify')).toMatchObject({ ok: true })
  })

  it('may be repeated, and takes up what a file has grown by', async () => {
    const place = await makePlace()
    const path = transcript(place, turn(1))
    await place.run(['import', path])
    const before = (await place.run(['export', nativeId])).stdout
    expect(await place.json(shapes.importShape, 'import', path)).toMatchObject({
      appended: 0,
      files: [{ lines: 2 }],
    })
    expect((await place.run(['export', nativeId])).stdout).toBe(before)
    appendFileSync(
      path,
      turn(2)
        .map((line) => `${line}\n`)
        .join(''),
    )
    expect((await place.json(shapes.importShape, 'import', path)).appended).toBeGreaterThan(0)
    expect((await place.json(shapes.showShape, 'show', nativeId)).usage.calls).toBe(2)
  })

  it('looks through folders, and tells people what it found', async () => {
    const place = await makePlace()
    mkdirSync(join(place.folder, 'deep/er'), { recursive: true })
    transcript(place, [...turn(1), 'not json'], 'deep/er/one.jsonl')
    const { code, stdout, stderr } = await place.run(['import', '.'], {
      environment: { WAYMARK_LAYOUT: 'aligned' },
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^sess_[0-9a-f]{8} +claude-code +3 +\d+ +\d+ +1 +.*deep\/er\/one\.jsonl$/m)
    expect(stdout).toMatch(/one\.jsonl +3 {2}\S/)
    expect(stderr).toMatch(/^\d+ events recorded, of 1 session in 1 file$/m)
  })

  it('gives the texts back on export', async () => {
    const place = await makePlace()
    await place.run(['import', transcript(place, turn(1))])
    const { code, stdout } = await place.run(['export', nativeId, '--content'])
    expect(code).toBe(0)
    const texts = ndjson(shapes.eventShape, stdout).flatMap(({ content = {} }) => Object.values(content))
    expect(texts).toEqual(['Question 1', 'Answer 1'])
  })

  it('of what is not there is wrong use, and makes nothing', async () => {
    const place = await makePlace({ bare: true })
    const { code, stderr } = await place.run(['import', 'nothing.jsonl'])
    expect(code).toBe(2)
    expect(stderr).toContain('waymark: nothing.jsonl: there is no such file or folder')
    expect(existsSync(join(place.userFolder, '.moai'))).toBe(false)
  })

  it('of a file that is no transcript is wrong use', async () => {
    const place = await makePlace()
    const path = join(place.folder, 'picture.png')
    writeFileSync(path, Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0]))
    const { code, stderr } = await place.run(['import', path, '--json'])
    expect(code).toBe(2)
    expect(shapes.errorShape.parse(JSON.parse(stderr)).error.code).toBe('IMPORT_FAILED')
    expect(await place.json(shapes.listShape, 'list')).toEqual([])
  })

  it('stops at Ctrl-C with what it has read, and the next one goes on from there', async () => {
    const place = await makePlace()
    const turns = Array.from({ length: 6_000 }, (_, index) => turn(index + 1)).flat()
    const path = transcript(place, turns)
    const running = place.start(['import', path])
    while (!(await hasBegun(place))) await new Promise((resolve) => setTimeout(resolve, 20))
    running.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect({ code, stderr }).toEqual({
      code: 130,
      stderr: 'stopped; what was read is recorded, and the same import goes on from there\n',
    })
    expect((await place.run(['import', path])).code).toBe(0)
    expect((await place.json(shapes.showShape, 'show', nativeId)).usage.calls).toBe(6_000)
    expect(await place.json(shapes.verifyShape, 'verify')).toMatchObject({ ok: true })
  }, 120_000)
})

async function hasBegun(place: Place): Promise<boolean> {
  const { stdout } = await place.run(['list'])
  return stdout !== ''
}
