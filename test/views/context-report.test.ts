/** What fills the window: by tier, item and server, and what could go. */
import { describe, expect, it } from 'vitest'
import { contextReport } from '../../src/views/context-report.ts'
import { item, type Sample, started, stateAfter, usage } from './samples.ts'

const summary = { hash: 'a'.repeat(64), bytes: 9, preview: '' }

describe('the context report', () => {
  const samples: Sample[] = [
    started,
    item('@OLD', 'temporary', 'conversation.messages', 400),
    item('@CONFIG-001', 'critical', 'system.instructions', 8_000),
    item('@TOOLS-001', 'supporting', 'reference.tools', 2_000, 'context7'),
    item('@SKILL-001', 'supporting', 'reference.skills', 5_000),
    ['context.summary-requested', { tags: ['@TOOLS-001'], targetPercent: 30 }],
    [
      'context.summarized',
      { tag: '@SKILL-001', summary, weight: { tokens: 1_500, estimated: true }, savedTokens: 3_500 },
    ],
    ['context.deferred', { tags: ['@OLD'], savedTokens: 400 }],
    item('@GONE', 'temporary', 'reference.project', 100),
    ['context.discarded', { tags: ['@GONE'], savedTokens: 100 }],
    usage(50_000, 0),
  ]
  const report = contextReport(stateAfter(...samples))

  it('lists items, critical ones first, the largest of a tier first', () => {
    expect(
      report.items.map(({ tag, status, tokens, originalTokens, savedTokens, summaryWantedPercent }) => [
        tag,
        status,
        tokens,
        originalTokens,
        savedTokens,
        summaryWantedPercent,
      ]),
    ).toEqual([
      ['@CONFIG-001', 'kept', 8_000, 8_000, 0, null],
      ['@TOOLS-001', 'kept', 2_000, 2_000, 0, 30],
      ['@SKILL-001', 'summarized', 1_500, 5_000, 3_500, null],
      ['@OLD', 'deferred', 0, 400, 400, null],
    ])
  })

  it('sums up tiers, and what was saved', () => {
    expect(report.tiers).toEqual([
      { tier: 'critical', items: 1, tokens: 8_000, savedTokens: 0 },
      { tier: 'supporting', items: 2, tokens: 3_500, savedTokens: 3_500 },
      { tier: 'temporary', items: 1, tokens: 0, savedTokens: 400 },
    ])
    expect(report).toMatchObject({
      savedTokens: 4_000,
      discarded: 1,
      archived: 0,
      unattributedTokens: 50_000 - 11_500,
      window: { usedTokens: 50_000 },
      current: { usedTokens: 50_000, estimated: false },
    })
  })

  it('estimates the window between reports, and says by which line', () => {
    const prompt: Sample = ['prompt.submitted', { content: { ...summary, bytes: 1_000 } }]
    const { window, current } = contextReport(stateAfter(...samples, prompt))
    expect(window.usedTokens).toBe(50_000)
    expect(current).toEqual({
      usedTokens: 50_425,
      percent: 25.2125,
      availableTokens: 149_575,
      estimated: true,
      line: { perReport: 0, perByte: 0.425, learned: false },
    })
  })
})

describe('servers', () => {
  const at = (second: number) => `2026-01-31T12:00:0${second}.000Z`
  const before: Sample[] = [
    started,
    ['server.described', { server: 'context7', tools: ['resolve', 'docs'], toolTokens: 2_000 }],
    ['server.described', { server: 'off', toolTokens: 9_000, enabled: false }],
    ['tool.called', { toolCallId: 'a', name: 'mcp__github__search' }],
    item('@GITHUB', 'temporary', 'reference.tools', 300, 'github'),
    item('@PLAIN', 'temporary', 'reference.tools', 700),
  ]

  it('are shown with their tools, their tokens, their calls and their last use', () => {
    const { servers, switchOff } = contextReport(stateAfter(...before))
    expect(
      servers.map(({ name, enabled, tools, toolTokens, itemTokens, tokens, calls, lastUsedAt }) => [
        name,
        enabled,
        tools.length,
        toolTokens,
        itemTokens,
        tokens,
        calls,
        lastUsedAt,
      ]),
    ).toEqual([
      ['context7', true, 2, 2_000, 0, 2_000, 0, null],
      ['github', true, 0, null, 300, 300, 1, at(3)],
      ['off', false, 0, 9_000, 0, 9_000, 0, null],
    ])
    // No task is in hand: what was ever used stays on.
    expect(switchOff).toEqual({ servers: ['context7'], savedTokens: 2_000 })
  })

  it('could be switched off when the task in hand has not used them', () => {
    const task: Sample[] = [
      ['task.added', { taskId: 'A', title: 'A' }],
      ['task.started', { taskId: 'A', status: 'in_progress' }],
    ]
    expect(contextReport(stateAfter(...before, ...task)).switchOff).toEqual({
      servers: ['context7', 'github'],
      savedTokens: 2_300,
    })
    const used: Sample = ['tool.called', { toolCallId: 'b', name: 'mcp__context7__docs' }]
    expect(contextReport(stateAfter(...before, ...task, used)).switchOff.servers).toEqual(['github'])
  })

  it('are known by an item alone', () => {
    const { servers } = contextReport(
      stateAfter(started, item('@X', 'temporary', 'reference.tools', 5, 'constructor')),
    )
    expect(servers).toMatchObject([{ name: 'constructor', itemTokens: 5, toolTokens: null, enabled: true }])
  })
})
