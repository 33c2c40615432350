/**
 * The file of settings is shared with other tools, and edited by hand.
 *
 * Goal: what is wrong in the section `session` is refused with its place, and nothing else in the file is judged. Method: a
 * table of wrong files; hostile files; laws over random sections, in whose files the places are looked up again.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { notJson, sectionEntries } from '../../src/configuration/document.ts'
import { standardSettings } from '../../src/configuration/settings.ts'
import { limits } from '../../src/kernel/limits.ts'
import { type Homes, makeHomes, refusal } from './support.ts'

const session = (...lines: string[]) => ['{', '  "session": {', ...lines, '  }', '}'].join('\n')

async function refused(text: string | Uint8Array) {
  const homes = makeHomes()
  const file = homes.write('project', text)
  const { code, message, hint, details } = await refusal(homes.load())
  expect(code).toBe('CONFIGURATION_INVALID')
  expect(message).toContain(file)
  return { message: message.replaceAll(file, 'FILE'), hint, details }
}

describe('what the section may not be', () => {
  const wrong: readonly [string, string, string, string][] = [
    [
      'an unknown key',
      session('    "auto_checkpont": true'),
      'FILE:3:5: unknown key session.auto_checkpont',
      'did you mean auto_checkpoint',
    ],
    [
      'a key in the wrong place',
      session('    "cache_enabled": true,', '    "warning_threshold_percent": 70'),
      'FILE:4:5: unknown key session.warning_threshold_percent',
      'did you mean context_budget.warning_threshold_percent?',
    ],
    [
      'a key in camel case',
      session('    "maxParallelSessions": 2'),
      'FILE:3:5: unknown key session.maxParallelSessions',
      'did you mean max_parallel_sessions?',
    ],
    [
      'a key with a dot for an object',
      session('    "context_budget.reserve_tokens": 2'),
      'FILE:3:5: unknown key session.context_budget.reserve_tokens',
      'did you mean context_budget.reserve_tokens?',
    ],
    [
      'an unknown key further in',
      session('    "context_budget": {', '      "reserve": 1', '    }'),
      'FILE:4:7: unknown key session.context_budget.reserve',
      'context_budget.reserve_tokens',
    ],
    [
      'an object under an unknown key, told once',
      session('    "budget": { "reserve_tokens": 1, "x": { "y": [1] } }'),
      'FILE:3:5: unknown key session.budget',
      'did you mean',
    ],
    [
      'a key without a name',
      session('    "": { "reserve_tokens": 1 }'),
      'FILE:3:5: unknown key session.',
      'did you mean',
    ],
    [
      '__proto__',
      session('    "__proto__": { "cache_enabled": false }'),
      'FILE:3:5: unknown key session.__proto__',
      'did you mean',
    ],
    [
      '__proto__ further in',
      session('    "context_budget": { "__proto__": 1 }'),
      'FILE:3:25: unknown key session.context_budget.__proto__',
      'did you mean',
    ],
    [
      'a text for a switch',
      session('    "auto_checkpoint": "yes"'),
      'FILE:3:24: session.auto_checkpoint is "yes"',
      'it takes true or false',
    ],
    [
      'null for a switch',
      session('    "auto_checkpoint": null'),
      'FILE:3:24: session.auto_checkpoint is null',
      'true',
    ],
    [
      'an object for a switch, told once',
      session('    "auto_checkpoint": {', '      "enabled": true }'),
      'FILE:3:24: session.auto_checkpoint is an object',
      'it takes true or false',
    ],
    [
      'a list for a number',
      session('    "max_parallel_sessions": [3, {"x": 1}]'),
      'FILE:3:30: session.max_parallel_sessions is a list',
      'it takes a whole number from 1 to 1000',
    ],
    [
      'a number too high',
      session('    "checkpoint_interval_minutes": 1e999'),
      'FILE:3:36: session.checkpoint_interval_minutes is 1e999',
      'it takes a number above 0, at most 1440',
    ],
    [
      'a text for a number',
      session('    "checkpoint_interval_minutes": "NaN"'),
      'FILE:3:36: session.checkpoint_interval_minutes is "NaN"',
      'it takes a number above 0, at most 1440',
    ],
    [
      'a word that is none',
      session('    "recovery_strategy": "FULL_CONTEXT"'),
      'FILE:3:26: session.recovery_strategy is "FULL_CONTEXT"',
      'it takes "progressive_summarization" or "full_context"',
    ],
    [
      'a word that has no end',
      session(`    "recovery_strategy": "${'x'.repeat(10_000)}"`),
      `FILE:3:26: session.recovery_strategy is "${'x'.repeat(59)}…`,
      'it takes',
    ],
    ['a list of settings', '{\n"session": []}', 'FILE:2:12: session is a list', 'it takes an object'],
    ['null', '{\n"session": null}', 'FILE:2:12: session is null', 'it takes an object'],
    [
      'a number for an object',
      session('    "context_budget": 75'),
      'FILE:3:23: session.context_budget is 75',
      'it takes an object',
    ],
    [
      'a key told twice',
      session('    "cache_enabled": true,', '    "forking_enabled": true,', '    "cache_enabled": true'),
      'FILE:5:5: session.cache_enabled is there twice, first in line 3',
      'keep one of them',
    ],
    [
      'a key told twice in other letters',
      session('    "cache_enabled": true,', '    "cache\\u005fenabled": false'),
      'FILE:4:5: session.cache_enabled is there twice, first in line 3',
      'keep one of them',
    ],
    [
      'told twice as a whole',
      '{\n  "session": {},\n  "session": {}\n}',
      'FILE:3:3: session is there twice, first in line 2',
      'keep one of them',
    ],
  ]
  it.each(wrong)('%s', async (_, text, message, hint) => {
    const error = await refused(text)
    expect(error.message).toBe(message)
    expect(error.hint).toContain(hint)
  })

  it('is told all at once, in the order of the file, each with what would be right', async () => {
    const { message, hint, details } = await refused(
      session('    "cache_enabled": 1,', '    "forking": true,', '    "context_budget": 5'),
    )
    expect(message.split('\n')).toEqual([
      'FILE:3:22: session.cache_enabled is 1; it takes true or false',
      expect.stringMatching(/^FILE:4:5: unknown key session\.forking; did you mean .*forking_enabled/),
      'FILE:5:23: session.context_budget is 5; it takes an object',
    ])
    expect(hint).toContain('docs/configuration.md')
    expect(details.problems).toMatchObject([
      { key: 'session.cache_enabled', origin: { layer: 'project', line: 3, column: 22 } },
      { key: 'session.forking', origin: { layer: 'project', line: 4, column: 5 } },
      { key: 'session.context_budget', origin: { layer: 'project', line: 5, column: 23 } },
    ])
  })

  it.each([
    [
      '{"a":{"hands_to":["b"]},"a":{"hands_to":[]}}',
      /^FILE:3:39: session\.agents\.a is there twice, first in line 3; keep/,
    ],
    ['{"a":{"hands_to":["b"],"hands_to":[]}}', /^FILE:3:38: session\.agents\.a\.hands_to is there twice/],
    ['{"a":{"hands_to":"b"}}', /^FILE:3:15: session\.agents\.a\.hands_to: .*expected array/],
    ['{"a":{"hands_to":[""]}}', /^FILE:3:15: session\.agents\.a\.hands_to\.0: /],
    ['{"a":{"hands":["b"]}}', /^FILE:3:15: session\.agents\.a(\.hands_to)?: /],
    ['{"a":{"hands_to":[],"more":1}}', /^FILE:3:15: session\.agents\.a: .*more/],
    ['{"":{"hands_to":[]}}', /^FILE:3:15: session\.agents\./],
    ['["a"]', /^FILE:3:15: session\.agents is a list$/],
    ['"a"', /^FILE:3:15: session\.agents is "a"$/],
  ])('a registry of agents that is none: %s', async (registry, told) => {
    const { message, hint } = await refused(session(`    "agents": ${registry}`))
    expect(message).toMatch(told)
    if (!message.includes('twice')) expect(hint).toContain('it takes an object of agents')
  })

  it('is told of every layer', async () => {
    const homes = makeHomes()
    const user = homes.write('user', '{"session":{"x":1}}')
    const project = homes.write('project', '{"session":')
    const error = await refusal(homes.load({ environment: { WAYMARK_CACHE_ENABLED: 'on' }, flags: ['y=1'] }))
    expect(error.message.split('\n').map((line) => line.split(': ')[0])).toEqual([
      `${user}:1:13`,
      `${project}:1:12`,
      'WAYMARK_CACHE_ENABLED',
      '--set y',
    ])
  })
})

describe('a file that is no JSON', () => {
  it.each<[string, string | Uint8Array, string, string]>([
    ['nothing', '', 'FILE:1:1: is empty', 'put {} into it'],
    ['blanks', ' \n\t\n', 'FILE:1:1: is empty', 'put {} into it'],
    ['cut off', '{\n  "session": {\n', 'FILE:3:1: is not JSON: a } is missing', 'correct it'],
    [
      'a comma too many',
      '{\n  "session": {},\n}',
      'FILE:3:1: is not JSON: a key in double quotes should follow; a comma after the last entry is not allowed',
      'correct it',
    ],
    [
      'a comma too few',
      '{\r\n  "a": 1\r\n  "session": {}\r\n}',
      'FILE:3:3: is not JSON: a comma should stand between two entries',
      'correct it',
    ],
    ['a comment', '{\n  // none\n}', 'FILE:2:3: is not JSON: JSON has no comments', 'correct it'],
    [
      'NaN',
      '{"session":{"checkpoint_interval_minutes":NaN}}',
      'FILE:1:43: is not JSON: a word or sign that JSON does not have',
      'correct it',
    ],
    [
      'single quotes',
      "{'session':{}}",
      'FILE:1:2: is not JSON: a word or sign that JSON does not have',
      'correct it',
    ],
    [
      'a NUL in a text',
      '{"a":\n"x\u0000"}',
      'FILE:2:1: is not JSON: a text holds a control character',
      'correct it',
    ],
    [
      'a line end in a text',
      '{"a":"x\ny"}',
      'FILE:1:6: is not JSON: a text does not end on its line',
      'correct it',
    ],
    [
      'NULs alone',
      '\0'.repeat(4_096),
      'FILE:1:1: is not JSON: a word or sign that JSON does not have',
      'correct it',
    ],
    ['two documents', '{}\n{}', 'FILE:2:1: is not JSON: something follows after the end', 'correct it'],
    ['a list', ' [{"session":{}}]', 'FILE:1:1: is no object', 'takes an object'],
    ['null', 'null', 'FILE:1:1: is no object', 'takes an object'],
    ['a byte order mark', '\ufeff{}', 'FILE:1:1: begins with a byte order mark', 'without'],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'FILE:1:1: is not UTF-8', 'save it as UTF-8'],
    [
      'Latin-1',
      Buffer.from('{\n "a": "caf\u00e9" }', 'latin1'),
      'FILE:2:11: is not UTF-8',
      'save it as UTF-8',
    ],
  ])('%s', async (_, text, message, hint) => {
    const error = await refused(text)
    expect(error.message).toBe(message)
    expect(error.hint).toContain(hint)
  })

  it('nested without end says so', async () => {
    expect((await refused('['.repeat(500_000))).message).toMatch(
      /^FILE: is not JSON: it is nested too deeply/,
    )
  })
})

describe('something else in the place of the file', () => {
  const standIn = (homes: Homes) => {
    const file = homes.write('project', '')
    rmSync(file)
    return file
  }

  it.each<[string, (file: string) => void, RegExp]>([
    ['a folder', (file) => mkdirSync(file), /: is a folder$/],
    [
      'a pipe that nobody writes to',
      (file) => execFileSync('sh', ['-c', 'mkfifo "$0"', file]),
      /: is not a file$/,
    ],
    ['a device without end', (file) => symlinkSync('/dev/zero', file), /: is not a file$/],
    ['a link to itself', (file) => symlinkSync(file, file), /: cannot be read: ELOOP/],
  ])('%s', async (_, put, message) => {
    const homes = makeHomes()
    const file = standIn(homes)
    put(file)
    const error = await refusal(homes.load())
    expect(error.code).toBe('CONFIGURATION_INVALID')
    expect(error.message).toContain(file)
    expect(error.message).toMatch(message)
    expect(error.hint).not.toBeNull()
  })

  it('50 MB are refused by their size, unread', async () => {
    const homes = makeHomes()
    truncateSync(homes.write('project', '{}'), 50_000_000)
    const error = await refusal(homes.load())
    expect(error.message).toMatch(/has 50000000 bytes; at most 1048576 are read$/)
  })

  it('a file just small enough is read', async () => {
    const homes = makeHomes()
    const text = '{"session":{"cache_enabled":false},"other":""}'
    homes.write('project', text.replace('""', `"${'x'.repeat(limits.configurationBytesMax - text.length)}"`))
    expect((await homes.load()).settings.cacheEnabled).toBe(false)
    homes.write(
      'project',
      text.replace('""', `"${'x'.repeat(limits.configurationBytesMax - text.length + 1)}"`),
    )
    expect((await refusal(homes.load())).message).toContain('bytes; at most')
  })

  it('a dangling link, or a file for a folder on the way, is no file', async () => {
    const homes = makeHomes()
    const file = standIn(homes)
    symlinkSync('/nowhere/at/all.json', file)
    expect((await homes.load()).settings).toEqual(standardSettings)
    rmSync(dirname(file), { recursive: true })
    writeFileSync(dirname(file), '')
    expect((await homes.load()).settings).toEqual(standardSettings)
  })

  // Who is root may read everything.
  it.skipIf(process.getuid?.() === 0)('a file that may not be read', async () => {
    const homes = makeHomes()
    chmodSync(homes.write('project', '{}'), 0)
    expect((await refusal(homes.load())).message).toMatch(/: cannot be read: EACCES/)
  })
})

const keyArbitrary = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', 'Session', 'session ', '$schema', 'context_budget'),
)
/** The members of an object that belong to other tools, as text: keys may be told twice. */
const othersArbitrary = fc
  .array(fc.tuple(keyArbitrary, fc.json({ maxDepth: 4 })), { maxLength: 6 })
  .map((members) =>
    members.filter(([key]) => key !== 'session').map(([key, json]) => `${JSON.stringify(key)}: ${json}`),
  )

