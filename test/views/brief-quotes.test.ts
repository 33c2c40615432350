/**
 * Goal: a brief loses no prompt without a word, quotes nothing twice, and says nothing that moves a terminal. Method: states made by
 * hand, with more prompts than there is room for, or than state keeps, and briefs of many sizes of them.
 */
import { describe, expect, it } from 'vitest'
import type { ContentRef } from '../../src/events/shapes.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import { readable } from '../../src/views/brief/readable.ts'
import type { SectionName } from '../../src/views/brief/sections.ts'
import { type Brief, type BriefOptions, brief } from '../../src/views/brief.ts'
import { type Sample, started, stateAfter } from './samples.ts'

function ref(text: string): ContentRef {
  return { hash: sha256(text), bytes: Buffer.byteLength(text), preview: text.slice(0, 20) }
}

const prompt = (text: string): Sample => ['prompt.submitted', { content: ref(text) }]
const reply = (text: string): Sample => ['reply.recorded', { kind: 'text', content: ref(text) }]

/** What a session says in which these words were spoken, in this order. */
function briefOf(spoken: readonly Sample[], said: readonly string[], options: BriefOptions = {}): Brief {
  return brief(stateAfter(started, ...spoken), new Map(said.map((text) => [sha256(text), text])), options)
}

function sectionOf({ sections }: Brief, name: SectionName): string {
  return sections.find((section) => section.name === name)?.text ?? ''
}

function linesOf(made: Brief, name: SectionName): readonly string[] {
  return sectionOf(made, name).split('\n').slice(1)
}

const day = '2026-01-31 12:'

describe('prompts before the last one', () => {
  const many = Array.from(
    { length: limits.recentPromptsMax + 10 },
    (_, n) => `Prompt number ${n}: change file ${n} and test it, please.`,
  )

  it('are all there where there is room, and those that state has let go are counted in their place', () => {
    const made = briefOf(many.map(prompt), many, { tokens: 20_000 })
    const lines = linesOf(made, 'earlier')
    // The first is the objective, the last is quoted whole, and 9 after the first are not known any more.
    expect(lines).toHaveLength(limits.recentPromptsMax - 1 + 1)
    expect(lines[0]).toContain(`Prompt number ${many.length - 2}:`)
    expect(lines.at(-1)).toBe('- … 9 more: waymark log sess_00000000 --type prompt')
    expect(made.leftOut).toContainEqual(expect.objectContaining({ section: 'earlier', what: 'part' }))
    expect(made.sections.find(({ name }) => name === 'earlier')?.cut).toBe(true)
  })

  it.each([400, 700, 1_000, 1_500, 3_000])('in %d tokens are told or counted, each of them', (tokens) => {
    const few = many.slice(0, 12)
    const made = briefOf(few.map(prompt), few, { tokens })
    const lines = linesOf(made, 'earlier')
    const told = lines.filter((line) => line.includes('Prompt number')).length
    const counted = lines.map((line) => Number(/^- … (\d+) (?:between|more)/.exec(line)?.[1] ?? 0))
    const sum = told + counted.reduce((all, count) => all + count, 0)
    if (lines.length > 0) expect(sum).toBe(few.length - 2)
    else expect(made.leftOut.map(({ section }) => section)).toContain('earlier')
  })

  it('are kept for what they say: an instruction rather than /compact and proceed', () => {
    const asked = 'Move the migration into a branch of its own, and answer the discussion.'
    const spoken = ['Explain the failure of the build on main, please, all of it.', asked]
    const chatter = ['/compact', 'proceed', 'yes', '/clear', 'ok', 'continue', '/model', 'go on']
    const all = [...spoken, ...chatter, 'And now write the tests of it.']
    const made = briefOf(all.map(prompt), all, { tokens: 420 })
    const lines = linesOf(made, 'earlier').concat(linesOf(made, 'prompt'))
    expect(lines.join('\n')).toContain('Move the migration')
    const text = made.text
    for (const word of ['/compact', '/clear', '/model']) expect(text).not.toContain(word)
    expect(sectionOf(made, 'earlier')).toContain('- … 8 more: waymark log sess_00000000 --type prompt')
  })

  it('never are a line with a time and no words', () => {
    const few = many.slice(0, 9)
    for (let tokens = 60; tokens < 1_600; tokens += 7) {
      const made = briefOf(few.map(prompt), few, { tokens, level: 3 })
      for (const line of linesOf(made, 'earlier').filter((one) => one.startsWith(`- ${day}`))) {
        expect(line.length).toBeGreaterThan(`- ${day}00: `.length + 20)
      }
    }
  })

  it('give the objective where the first one is a command of the tool', () => {
    const all = ['/init', 'Write the program that the page describes.', 'Run it, and show me what it prints.']
    const made = briefOf(all.map(prompt), all)
    expect(sectionOf(made, 'objective')).toContain('> Write the program that the page describes.')
    expect(linesOf(made, 'earlier')).toEqual([`- ${day}00: /init`])
  })
})

