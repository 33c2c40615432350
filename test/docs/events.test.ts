/**
 * docs/events.md is what the schemas say.
 *
 * Goal: no command, event or field that the page leaves out or tells otherwise. Method: make the page anew and compare.
 * `npm run docs` writes it.
 */
import { describe, expect, it } from 'vitest'
import { eventTypes } from '../../src/events/catalogue.ts'
import { commandTypes } from '../../src/events/commands.ts'
import { eventsPage, remarksIn } from './events-page.ts'

describe('docs/events.md', () => {
  it('is the page made from the schemas', async () => {
    await expect(eventsPage()).toMatchFileSnapshot('../../docs/events.md')
  })

  it('names every command and event', () => {
    const page = eventsPage()
    expect(commandTypes.filter((type) => !page.includes(`### ${type}\n`))).toEqual([])
    expect(
      eventTypes.filter((type) => !page.includes(`**${type}**`) && !page.includes(`### ${type}\n`)),
    ).toEqual([])
  })

  it('shows bounds, choices, inner fields and what the comments say', () => {
    const page = eventsPage()
    expect(page).toContain('| `taskId` | id | yes |')
    expect(page).toContain('| `taskIds` | list of id, 1 to 10,000 entries | yes |')
    expect(page).toContain('| `configuration.hysteresisPercent` | number, from 0 to 50 | no |')
    expect(page).toContain('| `chain` | `main`, `side` | no | `side` calls spend tokens')
    expect(page).toContain('| `window` | object or `null` | yes |')
  })
})

describe('the reading of remarks', () => {
  it('finds those of types and fields, and of the constant a field stands for', () => {
    const source =
      "/** Marks it. */\nconst marked = z.boolean()\nexport const all = {\n  /** One\n   * thing. */\n  'a.b': z.strictObject({\n    /** Its field. */\n    c: z.string(),\n    marked,\n    d: 1,\n  }),\n}"
    expect([...remarksIn(source)]).toEqual([
      ['a.b', 'One thing.'],
      ['a.b.c', 'Its field.'],
      ['a.b.marked', 'Marks it.'],
    ])
  })
})
