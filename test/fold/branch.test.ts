/**
 * Goal: what is kept of merges is what later merges need, and a rewind takes back what came after it. Method: events are folded into an
 * empty state, up to the limits and one further.
 */
import { describe, expect, it } from 'vitest'
import type { FoldableEvent } from '../../src/events/envelope.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'

type Fact = Pick<FoldableEvent, 'type' | 'data'>

const time = '2026-01-01T00:00:00.000Z'

function stateAfter(events: readonly Fact[]) {
  const state = initialState('sess_00000000-0000-4000-8000-000000000001')
  foldInto(
    state,
    events.map((event, index) => ({ ...event, version: index + 1, time }) as FoldableEvent),
  )
  return state
}

const merged = (sessionId: string, sourceVersion: number) =>
  ({
    type: 'session.merged',
    data: {
      sourceSessionId: sessionId,
      sourceVersion,
      baseVersion: 1,
      policies: { tasks: 'ours', context: 'ours', decisions: 'ours' },
      broughtCount: 0,
      conflicts: [],
      conflictCount: 2,
    },
  }) as Fact

const rewound = (toVersion: number, restored: object = {}) =>
  ({
    type: 'session.rewound',
    data: { toVersion, restored: { tasks: {}, items: {}, knowledge: null, ...restored } },
  }) as Fact

const idsOf = (count: number, first = 0) =>
  Array.from({ length: count }, (_, index) => `fork-${first + index}`)

describe('merges', () => {
  it('are listed with what they brought', () => {
    const { merges, history } = stateAfter([merged('fork', 7)])
    expect(merges).toEqual([{ sessionId: 'fork', sourceVersion: 7, version: 1, time, conflictCount: 2 }])
    expect(history).toEqual([{ version: 1, time, text: 'merged fork at version 7, 2 conflicts' }])
  })

  it('are listed up to a limit; then the oldest goes', () => {
    const most = idsOf(limits.mergesListedMax)
    expect(stateAfter(most.map((id) => merged(id, 1))).merges.map(({ sessionId }) => sessionId)).toEqual(most)
    const more = idsOf(limits.mergesListedMax + 1)
    expect(stateAfter(more.map((id) => merged(id, 1))).merges.map(({ sessionId }) => sessionId)).toEqual(
      more.slice(1),
    )
  })

  it('of a session that was merged again go first', () => {
    const ids = [...idsOf(limits.mergesListedMax - 1), 'fork-3', 'last']
    const kept = stateAfter(ids.map((id, index) => merged(id, index + 1))).merges
    expect(kept).toHaveLength(limits.mergesListedMax)
    expect(kept.filter(({ sessionId }) => sessionId === 'fork-3')).toMatchObject([
      { sourceVersion: limits.mergesListedMax },
    ])
    expect(kept[0]?.sessionId).toBe('fork-0')
  })
})

describe('a rewind', () => {
  const note: Fact = { type: 'decision.recorded', data: { text: 'kept' } }
  const item = (tag: string, tokens: number) =>
    ({
      type: 'context.added',
      data: {
        tag,
        tier: 'supporting',
        category: 'reference.tools',
        tokens,
        weight: { tokens, estimated: false },
      },
    }) as Fact

  it('forgets the merges after that version, and keeps the one at it', () => {
    const { merges, history } = stateAfter([merged('a', 1), merged('b', 1), merged('c', 1), rewound(2)])
    expect(merges.map(({ sessionId }) => sessionId)).toEqual(['a', 'b'])
    expect(history.at(-1)?.text).toBe('went back to version 2')
  })

  it('leaves what is known as it is, or puts all of it back', () => {
    expect(stateAfter([note, rewound(1)]).knowledge.decisions.map(({ text }) => text)).toEqual(['kept'])
    const { focus } = initialState('').knowledge
    const knowledge = { focus: { ...focus, scope: 'before' }, decisions: [], specs: {}, milestones: {} }
    const after = stateAfter([note, rewound(1, { knowledge })]).knowledge
    expect([after.decisions, after.focus.scope]).toEqual([[], 'before'])
  })

  it('takes items away, and weighs what is left', () => {
    const state = stateAfter([item('@A', 10), item('@B', 5), rewound(1, { items: { '@B': null } })])
    expect(Object.keys(state.context.items)).toEqual(['@A'])
    expect(state.context.tokensByCategory['reference.tools']).toBe(10)
    expect(state.growth.pendingItemTokens).toBe(10)
  })

  it('takes tasks away, and counts what is left', () => {
    const add = (taskId: string) => ({ type: 'task.added', data: { taskId, title: taskId } }) as Fact
    const state = stateAfter([add('A'), add('B'), rewound(1, { tasks: { B: null } })])
    expect([Object.keys(state.tasks), state.taskCount]).toEqual([['A'], 1])
  })
})

describe('items of a context that was cut', () => {
  const added = (tag: string) =>
    ({
      type: 'context.added',
      data: {
        tag,
        tier: 'temporary',
        category: 'reference.tools',
        tokens: 10,
        weight: { tokens: 10, estimated: false },
      },
    }) as Fact
  const window = { totalTokens: 1_000, source: 'stated', usedTokens: 100, estimated: true } as const
  const cut = {
    type: 'context.compacted',
    data: { trigger: 'auto', kind: 'full', postTokens: 100, window },
  } as const
  const discard = (tag: string) =>
    ({ type: 'context.discarded', data: { tags: [tag], savedTokens: 10 } }) as Fact

  it('left with the cut: they are taken off once, and count again when they come back', () => {
    const after = stateAfter([added('@A'), added('@B'), cut])
    expect(after.growth.cutTags).toEqual(['@A', '@B'])
    const gone = stateAfter([added('@A'), added('@B'), cut, discard('@A')])
    expect([gone.growth.cutTags, gone.growth.pendingItemTokens]).toEqual([['@B'], 0])
    const back = stateAfter([added('@A'), added('@B'), cut, discard('@A'), added('@A')])
    expect(back.growth.pendingItemTokens).toBe(10)
    const goneAgain = stateAfter([added('@A'), added('@B'), cut, discard('@A'), added('@A'), discard('@A')])
    expect([goneAgain.growth.cutTags, goneAgain.growth.pendingItemTokens]).toEqual([['@B'], 0])
  })
})
