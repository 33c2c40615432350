/**
 * Goal: the layers of a session are filled from its transcript where that says it, and by nothing else. Method: one
 * transcript of each format that says all of it, and random listings written through the decider.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { isOfFamily, titleOfPlan, toolsByServer } from '../../src/import/items.ts'
import type { Intent, Step } from '../../src/import/step.ts'
import { writeSteps } from '../../src/import/writer.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { eventsOf } from '../support/events.ts'
import { dataOf, environment, fixture, imported, statesOf, temporaryFolder, textOf } from './support.ts'

const claudeFile = fixture('claude-code/20-layers.jsonl')
const codexFile = fixture('codex/rollout-2026-03-02T09-25-00-019caddd-7de0-7000-8000-000000000005.jsonl')

/** Tags without the hash of their text. */
function families(state: ReadonlyState): readonly string[] {
  return Object.values(state.context.items).map(
    ({ tag, tier, category }) => `${tag.replace(/-[0-9a-f]{8}$/, '')} ${tier} ${category}`,
  )
}

describe('a Claude Code transcript', () => {
  it('says what calls work on, and which of them change a file', async () => {
    const { log, top } = await imported([claudeFile])
    const calls = await dataOf(log, top.sessionId, 'tool.called')
    expect(calls.map(({ name, target, writes }) => [name, target, writes])).toEqual([
      ['AskUserQuestion', undefined, undefined],
      ['Write', '/srv/bakery/rye.md', true],
      ['NotebookEdit', '/srv/bakery/loaves.ipynb', true],
      ['Bash', 'ls -la ovens', undefined],
      ['Grep', 'rye', undefined],
      ['Agent', 'Taste the rye', undefined],
      ['mcp__oven__set_heat', undefined, undefined],
      ['mcp__claude_ai_Flour__order', 'rye, two sacks', undefined],
      ['ExitPlanMode', undefined, undefined],
    ])
    expect(top.talk.files.map(({ path }) => path)).toEqual(['/srv/bakery/rye.md', '/srv/bakery/loaves.ipynb'])
  })

  it('says what the user decided: answers, and rules said with a refusal; a question is none', async () => {
    const { top } = await imported([claudeFile])
    expect(top.knowledge.decisions.map(({ text, reason }) => `${text} (${reason})`)).toEqual([
      'Which flour? → Rye (whole grain) (the user answered)',
      'Which days? → Monday, Friday (the user answered)',
      'Never heat the north oven above 220 degrees. (the user said so when refusing a tool)',
    ])
  })

  it('says what is aimed at: accepted plans, and a goal until it is met', async () => {
    const { log, top } = await imported([claudeFile])
    const changes = await dataOf(log, top.sessionId, 'focus.changed')
    expect(changes.map(({ objectives }) => objectives)).toEqual([
      ['Rye before wheat'],
      ['Forty rye loaves are sold'],
      [],
      ['Sell the last ten'],
    ])
    const plans = Object.values(top.context.items).filter(({ tag }) => tag.startsWith('@PLAN-'))
    expect(plans.map(({ tier, category, title }) => [tier, category, title])).toEqual([
      ['supporting', 'conversation.references', 'Rye before wheat'],
      ['critical', 'conversation.references', 'Sell the last ten'],
    ])
    expect(await textOf(log, plans[0]?.content ?? undefined)).toMatch(/^# Plan\n\n## Rye before wheat\n/)
    expect(await textOf(log, plans[1]?.content ?? undefined)).toBe('# Plan: Sell the last ten\n\nBy hand.')
  })

  it('says which project it is about: the first folder, by its name', async () => {
    const { top } = await imported([claudeFile])
    expect(top.knowledge.project).toEqual({ name: 'bakery', root: '/srv/bakery' })
  })

  it('says which tools are at hand, and which MCP servers bring them; one that lost its tools is off', async () => {
    const { log, top } = await imported([claudeFile])
    const { tools, servers } = top.knowledge
    expect(tools).toEqual(['Monitor', 'Timer', 'WebFetch'])
    expect(
      Object.values(servers).map(({ name, tools: own, enabled, calls }) => [name, own, enabled, calls]),
    ).toEqual([
      ['claude_ai_Flour', ['order'], true, 1],
      ['oven', [], false, 1],
    ])
    const described = await dataOf(log, top.sessionId, 'server.described')
    expect(described.filter(({ server }) => server === 'oven').map(({ tools: own }) => own)).toEqual([
      ['open_door', 'set_heat'],
      [],
    ])
  })

  it('says what lies in the window; what was listed anew after a compaction replaces what was there', async () => {
    const { log, top } = await imported([claudeFile])
    expect([...families(top)].sort()).toEqual([
      '@AGENT-LIST supporting reference.tools',
      '@MCP-claude_ai_Flour supporting system.instructions',
      '@MCP-oven supporting system.instructions',
      '@PLAN critical conversation.references',
      '@PLAN supporting conversation.references',
      '@RULES-382d98 critical system.instructions',
      '@RULES-382d98 supporting system.instructions',
      '@RULES-614b83 critical system.instructions',
      '@SKILL-LIST supporting reference.skills',
      '@SKILL-TEXT-kneading supporting reference.skills',
      '@TOOL-LIST supporting reference.tools',
      '@TOOL-LIST-claude_ai_Flour supporting reference.tools',
    ])
    const tools = Object.values(top.context.items).find(({ tag }) => /^@TOOL-LIST-[0-9a-f]{8}$/.test(tag))
    expect(await textOf(log, tools?.content ?? undefined)).toBe('Monitor\nTimer\nWebFetch')
    const discarded = await dataOf(log, top.sessionId, 'context.discarded')
    expect(discarded.map(({ tags, reason }) => [tags.length, reason])).toEqual([
      [3, 'the source listed it anew'],
    ])
    expect(Object.values(top.context.items).every(({ tokens, estimated }) => tokens > 0 && estimated)).toBe(
      true,
    )
  })

  it('says nothing of plans and questions that were refused or left unanswered', async () => {
    const { top } = await imported([fixture('claude-code/17-refusals-and-ends.jsonl')])
    expect(top.knowledge.decisions).toEqual([])
    expect(top.knowledge.focus.objectives).toEqual([])
    expect(top.context.items).toEqual({})
  })

  it('takes a plan whose acceptance looked like a rejection from the prompt that implements it', async () => {
    const { top } = await imported([fixture('claude-code/19-accepted-plan.jsonl')])
    expect(top.knowledge.focus.objectives).toEqual(['Sell it cheap.'])
    expect(families(top)).toEqual(['@PLAN critical conversation.references'])
  })

  it('is not moved by listings that hold anything', async () => {
    const anything = fc.oneof(
      fc.string(),
      fc.array(fc.oneof(fc.string(), fc.integer())),
      fc.object(),
      fc.boolean(),
    )
    const type = fc.constantFrom(
      'deferred_tools_delta',
      'mcp_instructions_delta',
      'skill_listing',
      'agent_listing_delta',
      'invoked_skills',
      'nested_memory',
      'file',
      'goal_status',
    )
    const attachment = fc.record(
      {
        type,
        addedNames: fc.oneof(anything, fc.array(fc.constantFrom('mcp__a__b', 'mcp__._x__y', '', ' ', 'C'))),
        addedLines: anything,
        addedBlocks: anything,
        removedNames: anything,
        content: fc.oneof(anything, fc.record({ content: fc.string() })),
        skills: fc.oneof(anything, fc.array(fc.record({ name: fc.string(), content: fc.string() }))),
        path: anything,
        filename: fc.constantFrom('/a/CLAUDE.md', 'AGENTS.md', '/a/b.md'),
        condition: anything,
        met: anything,
        isInitial: anything,
      },
      { requiredKeys: ['type'] },
    )
    const path = join(temporaryFolder(), '10000000-0000-4000-8000-000000000016.jsonl')
    await fc.assert(
      fc.asyncProperty(fc.array(attachment, { maxLength: 12 }), async (attachments) => {
        const entries = [
          { type: 'user', message: { role: 'user', content: 'Bake.' } },
          ...attachments.map((content) => ({ type: 'attachment', attachment: content })),
        ].map((entry, index) => ({
          ...entry,
          uuid: `00000017-0000-4000-8000-${String(index).padStart(12, '0')}`,
          sessionId: '10000000-0000-4000-8000-000000000016',
          timestamp: '2026-03-02T09:00:00.000Z',
        }))
        writeFileSync(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
        const { result, log } = await imported([path])
        expect(result.files[0]).toMatchObject({ refused: 0, damagedCount: 0 })
        expect((await imported([path], log)).result.appended).toBe(0)
      }),
      { numRuns: 60 },
    )
  })
})

describe('a Codex rollout', () => {
  it('says what calls work on, and which files a patch changes', async () => {
    const { log, top } = await imported([codexFile])
    const calls = await dataOf(log, top.sessionId, 'tool.called')
    expect(calls.map(({ name, target, writes }) => [name, target, writes])).toEqual([
      ['exec_command', 'rg -n rye', undefined],
      ['shell', 'sed -n 1,5p rye.md', undefined],
      ['apply_patch', 'prices.md, menus/rye week.md, old.md', true],
      ['shell', 'hours.md', true],
      ['exec', 'till.md', true],
      ['spawn_agent', 'Count the sacks.', undefined],
      ['web_search', 'price of rye', undefined],
      ['wait_agent', undefined, undefined],
    ])
  })

  it('says what is permitted and what surrounds it, once and when it changes', async () => {
    const { log, top } = await imported([codexFile])
    const { permissions, environment: surroundings, project, tools } = top.knowledge
    expect(permissions).toEqual({
      approval: 'on-request',
      sandbox: 'danger-full-access',
      network: 'restricted',
    })
    expect(surroundings).toEqual({
      shell: 'zsh',
      timezone: 'Europe/Berlin',
      effort: 'medium',
      summary: 'auto',
      personality: 'friendly',
      collaboration: 'default',
    })
    expect(project).toEqual({ name: 'bakery', root: '/srv/bakery' })
    expect(tools).toEqual(['ring_bell', 'open_till', 'close_till'])
    const described = await dataOf(log, top.sessionId, 'system.described')
    expect(described.at(-1)).toEqual({ permissions: { sandbox: 'danger-full-access' } })
  })

  it('says what was put into the window; newer rules of a folder leave the older ones supporting', async () => {
    const { log, top } = await imported([codexFile])
    expect(families(top)).toEqual([
      '@BASE supporting system.instructions',
      '@TOOL-LIST supporting reference.tools',
      '@PERMISSIONS supporting system.instructions',
      '@SKILL-LIST supporting reference.skills',
      expect.stringMatching(/^@RULES-[0-9a-f]{6} supporting system.instructions$/),
      expect.stringMatching(/^@RULES-[0-9a-f]{6} critical system.instructions$/),
    ])
    const rules = Object.values(top.context.items).filter(({ tag }) => tag.startsWith('@RULES-'))
    expect(rules.map(({ title }) => title)).toEqual(Array(2).fill('AGENTS.md of /srv/bakery'))
    expect(await textOf(log, rules[1]?.content ?? undefined)).toContain('three times')
    expect(top.turns.prompts).toBe(2)
  })

  it('says nothing of a copied history but what its own head says', async () => {
    const { top } = await imported([
      fixture('codex/rollout-2026-03-02T09-10-00-019cadcf-c240-7000-8000-000000000002.jsonl'),
    ])
    expect(top.context.items).toEqual({})
    expect(top.knowledge.project).toEqual({ name: 'bakery', root: '/srv/bakery' })
  })
})

describe('titles and names', () => {
  it.each([
    ['# Plan: Bake rye\n\ntext', 'Bake rye'],
    ['# Implementation Plan\n\n## Bake wheat ##', 'Bake wheat'],
    ['Bake it all.\nThen sell.', 'Bake it all.'],
    ['# Plan\n', ''],
    ['# Planets in sugar', 'Planets in sugar'],
    ['Plan the week', 'Plan the week'],
    ['', ''],
  ])('%j is about %j', (plan, title) => {
    expect(titleOfPlan(plan)).toBe(title)
  })

  it('tools go by their server, and names that events do not accept are left out', () => {
    const grouped = toolsByServer(['Read', 'mcp__oven__set', 'mcp__oven__set', 'mcp___x__y', 'mcp__solo'])
    expect([...grouped]).toEqual([
      [null, ['Read', 'mcp__solo']],
      ['oven', ['set']],
    ])
  })

  it('tags that people chose are of no family', () => {
    expect(isOfFamily('@TOOL-LIST-0a1b2c3d', '@TOOL-LIST')).toBe(true)
    expect(isOfFamily('@TOOL-LIST-oven-0a1b2c3d', '@TOOL-LIST')).toBe(true)
    expect(isOfFamily('@TOOL-LIST-001', '@TOOL-LIST')).toBe(false)
    expect(isOfFamily('@TOOLS-0a1b2c3d', '@TOOL-LIST')).toBe(false)
  })
})

const sessionId = 'sess_00000000-0000-4000-8000-000000000001'
const time = '2026-01-01T00:00:00.000Z'

async function told(intents: readonly Intent[]): Promise<{
  readonly log: MemoryLog
  readonly state: ReadonlyState
  readonly refused: number
}> {
  const log = new MemoryLog()
  const start: Intent = { type: 'session.start' }
  const steps = [start, ...intents].map((intent, index): Step => {
    return { sessionId, key: `step/${index}`, time, line: index + 1, intent, contents: [] }
  })
  const { refused } = await log.transact((transaction) =>
    writeSteps(transaction, steps, new Map(), environment()),
  )
  const [state] = await statesOf(log)
  if (state === undefined) throw new Error('there is a session')
  return { log, state, refused }
}

const family = fc.constantFrom('@A', '@B')
const tier = fc.constantFrom('critical', 'supporting', 'temporary')
const item = fc.record({
  name: fc.integer({ min: 0, max: 5 }),
  tier,
  title: fc.constant('t'),
  category: fc.constantFrom('reference.tools', 'system.instructions'),
})
const holding: fc.Arbitrary<Intent> = fc
  .tuple(family, fc.uniqueArray(item, { selector: ({ name }) => name, minLength: 1 }), fc.boolean())
  .map(([of, items, whole]) => ({
    type: 'hold-items',
    family: of,
    whole,
    items: items.map(({ name, ...rest }) => {
      const content = { hash: String(name).repeat(64), bytes: 10 * name, preview: '' }
      return { ...rest, tag: `${of}-${String(name).repeat(8)}`, content }
    }),
  }))
const toolNames = fc.array(fc.constantFrom('X', 'Y', 'mcp__s__x', 'mcp__s__y', 'mcp__t__z'), { maxLength: 4 })
const offering: fc.Arbitrary<Intent> = fc.record({
  type: fc.constant('offer-tools'),
  added: toolNames,
  removed: toolNames,
  whole: fc.boolean(),
})
const others: fc.Arbitrary<Intent> = fc.constantFrom<Intent>(
  { type: 'session.end' },
  { type: 'context.retier', tag: '@A-00000000', tier: 'critical' },
  { type: 'focus.change', objectives: ['o', 'p'] },
  { type: 'meet-objective', objective: 'o' },
)

describe('what a source lists', () => {
  /** Law: listings are never refused, and what is critical is never discarded. */
  it('comes to lie in the window by legal commands', async () => {
    const intents = fc.array(fc.oneof(holding, offering, others), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(intents, holding, async (before, last) => {
        if (last.type !== 'hold-items') throw new Error('the last one holds items')
        const { log, state, refused } = await told([...before, last])
        const retiers = before.filter(({ type }) => type === 'context.retier').length
        expect(refused).toBeLessThanOrEqual(retiers)
        for (const { tag } of last.items) expect(state.context.items[tag]?.status).toBe('kept')
        const left = Object.keys(state.context.items).filter((tag) => isOfFamily(tag, last.family))
        const supporting = left.filter((tag) => state.context.items[tag]?.tier === 'supporting')
        const listed = last.items.map(({ tag }) => tag)
        if (last.whole)
          expect(left.every((tag) => listed.includes(tag) || supporting.includes(tag))).toBe(true)
        const tiers = new Map<string, string>()
        for (const event of await eventsOf(log, sessionId)) {
          if (!isKnown(event)) continue
          if (event.type === 'context.added' || event.type === 'context.retiered')
            tiers.set(event.data.tag, event.data.tier)
          if (event.type !== 'context.discarded') continue
          for (const tag of event.data.tags) expect(tiers.get(tag)).not.toBe('critical')
        }
      }),
      { numRuns: 120 },
    )
  })

  it('that finds no room is noted and not lost', async () => {
    const items = Array.from({ length: limits.contextItemsMax + 1 }, (_, index) => {
      const content = { hash: '0'.repeat(64), bytes: 1, preview: '' }
      const tag = `@A-${String(index).padStart(8, '0')}`
      return { tag, tier: 'supporting', category: 'reference.tools', title: 't', content } as const
    })
    const { state, refused } = await told([{ type: 'hold-items', family: '@A', items, whole: false }])
    expect(refused).toBe(0)
    expect(Object.keys(state.context.items)).toHaveLength(limits.contextItemsMax)
    expect(state.observations).toEqual({ 'context-item-left-out': 1 })
  })
})
