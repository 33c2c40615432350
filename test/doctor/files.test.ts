/** What lies in the folder of a home, and what git makes of it. */
import { chmodSync, existsSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { idOfGoneProcess, makePlace, ofCode } from './support.ts'

describe('a home in a git repository', () => {
  it('with its own .gitignore, or ignored from above, is as it should be', async () => {
    const place = await makePlace()
    place.git('init', '--quiet')
    expect((await place.examine()).findings).toEqual([])
    writeFileSync(join(place.sessions, '.gitignore'), '*.log\n')
    const [finding] = ofCode(await place.examine({ fix: true }), 'unignored-home')
    // What somebody wrote into it stays.
    expect(finding).toMatchObject({ severity: 'warning', fixable: false })
    expect(finding?.proposal).toMatch(/^put a line with \* into /)
    writeFileSync(join(place.folder, '.gitignore'), '.moai/\n')
    expect((await place.examine()).findings).toEqual([])
  })

  it('that git keeps files of is a problem, whatever is ignored now', async () => {
    const place = await makePlace()
    place.git('init', '--quiet')
    place.git('add', '--force', '.moai/sessions/waymark.db')
    const [finding] = ofCode(await place.examine(), 'unignored-home')
    expect(finding).toMatchObject({ severity: 'problem', fixable: false })
    expect(finding?.message).toBe('git keeps files of it: waymark.db')
    place.git('rm', '-r', '--cached', '--quiet', place.sessions)
    expect((await place.examine()).findings).toEqual([])
  })
})

describe('temporary files', () => {
  it('of a process that is there are left alone, until they are old', async () => {
    const place = await makePlace()
    const path = join(place.sessions, `checkpoints/.one.json.${process.ppid}.3.tmp`)
    writeFileSync(path, '{', { mode: 0o600 })
    expect((await place.examine({ fix: true })).findings).toEqual([])
    const then = Date.now() / 1_000 - 7_200
    utimesSync(path, then, then)
    expect(ofCode(await place.examine({ fix: true }), 'leftover-files')).toMatchObject([{ fixed: true }])
    expect(existsSync(path)).toBe(false)
  })

  it('are told by their whole name: nothing else is taken away', async () => {
    const place = await makePlace()
    const others = ['notes.tmp', `.x.${idOfGoneProcess()}.tmp`, '.hidden.1.tmp.json']
    for (const name of others) writeFileSync(join(place.sessions, name), 'mine', { mode: 0o600 })
    expect((await place.examine({ fix: true })).findings).toEqual([])
    for (const name of others) expect(existsSync(join(place.sessions, name))).toBe(true)
  })
})

describe('permissions', () => {
  it('of files in a closed folder are a notice, and a link leads nowhere', async () => {
    const place = await makePlace()
    const outside = join(place.folder, 'outside')
    writeFileSync(outside, 'open to all', { mode: 0o644 })
    symlinkSync(outside, join(place.sessions, 'link'))
    expect((await place.examine()).findings).toEqual([])
    chmodSync(join(place.sessions, 'memory.json'), 0o640)
    expect((await place.examine()).findings).toMatchObject([
      { code: 'open-permissions', severity: 'notice', message: expect.stringContaining('memory.json 640') },
    ])
  })
})
