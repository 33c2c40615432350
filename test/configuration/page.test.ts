/** docs/configuration.md says of every key what the sources say. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { settingsJson } from '../../src/configuration/json.ts'
import { keys, settingNames, standardSettings } from '../../src/configuration/settings.ts'

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')

describe('docs/configuration.md', () => {
  it('has a row for every key: default, what it takes, variable', () => {
    const rows = [...page.matchAll(/^\| `(\S+)` \| `(\S+)` \| (.+) \| `(WAYMARK_\w+)` \|$/gm)]
    expect(rows.map(([, ...cells]) => cells)).toEqual(
      settingNames.map((setting) => {
        const { name, takes, variable } = keys[setting]
        return [name, JSON.stringify(standardSettings[setting]), takes, variable]
      }),
    )
  })

  it('says of every key what it does', () => {
    const told = [...page.matchAll(/^- `(\S+)`: /gm)].map(([, name]) => name)
    expect(told).toEqual(settingNames.map((setting) => keys[setting].name))
  })

  it('shows the defaults as the file has them', () => {
    const [shown = ''] = /(?<=^```json\n)[\s\S]*?(?=^```$)/m.exec(page) ?? []
    expect(JSON.parse(shown)).toEqual(settingsJson(standardSettings))
  })
})
