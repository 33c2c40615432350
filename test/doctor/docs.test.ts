/** docs/doctor.md tells every check, in order, in the words of the table, and says of each that can be repaired what the repair does. */
import { describe, expect, it } from 'vitest'
import { checkFailed, checks } from '../../src/doctor/checks.ts'
import { textOf } from '../docs/example-blocks.ts'
import { scenarios } from './scenarios.ts'

const sections = textOf('docs/doctor.md')
  .split(/^### /m)
  .slice(1)
  .map((section) => {
    const [code = '', ...rest] = section.split(/^## /m)[0]?.split('\n') ?? []
    return { code, text: rest.join('\n').replaceAll(/\s+/g, ' ').trim() }
  })

describe('docs/doctor.md', () => {
  it('has every check, in the order of the table', () => {
    expect(sections.map(({ code }) => code)).toEqual([...checks.map(({ code }) => code), checkFailed.code])
  })

  it.each([...checks, checkFailed])(
    'tells of $code what it is, its symptom, why it matters and the solution',
    (check) => {
      const text = sections.find(({ code }) => code === check.code)?.text ?? ''
      const about = `${check.about[0]?.toUpperCase()}${check.about.slice(1)}.`
      expect(text.startsWith(about)).toBe(true)
      expect(text).toContain(`**Why it matters.** ${check.explanation} **Solution.** `)
      expect(text).toMatch(/\*\*Symptom\.\*\* \S/)
      const needsDeep = 'onlyDeep' in check
      expect(text.includes('Looked for with `--deep`')).toBe(needsDeep)
    },
  )

  it('names --fix where there is a repair, and nowhere else', () => {
    const told = sections.filter(({ text }) => text.includes('doctor --fix`')).map(({ code }) => code)
    const fixable = Object.entries(scenarios).flatMap(([code, { fixable: is }]) =>
      is === true ? [code] : [],
    )
    expect(told.sort()).toEqual(fixable.sort())
  })
})
