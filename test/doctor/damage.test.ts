/** Homes that are damaged in other ways than one at a time: nothing is thrown, and what can be said is said. */
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checks } from '../../src/doctor/checks.ts'
import { makePlace, ofCode, type Place } from './support.ts'

const withoutHelpers = ({ store }: Place): void => {
  for (const ending of ['-wal', '-shm']) rmSync(`${store}${ending}`, { force: true })
}

describe('a torn store', () => {
  it.each<[string, RegExp, (place: Place) => void]>([
    ['of 0 bytes', /^it has 0 bytes/, ({ store }) => truncateSync(store, 0)],
    ['that is something else', /is not a database/, ({ store }) => writeFileSync(store, 'x'.repeat(9_000))],
    [
      'with a page of noise',
      /^SQLite finds it damaged: |is damaged/,
      ({ store }) => {
        const bytes = readFileSync(store)
        bytes.fill(0xa5, 8_192, 16_384)
        writeFileSync(store, bytes)
      },
    ],
    [
      'that is gone, with its write-ahead log left behind',
      /write-ahead log is there with 1,000 bytes, and the store itself is not/,
      ({ store }) => {
        rmSync(store)
        writeFileSync(`${store}-wal`, 'x'.repeat(1_000))
      },
    ],
  ])('%s is told, and nothing is thrown', async (_, message, spoil) => {
    const place = await makePlace()
    withoutHelpers(place)
    spoil(place)
    const examination = await place.examine({ deep: true })
    expect(ofCode(examination, 'torn-store')).toMatchObject([{ severity: 'problem', subject: place.store }])
    expect(ofCode(examination, 'torn-store')[0]?.message).toMatch(message)
    expect([...examination.checked, ...examination.notChecked.map(({ code }) => code)]).toHaveLength(
      checks.length,
    )
  })

  it('law: whatever byte is changed and wherever the file is cut off, the examination ends with an answer', async () => {
    const place = await makePlace()
    await place.library(async () => {})
    withoutHelpers(place)
    const sound = readFileSync(place.store)
    let told = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(sound.length - 1), fc.nat(255)), { maxLength: 30 }),
        fc.option(fc.nat(sound.length), { freq: 3 }),
        async (changes, cut) => {
          withoutHelpers(place)
          const bytes = Buffer.from(sound)
          for (const [at, value] of changes) bytes[at] = value
          writeFileSync(place.store, cut === null ? bytes : bytes.subarray(0, cut))
          const { findings } = await place.examine({ deep: true })
          if (findings.length > 0) told += 1
          for (const { message, proposal } of findings) expect([message, proposal]).not.toContain('')
        },
      ),
      { numRuns: 60 },
    )
    expect(told).toBeGreaterThan(20)
  }, 120_000)
})

describe('damage inside a session', () => {
  it('stops no other check and no other session, and the way out that is proposed works', async () => {
    const place = await makePlace()
    const other = await place.session({ windowTokens: 200_000 })
    for (const taskId of ['A', 'B', 'C'])
      await place.send(other, { type: 'task.add', taskId, title: `of ${taskId}` })
    await place.tamper(`UPDATE events SET data = replace(data, 'of B', 'of X')`)
    const examination = await place.examine()
    expect(examination.sessions).toBe(2)
    const found = examination.findings.map(({ code, subject }) => [code, subject])
    expect(found).toEqual([
      ['damaged-records', other],
      ['recovery-stuck', other],
    ])
    const proposal = ofCode(examination, 'recovery-stuck')[0]?.proposal ?? ''
    expect(proposal).toMatch(
      new RegExp(`^waymark fork ${other} --at 3 to go on from the last sound version$`),
    )
    const forked = await place.library(async (waymark) => (await waymark.fork(other, { at: 2 })).id)
    expect((await place.examine({ session: forked })).findings).toEqual([])
  })

  it.each([
    ['a head that names another version', `UPDATE streams SET version = version + 1`, 'damaged-records'],
    [
      'a lost last event',
      `DELETE FROM events WHERE position = (SELECT max(position) FROM events)`,
      'damaged-records',
    ],
    [
      'a hash that does not follow',
      `UPDATE events SET hash = randomblob(32) WHERE position = 2`,
      'damaged-records',
    ],
  ])('%s is found without --deep', async (_, sql, code) => {
    const place = await makePlace()
    await place.tamper(sql)
    expect(ofCode(await place.examine(), code)).toMatchObject([
      { severity: 'problem', subject: place.sessionId },
    ])
  })

  it('far back is found with --deep, and its cost is not paid without', async () => {
    const place = await makePlace()
    await place.library(
      async (waymark) => {
        const session = await waymark.openSession(place.sessionId)
        const adding = Array.from({ length: 1_200 }, (__, n) =>
          session.send({ type: 'task.add', taskId: `L-${n}`, title: 'later' }),
        )
        await Promise.all(adding)
        await session.checkpoint()
      },
      { policies: [] },
    )
    await place.tamper(`UPDATE events SET data = replace(data, 'first', 'other')`)
    expect(ofCode(await place.examine(), 'damaged-records')).toEqual([])
    const [finding] = ofCode(await place.examine({ deep: true }), 'damaged-records')
    expect(finding?.message).toMatch(/^version 3: damaged-event/)
  })

  it('a snapshot of another fold is passed over, and told', async () => {
    const place = await makePlace()
    await place.tamper('UPDATE snapshots SET fold_version = 1')
    expect((await place.examine()).findings).toMatchObject([
      {
        code: 'other-version',
        severity: 'notice',
        message: expect.stringMatching(/^2 snapshots of fold version 1, older/),
      },
    ])
    await place.tamper('UPDATE snapshots SET fold_version = 9999')
    expect((await place.examine()).findings).toMatchObject([{ code: 'other-version', severity: 'warning' }])
  })

  it('an older schema is told, with what brings it up to date', async () => {
    const place = await makePlace()
    await place.tamper('PRAGMA user_version = 0')
    const { findings, notChecked } = await place.examine()
    expect(findings).toMatchObject([{ code: 'other-version', severity: 'warning' }])
    expect(notChecked.map(({ code }) => code)).toContain('damaged-records')
  })
})

