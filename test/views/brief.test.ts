/** What a brief says, section by section: of states made by hand, and of what tools wrap around words. */
import { describe, expect, it } from 'vitest'
import type { EventData } from '../../src/events/catalogue.ts'
import type { ContentRef } from '../../src/events/shapes.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import type { SectionName } from '../../src/views/brief/sections.ts'
import { type Brief, brief, textsForBrief } from '../../src/views/brief.ts'
import { summaryParts } from '../../src/views/compaction-summary.ts'
import { isFromPeer, spokenWords } from '../../src/views/spoken.ts'
import { otherSessionId, type Sample, sessionId, started, stateAfter } from './samples.ts'

function ref(text: string): ContentRef {
  return { hash: sha256(text), bytes: Buffer.byteLength(text), preview: text.slice(0, 20) }
}

const texts = (...all: readonly string[]) => new Map(all.map((text) => [sha256(text), text]))
const prompt = (text: string): Sample => ['prompt.submitted', { content: ref(text) }]
const reply = (text: string): Sample => ['reply.recorded', { kind: 'text', content: ref(text) }]
const added = (taskId: string, title: string): Sample => ['task.added', { taskId, title }]

function sectionOf({ sections }: Brief, name: SectionName): string | undefined {
  return sections.find((section) => section.name === name)?.text
}

const item = (tag: string, tier: EventData<'context.added'>['tier'], title: string): Sample => [
  'context.added',
  { tag, tier, category: 'reference.project', title, weight: { tokens: 10, estimated: false } },
]

