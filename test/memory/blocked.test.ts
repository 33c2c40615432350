/**
 * Goal: what stands in the way of one memory file stops no other, and is told; what lies outside the home is never touched.
 * Method: real homes with folders, links and closed folders in the places of files.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkMemoryFiles } from '../../src/memory/check.ts'
import { ensureBuilt } from '../store/files.ts'
import { type Home, measured, openHome, settings } from './support.ts'

async function writtenHome(): Promise<Home> {
  const home = await openHome()
  await home.session.send({ type: 'task.add', taskId: 'A', title: 'one' })
  await home.session.send(measured(150_000))
  await home.session.checkpoint()
  await home.write()
  return home
}

function putFolder({ folder }: Home, name: string): void {
  rmSync(join(folder, name), { recursive: true, force: true })
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'mine'), 'mine')
}

describe('a folder in the place of a file', () => {
  it.each(['session-state.json', 'context-cache.json', 'token-usage.log', 'memory.json'])(
    '%s is left alone and told, and the other files are written',
    async (name) => {
      const home = await writtenHome()
      putFolder(home, name)
      await home.session.send({ type: 'task.add', taskId: 'B', title: 'two' })
      expect(await home.drift()).toMatchObject({ [name]: 'blocked' })
      const { failed, written } = await home.write()
      expect(failed).toEqual([{ name, reason: 'a folder stands in its place' }])
      expect(written).toContain('active-tasks.md')
      expect(home.read('active-tasks.md')).toContain('B: two')
      expect(home.read(`${name}/mine`)).toBe('mine')
      if (name !== 'memory.json') expect(await home.drift()).toEqual({ [name]: 'blocked' })
      rmSync(join(home.folder, name), { recursive: true })
      expect((await home.write()).failed).toEqual([])
      expect(await home.drift()).toEqual({})
    },
  )

  it('of a checkpoint is left alone and told', async () => {
    const home = await writtenHome()
    const name = `checkpoints/${home.session.state.checkpoints.at(-1)?.id}.json`
    putFolder(home, name)
    expect((await home.write()).failed).toMatchObject([{ name }])
    expect(await home.drift()).toEqual({ [name]: 'blocked' })
  })

  it('of the list of tasks is set aside like an edited list', async () => {
    const home = await writtenHome()
    putFolder(home, 'active-tasks.md')
    expect(await home.drift()).toEqual({ 'active-tasks.md': 'edited' })
    const { kept, failed } = await home.write({ editedTasks: 'keep' })
    expect({ kept, failed }).toEqual({ kept: ['active-tasks.edited.md'], failed: [] })
    expect(home.read('active-tasks.edited.md/mine')).toBe('mine')
    expect(await home.drift()).toEqual({})
  })
})

describe('a linked folder of checkpoints', () => {
  it.each(['checkpoints', 'checkpoints/archive'])('%s is not followed', async (name) => {
    const home = await writtenHome()
    const outside = join(dirname(home.home), 'outside')
    mkdirSync(outside)
    const id = home.session.state.checkpoints.at(-1)?.id
    writeFileSync(join(outside, `${id}.json`), 'mine')
    writeFileSync(join(outside, `.${id}.json.999999999.1.tmp`), 'mine too')
    rmSync(join(home.folder, name), { recursive: true })
    symlinkSync(outside, join(home.folder, name))
    await home.session.checkpoint()
    const { files } = await checkMemoryFiles({ folder: home.folder, log: home.waymark.log }, settings)
    expect(files.filter((file) => file.name.startsWith('checkpoints'))).toEqual([
      { name, kind: 'blocked', reason: 'it is a link, which is not followed' },
    ])
    const { failed, written } = await home.write()
    expect(failed).toEqual([{ name, reason: 'it is a link, which is not followed' }])
    expect(written).toContain('session-state.json')
    expect(readdirSync(outside).sort()).toEqual([`.${id}.json.999999999.1.tmp`, `${id}.json`])
    expect(readFileSync(join(outside, `${id}.json`), 'utf8')).toBe('mine')
    rmSync(join(home.folder, name))
    expect((await home.write()).failed).toEqual([])
    expect(await home.drift()).toEqual({})
  })

  it('is not followed by a writer that cleans up', async () => {
    const home = await openHome()
    const outside = join(dirname(home.home), 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, '.x.json.999999999.1.tmp'), 'mine')
    symlinkSync(outside, join(home.folder, 'checkpoints'))
    const { removeLeftovers } = await import('../../src/memory/files.ts')
    await removeLeftovers(home.folder)
    expect(readdirSync(outside)).toEqual(['.x.json.999999999.1.tmp'])
  })
})

describe('a home that may only be read', () => {
  beforeAll(ensureBuilt, 180_000)
  const canBeNobody = process.getuid?.() === 0 && process.platform === 'linux'

  it.skipIf(!canBeNobody)('is told as such, with what to do', async () => {
    const home = await writtenHome()
    await home.waymark.close()
    for (const path of [dirname(home.home), home.home, home.folder]) chmodSync(path, 0o755)
    for (const name of readdirSync(home.folder)) chmodSync(join(home.folder, name), 0o755)
    const built = (path: string) => new URL(`../../dist/src/${path}`, import.meta.url).href
    const script = `
      import { openSqliteLog } from '${built('store/sqlite/open.js')}'
      import { writeMemoryFiles } from '${built('memory/write.js')}'
      import { systemClock } from '${built('kernel/clock.js')}'
      const folder = '${home.folder}'
      const log = await openSqliteLog({ path: folder + '/waymark.db', readOnly: true })
      const settings = ${JSON.stringify(settings)}
      const write = () => writeMemoryFiles({ folder, log, clock: systemClock }, settings, { editedTasks: 'keep' })
      await write()
      process.setgid(65_534)
      process.setuid(65_534)
      const error = await write().catch((error) => error)
      process.stdout.write(JSON.stringify({ code: error.code, message: error.message, hint: error.hint }))`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
      cwd: '/',
    })
    expect(JSON.parse(printed)).toEqual({
      code: 'HOME_NOT_WRITABLE',
      message: expect.stringMatching(/^cannot write the memory files to .*sessions: EACCES/),
      hint: expect.stringContaining('give yourself permission'),
    })
  })
})
