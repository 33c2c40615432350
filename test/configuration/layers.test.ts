/** Settings come from five layers; the higher goes before the lower, and each says where it stands. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { settingsJson } from '../../src/configuration/json.ts'
import { checkReserve, loadSettings } from '../../src/configuration/load.ts'
import { originText } from '../../src/configuration/origin.ts'
import {
  keys,
  type Settings,
  settingNames,
  shapes,
  standardSettings,
} from '../../src/configuration/settings.ts'
import { standardConfiguration } from '../../src/events/session.ts'
import { type Homes, makeHomes, refusal } from './support.ts'

describe('settings', () => {
  it('are the defaults where nobody said anything, in a home that is not there', async () => {
    const { settings, origins } = await makeHomes().load()
    expect(settings).toEqual(standardSettings)
    expect(new Set(Object.values(origins).map(({ layer }) => layer))).toEqual(new Set(['defaults']))
    expect(originText(origins.cacheEnabled)).toBeNull()
  })

  it('have defaults that they may have, under the names of the mission', () => {
    for (const setting of settingNames) {
      expect(shapes[setting].safeParse(standardSettings[setting]).success).toBe(true)
    }
    expect(settingsJson(standardSettings)).toEqual({
      session: {
        persistence_enabled: true,
        auto_checkpoint: true,
        checkpoint_interval_minutes: 10,
        session_timeout_minutes: 60,
        recovery_strategy: 'progressive_summarization',
        recovery_tasks: 'keep',
        context_budget: {
          monitoring_threshold_percent: 60,
          warning_threshold_percent: 75,
          emergency_threshold_percent: 85,
          reserve_tokens: null,
        },
        forking_enabled: true,
        max_parallel_sessions: 3,
        auto_load_history: true,
        context_preservation: 'critical_only',
        cache_enabled: true,
        handoff_minimum_tokens: 30_000,
        agents: {},
      },
    })
  })

  it('agree with what a session has that was not configured', () => {
    const shared = Object.entries(standardConfiguration).filter(([name]) => name in standardSettings)
    expect(standardSettings).toMatchObject(Object.fromEntries(shared))
    expect(shared.length).toBeGreaterThanOrEqual(3)
  })

  it('go by layer: defaults, home, project, environment, flags', async () => {
    const homes = makeHomes()
    const value = async (options = {}) => {
      const { settings, origins } = await homes.load(options)
      return [settings.maxParallelSessions, origins.maxParallelSessions]
    }
    expect(await value()).toEqual([3, { layer: 'defaults' }])
    const userFile = homes.write('user', '{"session":{"max_parallel_sessions":4}}')
    expect(await value()).toEqual([4, { layer: 'home', file: userFile, line: 1, column: 13 }])
    const file = homes.write('project', '{\n  "session": {\n    "max_parallel_sessions": 5\n  }\n}')
    expect(await value()).toEqual([5, { layer: 'project', file, line: 3, column: 5 }])
    const environment = { WAYMARK_MAX_PARALLEL_SESSIONS: '6' }
    expect(await value({ environment })).toEqual([
      6,
      { layer: 'environment', variable: 'WAYMARK_MAX_PARALLEL_SESSIONS' },
    ])
    const flags = ['max_parallel_sessions=7', 'max_parallel_sessions=8']
    expect(await value({ environment, flags })).toEqual([
      8,
      { layer: 'flags', flag: '--set max_parallel_sessions' },
    ])
  })

  it('mix layers key by key', async () => {
    const homes = makeHomes()
    homes.write('user', '{"session":{"auto_checkpoint":false,"context_budget":{"reserve_tokens":1}}}')
    homes.write('project', '{"session":{"context_budget":{"monitoring_threshold_percent":50.5}}}')
    const { settings, origins } = await homes.load({ flags: ['cache_enabled=false'] })
    expect(settings).toEqual({
      ...standardSettings,
      autoCheckpoint: false,
      reserveTokens: 1,
      monitoringThresholdPercent: 50.5,
      cacheEnabled: false,
    })
    expect(origins).toMatchObject({
      autoCheckpoint: { layer: 'home' },
      reserveTokens: { layer: 'home' },
      monitoringThresholdPercent: { layer: 'project' },
      cacheEnabled: { layer: 'flags' },
      warningThresholdPercent: { layer: 'defaults' },
    })
  })

  it("of the user's own home are read once, as those of the home", async () => {
    const homes = makeHomes()
    homes.write('user', '{"session":{"cache_enabled":false}}')
    const { origins } = await homes.load({ home: `${homes.user}/../.moai/` })
    expect(origins.cacheEnabled.layer).toBe('home')
  })

  it('come from the environment of this process unless another is given', async () => {
    const homes = makeHomes()
    process.env.WAYMARK_FORKING_ENABLED = 'false'
    try {
      const { settings } = await loadSettings({ home: homes.project, userHome: homes.user })
      expect(settings.forkingEnabled).toBe(false)
    } finally {
      delete process.env.WAYMARK_FORKING_ENABLED
    }
  })

  it('hear nothing from an empty variable', async () => {
    const { origins } = await makeHomes().load({ environment: { WAYMARK_CACHE_ENABLED: '' } })
    expect(origins.cacheEnabled).toEqual({ layer: 'defaults' })
  })
})

/** Two values of each setting, the second not the default. */
const twoOfEach: Readonly<Record<keyof Settings, readonly [unknown, unknown]>> = {
  persistenceEnabled: [true, false],
  autoCheckpoint: [true, false],
  checkpointIntervalMinutes: [10, 0.5],
  sessionTimeoutMinutes: [60, null],
  recoveryStrategy: ['progressive_summarization', 'full_context'],
  recoveryTasks: ['keep', 'block'],
  monitoringThresholdPercent: [60, 12.5],
  warningThresholdPercent: [75, 80],
  emergencyThresholdPercent: [85, 99.9],
  reserveTokens: [null, 55_000],
  forkingEnabled: [true, false],
  maxParallelSessions: [3, 1_000],
  autoLoadHistory: [true, false],
  contextPreservation: ['critical_only', 'all'],
  cacheEnabled: [true, false],
  handoffMinimumTokens: [30_000, 0],
  agents: [{}, { 'spec-builder': { hands_to: ['tester', 'writer'] }, tester: { hands_to: [] } }],
}

