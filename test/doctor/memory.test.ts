/** Memory files that somebody edited, that were never written, or that follow their events after a moment. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { memoryFileNames } from '../../src/memory/names.ts'
import { hanging, makePlace, ofCode } from './support.ts'

describe('memory files', () => {
  it('with a list of tasks edited by hand: a repair leaves it as it is, and repairs the others', async () => {
    const place = await makePlace()
    const list = join(place.sessions, memoryFileNames.activeTasks)
    const cache = join(place.sessions, memoryFileNames.contextCache)
    appendFileSync(list, '- [ ] T-9: by hand\n')
    writeFileSync(cache, '{}')
    const edited = readFileSync(list, 'utf8')
    const found = ofCode(await place.examine({ fix: true }), 'memory-drift')
    expect(found).toMatchObject([
      { subject: list, fixable: false, proposal: expect.stringMatching(/^waymark sync --adopt/) },
      { subject: place.sessions, fixable: true, fixed: true },
    ])
    expect(readFileSync(list, 'utf8')).toBe(edited)
    expect(readFileSync(cache, 'utf8')).toContain(place.sessionId)
    expect(ofCode(await place.examine(), 'memory-drift')).toMatchObject([{ subject: list }])
  })

  it('that were never written are a notice, and none at all where they are switched off', async () => {
    const place = await makePlace()
    for (const name of [...Object.values(memoryFileNames), 'checkpoints'])
      rmSync(join(place.sessions, name), { recursive: true, force: true })
    expect((await place.examine()).findings).toMatchObject([{ code: 'memory-drift', severity: 'notice' }])
    expect((await place.examine({ set: ['persistence_enabled=false'] })).findings).toEqual([])
    expect((await place.examine({ environment: { WAYMARK_PERSISTENCE_ENABLED: 'false' } })).findings).toEqual(
      [],
    )
  })

  it('with a folder in the place of one: that is told with its place, and a repair writes the others', async () => {
    const place = await makePlace()
    const state = join(place.sessions, memoryFileNames.sessionState)
    rmSync(state)
    mkdirSync(state, { mode: 0o700 })
    writeFileSync(join(place.sessions, memoryFileNames.contextCache), '{}')
    expect(ofCode(await place.examine({ fix: true }), 'memory-drift')).toMatchObject([
      { subject: state, fixable: false, proposal: `mv ${state} ${state}.aside, then waymark sync` },
      { subject: place.sessions, fixable: true, fixed: true },
    ])
    expect(ofCode(await place.examine(), 'memory-drift')).toMatchObject([{ subject: state }])
  })

  it('are not looked at while settings cannot be read, which is told once, with its place', async () => {
    const place = await makePlace()
    const file = join(place.home, 'config/config.json')
    mkdirSync(join(place.home, 'config'), { recursive: true })
    writeFileSync(file, '{"session": {"cache_enabled": "maybe"}')
    const { findings } = await place.examine()
    expect(findings).toMatchObject([{ code: 'invalid-settings', subject: file }])
    expect(findings[0]?.message).toMatch(/config\.json:1:\d+: /)
    expect(findings[0]?.proposal).not.toMatch(/waymark verify/)
    expect((await place.examine({ set: ['cache_enabled=perhaps'] })).findings).toMatchObject([
      { code: 'invalid-settings', subject: file },
      { code: 'invalid-settings', subject: null, message: expect.stringContaining('--set cache_enabled') },
    ])
  })

  it('of a home that is being written may be a moment behind, and not edited', async () => {
    const place = await makePlace()
    const { kill } = await hanging(place, place.sessionId, [{ type: 'task.add', taskId: 'T-2', title: 'x' }])
    rmSync(join(place.sessions, memoryFileNames.tokenUsage), { force: true })
    expect((await place.examine()).findings).toEqual([])
    await kill()
    expect(ofCode(await place.examine(), 'memory-drift').length).toBe(1)
  })
})