describe('a brief', () => {
  it('says what was stated, and derives nothing beside it', () => {
    const state = stateAfter(
      started,
      [
        'focus.changed',
        {
          objectives: ['Log in'],
          constraints: ['Never log a password'],
          nextStep: 'Hash them',
          scope: 'src',
        },
      ],
      ['user.described', { language: 'ko', expertise: 'expert', preferences: { tone: 'short' } }],
      ['decision.recorded', { text: 'scrypt', reason: 'bcrypt cuts at 72 bytes' }],
      [
        'spec.updated',
        {
          specId: 'SPEC-001',
          title: 'Users',
          phase: 'GREEN',
          progressPercent: 40,
          nextStep: 'the reset page',
        },
      ],
      ['milestone.updated', { milestoneId: 'M1', title: 'First login', status: 'reached' }],
      item('@RULES-001', 'critical', 'the rules'),
      prompt('go on'),
    )
    const made = brief(state, texts('go on'))
    expect(made.text.startsWith(`# Brief of ${sessionId}, version ${state.version}\n`)).toBe(true)
    expect(sectionOf(made, 'objective')).toBe('## Objective\n- Log in\n- Scope: src')
    expect(sectionOf(made, 'next')).toBe('## Next step\n- Hash them\n- SPEC-001: the reset page')
    expect(sectionOf(made, 'constraints')).toBe('## Constraints\n- Never log a password')
    expect(sectionOf(made, 'preferences')).toBe(
      '## The user\n- Language: ko\n- Expertise: expert\n- tone: short',
    )
    expect(sectionOf(made, 'decisions')).toBe('## Decisions\n- scrypt (bcrypt cuts at 72 bytes)')
    expect(sectionOf(made, 'specs')).toContain(
      'SPEC-001, Users: active, phase GREEN, 40.0 %, next: the reset page',
    )
    expect(sectionOf(made, 'specs')).toContain('milestone M1, First login: reached')
    expect(sectionOf(made, 'items')).toContain(
      'waymark context sess_00000000 --tag @X\n- @RULES-001 (critical): the rules',
    )
    expect(made).toMatchObject({ level: 2, tokensMax: 2_000, leftOut: [], measure: { source: 'worst-case' } })
  })

  it('has open tasks in the order of their need, with what they wait for and why they failed', () => {
    const state = stateAfter(
      started,
      added('done', 'Finished'),
      ['task.started', { taskId: 'done', status: 'in_progress' }],
      ['task.completed', { taskId: 'done' }],
      added('later', 'Write the docs'),
      added('held', 'Deploy'),
      ['task.started', { taskId: 'held', status: 'in_progress' }],
      ['task.blocked', { taskId: 'held', on: { kind: 'permission', detail: 'of the owner' } }],
      added('broken', 'Migrate'),
      ['task.started', { taskId: 'broken', status: 'in_progress' }],
      ['task.failed', { taskId: 'broken', reason: 'no space left', retryable: true }],
      added('now', 'Hash passwords'),
      ['task.started', { taskId: 'now', status: 'in_progress' }],
    )
    expect(sectionOf(brief(state, texts()), 'tasks')?.split('\n').slice(1)).toEqual([
      '- in progress: now, Hash passwords',
      '- blocked: held, Deploy (waits for permission of the owner)',
      '- failed: broken, Migrate (no space left, can be recovered)',
      '- pending: later, Write the docs',
    ])
    expect(sectionOf(brief(state, texts()), 'completed')).toBeUndefined()
    expect(sectionOf(brief(state, texts(), { level: 3 }), 'completed')).toContain('- Finished')
  })

  it('says how many tasks have no room, and how to see them', () => {
    const many = Array.from({ length: 300 }, (_, n) => added(`T-${n}`, `Task number ${n}`))
    const made = brief(stateAfter(started, ...many), texts(), { tokens: 300 })
    expect(made.tokens).toBeLessThanOrEqual(300)
    const lines = sectionOf(made, 'tasks')?.split('\n').slice(1) ?? []
    const [, more] = /^- … (\d+) more open tasks: waymark tasks sess_00000000$/.exec(lines.at(-1) ?? '') ?? []
    expect(Number(more) + lines.length - 1).toBe(300)
    expect(made.leftOut).toContainEqual({
      section: 'tasks',
      what: 'part',
      how: 'waymark tasks sess_00000000',
    })
    expect(made.text).toContain('## Left out\n')
  })

  it('tells of a short prompt what it answers', () => {
    const question = 'Shall I push the branch and open a pull request?'
    const made = brief(
      stateAfter(started, prompt('Fix the login'), reply(question), prompt('yes')),
      texts('Fix the login', question, 'yes'),
    )
    expect(sectionOf(made, 'prompt')).toBe('## Last prompt\n> yes\nIt answers the last reply, below.')
    expect(sectionOf(made, 'reply')).toBe(`## Last reply\n> ${question}`)
    expect(sectionOf(made, 'next')).toContain('has no reply yet: do what it asks')
    expect(sectionOf(made, 'objective')).toContain('> Fix the login')
  })

  it('takes objective and next step from a compaction when nothing was said since', () => {
    const summary = [
      'This session is being continued from a previous conversation that ran out of context.',
      'Analysis:',
      'The user wants a login.',
      '',
      'Summary:',
      '1. Primary Request and Intent:',
      '   Build the login, with hashed passwords.',
      '',
      '7. Pending Tasks:',
      '   - The reset page',
      '',
      '8. Current Work:',
      '   Editing src/users.ts.',
      '',
      '9. Optional Next Step:',
      '   Run the tests of src/users.ts.',
      '',
      'Please continue the conversation from where we left it off without asking the user any further questions.',
    ].join('\n')
    const compacted: Sample = [
      'context.compacted',
      { trigger: 'auto', kind: 'full', summary: ref(summary), window: null },
    ]
    const readable = texts('Log in', 'Done.', summary, 'thanks')
    const fresh = brief(stateAfter(started, prompt('Log in'), reply('Done.'), compacted), readable)
    expect(sectionOf(fresh, 'objective')).toContain('> Build the login, with hashed passwords.')
    expect(sectionOf(fresh, 'next')).toContain('> Run the tests of src/users.ts.')
    expect(sectionOf(fresh, 'summary')).toContain(
      'Pending Tasks:\n> - The reset page\nCurrent Work:\n> Editing src/users.ts.',
    )
    expect(fresh.text).not.toContain('without asking the user')
    expect(fresh.text).not.toContain('Analysis')
    const older = brief(
      stateAfter(started, prompt('Log in'), reply('Done.'), compacted, prompt('thanks')),
      readable,
    )
    expect(sectionOf(older, 'next')).not.toContain('Run the tests')
    expect(sectionOf(older, 'summary')).toContain('1 event ago: the last prompt and reply are newer')
  })

  it('names open calls with what they work on, and what was done after the last words', () => {
    const state = stateAfter(started, prompt('Deploy'), reply('On it.'), [
      'tool.called',
      { toolCallId: 'c1', name: 'Bash' },
    ])
    const made = brief(state, texts('Deploy', 'On it.'), {
      since: {
        calls: [
          { name: 'Edit', target: 'a.ts', outcome: 'ok' },
          { name: 'Bash', target: 'make', outcome: null },
        ],
        failure: 'rate limit',
      },
      targets: new Map([['c1', 'make deploy']]),
    })
    expect(sectionOf(made, 'calls')).toContain('- Bash: make deploy (version 4,')
    expect(sectionOf(made, 'reply')).toContain(
      'Done after it, newest first:\n- Bash: make (no result)\n- Edit: a.ts',
    )
    expect(sectionOf(made, 'next')).toContain('A call was cut off')
    expect(sectionOf(made, 'next')).toContain('rate limit')
  })

  it('comes without a text that cannot be read, and says so', () => {
    const state = stateAfter(started, prompt('Fix the login and everything around it'))
    expect(sectionOf(brief(state, texts()), 'prompt')).toBe(
      '## Last prompt\n> Fix the login and ev (the rest of this text cannot be read: waymark verify sess_00000000)',
    )
  })

  it('tells the end of the session before where it has no summary of its own', () => {
    const before = stateAfter(started, prompt('Fix the login'), reply('Half of it is done.'))
    const window = { totalTokens: 200_000, source: 'default' as const }
    const state = stateAfter(['session.started', { window, continuesSessionId: otherSessionId }])
    const made = brief(state, texts('Fix the login', 'Half of it is done.'), {
      predecessor: { sessionId: otherSessionId, state: before },
    })
    expect(sectionOf(made, 'before')).toContain('Its last reply:\n> Half of it is done.')
    expect(sectionOf(made, 'next')).toContain('go on from the session before, waymark brief sess_00000000')
  })

  it('tells the open tasks of the session before that are not here, and what else of it is not', () => {
    const before = stateAfter(
      started,
      added('A', 'Hash passwords'),
      ['task.started', { taskId: 'A', status: 'in_progress' }],
      added('B', 'The reset page'),
      added('C', 'Come along'),
      ['decision.recorded', { text: 'scrypt' }],
      ['decision.recorded', { text: 'SQLite' }],
      ['spec.updated', { specId: 'SPEC-001' }],
      ['milestone.updated', { milestoneId: 'M1' }],
    )
    const window = { totalTokens: 200_000, source: 'default' as const }
    const state = stateAfter(
      ['session.started', { window, continuesSessionId: otherSessionId }],
      ['decision.recorded', { text: 'SQLite' }],
      added('C', 'Come along'),
    )
    const made = brief(state, texts(), { predecessor: { sessionId: otherSessionId, state: before } })
    expect(sectionOf(made, 'before')?.split('\n')).toEqual([
      '## The session before',
      'waymark brief sess_00000000 (Log in):',
      'Its open tasks:',
      '- in progress: A, Hash passwords',
      '- pending: B, The reset page',
      '- Not here: 1 decision, 1 SPEC, 1 milestone',
    ])
    const small = brief(state, texts(), {
      predecessor: { sessionId: otherSessionId, state: before },
      tokens: 160,
    })
    expect(small.leftOut).toContainEqual({
      section: 'before',
      what: 'all',
      how: 'waymark brief sess_00000000',
    })
  })

  it('counts with what the session taught where that is more, up to a token a byte', () => {
    const taught = (perByte: number) => {
      const state = stateAfter(started, prompt('hi'))
      const samples = Array.from({ length: 9 }, (_, n) => ({
        version: n,
        time: '2026-01-31T12:00:00.000Z',
        tokens: 50 + (n + 1) * 100 * perByte,
        usedTokens: 1,
        bytes: { prompts: (n + 1) * 100, replies: 0, toolInputs: 0, toolOutputs: 0 },
      }))
      return brief({ ...state, growth: { ...state.growth, samples } }, texts('hi')).measure
    }
    expect(taught(0.2)).toEqual({ tokensPerByte: 0.55, source: 'worst-case' })
    expect(taught(0.8).source).toBe('learned')
    expect(taught(0.8).tokensPerByte).toBeCloseTo(0.8)
    expect(taught(7)).toEqual({ tokensPerByte: 1, source: 'learned' })
  })

  it('reads only texts that it may say', () => {
    const state = stateAfter(started, prompt('one'), reply('two'), item('@A-1', 'temporary', 'a'), [
      'context.summarized',
      { tag: '@A-1', summary: ref('three'), weight: { tokens: 1, estimated: false }, savedTokens: 9 },
    ])
    expect([...textsForBrief(state)].sort()).toEqual([...texts('one', 'two', 'three').keys()].sort())
    expect(sectionOf(brief(state, texts('three'), { level: 3 }), 'summaries')).toContain('@A-1:\n> three')
  })
})

