/** Somebody looks for a home or a session that is not here, and is told where it may be. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makePlace, ofCode, type Place } from './support.ts'

/** Another project below the same folder, without a home. */
function bareFolder({ folder }: Place, name = 'elsewhere'): string {
  const path = join(folder, '..', name)
  mkdirSync(path)
  return path
}

describe('no home', () => {
  it('says where it looked, and that nothing was named', async () => {
    const place = await makePlace()
    rmSync(place.home, { recursive: true })
    const home = { path: join(place.userFolder, '.moai'), foundBy: 'user' } as const
    const { findings, checked } = await place.examine({ home })
    expect(findings).toMatchObject([
      {
        code: 'no-home',
        severity: 'problem',
        subject: home.path,
        message: expect.stringContaining(place.folder),
      },
    ])
    expect(checked).not.toContain('torn-store')
  })

  it('of a project whose .moai holds other things is a notice', async () => {
    const place = await makePlace()
    const folder = bareFolder(place)
    mkdirSync(join(folder, '.moai'))
    const { findings } = await place.examine({ folder })
    expect(findings).toMatchObject([{ code: 'no-home', severity: 'notice' }])
  })

  it('here, and one further up or in the main working tree, is told', async () => {
    const place = await makePlace()
    const inner = join(place.folder, 'packages/one')
    mkdirSync(join(inner, '.moai'), { recursive: true })
    const [further] = ofCode(await place.examine({ folder: inner }), 'lost-session')
    expect(further).toMatchObject({ severity: 'warning', subject: place.home })
    expect(further?.message).toMatch(/has no sessions, and this home has 1 session, the newest of \d{4}-/)
    place.git('init', '--quiet')
    place.git('commit', '--quiet', '--allow-empty', '-m', 'one')
    const tree = join(place.folder, '../tree')
    place.git('worktree', 'add', '--quiet', tree)
    const home = { path: join(place.userFolder, '.moai'), foundBy: 'user' } as const
    expect(ofCode(await place.examine({ folder: tree, home }), 'lost-session')).toMatchObject([
      { subject: place.home, proposal: `waymark list --home ${place.home}` },
    ])
  })

  it('with sessions, and the user’s own has some: they are told', async () => {
    const place = await makePlace()
    const users = join(place.userFolder, '.moai')
    await place.library(async (waymark) => void (await waymark.createSession()), { home: users })
    expect((await place.examine()).findings).toEqual([])
    await place.tamper('DELETE FROM events; DELETE FROM streams; DELETE FROM snapshots')
    expect(ofCode(await place.examine(), 'lost-session')).toMatchObject([{ subject: users }])
  })
})

describe('a session', () => {
  it('that WAYMARK_SESSION names and that is not there is told with the variable', async () => {
    const place = await makePlace()
    const environment = { WAYMARK_SESSION: 'sess_12345678' }
    expect(ofCode(await place.examine({ environment }), 'lost-session')).toMatchObject([
      { severity: 'problem', message: expect.stringContaining('which WAYMARK_SESSION names') },
    ])
    const there = { WAYMARK_SESSION: place.sessionId.slice(0, 14) }
    expect((await place.examine({ environment: there })).findings).toEqual([])
  })

  it('of another home is found there', async () => {
    const place = await makePlace()
    const users = join(place.userFolder, '.moai')
    const id = await place.library(async (waymark) => (await waymark.createSession()).id, { home: users })
    const { findings, notChecked } = await place.examine({ session: id.slice(0, 16) })
    expect(findings).toMatchObject([
      {
        code: 'lost-session',
        proposal: `waymark show ${id} --home ${users}`,
        message: expect.stringContaining(users),
      },
    ])
    expect(notChecked.map(({ code }) => code)).toContain('orphaned-events')
  })

  it('that was not imported is found by the id it has in its own tool', async () => {
    const place = await makePlace()
    const id = '019b0000-1111-7222-8333-444444444444'
    const below = join(place.userFolder, '.codex/sessions/2026/01/31')
    mkdirSync(below, { recursive: true })
    const path = join(below, `rollout-2026-01-31T12-00-00-${id}.jsonl`)
    const meta = { type: 'session_meta', payload: { id, cwd: place.folder } }
    writeFileSync(path, `${JSON.stringify(meta)}\n`)
    const [finding] = ofCode(await place.examine({ session: id }), 'lost-session')
    expect(finding?.proposal).toBe(`waymark import ${path}`)
    await place.session({ tool: 'codex', nativeId: id })
    expect((await place.examine({ session: id })).findings).toEqual([])
    expect((await place.examine()).findings).toEqual([])
  })

  it('whose beginning means several is told with them', async () => {
    const place = await makePlace()
    for (const nativeId of ['twin-0001', 'twin-0002']) await place.session({ nativeId })
    const [finding] = ofCode(await place.examine({ session: 'twin-000' }), 'lost-session')
    expect(finding?.message).toMatch(/^"twin-000" means 2 sessions: sess_/)
  })
})

describe('transcripts', () => {
  it('of other projects are left to their own homes, and told to the user’s own', async () => {
    const place = await makePlace()
    const below = join(place.userFolder, '.claude/projects/-other')
    mkdirSync(below, { recursive: true })
    const id = '22222222-2222-4333-8444-555555555555'
    writeFileSync(join(below, `${id}.jsonl`), `${JSON.stringify({ sessionId: id, cwd: '/other' })}\n`)
    writeFileSync(
      join(below, '33333333-2222-4333-8444-555555555555.jsonl'),
      '{"summary":"nothing to import"}\n',
    )
    expect((await place.examine()).findings).toEqual([])
    const users = join(place.userFolder, '.moai')
    await place.library(async (waymark) => void (await waymark.createSession()), { home: users })
    const [finding] = ofCode(await place.examine({ home: users }), 'unimported-transcripts')
    expect(finding).toMatchObject({ severity: 'notice', proposal: `waymark import ${below}` })
    expect(finding?.message).toMatch(/^1 transcript of yours not imported/)
  })
})