describe('sections of other tools', () => {
  const sections = [
    '{}',
    '{"cache_enabled":false}',
    '{"context_budget":{"reserve_tokens":7}}',
    '{"cache_enabled":1}',
    '{"nothing":{}}',
    '{"cache_enabled":true,"cache_enabled":true}',
    'null',
  ]

  /** What comes of a file: the settings, or what is said, without places. */
  async function outcome(homes: Homes, text: string): Promise<unknown> {
    homes.write('project', text)
    try {
      return (await homes.load()).settings
    } catch {
      const { details } = await refusal(homes.load())
      return JSON.stringify(details.problems, (key, value) => (key === 'origin' ? undefined : value)).replace(
        /in line \d+/g,
        'in line N',
      )
    }
  }

  it('law: any JSON in them leaves the outcome as it is', async () => {
    const homes = makeHomes()
    const alone = new Map<string, unknown>()
    for (const section of sections) alone.set(section, await outcome(homes, `{"session":${section}}`))
    expect(new Set(alone.values()).size).toBe(sections.length)
    const unjudged = fc.asyncProperty(
      fc.constantFrom(...sections),
      othersArbitrary,
      othersArbitrary,
      async (section, before, after) => {
        const text = `{${[...before, `"session": ${section}`, ...after].join(',\n')}}`
        expect(await outcome(homes, text)).toEqual(alone.get(section))
      },
    )
    await fc.assert(unjudged, { numRuns: 150 })
  })

  it('may be there without ours', async () => {
    const homes = makeHomes()
    const none = fc.asyncProperty(othersArbitrary, async (others) => {
      expect(await outcome(homes, `{${others.join(',')}}`)).toEqual(standardSettings)
    })
    await fc.assert(none, { numRuns: 50 })
  })

  it('are made up with keys told twice, odd names and objects within objects', () => {
    const samples = fc.sample(othersArbitrary, { numRuns: 300, seed: 1 }).flat()
    expect(samples.some((member) => member.includes('"__proto__"'))).toBe(true)
    expect(samples.some((member) => /: *\{.*\{/s.test(member))).toBe(true)
    expect(samples.length).toBeGreaterThan(300)
  })

  it('may go as deep as they like, and hold a "session" of their own', async () => {
    const homes = makeHomes()
    const deep = 400_000
    const section = '"session":{"cache_enabled":false}'
    homes.write('project', `{"deep":${'['.repeat(deep)}${']'.repeat(deep)},${section}}`)
    expect((await homes.load()).settings.cacheEnabled).toBe(false)
    const deepObjects = `${'{"session":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    homes.write('project', `{"other":${deepObjects},"list":[{${section}}],${section}}`)
    expect((await homes.load()).settings.cacheEnabled).toBe(false)
  })

  it('nested that deep in our section is one problem', async () => {
    const deep = '['.repeat(400_000) + ']'.repeat(400_000)
    expect((await refused(`{"session":{"cache_enabled":${deep}}}`)).message).toBe(
      'FILE:1:29: session.cache_enabled is a list',
    )
  })

  it('a hundred thousand unknown keys are answered shortly', async () => {
    const keys = Array.from({ length: 80_000 }, (_, index) => `"k${index}":1`)
    const { message } = await refused(`{"session":{${keys.join()}}}`)
    expect(message.split('\n')).toHaveLength(limits.configurationProblemsMax)
  })
})

describe('the section as read', () => {
  const valueArbitrary = fc.jsonValue({ maxDepth: 1 })
  const sectionArbitrary = fc.dictionary(
    fc.string({ maxLength: 8 }),
    fc.oneof(valueArbitrary, fc.dictionary(fc.string({ maxLength: 8 }), valueArbitrary, { maxKeys: 4 })),
    { maxKeys: 6 },
  )

  it('law: has the values that JSON.parse finds, each at its place', () => {
    const same = fc.property(sectionArbitrary, fc.nat(4), (section, indent) => {
      const text = JSON.stringify({ before: [{ session: 1 }], session: section }, null, indent)
      const lines = text.split('\n')
      const parsed: unknown = JSON.parse(text)
      for (const { path, place, valuePlace, kind, value } of sectionEntries(text)) {
        const found = path.reduce<unknown>(
          (inside, name) => Object.getOwnPropertyDescriptor(inside, name)?.value,
          parsed,
        )
        expect(kind).toBe(
          Array.isArray(found) ? 'list' : found !== null && typeof found === 'object' ? 'object' : 'scalar',
        )
        if (kind === 'scalar') expect(value).toEqual(found)
        const from = ({ line, column }: typeof place) => lines[line - 1]?.slice(column - 1) ?? ''
        expect(from(place).startsWith(JSON.stringify(path.at(-1)))).toBe(true)
        expect(from(valuePlace).startsWith((JSON.stringify(found) ?? '').slice(0, 1))).toBe(true)
      }
      const keys = sectionEntries(text).filter(({ path }) => path.length === 2)
      expect(keys.map(({ path }) => path[1])).toEqual(Object.keys(section))
    })
    fc.assert(same, { numRuns: 300 })
  })

  it('law: a text that is no JSON has a place, whatever was done to it', () => {
    const sound = '{\n  "a": [1, -2.5e3, "\\u00e9\\n"],\n  "session": {"cache_enabled": true, "b": null}\n}'
    let broken = 0
    const placed = fc.property(
      fc.nat(sound.length),
      fc.nat(3),
      fc.oneof(fc.string({ maxLength: 2 }), fc.constantFrom(',', '"', '\n', '}', ']', '0', '\\', '/*', '\0')),
      (at, removed, inserted) => {
        const text = sound.slice(0, at) + inserted + sound.slice(at + removed)
        const fault = notJson(text)
        if (fault === null) return
        broken += 1
        const lines = text.split(/\r\n|\r|\n/)
        expect(fault.place?.line).toBeLessThanOrEqual(lines.length)
        expect(fault.what).not.toBe('it is not JSON')
      },
    )
    fc.assert(placed, { numRuns: 2_000 })
    expect(broken).toBeGreaterThan(500)
  })
})