describe('what is quoted once', () => {
  const long = (name: string): string => `${name}: ${'all that was done is told here. '.repeat(16)}`

  it('is not quoted again: a reply that was answered, a longer prompt, a fuller reply', () => {
    const all = [
      prompt('Build the login of the service, with hashed passwords and a page.'),
      reply(long('First reply')),
      prompt('Shall we not rather ask the provider of the accounts for all of that?'),
      reply(long('Second reply')),
      prompt('yes'),
      reply(long('Third reply')),
      reply('Done.'),
    ]
    const said = [
      'Build the login of the service, with hashed passwords and a page.',
      'Shall we not rather ask the provider of the accounts for all of that?',
      'yes',
      'Done.',
      ...['First reply', 'Second reply', 'Third reply'].map(long),
    ]
    for (const tokens of [1_000, 2_000, 6_000]) {
      const { text } = briefOf(all, said, { tokens, level: 3 })
      for (const name of ['First reply', 'Second reply', 'Third reply', 'Build the login', 'Shall we not']) {
        expect(text.split(name).length - 1).toBeLessThanOrEqual(1)
      }
    }
    const made = briefOf(all, said, { tokens: 6_000, level: 3 })
    expect(sectionOf(made, 'prompt')).toContain('It followed this reply:\n> Second reply')
    expect(sectionOf(made, 'reply')).toContain('A longer reply before it:\n> Third reply')
    expect(sectionOf(made, 'replies')).toContain('> First reply')
    expect(sectionOf(made, 'earlier')).toBe('')
  })

  it('is the prompts that a history kept, where the brief has them by themselves', () => {
    const kept = ['Explain the failure of the build.', 'Fix it in a branch of its own, please.']
    const message = (text: string) => ({
      type: 'message',
      role: 'user',
      content: [{ type: 'input_text', text }],
    })
    const history = (texts: readonly string[]) => JSON.stringify(texts.map(message))
    const compacted = (summary: string): Sample => [
      'context.compacted',
      { trigger: 'auto', kind: 'full', summary: ref(summary), window: null },
    ]
    const known = history(kept)
    const made = briefOf(
      [...kept.map(prompt), compacted(known), prompt('Push it.')],
      [...kept, known, 'Push it.'],
    )
    expect(sectionOf(made, 'summary')).toBe('')
    expect(made.text.split('Fix it in a branch').length - 1).toBe(1)
    const more = history([...kept, 'Nobody else knows this one.'])
    const other = briefOf(
      [...kept.map(prompt), compacted(more), prompt('Push it.')],
      [...kept, more, 'Push it.'],
    )
    expect(linesOf(other, 'summary').filter((line) => line.startsWith('>'))).toEqual([
      '> - Nobody else knows this one.',
    ])
  })
})