describe('the words of a prompt', () => {
  it.each([
    ['a reminder', 'Fix it<system-reminder>\nbe nice\n</system-reminder>', 'Fix it'],
    [
      'a command',
      '<command-message>review is running</command-message>\n<command-name>/review</command-name>\n<command-args>src</command-args>',
      '/review src',
    ],
    ['output of a local command', '<local-command-stdout>42 files</local-command-stdout>', ''],
    ['an interruption', '[Request interrupted by user for tool use]', ''],
    [
      'notes of an editor',
      '# Context from my IDE setup:\n\n## Open tabs:\n- a.ts\n\n## My request for Codex:\nFix it',
      'Fix it',
    ],
    ['an environment', '<environment_context>\n  <cwd>/x</cwd>\n</environment_context>', ''],
    ['an element that never ends', 'Fix it <system-reminder> and more\nthen go on', 'Fix it \nthen go on'],
    [
      'an element of another name',
      'Render <system-reminders> as a list',
      'Render <system-reminders> as a list',
    ],
    ['a directive', 'Done.\n::git-push{branch="main"}', 'Done.'],
  ])('without %s', (_, text, words) => {
    expect(spokenWords(text)).toBe(words)
  })

  it('tell those of another agent apart', () => {
    const message =
      'Another Claude session sent a message:\n<teammate-message teammate_id="a">\nreviewed\n</teammate-message>\n\nThis came from another Claude session — not typed by your user.'
    expect(isFromPeer(message)).toBe(true)
    expect(spokenWords(message)).toBe('reviewed')
    expect(isFromPeer('Another try, please')).toBe(false)
  })

  it('are found in linear time where elements never end', () => {
    expect(spokenWords('<system-reminder>'.repeat(200_000))).toBe('')
  })
})

