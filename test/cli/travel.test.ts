/** `export --bundle`, `unbundle`, `redact`, `repair` and `import --redact` as they are typed: answers, files, exit codes. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { exportBundle } from '../../src/bundle/export.ts'
import { findDrivers } from '../../src/store/sqlite/open.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const key = 'AKIAIOSFODNN7EXAMPLE'
const sessionId = z.string().regex(/^sess_/)
const streamShape = z.strictObject({ sessionId, after: z.int(), version: z.int(), hash: z.string() })
const bundledShape = z.strictObject({
  path: z.string(),
  sessionId,
  version: z.int(),
  streams: z.array(streamShape),
  events: z.int(),
  snapshots: z.int(),
  contents: z.int(),
  missingContents: z.int(),
  bytes: z.int(),
})
const unbundledShape = z.strictObject({
  dryRun: z.boolean(),
  path: z.string(),
  sessionId,
  streams: z.array(
    z.strictObject({
      sessionId,
      status: z.enum(['new', 'extended', 'unchanged']),
      appended: z.int(),
      version: z.int(),
    }),
  ),
  appended: z.int(),
  contents: z.int(),
  snapshots: z.int(),
  missingContents: z.int(),
  redactedElsewhere: z.int(),
  countedTwice: z.int().nullable(),
})
const redactionShape = z.strictObject({
  sessionId,
  dryRun: z.boolean(),
  rules: z.array(z.string()),
  streams: z.array(z.strictObject({ sessionId, events: z.int(), inherited: z.int() })),
  events: z.int(),
  contents: z.int(),
  problems: z.array(
    z.strictObject({ sessionId, version: z.int().nullable(), path: z.string(), reason: z.string() }),
  ),
  problemCount: z.int(),
  filesRemoved: z.array(z.string()),
  erased: z.boolean().nullable(),
  notErasedBecause: z.string().nullable(),
  filesLeft: z.array(z.string()),
  filesOfOthers: z.array(z.strictObject({ name: z.string(), sessionId })),
})
const verificationShape = z.object({ ok: z.boolean(), sessions: z.array(z.object({ events: z.int() })) })
const problemShape = z.strictObject({ version: z.int(), reason: z.string() })
const repairShape = z.strictObject({
  home: z.string(),
  out: z.string(),
  sessions: z.array(
    z.strictObject({
      sessionId,
      savedVersion: z.int(),
      version: z.int().nullable(),
      savedEvents: z.int(),
      lostEvents: z.int(),
      lostVersions: z.array(z.int()),
      healedHashes: z.int(),
      problem: problemShape.nullable(),
    }),
  ),
  contents: z.strictObject({
    saved: z.int(),
    lost: z.array(z.strictObject({ hash: z.string(), reason: z.string() })),
    lostCount: z.int(),
  }),
  snapshotsSaved: z.int(),
  unreadable: z.array(z.string()),
  bookmarksKept: z.boolean(),
  lostAndFound: z.string().nullable(),
  complete: z.boolean(),
  verified: z.boolean(),
})

async function placeWithSecret(): Promise<{ readonly place: Place; readonly session: string }> {
  const place = await makePlace()
  const session = await place.session({ title: 'Log in', windowTokens: 200_000 })
  await place.library(async (waymark) => {
    const open = await waymark.openSession(session)
    await open.send({ type: 'prompt.submit', content: `use ${key} to log in` })
    await open.send({ type: 'task.add', taskId: 'A', title: 'one' })
  })
  return { place, session }
}

describe('a session that travels', () => {
  it('goes into a file and out of it in another home', async () => {
    const { place, session } = await placeWithSecret()
    const bundled = await place.json(bundledShape, 'export', session, '--bundle', 'a.waymark')
    const other = ['--home', join(place.folder, 'other')]
    expect(await place.json(unbundledShape, 'unbundle', 'a.waymark', '--dry-run', ...other)).toMatchObject({
      dryRun: true,
      appended: bundled.events,
    })
    const text = await place.run(['unbundle', 'a.waymark', ...other])
    expect(text).toMatchObject({
      code: 0,
      stdout: `${session}\tnew\t${bundled.version}\t${bundled.events}\n`,
    })
    expect((await place.run(['verify', ...other])).code).toBe(0)
    expect(await place.json(unbundledShape, 'unbundle', 'a.waymark', ...other)).toMatchObject({ appended: 0 })
    const again = await place.run(['export', session, '--bundle', 'b.waymark', ...other])
    expect(again).toMatchObject({ code: 0, stdout: 'b.waymark\n' })
    expect(readFileSync(join(place.folder, 'b.waymark'))).toEqual(
      readFileSync(join(place.folder, 'a.waymark')),
    )
  })

  it('is refused where it is not what was exported, and nothing is taken in', async () => {
    const { place, session } = await placeWithSecret()
    await place.run(['export', session, '--bundle', 'a.waymark'])
    const bytes = readFileSync(join(place.folder, 'a.waymark'))
    writeFileSync(join(place.folder, 'cut.waymark'), bytes.subarray(0, bytes.length - 9))
    const cut = await place.run(['unbundle', 'cut.waymark', '--json', '--home', join(place.folder, 'other')])
    expect(cut.code).toBe(1)
    expect(JSON.parse(cut.stderr.trim().split('\n').at(-1) ?? '').error).toMatchObject({
      code: 'BUNDLE_INVALID',
    })
    expect(existsSync(join(place.folder, 'other'))).toBe(false)
    expect((await place.run(['unbundle', 'nowhere.waymark'])).code).toBe(2)
    expect((await place.run(['export', session, '--bundle', 'a.waymark'])).code).toBe(1)
    const wrongVerb = await place.run(['import', 'a.waymark'])
    expect(wrongVerb).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('waymark unbundle a.waymark'),
    })
  })

  it('is not half there when the process is killed, and a second run takes it in', {
    timeout: 60_000,
  }, async () => {
    const place = await makePlace()
    const session = await place.library(async (waymark) => {
      const { id, ...made } = await waymark.createSession({ title: 'long' })
      void made
      const open = await waymark.openSession(id)
      await Promise.all(
        Array.from({ length: 4_000 }, (_, n) =>
          open.send({ type: 'observation.record', kind: 'k', detail: `${n}` }),
        ),
      )
      await exportBundle(waymark.log, id, join(place.folder, 'a.waymark'))
      return id
    })
    const home = join(place.folder, 'other')
    for (const waitMs of [150, 300, 450, 600]) {
      const running = place.start(['unbundle', 'a.waymark', '--home', home])
      running.closeInput()
      await sleep(waitMs)
      running.kill('SIGKILL')
      await running.ended
      if (!existsSync(join(home, 'sessions', 'waymark.db'))) continue
      const seen = await place.run(['verify', '--home', home, '--json'])
      if (seen.stdout === '') continue
      const { ok, sessions } = verificationShape.parse(JSON.parse(seen.stdout))
      expect({ ok, isHalf: sessions.some(({ events }) => events < 4_000) }).toEqual({
        ok: true,
        isHalf: false,
      })
    }
    const last = await place.json(unbundledShape, 'unbundle', 'a.waymark', '--home', home)
    expect(last.streams[0]).toMatchObject({ sessionId: session })
    expect((await place.run(['verify', '--home', home])).code).toBe(0)
  })
})

describe('places where no bundle can be', () => {
  it('are told with what to do', async () => {
    const { place, session } = await placeWithSecret()
    mkdirSync(join(place.folder, 'folder.waymark.part'))
    for (const path of ['nowhere/a.waymark', 'folder.waymark']) {
      const { code, stderr } = await place.run(['export', session, '--bundle', path])
      expect({ code, stderr }).toEqual({
        code: 2,
        stderr: expect.stringMatching(/cannot write a bundle to .*\nhint: make the folder first/s),
      })
    }
    const { code, stderr } = await place.run(['unbundle', '.'])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringMatching(/it is no file\nhint: waymark export/),
    })
  })
})

describe('waymark redact', () => {
  it('says what it would take out, takes it out, and verify names it', async () => {
    const { place, session } = await placeWithSecret()
    const asked = ['redact', session, '--pattern', 'aws-key', '--reason', 'pasted by mistake']
    expect(await place.json(redactionShape, ...asked, '--dry-run')).toMatchObject({
      dryRun: true,
      events: 1,
      contents: 1,
    })
    expect(await place.json(redactionShape, ...asked)).toMatchObject({
      events: 1,
      contents: 1,
      erased: true,
      filesLeft: [],
      rules: ['pattern aws-key'],
    })
    const verified = await place.run(['verify'])
    expect(verified).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/1 event redacted by version \d+/),
    })
    expect((await place.run(['export', session, '--content'])).stdout).not.toContain(key)
    expect((await place.run(['redact', session, '--pattern', 'aws-key'])).stderr).toContain(
      'nothing was found',
    )
  })

  it('tells files in the home that still hold it', async () => {
    const { place, session } = await placeWithSecret()
    writeFileSync(join(place.home, 'sessions', 'notes.txt'), `remember ${key}`)
    const { code, stderr } = await place.run(['redact', session, '--pattern', 'aws-key'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('notes.txt still holds') })
  })

  it('tells which other session files of its own still hold it of, and is done all the same', async () => {
    const { place, session } = await placeWithSecret()
    const other = await place.session({ title: `about ${key}`, windowTokens: 200_000 })
    await place.send(other, { type: 'task.add', taskId: 'B', title: `rotate ${key}` })
    const asked = ['redact', session, '--pattern', 'aws-key']
    const report = await place.json(redactionShape, ...asked)
    expect(report.filesLeft).toEqual([])
    expect(report.filesOfOthers).toContainEqual({ name: 'active-tasks.md', sessionId: other })
    const again = await place.run(asked)
    const note = `active-tasks.md holds it of session ${other}: waymark redact ${other} `
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining(note) })
  })

  it('wants to know what to look for', async () => {
    const { place, session } = await placeWithSecret()
    for (const args of [[], ['--path', 'nothing.happened:x'], ['--pattern', '('], ['--path', '*.taskId']]) {
      expect((await place.run(['redact', session, ...args])).code).toBe(2)
    }
  })
})

describe('waymark repair', () => {
  it('writes a sound home beside a whole one, and says so', async () => {
    const { place } = await placeWithSecret()
    expect(await place.json(repairShape, 'repair')).toMatchObject({
      complete: true,
      verified: true,
      lostAndFound: null,
    })
    expect((await place.run(['verify', '--home', `${place.home}-repaired`])).code).toBe(0)
    expect((await place.run(['repair'])).code).toBe(1)
    expect((await place.run(['repair', '--out', 'third'])).code).toBe(0)
    expect((await place.run(['repair', '--home', 'nowhere'])).code).toBe(2)
  })

  it('saves what is sound of a torn one, with exit code 1', async () => {
    const { place, session } = await placeWithSecret()
    await place.send(
      session,
      ...Array.from({ length: 60 }, (_, n) => ({
        type: 'task.add',
        taskId: `T-${n}`,
        title: `task ${n} ${'x'.repeat(300)}`,
      })),
    )
    const store = join(place.home, 'sessions', 'waymark.db')
    await place.library((waymark) => waymark.log.compact({ dropSnapshot: () => false, scrub: true }))
    const bytes = readFileSync(store)
    const at = bytes.indexOf('task 40 xxx')
    expect(at).toBeGreaterThan(0)
    bytes.fill(0, at - (at % 4096), at - (at % 4096) + 4096)
    writeFileSync(store, bytes)
    expect((await place.run(['verify'])).code).toBe(1)
    const { code, stdout, stderr } = await place.run(['repair', '--out', 'new'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('lost-and-found.ndjson') })
    expect(stdout).toMatch(new RegExp(`^sessions\t${session}\tin part\t\\d+\t\\d+\t`, 'm'))
    expect((await place.run(['verify', '--home', 'new'])).code).toBe(0)
  })
})

describe('what repair says it saved', () => {
  it('leaves out a session of which nothing is left', async () => {
    const { place } = await placeWithSecret()
    await place.session({ title: 'to be lost' })
    for (const found of await findDrivers()) {
      if (!('driver' in found)) continue
      const connection = found.driver.open(join(place.home, 'sessions', 'waymark.db'), 'read-write')
      connection.exec('PRAGMA foreign_keys = OFF')
      connection.exec('DELETE FROM events WHERE place >= 2 * 4294967296')
      connection.close()
      break
    }
    const { code, stderr } = await place.run(['repair'])
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('saved: 1 session of 2, ') })
  })
})

describe('waymark import --redact', () => {
  it('keeps secrets out, and refuses a shape that it does not know', async () => {
    const place = await makePlace()
    const line = {
      type: 'user',
      sessionId: '10000000-0000-4000-8000-0000000000aa',
      uuid: '10000000-0000-4000-8000-0000000000ab',
      parentUuid: null,
      timestamp: '2026-01-05T10:00:00.000Z',
      cwd: '/project',
      version: '2.0.0',
      message: { role: 'user', content: `deploy with ${key}` },
    }
    writeFileSync(join(place.folder, 'a.jsonl'), `${JSON.stringify(line)}\n`)
    expect((await place.run(['import', 'a.jsonl', '--redact', 'aws'])).code).toBe(2)
    expect((await place.run(['import', 'a.jsonl', '--redact', 'secrets'])).code).toBe(0)
    const { stdout } = await place.run(['export', '10000000', '--content'])
    expect(stdout).toContain('deploy with [redacted]')
    expect(stdout).not.toContain(key)
  })
})
