/** Damage in a store: what each verb says of it, its exit code, and that recovery still brings back what is sound. */
import { readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/kernel/hash.ts'
import { findBetterSqlite3 } from '../../src/store/sqlite/better-sqlite3.ts'
import { findNodeSqlite } from '../../src/store/sqlite/node-sqlite.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const add = (taskId: string) => ({ type: 'task.add', taskId, title: `Title of ${taskId}` })
const storeOf = (place: Place) => join(place.home, 'sessions/waymark.db')

/** Changes the store behind the command's back. */
async function tamper(place: Place, sql: string): Promise<void> {
  const found = [findNodeSqlite(), await findBetterSqlite3()].find((one) => 'driver' in one)
  if (found === undefined || !('driver' in found)) throw new Error('no SQLite to tamper with')
  const connection = found.driver.open(storeOf(place), 'read-write')
  connection.exec(sql)
  connection.close()
}

/** Three tasks and three checkpoints; the versions are 1 start, 2 checkpoint, 3 A, 4 checkpoint, 5 B, 6 checkpoint, 7 C. */
async function session(place: Place): Promise<string> {
  const id = await place.session()
  await place.send(id, add('A'))
  await place.run(['checkpoint', id])
  await place.send(id, add('B'))
  await place.run(['checkpoint', id])
  await place.send(id, add('C'))
  return id
}

/** A list that holds such an item, whatever else was found. */
const containing = (item: object): unknown => expect.arrayContaining([expect.objectContaining(item)])

async function jsonOf<S extends typeof shapes.verifyShape | typeof shapes.recoverShape>(
  place: Place,
  shape: S,
  args: string[],
) {
  const { code, stdout, stderr } = await place.run([...args, '--json'])
  expect(stderr).toBe('')
  return { code, answer: shape.parse(JSON.parse(stdout)) }
}

describe('a changed event', () => {
  it('is located by verify, and recovery stops before it', async () => {
    const place = await makePlace()
    const id = await session(place)
    await tamper(place, `UPDATE events SET data = replace(data, 'Title of C', 'Title of X')`)
    const { code, answer } = await jsonOf(place, shapes.verifyShape, ['verify'])
    expect({ code, ok: 'ok' in answer && answer.ok }).toEqual({ code: 1, ok: false })
    expect(answer).toMatchObject({
      sessions: [{ sessionId: id, ok: false, problems: containing({ version: 7 }) }],
    })
    const text = await place.run(['verify'], { environment: { WAYMARK_LAYOUT: 'aligned' } })
    expect(text.stdout).toMatch(new RegExp(`^damaged +${id} +7 +7 +`, 'm'))
    expect(text.stderr).toContain('not everything is as it was written')
    const recovered = await jsonOf(place, shapes.recoverShape, ['recover', id])
    expect(recovered).toMatchObject({
      code: 1,
      answer: { from: 'snapshot', version: 6, recorded: false, damage: { version: 7 } },
    })
    expect((await place.run(['recover', id])).stderr).toContain('waymark verify')
  })

  it('stops verbs that read it with its place', async () => {
    const place = await makePlace()
    const id = await session(place)
    await tamper(place, `UPDATE events SET data = replace(data, 'Title of C', 'Title of X')`)
    for (const verb of ['show', 'log', 'export', 'replay', 'budget']) {
      const { code, stderr } = await place.run([verb, id, '--json'])
      expect(code).toBe(1)
      expect(shapes.errorShape.parse(JSON.parse(stderr)).error).toMatchObject({
        code: 'DAMAGED_RECORD',
        details: { version: 7 },
      })
    }
    expect((await place.json(shapes.showShape, 'show', id, '--at', '6')).version).toBe(6)
  })
})

describe('a lost last event', () => {
  it('is noticed', async () => {
    const place = await makePlace()
    const id = await session(place)
    await tamper(place, 'DELETE FROM events WHERE position = (SELECT max(position) FROM events)')
    const { code, answer } = await jsonOf(place, shapes.verifyShape, ['verify', id])
    expect(code).toBe(1)
    expect(answer).toMatchObject({ ok: false, sessions: [{ problems: containing({ version: 7 }) }] })
    expect(await jsonOf(place, shapes.recoverShape, ['recover', id])).toMatchObject({
      code: 1,
      answer: { version: 6 },
    })
  })
})

describe('a damaged snapshot', () => {
  it('is passed over for an older one, and both verbs say so', async () => {
    const place = await makePlace()
    const id = await session(place)
    await tamper(
      place,
      `UPDATE snapshots SET body_hash = '${'0'.repeat(64)}' WHERE version = (SELECT max(version) FROM snapshots)`,
    )
    expect(await jsonOf(place, shapes.verifyShape, ['verify'])).toMatchObject({
      code: 1,
      answer: { sessions: [{ problems: containing({ version: 5, kind: 'damaged-snapshot' }) }] },
    })
    expect(await jsonOf(place, shapes.recoverShape, ['recover', id])).toMatchObject({
      code: 1,
      answer: {
        from: 'older-snapshot',
        snapshotVersion: 3,
        recorded: true,
        damage: null,
        passedOver: [{ version: 5 }],
      },
    })
    const { code, stdout } = await place.run(['recover', id], { environment: { WAYMARK_LAYOUT: 'aligned' } })
    expect(code).toBe(1)
    expect(stdout).toMatch(
      /^came back from +checkpoint ckpt_\S+ of version 3, as newer ones were not sound$/m,
    )
    expect(stdout).toMatch(/^passed over +snapshot of version 5: /m)
  })
})

describe('a damaged text', () => {
  it('is found by verify and missed by export', async () => {
    const place = await makePlace()
    const text = 'What was asked'
    const reference = { hash: sha256(text), bytes: text.length, preview: text }
    const id = await place.session()
    await place.library((waymark) =>
      waymark.log.transact((transaction) => transaction.putContent(reference.hash, Buffer.from(text))),
    )
    await place.send(id, { type: 'prompt.submit', content: reference })
    const sound = await place.run(['export', id, '--content'])
    expect(sound.stdout).toContain(`"content":{"${reference.hash}":"What was asked"}`)
    await tamper(place, `UPDATE contents SET body = x'00414243'`)
    expect(await jsonOf(place, shapes.verifyShape, ['verify'])).toMatchObject({
      code: 1,
      answer: {
        ok: false,
        sessions: [{ ok: true }],
        contents: { checked: 1, problems: [{ hash: reference.hash }] },
      },
    })
    const { code, stdout, stderr } = await place.run(['export', id, '--content'])
    expect(code).toBe(1)
    expect(stdout).toContain(`"content":{"${reference.hash}":null}`)
    expect(stderr).toMatch(/^waymark: version 3: /)
  })
})

describe('a store that cannot be used', () => {
  it('of a newer schema is left alone', async () => {
    const place = await makePlace()
    await session(place)
    await tamper(place, 'PRAGMA user_version = 999')
    const before = readFileSync(storeOf(place))
    for (const args of [['list'], ['new'], ['verify']]) {
      const { code, stderr } = await place.run([...args, '--json'])
      expect(code).toBe(1)
      expect(shapes.errorShape.parse(JSON.parse(stderr)).error).toMatchObject({
        code: 'STORE_TOO_NEW',
        home: { path: place.home },
      })
    }
    expect(readFileSync(storeOf(place)).equals(before)).toBe(true)
  })

  it.each<[string, (path: string) => void]>([
    [
      'that is something else',
      (path) => writeFileSync(path, 'not a database at all, but long enough to be read as one '.repeat(40)),
    ],
    ['that was cut off', (path) => truncateSync(path, 5_000)],
  ])('%s is told in words', async (_, spoil) => {
    const place = await makePlace()
    const id = await session(place)
    spoil(storeOf(place))
    for (const args of [['show', id], ['verify'], ['recover', id]]) {
      const { code, stdout, stderr } = await place.run(args)
      expect(code).toBe(1)
      expect(`${stdout}${stderr}`).not.toMatch(/fault in waymark/)
      expect(`${stdout}${stderr}`).not.toBe('')
    }
  })
})
