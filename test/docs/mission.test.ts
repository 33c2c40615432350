/**
 * Goal: docs/mission.md points to what is there. Method: each row's test file exists and holds a title with those words, each
 * policy it names is one, each verb is one. That linked files exist is tested with all links.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verbs } from '../../src/cli/verbs.ts'
import { standardPolicies } from '../../src/session/policy.ts'
import { root, textOf } from './example-blocks.ts'

const page = textOf('docs/mission.md')
const rows = [...page.matchAll(/^\| (?!asked for|---)(.+?) \| (.+?) \| `([^`]+)`: (.+?) \|$/gm)].map(
  ([, asked = '', where = '', file = '', title = '']) => ({ asked, where, file, title }),
)

describe('docs/mission.md', () => {
  it('is read: every row of its tables has a place and a test', () => {
    const lines = page.split('\n').filter((line) => /^\| (?!asked for|---)/.test(line))
    expect(rows.length).toBeGreaterThan(40)
    expect(lines.length).toBe(rows.length)
  })

  it.each(rows.map((row) => [row.asked, row] as const))(
    '%s: its test is there',
    (_asked, { file, title }) => {
      expect(existsSync(join(root, file))).toBe(true)
      const text = readFileSync(join(root, file), 'utf8').replaceAll("\\'", "'")
      expect(text.includes(title)).toBe(true)
    },
  )

  it('names policies and verbs that are there', () => {
    const policies = [...page.matchAll(/policy `([^`]+)`/g)].map(([, name]) => name)
    const named = [...page.matchAll(/`waymark ([a-z]+)/g)].map(([, name]) => name ?? '')
    expect(policies.filter((name) => !standardPolicies.some((policy) => policy.name === name))).toEqual([])
    expect(named.filter((name) => !Object.hasOwn(verbs, name))).toEqual([])
  })
})
