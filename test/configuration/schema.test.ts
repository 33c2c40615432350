/**
 * The published JSON Schema says what loading says.
 *
 * Goal: an editor that checks the file with it agrees with Waymark. Method: the checked-in file is compared with the one made
 * from the shapes (`npm run docs` writes it); both judge every key with many values.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { settingsJson, settingsJsonSchema } from '../../src/configuration/json.ts'
import { keys, settingNames, standardSettings } from '../../src/configuration/settings.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { makeHomes } from './support.ts'

describe('the JSON Schema', () => {
  it('is published as it is made from the shapes', async () => {
    await expect(`${JSON.stringify(settingsJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(
      '../../docs/config.schema.json',
    )
  })

  it('is in the package, under a name of its own', () => {
    const published = createRequire(import.meta.url).resolve('waymark/config.schema.json')
    expect(published).toMatch(/docs.config\.schema\.json$/)
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(manifest.files).toContain('docs/config.schema.json')
  })

  it('describes every key, with its default', () => {
    const text = JSON.stringify(settingsJsonSchema())
    for (const setting of settingNames) {
      expect(text).toContain(JSON.stringify(keys[setting].about))
      expect(text).toContain(`"default":${JSON.stringify(standardSettings[setting])}`)
    }
  })
})

const switches = [true, false, null, 'true', '', [], {}]
const numbers = [0, -1, 0.5, 1, 50, 62, 78, 90, 99.9, 100, 1_000, 1_001, 1_440, 1_441, 55_000, 1e12, 2e12]
const words = ['all', 'critical_only', 'critical_and_supporting', 'progressive_summarization', 'full_context']
const values: readonly unknown[] = [...switches, ...numbers, ...words]

/** Sections of one key: each key with each value, rightly spelt and not. */
const sections = settingNames.flatMap((setting) =>
  values.flatMap((value) =>
    ['', 'x'].map((ending) => {
      const [first = '', second] = `${keys[setting].name}${ending}`.split('.')
      return second === undefined ? { [first]: value } : { [first]: { [second]: value } }
    }),
  ),
)

// The schema is plain JSON of the draft that zod reads.
const schema = z.fromJSONSchema(settingsJsonSchema() as Parameters<typeof z.fromJSONSchema>[0])

describe('the JSON Schema and loading', () => {
  it('agree about each key with each value, save for thresholds that do not rise', async () => {
    const homes = makeHomes()
    const counts = { accepted: 0, refused: 0, falling: 0 }
    for (const session of sections) {
      const file = { $schema: './config.schema.json', session, other: { any: [1] } }
      homes.write('project', JSON.stringify(file))
      const error = await homes.load().then(
        () => null,
        (failure: unknown) => failure,
      )
      const isFalling = error instanceof WaymarkError && error.message.includes('is not below')
      expect([session, schema.safeParse(file).success]).toEqual([session, error === null || isFalling])
      counts[error === null ? 'accepted' : isFalling ? 'falling' : 'refused'] += 1
    }
    expect(counts.accepted).toBeGreaterThan(50)
    expect(counts.refused).toBeGreaterThan(300)
    expect(counts.falling).toBeGreaterThan(5)
  })

  it('agree about the defaults and about files without the section', () => {
    for (const file of [settingsJson(standardSettings), {}, { other: 1 }, { session: {} }]) {
      expect(schema.safeParse(file).success).toBe(true)
    }
    for (const file of [[], null, { session: null }, { session: { x: 1 } }]) {
      expect(schema.safeParse(file).success).toBe(false)
    }
  })
})
