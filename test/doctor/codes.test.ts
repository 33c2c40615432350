/**
 * Goal: every check finds what it is for, and finds nothing in a home that is well. Method: real homes in temporary folders, damaged
 * for real (see `scenarios.ts`); each is examined before the damage, after it, and, where a repair is known, after that.
 */

import { execFileSync } from 'node:child_process'
import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { checkFailed, checks } from '../../src/doctor/checks.ts'
import { needsAttention } from '../../src/doctor/finding.ts'
import { repairRecordName } from '../../src/doctor/repairs.ts'
import { built } from '../cli/support.ts'
import { ensureBuilt } from '../store/files.ts'
import { projectRoot } from '../support/processes.ts'
import { scenarios } from './scenarios.ts'
import { makePlace, ofCode } from './support.ts'

beforeAll(ensureBuilt, 180_000)

const cases = Object.entries(scenarios).map(([code, scenario]) => ({ code, ...scenario }))

describe('each check', () => {
  it.each(cases)('$code is found: $what', { timeout: 60_000 }, async (scenario) => {
    const { code, damage, severity, message, proposal, fixable = false } = scenario
    const place = await makePlace()
    expect((await place.examine({ deep: true })).findings).toEqual([])
    const options = await damage(place)
    const examination = await place.examine(options)
    const [finding, ...others] = ofCode(examination, code)
    expect(finding).toMatchObject({ severity, fixable })
    expect(finding?.message).toMatch(message)
    expect(finding?.proposal).toMatch(proposal)
    expect(others).toEqual([])
    if (code !== checkFailed.code) {
      expect(examination.checked).toContain(code)
      expect(finding?.explanation).toBe(checks.find((check) => check.code === code)?.explanation)
    }
    expect(needsAttention(examination.findings)).toBe(
      examination.findings.some((one) => one.severity !== 'notice'),
    )
  })

  it.each(cases.filter(({ fixable, code }) => fixable === true && code !== 'huge-write-ahead-log'))(
    '$code is repaired with --fix, and the repair is written down',
    async ({ code, damage }) => {
      const place = await makePlace()
      const options = await damage(place)
      const before = await place.examine(options)
      expect(ofCode(before, code)).toMatchObject([{ fixable: true }])
      expect(ofCode(before, code)[0]).not.toHaveProperty('fixed')
      expect(ofCode(await place.examine({ ...options, fix: true }), code)).toMatchObject([{ fixed: true }])
      const record = readFileSync(join(place.sessions, repairRecordName), 'utf8')
      expect(JSON.parse(record)).toMatchObject({ code, message: ofCode(before, code)[0]?.message })
      expect((await place.examine(options)).findings).toEqual([])
    },
  )
})

describe('old-sqlite', () => {
  it('is found where no library can be loaded', async () => {
    await built()
    const place = await makePlace()
    // The command without the packages beside it, and without the SQLite that newer Nodes bring.
    cpSync(join(projectRoot, 'dist/cli'), join(place.folder, 'copy/dist/cli'), { recursive: true })
    cpSync(join(projectRoot, 'package.json'), join(place.folder, 'copy/package.json'))
    const flags = process.versions.sqlite === undefined ? [] : ['--no-experimental-sqlite']
    const main = join(place.folder, 'copy/dist/cli/main.js')
    let stdout = ''
    try {
      execFileSync(process.execPath, [...flags, main, 'doctor', '--json', '--home', place.home], {
        env: { HOME: place.userFolder, PATH: process.env.PATH ?? '' },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    } catch (error) {
      stdout = String(Reflect.get(Object(error), 'stdout'))
    }
    const examination: unknown = JSON.parse(stdout)
    // What follows from it is not told again.
    expect(examination).toMatchObject({
      findings: [
        expect.objectContaining({
          code: 'old-sqlite',
          severity: 'problem',
          message: expect.stringMatching(
            /^no SQLite that can be used here \(node:sqlite: .*better-sqlite3: /,
          ),
        }),
      ],
    })
  })
})

describe('an examination', () => {
  it('changes no byte of what it looks at', async () => {
    for (const { damage, code } of cases) {
      if (['no-home', 'huge-write-ahead-log'].includes(code)) continue
      const place = await makePlace()
      const options = await damage(place)
      const before = snapshotOf(place.home)
      await place.examine({ ...options, deep: true })
      expect([code, snapshotOf(place.home)]).toEqual([code, before])
    }
  }, 120_000)
})

/** Every file and what it holds. What SQLite keeps beside a file for its readers is no data. */
function snapshotOf(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile() && !/-(shm|wal)$/.test(entry.name))
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return [path, readFileSync(path, 'latin1')]
    }),
  )
}