describe('a home that may not be written to', () => {
  const canBeNobody = process.getuid?.() === 0 && process.platform === 'linux'
  it.skipIf(!canBeNobody)('is examined all the same by somebody who may only read it', async () => {
    const place = await makePlace()
    withoutHelpers(place)
    for (const path of [join(place.folder, '..'), place.folder, place.home, place.sessions])
      chmodSync(path, 0o755)
    chmodSync(place.store, 0o644)
    const script = `
      import { examine } from '${new URL('../../dist/src/doctor/examine.js', import.meta.url).href}'
      const place = { home: '${place.home}', userFolder: '${place.userFolder}', environment: {} }
      await examine(place)
      process.setgid(65_534)
      process.setuid(65_534)
      const { findings, checked } = await examine({ ...place, fix: true })
      process.stdout.write(JSON.stringify({ findings, checked }))`
    // The child becomes nobody when all is loaded: Node and this project may lie where nobody may go.
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: '/',
    })
    const told: unknown = JSON.parse(printed)
    expect(told).toMatchObject({ checked: expect.arrayContaining(['damaged-records', 'torn-store']) })
    expect(told).toMatchObject({
      findings: expect.arrayContaining([expect.objectContaining({ code: 'open-permissions', fixed: false })]),
    })
    expect(statSync(place.store).mode & 0o777).toBe(0o644)
  })
})

describe('a disk', () => {
  it('that is almost full is told by what the system says of it', async () => {
    const place = await makePlace()
    const small = join(place.folder, 'small')
    mkdirSync(small)
    try {
      execFileSync('/bin/mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small], { stdio: 'ignore' })
    } catch {
      return // Only the administrator may mount a disk; elsewhere the figure is a test's own.
    }
    onTestFinished(() => void execFileSync('/bin/umount', [small]))
    renameSync(place.userFolder, `${place.userFolder}.aside`)
    const home = join(small, '.moai')
    await place.library(async (waymark) => void (await waymark.createSession()), { home })
    const [finding] = ofCode(await place.examine({ home }), 'disk-almost-full')
    expect(finding).toMatchObject({ severity: 'problem', subject: home })
    expect(finding?.message).toMatch(/^\d+,\d{3} of 1,048,576 bytes are free/)
    expect(ofCode(await place.examine(), 'disk-almost-full')).toEqual([])
  })
})

describe('a repair that cannot be made', () => {
  it('says why, and the finding stays', async () => {
    const place = await makePlace()
    const { standardDriver } = await import('../store/files.ts')
    const reader = (await standardDriver()).open(place.store, 'read-only')
    onTestFinished(() => reader.close())
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM events').get()
    await place.tamper('CREATE TABLE ballast (bytes BLOB); INSERT INTO ballast VALUES (randomblob(70000000))')
    const [held] = ofCode(await place.examine({ fix: true }), 'huge-write-ahead-log')
    expect(held).toMatchObject({ fixed: false })
    expect(held?.message).toContain('the repair failed: ')
    reader.exec('COMMIT')
    expect(ofCode(await place.examine({ fix: true }), 'huge-write-ahead-log')).toMatchObject([
      { fixed: true },
    ])
    expect(statSync(`${place.store}-wal`).size).toBe(0)
    expect((await place.examine({ deep: true })).findings).toEqual([])
  }, 60_000)
})