describe('what is short and dear', () => {
  const call = { name: 'Bash', target: 'swift build', outcome: 'denied' } as const

  it('is whole while others are cut: the next step, and the open tasks', () => {
    const tasks = Array.from({ length: 6 }, (_, n): readonly Sample[] => {
      const taskId = `task-${n}`
      const title = `Phase ${n}: the foundation of part ${n}, with its tests`
      return [
        ['task.added', { taskId, title }],
        ...(n < 3 ? [['task.started', { taskId, status: 'in_progress' }] satisfies Sample] : []),
      ]
    }).flat()
    const calls = Array.from(
      { length: 6 },
      (_, n): Sample => ['tool.called', { toolCallId: `c${n}`, name: 'TaskOutput' }],
    )
    const said = [
      'Execute the plan, all of it, in parallel.',
      `Now the build. ${'It has 28 files. '.repeat(60)}`,
    ]
    const state = stateAfter(started, prompt(said[0] ?? ''), reply(said[1] ?? ''), ...tasks, ...calls)
    const made = brief(state, new Map(said.map((text) => [sha256(text), text])), {
      tokens: 1_100,
      since: { calls: Array.from({ length: 37 }, () => call), failure: 'rate_limit: out of usage' },
    })
    const cut = new Map(made.sections.map((section) => [section.name, section.cut]))
    expect(cut.get('reply')).toBe(true)
    expect(cut.get('next')).toBe(false)
    expect(cut.get('tasks')).toBe(false)
    expect(sectionOf(made, 'reply')).toContain('- Bash: swift build (denied) × 37')
  })

  it('tells runs of calls that are alike by their number, in their order', () => {
    const state = stateAfter(started, prompt('go'), reply('going'))
    const other = { ...call, target: 'make' }
    const made = brief(state, new Map(), {
      since: { calls: [call, other, call, call], failure: null },
    })
    expect(linesOf(made, 'reply').slice(-3)).toEqual([
      '- Bash: swift build (denied) × 2',
      '- Bash: make (denied)',
      '- Bash: swift build (denied)',
    ])
  })
})

describe('characters that a reader cannot see', () => {
  const escapes =
    '\u001B[31mred\u001B]0;title\u0007 \u009B2J\u0000\u007F\u202Eturned\u2066\u200F\uFEFF\u{E0041}'

  it('come into no section, and the bound holds', () => {
    const state = stateAfter(
      [
        'session.started',
        { title: escapes, cwd: escapes, window: { totalTokens: 200_000, source: 'stated' } },
      ],
      [
        'focus.changed',
        { objectives: [escapes], constraints: [escapes], nextStep: escapes, variables: { a: escapes } },
      ],
      ['decision.recorded', { text: escapes, reason: escapes }],
      ['spec.updated', { specId: 'S', title: escapes, nextStep: escapes }],
      ['task.added', { taskId: 'A', title: escapes }],
      [
        'context.added',
        {
          tag: '@A',
          tier: 'critical',
          category: 'reference.project',
          title: escapes,
          weight: { tokens: 1, estimated: false },
        },
      ],
      ['tool.called', { toolCallId: 'c', name: escapes }],
      prompt(escapes),
      reply(`${escapes}\tafter a tab\r\nand a line`),
    )
    const said = new Map(
      [escapes, `${escapes}\tafter a tab\r\nand a line`].map((text) => [sha256(text), text]),
    )
    for (const tokens of [400, 3_000]) {
      const made = brief(state, said, { tokens, level: 3, targets: new Map([['c', escapes]]) })
      expect(made.text.replaceAll(/[\n\t]/g, '')).not.toMatch(/[\p{Cc}\u200F\u202E\u2066\uFEFF\u{E0041}]/u)
      expect(made.tokens).toBe(Math.ceil(Buffer.byteLength(made.text) * 0.55))
      expect(made.tokens).toBeLessThanOrEqual(tokens)
    }
    expect(brief(state, said, { tokens: 3_000 }).text).toContain('red ]0;title')
  })

  it('are taken out, tabs, line ends and joined letters are not', () => {
    expect(readable('a\tb\nc\r\nd\re\u2028f')).toBe('a\tb\nc\nd\ne\nf')
    expect(readable('👩‍🚀 ‏שלום \u001B[1;31mred\u001B[0m')).toBe('👩‍🚀 שלום red')
    expect(Buffer.byteLength(readable(escapes))).toBeLessThan(Buffer.byteLength(escapes))
  })
})

describe('options of a brief', () => {
  const state = stateAfter(started, prompt('hi'))

  it.each([{ tokens: Number.NaN }, { tokens: Number.POSITIVE_INFINITY }, { tokens: -1 }])(
    'are refused: %j',
    (options) => {
      expect(() => brief(state, new Map(), options)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining('no number of tokens') }),
      )
    },
  )

  it('are refused: a level that there is not', () => {
    // As it may come from JavaScript.
    const options = JSON.parse('{"level":4}')
    expect(() => brief(state, new Map(), options)).toThrow(
      expect.objectContaining({ code: 'USAGE', hint: 'its levels are 1, 2, 3' }),
    )
  })
})