/** A value as it stands in a variable or a flag. */
function wordOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value)
}

describe.each(settingNames)('%s', (setting) => {
  const { name, variable } = keys[setting]

  it.each(twoOfEach[setting].map((value) => [value]))(
    'can be %j in a file, a variable and a flag',
    async (value) => {
      const homes = makeHomes()
      const file = homes.write('project', JSON.stringify(settingsJson({ [setting]: value })))
      const text = wordOf(value)
      const loaded = [
        await homes.load(),
        await homes.load({ home: homes.user, environment: { [variable]: text } }),
        await homes.load({ home: homes.user, flags: [`${name}=${text}`] }),
      ]
      for (const { settings } of loaded) expect(settings).toEqual({ ...standardSettings, [setting]: value })
      expect(loaded.map(({ origins }) => originText(origins[setting]))).toEqual([
        expect.stringContaining(`${file}:1:`),
        variable,
        `--set ${name}`,
      ])
    },
  )
})

describe('what a word may be', () => {
  it.each([
    ['auto_checkpoint', '1', 'it takes true or false'],
    ['auto_checkpoint', 'TRUE', 'it takes true or false'],
    ['auto_checkpoint', 'yes', 'it takes true or false'],
    ['auto_checkpoint', 'null', 'it takes true or false'],
    ['checkpoint_interval_minutes', '0', 'it takes a number above 0, at most 1440'],
    ['checkpoint_interval_minutes', '1441', 'it takes a number above 0, at most 1440'],
    ['checkpoint_interval_minutes', '1e999', 'it takes a number above 0, at most 1440'],
    ['checkpoint_interval_minutes', 'NaN', 'it takes a number above 0, at most 1440'],
    ['checkpoint_interval_minutes', ' 5', 'it takes a number above 0, at most 1440'],
    ['checkpoint_interval_minutes', '0x10', 'it takes a number above 0, at most 1440'],
    ['context_budget.reserve_tokens', '-1', 'it takes a whole number of tokens from 0, or null'],
    ['context_budget.reserve_tokens', '1.5', 'it takes a whole number of tokens from 0, or null'],
    [
      'context_budget.reserve_tokens',
      '9007199254740993',
      'it takes a whole number of tokens from 0, or null',
    ],
    ['context_budget.warning_threshold_percent', '100', 'it takes a number above 0 and below 100'],
    ['context_budget.warning_threshold_percent', 'Infinity', 'it takes a number above 0 and below 100'],
    ['max_parallel_sessions', '0', 'it takes a whole number from 1 to 1000'],
    ['max_parallel_sessions', '1001', 'it takes a whole number from 1 to 1000'],
    ['recovery_strategy', 'full', 'it takes "progressive_summarization" or "full_context"'],
    ['handoff_minimum_tokens', '-1', 'it takes a whole number of tokens from 0'],
    [
      'agents',
      '[]',
      'it takes an object of agents, each with those it hands to: {"spec-builder":{"hands_to":["tester"]}}',
    ],
    [
      'agents',
      '{"a":{}}',
      'it takes an object of agents, each with those it hands to: {"spec-builder":{"hands_to":["tester"]}}',
    ],
    [
      'agents',
      '{"a":',
      'it takes an object of agents, each with those it hands to: {"spec-builder":{"hands_to":["tester"]}}',
    ],
    ['context_preservation', 'none', 'it takes "critical_only" or "critical_and_supporting" or "all"'],
  ])('is checked: %s=%s', async (name, text, right) => {
    const homes = makeHomes()
    const setting = settingNames.find((candidate) => keys[candidate].name === name)
    const variable = setting === undefined ? '' : keys[setting].variable
    const told = `session.${name} is ${JSON.stringify(text)}`
    expect(await refusal(homes.load({ environment: { [variable]: text } }))).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: `${variable}: ${told}`,
      hint: right,
      details: { problems: [{ origin: { layer: 'environment', variable }, key: `session.${name}` }] },
    })
    expect(await refusal(homes.load({ flags: [`${name}=${text}`] }))).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: `--set ${name}: ${told}`,
      hint: right,
    })
  })

  it('is shown shortened', async () => {
    const error = await refusal(makeHomes().load({ flags: [`cache_enabled=${'x'.repeat(100_000)}`] }))
    expect(error.message).toBe(`--set cache_enabled: session.cache_enabled is "${'x'.repeat(60)}…"`)
  })
})

