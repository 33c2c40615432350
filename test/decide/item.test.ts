/**
 * Decisions about context items.
 *
 * Goal: a command that is accepted leads to exactly its events, and one that says nothing new to none; one that is refused says what it was about,
 * where that stands, why, and what would be accepted. Method: short histories,
 * played without policies; the next command is decided in the state they lead to, and the whole answer is compared.
 */
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/decide/decide.ts'
import type { Command } from '../../src/events/commands.ts'
import type { ContextItem } from '../../src/fold/context-state.ts'
import { initialState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'
import { content, holdsDecided, holdsRefused, ofSession, type RefusedRow, type Row } from './rows.ts'

const critical: Command = { type: 'context.add', tag: '@KEEP', tier: 'critical', category: 'reference.tools' }
const item: Command = { ...critical, tag: '@ITEM', tier: 'supporting', tokens: 100, content }
const bare: Command = { type: 'context.add', tag: '@BARE', tier: 'temporary', category: 'reference.tools' }
const items: readonly Row[] = [
  ['an item with its tokens', [], item, [['context.added', { weight: { tokens: 100, estimated: false } }]]],
  [
    'an item that says neither name nor tokens',
    [item],
    { type: 'context.add', tier: 'critical', category: 'reference.tools', content },
    [['context.added', { tag: '@TOOLS-002', weight: { tokens: 170, estimated: true } }]],
  ],
  [
    'an item with neither tokens nor text',
    [],
    { type: 'context.add', tier: 'critical', category: 'system.skills' },
    [['context.added', { tag: '@SKILL-META-001', weight: { tokens: 0, estimated: true } }]],
  ],
  [
    'an item after others of its kind',
    [
      { type: 'context.add', tier: 'critical', category: 'system.skills' },
      { type: 'context.add', tier: 'critical', category: 'system.skills', tag: '@SKILL-META-002' },
    ],
    { type: 'context.add', tier: 'critical', category: 'system.skills' },
    [['context.added', { tag: '@SKILL-META-003', weight: { tokens: 0, estimated: true } }]],
  ],
  ['a tier that it has', [item], { type: 'context.retier', tag: '@ITEM', tier: 'supporting' }, []],
  [
    'another tier',
    [item],
    { type: 'context.retier', tag: '@ITEM', tier: 'critical' },
    [['context.retiered']],
  ],
  [
    'an item that goes',
    [item],
    { type: 'context.discard', tags: ['@ITEM'], reason: 'r' },
    [['context.discarded', { savedTokens: 100 }]],
  ],
  [
    'an item that is archived',
    [item],
    { type: 'context.archive', tags: ['@ITEM'] },
    [['context.archived', { savedTokens: 100 }]],
  ],
  [
    'an item that is deferred',
    [item],
    { type: 'context.defer', tags: ['@ITEM'] },
    [['context.deferred', { savedTokens: 100 }]],
  ],
  [
    'an item that is deferred already',
    [item, { type: 'context.defer', tags: ['@ITEM'] }],
    { type: 'context.defer', tags: ['@ITEM'] },
    [],
  ],
  [
    'an item that is deferred already, and goes',
    [item, { type: 'context.defer', tags: ['@ITEM'] }],
    { type: 'context.discard', tags: ['@ITEM'] },
    [['context.discarded', { savedTokens: 0 }]],
  ],
  [
    'an item that comes back',
    [item, { type: 'context.defer', tags: ['@ITEM'] }],
    { type: 'context.restore', tags: ['@ITEM'] },
    [['context.restored']],
  ],
  ['an item that is there', [item], { type: 'context.restore', tags: ['@ITEM'] }, []],
  [
    'an item that waits for a summary comes back',
    [item, { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 }],
    { type: 'context.restore', tags: ['@ITEM'] },
    [['context.restored']],
  ],
  [
    'a request for a summary',
    [item],
    { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 },
    [['context.summary-requested']],
  ],
  [
    'the same request again',
    [item, { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 }],
    { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 },
    [],
  ],
  [
    'a request for a longer one',
    [item, { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 }],
    { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 30 },
    [['context.summary-requested']],
  ],
  [
    'a request that is taken back',
    [item, { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 }],
    { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: null },
    [['context.summary-requested']],
  ],
  [
    'a request that is taken back and is not there',
    [item],
    { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: null },
    [],
  ],
  [
    'a summary by its share',
    [item, { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 }],
    { type: 'context.summarize', tag: '@ITEM', summary: { ...content, bytes: 41 } },
    [['context.summarized', { weight: { tokens: 11, estimated: true }, savedTokens: 89 }]],
  ],
  [
    'a summary with its tokens, as long as the item',
    [item],
    { type: 'context.summarize', tag: '@ITEM', summary: content, tokens: 100 },
    [['context.summarized', { weight: { tokens: 100, estimated: false }, savedTokens: 0 }]],
  ],
  [
    'a summary of a deferred item saves nothing',
    [item, { type: 'context.defer', tags: ['@ITEM'] }],
    { type: 'context.summarize', tag: '@ITEM', summary: content, tokens: 10 },
    [['context.summarized', { weight: { tokens: 10, estimated: false }, savedTokens: 0 }]],
  ],
]

const ofItems: readonly RefusedRow[] = [
  [
    'is added twice',
    [item],
    item,
    {
      subject: 'item @ITEM',
      status: 'kept',
      reason: 'an item of that tag is there already',
      accepted: ['context.add with another tag', 'context.discard'],
    },
  ],
  [
    'is critical and added twice',
    [critical],
    critical,
    {
      subject: 'item @KEEP',
      status: 'kept',
      reason: 'an item of that tag is there already',
      accepted: ['context.add with another tag', 'context.retier'],
    },
  ],
  [
    'is discarded, and is not there',
    [],
    { type: 'context.discard', tags: ['@ITEM'] },
    {
      subject: 'item @ITEM',
      status: 'not there',
      reason: 'there is no such item',
      accepted: ['context.add'],
    },
  ],
  [
    'is named twice',
    [item],
    { type: 'context.restore', tags: ['@ITEM', '@ITEM'] },
    { subject: ofSession, status: 'active', reason: 'a tag is named twice', accepted: [] },
  ],
  [
    'is critical and deferred',
    [critical, item],
    { type: 'context.defer', tags: ['@ITEM', '@KEEP'] },
    {
      subject: 'item @KEEP',
      status: 'kept',
      reason: 'it is critical, and critical context is always kept',
      accepted: ['context.retier'],
    },
  ],
  [
    'has no text to summarize',
    [bare],
    { type: 'context.request-summary', tags: ['@BARE'], targetPercent: 20 },
    {
      subject: 'item @BARE',
      status: 'kept',
      reason: 'it has no text to summarize',
      accepted: ['context.defer', 'context.discard'],
    },
  ],
  [
    'has an empty text to summarize',
    [{ ...item, content: { ...content, bytes: 0, preview: '' } }],
    { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 },
    {
      subject: 'item @ITEM',
      status: 'kept',
      reason: 'it has no text to summarize',
      accepted: ['context.defer', 'context.discard'],
    },
  ],
  [
    'is summarized for a request that does not stand',
    [item],
    { type: 'context.summarize', tag: '@ITEM', summary: content, requestedVersion: 2 },
    {
      subject: 'item @ITEM',
      status: 'kept',
      reason: 'the request of version 2 does not stand any more',
      accepted: ['context.summarize without requestedVersion'],
    },
  ],
  [
    'gets a summary that is longer',
    [item],
    { type: 'context.summarize', tag: '@ITEM', summary: content, tokens: 101 },
    {
      subject: 'item @ITEM',
      status: 'kept',
      reason: 'its summary takes 101 tokens, more than its own 100',
      accepted: ['context.summarize with a shorter summary', 'context.defer'],
    },
  ],
]

const tools: Command = {
  type: 'context.add',
  tag: '@TOOLS',
  tier: 'supporting',
  category: 'reference.tools',
  tokens: 10_000,
}
const more: Command = { ...item, tokens: 5_001 }
const both = ['@ITEM', '@TOOLS']
const overrun = { name: 'reference.tools', limitTokens: 15_000, usedTokens: 15_001 }

/** A window of 200,000 tokens leaves 15,000 to tools; overrun, that stays so until it is 5 % below. */
const allocations: readonly Row[] = [
  [
    'an item up to the limit',
    [tools],
    { ...item, tokens: 5_000 },
    [['context.added', { weight: { tokens: 5_000, estimated: false } }]],
  ],
  [
    'an item above the limit',
    [tools],
    more,
    [
      ['context.added', { weight: { tokens: 5_001, estimated: false } }],
      ['budget.allocation-overrun', { allocations: [overrun] }],
    ],
  ],
  [
    'an item that goes, and another stays',
    [tools, more],
    { type: 'context.discard', tags: ['@ITEM'] },
    [
      ['context.discarded', { savedTokens: 5_001 }],
      ['budget.allocation-relieved', { names: ['reference.tools'] }],
    ],
  ],
  [
    'items that are archived together',
    [tools, more],
    { type: 'context.archive', tags: both },
    [
      ['context.archived', { savedTokens: 15_001 }],
      ['budget.allocation-relieved', { names: ['reference.tools'] }],
    ],
  ],
  [
    'items that are deferred together',
    [tools, more],
    { type: 'context.defer', tags: both },
    [
      ['context.deferred', { savedTokens: 15_001 }],
      ['budget.allocation-relieved', { names: ['reference.tools'] }],
    ],
  ],
  [
    'an item that comes back',
    [tools, more, { type: 'context.defer', tags: ['@ITEM'] }],
    { type: 'context.restore', tags: ['@ITEM'] },
    [['context.restored'], ['budget.allocation-overrun', { allocations: [overrun] }]],
  ],
  [
    'a summary that leaves enough',
    [tools, more],
    { type: 'context.summarize', tag: '@ITEM', summary: content, tokens: 4_000 },
    [
      ['context.summarized', { weight: { tokens: 4_000, estimated: false }, savedTokens: 1_001 }],
      ['budget.allocation-relieved', { names: ['reference.tools'] }],
    ],
  ],
  [
    'a summary that does not',
    [tools, more],
    { type: 'context.summarize', tag: '@ITEM', summary: content, tokens: 5_000 },
    [['context.summarized', { weight: { tokens: 5_000, estimated: false }, savedTokens: 1 }]],
  ],
  [
    'an item without a name after one that took the name',
    [{ ...tools, tag: '@TOOLS-001' }],
    { type: 'context.add', tier: 'temporary', category: 'reference.tools', tokens: 1 },
    [['context.added', { tag: '@TOOLS-002', weight: { tokens: 1, estimated: false } }]],
  ],
  [
    'a summary of an item with an empty text',
    [{ ...item, content: { ...content, bytes: 0, preview: '' } }],
    { type: 'context.summarize', tag: '@ITEM', summary: { ...content, bytes: 4 } },
    [['context.summarized', { weight: { tokens: 2, estimated: true }, savedTokens: 98 }]],
  ],
]

const waiting: Command = { type: 'context.request-summary', tags: ['@ITEM'], targetPercent: 20 }
const later: Command = { type: 'context.defer', tags: ['@ITEM'] }

/** What is true of one of two items is not true of both. */
const pairs: readonly Row[] = [
  [
    'are deferred, and one is already',
    [tools, item, later],
    { type: 'context.defer', tags: both },
    [['context.deferred', { savedTokens: 10_000 }]],
  ],
  [
    'come back, and one is there',
    [tools, item, later],
    { type: 'context.restore', tags: both },
    [['context.restored']],
  ],
  [
    'are to be summarized, and one is already',
    [{ ...tools, content } as Command, item, waiting],
    { type: 'context.request-summary', tags: both, targetPercent: 20 },
    [['context.summary-requested']],
  ],
  [
    'are not to be summarized, and one never was',
    [{ ...tools, content } as Command, item, waiting],
    { type: 'context.request-summary', tags: both, targetPercent: null },
    [['context.summary-requested']],
  ],
  [
    'are too much when one is no summary any more',
    [tools, more, { type: 'context.summarize', tag: '@ITEM', summary: content, tokens: 4_000 }],
    { type: 'context.restore', tags: ['@ITEM'] },
    [['context.restored'], ['budget.allocation-overrun', { allocations: [overrun] }]],
  ],
]

describe('what is decided about two items that', () => {
  it.each(pairs.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

describe('a context', () => {
  it.each<[string, 'critical' | 'supporting', readonly string[]]>([
    ['one may go', 'supporting', ['context.discard', 'context.archive']],
    ['none may go', 'critical', ['context.retier']],
  ])('that is full takes no item more, and says what helps: %s', (_, tier, accepted) => {
    const context = { now: '', checkpointId: () => '', handoffId: () => '', countedCall: () => null }
    const begun = {
      ...initialState('sess_00000000-0000-4000-8000-000000000001'),
      startedAt: '2026-01-01T00:00:00.000Z',
    }
    const held = contextItem(tier)
    const filled = (count: number) => {
      const items = Object.fromEntries(
        Array.from({ length: count }, (_, index) => [`@N${index}`, { ...held, tag: `@N${index}` }]),
      )
      return {
        ...begun,
        context: { ...begun.context, items: { ...items, '@LAST': contextItem('critical') } },
      }
    }
    expect(decide(filled(limits.contextItemsMax - 2), item, context).ok).toBe(true)
    expect(decide(filled(limits.contextItemsMax - 1), item, context)).toMatchObject({
      ok: false,
      refusal: { reason: 'its context holds 1000 items, as many as it may', accepted },
    })
  })
})

function contextItem(tier: 'critical' | 'supporting'): ContextItem {
  const none = {
    title: null,
    content: null,
    server: null,
    summary: null,
    summaryTokens: null,
    summaryWantedPercent: null,
    summaryWantedVersion: null,
  }
  return {
    ...none,
    tag: '@LAST',
    tier,
    category: 'reference.tools',
    tokens: 0,
    estimated: false,
    status: 'kept',
    addedVersion: 1,
    addedAt: '2026-01-01T00:00:00.000Z',
  }
}

describe('what is decided about an item', () => {
  it.each(allocations.map((row) => ({ name: row[0], row })))('and its allocation: $name', ({ row }) =>
    holdsDecided(row),
  )
})

describe('what is decided of an item', () => {
  it.each(items.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

describe('the refusal when an item', () => {
  it.each(ofItems.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsRefused(row))
})
