/**
 * Goal: token-usage.log has every reading of the home once, in order, however often it was written and set aside; a small
 * append reads what is new and nothing else.
 * Method: thousands of readings in several sessions, written at random moments, the file edited and taken away in between.
 */
import { rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import type { EventLog } from '../../src/log/port.ts'
import { textIn } from '../../src/memory/files.ts'
import { findManifest } from '../../src/memory/manifest.ts'
import { tokenArchivePositionOf } from '../../src/memory/names.ts'
import { bringUpToDate } from '../../src/memory/token-log.ts'
import { readingsAfter } from '../../src/memory/token-usage.ts'
import type { Session } from '../../src/session/session.ts'
import { type Home, measured, openHome } from './support.ts'

async function expectedLines(log: EventLog): Promise<readonly string[]> {
  const lines: string[] = []
  for await (const { readings } of readingsAfter(log, 0))
    lines.push(...readings.map((reading) => JSON.stringify(reading)))
  return lines
}

/** All lines on disk: those set aside, oldest first, then those of the file. */
async function linesOnDisk({ folder, names, read }: Home): Promise<readonly string[]> {
  const aside = names()
    .map((name) => ({ name, position: tokenArchivePositionOf(name) }))
    .filter(({ position }) => position !== null)
    .sort((a, b) => (a.position ?? 0) - (b.position ?? 0))
  const texts: string[] = []
  for (const { name } of aside)
    texts.push(brotliDecompressSync(await readFile(join(folder, name))).toString('utf8'))
  return [...texts, read('token-usage.log')]
    .join('')
    .split('\n')
    .filter((line) => line !== '')
}

async function readMany(session: Session, count: number): Promise<void> {
  const sends = Array.from({ length: count }, (_, n) => session.send(measured((n * 7_919) % 210_000)))
  await Promise.all(sends)
}

describe('token-usage.log', () => {
  it('has the phase that each reading led to', async () => {
    const { session, write, read, waymark } = await openHome()
    for (const tokens of [10_000, 130_000, 160_000, 199_000, 20_000]) await session.send(measured(tokens))
    const fork = await waymark.fork(session.id, { at: 4 })
    await fork.send(measured(130_000))
    await session.send({
      type: 'model.switch',
      model: 'claude-haiku-4-5',
      windowTokens: 100_000,
      observed: true,
    })
    await write()
    const phases = read('token-usage.log')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).phase)
    expect(phases.slice(0, 5)).toEqual(['normal', 'monitoring', 'warning', 'emergency', 'normal'])
    expect(phases).toHaveLength(7)
  })

  it('grows, is set aside in halves, and loses and repeats nothing', { timeout: 120_000 }, async () => {
    const home = await openHome()
    const other = await home.waymark.createSession()
    for (let round = 0; round < 6; round++) {
      await readMany(round % 2 === 0 ? home.session : other, 700)
      await home.write()
      expect(Buffer.byteLength(home.read('token-usage.log'))).toBeLessThanOrEqual(
        limits.tokenUsageLogBytesMax,
      )
    }
    expect(home.names().filter((name) => tokenArchivePositionOf(name) !== null).length).toBeGreaterThan(1)
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
    // Edited, then taken away: made anew from where the readings that were set aside end.
    home.put('token-usage.log', `${home.read('token-usage.log')}{"used":"nonsense"}\n`)
    await home.write()
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
    rmSync(join(home.folder, 'token-usage.log'))
    await home.write()
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
    expect(await home.drift()).toEqual({})
  })

  it('writes a long history at once', { timeout: 120_000 }, async () => {
    const home = await openHome()
    await readMany(home.session, 6_000)
    await home.write()
    expect(Buffer.byteLength(home.read('token-usage.log'))).toBeLessThanOrEqual(limits.tokenUsageLogBytesMax)
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
  })

  it('heals when what was set aside is in the file still', { timeout: 120_000 }, async () => {
    const home = await openHome()
    await readMany(home.session, 2_000)
    await home.write()
    const before = [home.read('token-usage.log'), home.read('memory.json')] as const
    await readMany(home.session, 2_000)
    await home.write()
    home.put('token-usage.log', before[0])
    home.put('memory.json', before[1])
    await home.write()
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
  })

  it('believes no file that is only called like older readings', async () => {
    const home = await openHome()
    await readMany(home.session, 50)
    await home.write()
    const name = 'token-usage.999999.log.br'
    home.put(name, '')
    expect(await home.drift()).toEqual({ [name]: 'edited' })
    await home.session.send(measured(7_000))
    expect((await home.write()).written).toContain(name)
    expect(home.names()).not.toContain(name)
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
    home.put(name, '')
    rmSync(join(home.folder, 'token-usage.log'))
    rmSync(join(home.folder, 'memory.json'))
    await home.write()
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
    expect(await home.drift()).toEqual({})
  })

  it('tells that older readings were taken away or changed, and makes all of them anew', {
    timeout: 120_000,
  }, async () => {
    const home = await openHome()
    for (let round = 0; round < 3; round++) {
      await readMany(home.session, 2_500)
      await home.write()
    }
    const aside = home.names().filter((name) => tokenArchivePositionOf(name) !== null)
    expect(aside.length).toBeGreaterThan(1)
    const damages: Readonly<Record<string, (name: string) => void>> = {
      missing: (name) => rmSync(join(home.folder, name)),
      edited: (name) => home.put(name, 'not what was set aside'),
    }
    for (const [kind, damage] of Object.entries(damages)) {
      const [name = ''] = home.names().filter((one) => tokenArchivePositionOf(one) !== null)
      damage(name)
      expect(await home.drift()).toEqual({ [name]: kind })
      await home.write()
      expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
      expect(await home.drift()).toEqual({})
    }
  })

  it('heals when another writer takes away what was set aside, in the middle of a write', {
    timeout: 120_000,
  }, async () => {
    const home = await openHome()
    await readMany(home.session, 2_000)
    await home.write()
    await readMany(home.session, 3_000)
    await Promise.all([home.write(), home.write(), home.write()])
    expect(await home.drift()).toEqual({})
    expect(await linesOnDisk(home)).toEqual(await expectedLines(home.waymark.log))
  })

  it('reads only what is new for a small append', async () => {
    const home = await openHome()
    await readMany(home.session, 500)
    await home.write()
    await home.session.send(measured(5_000))
    const asked: number[] = []
    const { log } = home.waymark
    const watched: EventLog = new Proxy(log, {
      get: (target, name) => {
        if (name !== 'readAll') return Reflect.get(target, name).bind?.(target) ?? Reflect.get(target, name)
        return (position: number) => {
          asked.push(position)
          return target.readAll(position)
        }
      },
    })
    const { manifest } = await findManifest(home.folder)
    const entry = manifest?.files['token-usage.log']
    const { bytes } = await bringUpToDate(watched, home.folder, manifest)
    expect(asked).toEqual([entry?.position])
    expect(asked[0]).toBeGreaterThanOrEqual(500)
    expect(textIn(bytes).split('\n').length).toBe((await expectedLines(log)).length + 1)
  })
})