describe('a flag', () => {
  it.each([
    ['autoCheckpoint=true', 'autoCheckpoint', 'did you mean auto_checkpoint?'],
    ['session.auto_checkpoint=true', 'session.auto_checkpoint', 'did you mean auto_checkpoint?'],
    ['reserve_tokens=1', 'reserve_tokens', 'did you mean context_budget.reserve_tokens?'],
    ['__proto__=1', '__proto__', /^did you mean \w+/],
    ['constructor.prototype=1', 'constructor.prototype', /^did you mean \w+/],
    ['=1', '', /^did you mean \w+/],
  ])('%s names no key', async (flag, name, hint) => {
    const error = await refusal(makeHomes().load({ flags: [flag] }))
    expect(error).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: `--set ${name}: unknown key session.${name}`,
    })
    expect(error.hint).toMatch(hint)
  })

  it('names the keys of an object that is none itself', async () => {
    const error = await refusal(makeHomes().load({ flags: ['context_budget={}'] }))
    expect(error.hint?.match(/context_budget\.\w+/g)).toHaveLength(4)
  })

  it('needs a value', async () => {
    expect(await refusal(makeHomes().load({ flags: ['cache_enabled'] }))).toMatchObject({
      message: '--set cache_enabled: has no value',
      hint: 'write cache_enabled=<value>',
    })
  })

  it('of which there are a hundred thousand wrong ones is answered shortly', async () => {
    const flags = Array.from({ length: 100_000 }, (_, index) => `key${index}=1`)
    const error = await refusal(makeHomes().load({ flags }))
    expect(error.message.split('\n')).toHaveLength(10)
  })
})

describe('values that do not fit together', () => {
  it('are refused, with the layers they come from', async () => {
    const homes = makeHomes()
    const file = homes.write('user', '{"session":{"context_budget":{"warning_threshold_percent":90}}}')
    expect(await refusal(homes.load())).toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message:
        `session.context_budget.warning_threshold_percent 90 (home, ${file}:1:31) is not below ` +
        'session.context_budget.emergency_threshold_percent 85 (defaults)',
      hint: 'thresholds rise: monitoring below warning below emergency',
    })
    const environment = { WAYMARK_EMERGENCY_THRESHOLD_PERCENT: '90' }
    expect((await refusal(homes.load({ environment }))).message).toContain(
      '90 (environment, WAYMARK_EMERGENCY_THRESHOLD_PERCENT)',
    )
    const flags = ['context_budget.emergency_threshold_percent=90.5']
    expect((await homes.load({ environment, flags })).settings.warningThresholdPercent).toBe(90)
  })

  it('may be mended by a higher layer', async () => {
    const homes = makeHomes()
    homes.write('user', '{"session":{"context_budget":{"monitoring_threshold_percent":80}}}')
    homes.write('project', '{"session":{"context_budget":{"monitoring_threshold_percent":40}}}')
    expect((await homes.load()).settings.monitoringThresholdPercent).toBe(40)
  })

  it('are told all at once', async () => {
    const flags = ['monitoring', 'warning', 'emergency'].map(
      (phase, index) => `context_budget.${phase}_threshold_percent=${30 - index}`,
    )
    expect((await refusal(makeHomes().load({ flags }))).message.split('\n')).toHaveLength(2)
  })
})

