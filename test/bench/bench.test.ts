/**
 * The benches run, and say what they say.
 *
 * Goal: `npm run bench` measures every part and prints what bench/README.md explains; what it compares with stays out of the product.
 * Method: run it as it is typed, short and without the peers, on the built package, and look at the shape of its output. Times and
 * ratios of so short a run mean nothing, so none is compared.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const root = fileURLToPath(new URL('../..', import.meta.url))
const textOf = (path: string) => readFileSync(join(root, path), 'utf8')

function bench(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bench/run.mjs', '--no-peers', ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, WAYMARK_TRANSCRIPTS: '' },
  })
  return { status, stdout, stderr }
}

const rowShape = z.strictObject({
  id: z.string().regex(/^[a-z]+\.[a-z0-9-]+$/),
  part: z.string(),
  name: z.string().min(1),
  ratio: z.number().positive(),
  aim: z
    .strictObject({ atMost: z.number() })
    .or(z.strictObject({ atLeast: z.number() }))
    .nullable(),
  met: z.boolean().nullable(),
  baseline: z.number().positive().nullable(),
  measured: z.string().min(1),
})
const documentShape = z.strictObject({
  conditions: z.strictObject({
    events: z.literal(2_000),
    tasks: z.literal(50),
    rounds: z.literal(1),
    drawnFrom: z.int().min(1),
    node: z.literal(process.version),
    machine: z.string().min(1),
  }),
  rows: z.array(rowShape),
  leftOut: z.array(z.string()),
  install: z.string(),
  seconds: z.number(),
})
const manifestShape = z.looseObject({
  dependencies: z.record(z.string(), z.string()).default({}),
  optionalDependencies: z.record(z.string(), z.string()).default({}),
  devDependencies: z.record(z.string(), z.string()).default({}),
  overrides: z.record(z.string(), z.string()).default({}),
  files: z.array(z.string()).default([]),
})
const manifestOf = (path: string) => manifestShape.parse(JSON.parse(textOf(path)))

describe('the benches', () => {
  it('measure every part, and the page explains every row', { timeout: 120_000 }, () => {
    const { status, stdout, stderr } = bench('--events', '2000', '--tasks', '50', '--rounds', '1', '--json')
    expect(status, stderr).toBe(0)
    const { rows, leftOut, install } = documentShape.parse(JSON.parse(stdout))
    expect([...new Set(rows.map(({ part }) => part))]).toEqual([
      'append',
      'replay',
      'recovery',
      'past',
      'verify',
      'machines',
      'xstate',
    ])
    expect(leftOut).toEqual(['emmett', 'castore', 'langgraph'])
    expect(install).toBe('npm ci --prefix bench')
    const ids = rows.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    const page = textOf('bench/README.md')
    expect(ids.filter((id) => !page.includes(`\`${id}\``))).toEqual([])
  })

  it('say how to install what is compared with', () => {
    const { status, stdout, stderr } = bench('--only', 'emmett', '--events', '2000')
    expect(status, stderr).toBe(0)
    expect(stdout).toContain(
      'not measured without their packages: emmett; npm ci --prefix bench installs them',
    )
  })

  it('refuse a part that is not there, and name those that are', () => {
    const { status, stdout, stderr } = bench('--only', 'nothing')
    expect([status, stdout]).toEqual([1, ''])
    expect(stderr).toContain('no part is named nothing: there are append, replay')
  })
})

describe('what is compared with', () => {
  const own = manifestOf('package.json')
  const peers = manifestOf('bench/package.json')

  it('is pinned, and no dependency of the product', () => {
    const names = Object.keys(peers.dependencies)
    expect(names.length).toBeGreaterThan(0)
    expect(Object.values(peers.dependencies).filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual(
      [],
    )
    const products = { ...own.dependencies, ...own.optionalDependencies, ...own.devDependencies }
    expect(names.filter((name) => name in products)).toEqual([])
    expect(own.files.filter((path) => path.startsWith('bench'))).toEqual([])
  })

  it('runs on the SQLite library that the product uses', () => {
    expect(peers.overrides['better-sqlite3']).toBe(own.optionalDependencies['better-sqlite3'])
  })
})
