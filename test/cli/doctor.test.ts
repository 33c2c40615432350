/** `waymark doctor` as it is typed: what goes to stdout, exit codes, and the shape of its JSON. */
import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checks } from '../../src/doctor/checks.ts'
import { severities } from '../../src/doctor/finding.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const examinationShape = z.strictObject({
  home: z.strictObject({ path: z.string(), foundBy: z.string() }),
  checked: z.array(z.string()),
  notChecked: z.array(z.strictObject({ code: z.string(), reason: z.string().min(1) })),
  sessions: z.int().min(0),
  findings: z.array(
    z.strictObject({
      code: z.string(),
      severity: z.enum(severities),
      subject: z.string().nullable(),
      message: z.string().min(1),
      explanation: z.string().min(1),
      proposal: z.string().min(1),
      fixable: z.boolean(),
      fixed: z.boolean().optional(),
    }),
  ),
})

async function examined(place: Place, ...args: readonly string[]) {
  const { code, stdout, stderr } = await place.run(['doctor', ...args, '--json'])
  expect(stderr).toBe('')
  return { code, ...examinationShape.parse(JSON.parse(stdout)) }
}

describe('waymark doctor', () => {
  it('finds nothing in a home that is well, and says so', async () => {
    const place = await makePlace()
    await place.session()
    expect(await examined(place)).toMatchObject({ code: 0, sessions: 1, findings: [] })
    const { code, stdout, stderr } = await place.run(['doctor', '--deep'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toBe(
      `nothing found: ${checks.length} checks of 1 session in ${place.home} (the nearest .moai folder upward from here)\n`,
    )
  })

  it('tells, repairs with --fix, and is satisfied afterwards', async () => {
    const place = await makePlace()
    await place.session()
    const sessions = join(place.home, 'sessions')
    chmodSync(sessions, 0o755)
    expect(await examined(place)).toMatchObject({
      code: 1,
      findings: [{ code: 'open-permissions', severity: 'warning', subject: sessions, fixable: true }],
    })
    const text = await place.run(['doctor'], { environment: { WAYMARK_LAYOUT: 'aligned' } })
    expect(text.stdout).toMatch(
      /^open-permissions {2}Sessions hold .*\n {2}warning {2}\S+sessions: 1 of its .*\n {4}do: .*\(--fix does it\)$/m,
    )
    expect(text.stderr).toMatch(/^1 warning: /)
    const values = await place.run(['doctor'])
    expect(values.stdout.split('\t').length).toBe(6)
    expect(await examined(place, '--fix')).toMatchObject({ code: 0, findings: [{ fixed: true }] })
    expect(statSync(sessions).mode & 0o777).toBe(0o700)
    expect(await examined(place)).toMatchObject({ code: 0, findings: [] })
  })

  it('looks at one session, by any of its names', async () => {
    const place = await makePlace()
    const id = await place.session({ nativeId: 'native-1' })
    await place.session()
    for (const name of [id, id.slice(5, 12), 'native-1']) {
      expect(await examined(place, name)).toMatchObject({ code: 0, sessions: 1, findings: [] })
    }
    expect(await examined(place, 'native-2')).toMatchObject({
      code: 1,
      sessions: 0,
      findings: [{ code: 'lost-session', subject: 'native-2' }],
    })
  })

  it('says where it looked when there is no home', async () => {
    const place = await makePlace({ bare: true })
    const answer = await examined(place)
    expect(answer).toMatchObject({ code: 1, findings: [{ code: 'no-home', severity: 'problem' }] })
    expect(answer.findings[0]?.message).toContain(place.folder)
    mkdirSync(place.home)
    expect(await examined(place)).toMatchObject({
      code: 0,
      findings: [{ code: 'no-home', severity: 'notice' }],
    })
    rmSync(place.home, { recursive: true })
    expect((await place.run(['doctor', '--home', 'nowhere'])).stdout).toMatch(
      /^problem\tno-home\t.*nowhere\t/,
    )
  })

  it('takes the settings of the call', async () => {
    const place = await makePlace()
    await place.session()
    rmSync(join(place.home, 'sessions/session-state.json'))
    expect(await examined(place)).toMatchObject({ code: 1, findings: [{ code: 'memory-drift' }] })
    expect(await examined(place, '--set', 'persistence_enabled=false')).toMatchObject({
      code: 0,
      findings: [],
    })
    expect(await examined(place, '--fix')).toMatchObject({ code: 0, findings: [{ fixed: true }] })
    expect(await examined(place)).toMatchObject({ code: 0, findings: [] })
  })
})