describe('the reserve', () => {
  const check = async (homes: Homes, windowTokens: number) => {
    checkReserve(await homes.load(), windowTokens)
  }

  it.each([
    ['null', 1],
    ['0', 200_000],
    ['55000', 200_000],
    ['199999', 200_000],
  ])('%s fits into a window of %d', async (reserve, windowTokens) => {
    const homes = makeHomes()
    homes.write('project', `{"session":{"context_budget":{"reserve_tokens":${reserve}}}}`)
    await check(homes, windowTokens)
  })

  it.each([200_000, 300_000])(
    '%d leaves nothing of a window of 200,000: its place is told',
    async (reserve) => {
      const homes = makeHomes()
      const file = homes.write('project', `{"session":{"context_budget":{\n"reserve_tokens":${reserve}}}}`)
      const error = await refusal(check(homes, 200_000))
      expect(error).toMatchObject({
        code: 'CONFIGURATION_INVALID',
        message: `session.context_budget.reserve_tokens ${reserve} (project, ${file}:2:1) leaves nothing of a window of 200000 tokens`,
      })
      expect(error.hint).toContain('less than 200000')
    },
  )
})

const agentNameArbitrary = fc.oneof(
  fc.constantFrom('tester', 'spec-builder', 'a.b', 'constructor', 'hands_to'),
  fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((name) => name !== '__proto__'),
)

/** Settings that fit together. */
const settingsArbitrary: fc.Arbitrary<Settings> = fc
  .record({
    persistenceEnabled: fc.boolean(),
    autoCheckpoint: fc.boolean(),
    checkpointIntervalMinutes: fc.double({ min: 0.01, max: 1_440, noNaN: true }),
    sessionTimeoutMinutes: fc.option(fc.double({ min: 0.01, max: 10_080, noNaN: true })),
    recoveryStrategy: fc.constantFrom('progressive_summarization', 'full_context'),
    recoveryTasks: fc.constantFrom('keep', 'block', 'retry'),
    thresholds: fc
      .uniqueArray(fc.double({ min: 0.01, max: 99.99, noNaN: true }), { minLength: 3, maxLength: 3 })
      .map((percents) => percents.sort((a, b) => a - b)),
    reserveTokens: fc.option(fc.nat(1_000_000)),
    forkingEnabled: fc.boolean(),
    maxParallelSessions: fc.integer({ min: 1, max: 1_000 }),
    autoLoadHistory: fc.boolean(),
    contextPreservation: fc.constantFrom('critical_only', 'critical_and_supporting', 'all'),
    cacheEnabled: fc.boolean(),
    handoffMinimumTokens: fc.nat(1_000_000),
    agents: fc.dictionary(
      agentNameArbitrary,
      fc.record({ hands_to: fc.array(agentNameArbitrary, { maxLength: 3 }) }, { noNullPrototype: true }),
      { maxKeys: 4, noNullPrototype: true },
    ),
  })
  .map(({ thresholds: [monitoring = 1, warning = 2, emergency = 3], ...rest }) => ({
    ...rest,
    monitoringThresholdPercent: monitoring,
    warningThresholdPercent: warning,
    emergencyThresholdPercent: emergency,
  }))

describe('any settings', () => {
  it('law: what is written as JSON, as variables or as flags is loaded as it was', async () => {
    const homes = makeHomes()
    const same = fc.asyncProperty(settingsArbitrary, fc.nat(4), async (settings, indent) => {
      homes.write('project', JSON.stringify(settingsJson(settings), null, indent))
      expect((await homes.load()).settings).toEqual(settings)
      const elsewhere = { home: homes.user }
      const words = settingNames.map((setting) => [keys[setting], wordOf(settings[setting])] as const)
      const environment = Object.fromEntries(words.map(([{ variable }, text]) => [variable, text]))
      expect((await homes.load({ ...elsewhere, environment })).settings).toEqual(settings)
      const flags = words.map(([{ name }, text]) => `${name}=${text}`)
      expect((await homes.load({ ...elsewhere, flags })).settings).toEqual(settings)
    })
    await fc.assert(same, { numRuns: 60 })
  })
})