describe('the parts of a summary', () => {
  it('are found by headings of several forms', () => {
    const roles = (text: string) => summaryParts(text).map(({ role, text: said }) => [role, said])
    expect(roles('## Goal\nLog in\n## Open tasks\n- reset page')).toEqual([
      ['intent', 'Log in'],
      ['pending', '- reset page'],
    ])
    expect(roles('**Current work:**\nusers.ts\n**Next steps**\ntests')).toEqual([
      ['current', 'users.ts'],
      ['next', 'tests'],
    ])
    expect(
      roles(
        '<analysis>hm</analysis>\n<summary>\n1. Constraints:\n   none at all\n2. Next step:\n   go\n</summary>',
      ),
    ).toEqual([
      ['constraints', 'none at all'],
      ['next', 'go'],
    ])
    expect(roles('Just a text.')).toEqual([['other', 'Just a text.']])
    expect(roles('')).toEqual([])
  })

  it('are the prompts of a history that replaces the conversation', () => {
    const history = JSON.stringify([
      {
        type: 'message',
        role: 'user',
        content: [{ type: 'input_text', text: '<environment_context>x</environment_context>' }],
      },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Fix the\nlogin' }] },
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] },
      { type: 'compaction', encrypted_content: 'x' },
    ])
    expect(summaryParts(history)).toEqual([
      { role: 'messages', title: 'Prompts that it kept', text: '- Fix the login' },
    ])
    expect(summaryParts('[{"type":"message"').map(({ role }) => role)).toEqual(['other'])
  })
})
