/**
 * What state keeps.
 *
 * Goal: lists keep the newest up to their limit, what an event does not say stays, and what is there twice is kept once. Method: events are
 * folded into an empty state: up to each limit and one further, with a field and without it.
 */
import { describe, expect, it } from 'vitest'
import type { FoldableEvent } from '../../src/events/envelope.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { serverOfTool } from '../../src/fold/knowledge.ts'
import { initialState } from '../../src/fold/state.ts'
import { summaryOf } from '../../src/fold/summary.ts'
import { limits } from '../../src/kernel/limits.ts'

type Fact = readonly [type: string, data: object]

const id = 'sess_00000000-0000-4000-8000-000000000001'
const time = '2026-01-01T00:00:00.000Z'

function stateAfter(...facts: readonly Fact[]) {
  const state = initialState(id)
  // The facts of these tests are what the recipes read; nothing else is looked at.
  const events = facts.map(
    ([type, data], index) => ({ type, data, version: index + 1, time }) as FoldableEvent,
  )
  foldInto(state, events)
  return state
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
const noted = (...facts: readonly Fact[]) => stateAfter(...facts).history.at(-1)?.text
const content = { hash: 'a'.repeat(64), bytes: 10, preview: 'text' }
const window = { totalTokens: 1_000, source: 'stated', usedTokens: 100, estimated: false }

describe('a list', () => {
  const decision = (index: number): Fact => ['decision.recorded', { text: `d${index}` }]
  const step = (index: number): Fact => ['spec.updated', { specId: 'S', completedStep: `s${index}` }]
  const checkpoint = (index: number): Fact => [
    'checkpoint.created',
    { checkpointId: `c${index}`, trigger: 'manual', version: index },
  ]
  const grown = (index: number): readonly Fact[] => [
    ['prompt.submitted', { content }],
    ['context.measured', { contextTokens: index, window: { ...window, usedTokens: (index + 1) * 10 } }],
  ]
  it.each<[string, number, (count: number) => readonly unknown[]]>([
    [
      'decisions',
      limits.decisionsMax,
      (count) => stateAfter(...times(count, decision)).knowledge.decisions.map(({ text }) => text),
    ],
    [
      'completed steps',
      limits.completedStepsMax,
      (count) => stateAfter(...times(count, step)).knowledge.specs.S?.completedSteps ?? [],
    ],
    [
      'checkpoints',
      limits.checkpointsListedMax,
      (count) => stateAfter(...times(count, checkpoint)).checkpoints.map((entry) => entry.id),
    ],
    [
      'samples of growth',
      limits.growthSamplesMax,
      (count) =>
        stateAfter(...times(count + 1, grown).flat()).growth.samples.map(({ usedTokens }) => usedTokens),
    ],
  ])('of %s keeps the newest %i', (_, most, keptOf) => {
    const all = keptOf(most)
    expect(all).toHaveLength(most)
    const more = keptOf(most + 1)
    expect(more).toHaveLength(most)
    expect(more.slice(0, -1)).toEqual(all.slice(1))
  })

  it('of named values takes no name beyond its limit, and changes and forgets those it has', () => {
    const named = (names: Readonly<Record<string, string | null>>): Fact => [
      'focus.changed',
      { variables: names },
    ]
    const full = Object.fromEntries(times(limits.namedValuesMax, (index) => [`n${index}`, 'x']))
    const variablesAfter = (...facts: readonly Fact[]) =>
      stateAfter(named(full), ...facts).knowledge.focus.variables
    expect(Object.keys(variablesAfter())).toHaveLength(limits.namedValuesMax)
    expect(variablesAfter(named({ more: 'x' }))).toEqual(full)
    expect(variablesAfter(named({ n0: 'y' }))).toEqual({ ...full, n0: 'y' })
    expect(Object.keys(variablesAfter(named({ n0: null }), named({ more: 'x' })))).toContain('more')
    expect(variablesAfter(named({ n0: null }))).not.toHaveProperty('n0')
  })

  it('of open calls lets go of the oldest half when there are too many', () => {
    const call = (index: number): Fact => ['tool.called', { toolCallId: `t${index}`, name: 'Read' }]
    expect(Object.keys(stateAfter(...times(limits.openCallsMax, call)).openCalls)).toHaveLength(
      limits.openCallsMax,
    )
    const open = Object.keys(stateAfter(...times(limits.openCallsMax + 1, call)).openCalls)
    expect(open).not.toContain('t0')
    expect(open.at(-1)).toBe(`t${limits.openCallsMax}`)
    expect(open).toHaveLength(limits.openCallsMax / 2 + 1)
  })
})

describe('what an event does not say', () => {
  it('stays as it was', () => {
    const server: Fact = ['server.described', { server: 's', tools: ['a'], toolTokens: 7, enabled: true }]
    const spec: Fact = ['spec.updated', { specId: 'S', title: 't', phase: 'RED' }]
    const { servers, specs } = stateAfter(server, ['server.described', { server: 's' }], spec, [
      'spec.updated',
      { specId: 'S' },
    ]).knowledge
    expect(servers.s).toMatchObject({ tools: ['a'], toolTokens: 7 })
    expect(specs.S).toMatchObject({ title: 't', phase: 'RED' })
    expect(
      stateAfter(
        ['task.added', { taskId: 'A', title: 'A' }],
        ['task.described', { taskId: 'A', agent: 'x' }],
        ['task.described', { taskId: 'A', title: 'B' }],
      ).tasks.A,
    ).toMatchObject({ agent: 'x', title: 'B' })
    const forked: Fact = ['session.forked', { parentSessionId: 'p', parentVersion: 3 }]
    expect(stateAfter(['session.described', { title: 't' }], forked).title).toBe('t')
    expect(
      stateAfter(
        ['session.described', { title: 't' }],
        ['session.forked', { parentSessionId: 'p', parentVersion: 3, title: 'u' }],
      ).title,
    ).toBe('u')
  })

  it.each<[string, Fact]>([
    ['session suspended', ['session.suspended', {}]],
    ['session suspended: lunch', ['session.suspended', { reason: 'lunch' }]],
    ['session ended', ['session.ended', {}]],
    ['session ended: done', ['session.ended', { reason: 'done' }]],
    ['S enters RED', ['spec.updated', { specId: 'S', phase: 'RED' }]],
  ])('is not in the line "%s"', (line, fact) => {
    expect(noted(fact)).toBe(line)
  })

  it('is no line at all of a spec that enters no phase', () => {
    expect(stateAfter(['spec.updated', { specId: 'S', title: 't' }]).history).toEqual([])
  })
})

describe('a compaction', () => {
  const item: Fact = [
    'context.added',
    { tag: '@A', tier: 'temporary', category: 'reference.tools', weight: { tokens: 10, estimated: false } },
  ]
  const compacted = (more: object): Fact => [
    'context.compacted',
    { trigger: 'auto', kind: 'full', window: null, ...more },
  ]
  it.each<[string, object, number, readonly string[], boolean]>([
    ['of the whole, with what is left', { window }, 1, ['@A'], false],
    ['of the whole, with nothing said', {}, 1, [], false],
    ['of a part, with what is left', { kind: 'micro', window }, 0, [], false],
    ['of a part, with nothing said', { kind: 'micro' }, 0, [], false],
    ['with its summary', { summary: content }, 1, [], true],
  ])('%s', (_, more, compactions, cutTags, isSummarized) => {
    const state = stateAfter(item, compacted(more))
    expect([state.compactions, state.growth.cutTags]).toEqual([compactions, cutTags])
    expect(state.talk.summary).toEqual(isSummarized ? { version: 2, time, content } : null)
  })
})

describe('growth', () => {
  const report = (usedTokens: number): Fact => [
    'context.measured',
    { contextTokens: usedTokens, window: { ...window, usedTokens } },
  ]
  const text: Fact = ['prompt.submitted', { content }]
  it('is learned of a report that is higher, after texts', () => {
    const samplesAfter = (...facts: readonly Fact[]) =>
      stateAfter(...facts).growth.samples.map(({ tokens }) => tokens)
    expect(samplesAfter(report(100), text, report(101))).toEqual([1])
    expect(samplesAfter(report(100), text, report(100))).toEqual([])
    expect(samplesAfter(report(100), report(101))).toEqual([])
    expect(samplesAfter(text, report(101))).toEqual([])
  })
})

describe('an allocation that is overrun', () => {
  const overrun = (...names: readonly string[]): Fact => [
    'budget.allocation-overrun',
    { allocations: names.map((name) => ({ name, limitTokens: 1, usedTokens: 2 })) },
  ]
  it('is listed once, in order, until it is relieved', () => {
    const overrunAfter = (...facts: readonly Fact[]) => stateAfter(...facts).context.overrun
    expect(overrunAfter(overrun('reserve', 'conversation'))).toEqual(['conversation', 'reserve'])
    expect(overrunAfter(overrun('reserve'), overrun('reserve', 'conversation'))).toEqual([
      'conversation',
      'reserve',
    ])
    expect(
      overrunAfter(overrun('reserve', 'conversation'), [
        'budget.allocation-relieved',
        { names: ['reserve'] },
      ]),
    ).toEqual(['conversation'])
  })
})

describe('what is known', () => {
  it('stays where an event does not speak of it', () => {
    const facts: readonly Fact[] = [
      ['focus.changed', { objectives: ['o'], constraints: ['c'] }],
      ['focus.changed', { variables: { x: '1' } }],
      ['project.described', { name: 'n', root: '/' }],
      ['project.described', {}],
      ['milestone.updated', { milestoneId: 'M', title: 't', specId: 'S', status: 'reached' }],
      ['milestone.updated', { milestoneId: 'M' }],
      ['user.described', { language: 'ko', expertise: 'expert' }],
      ['user.described', {}],
      ['system.described', { tools: ['Read'] }],
      ['system.described', {}],
    ]
    const { focus, project, milestones, user, tools } = stateAfter(...facts).knowledge
    expect(focus).toMatchObject({ objectives: ['o'], constraints: ['c'], variables: { x: '1' } })
    expect([project, tools]).toMatchObject([{ name: 'n', root: '/' }, ['Read']])
    expect(user).toMatchObject({ language: 'ko', expertise: 'expert' })
    expect(milestones.M).toMatchObject({ title: 't', specId: 'S', status: 'reached', reachedAt: time })
  })

  it('of a milestone is when it was reached, until it is not any more', () => {
    const milestone = (status: string): Fact => ['milestone.updated', { milestoneId: 'M', status }]
    const reachedAt = (...facts: readonly Fact[]) => stateAfter(...facts).knowledge.milestones.M?.reachedAt
    expect([reachedAt(milestone('reached')), reachedAt(milestone('missed'))]).toEqual([time, null])
    expect(reachedAt(milestone('reached'), milestone('planned'))).toBeNull()
    const lines = (...facts: readonly Fact[]) => stateAfter(...facts).history.length
    expect(lines(milestone('reached'), milestone('reached'))).toBe(lines(milestone('reached')))
  })

  it('of specs are the newest: the one that changed longest ago goes', () => {
    const spec = (index: number): Fact => ['spec.updated', { specId: `S${index}`, title: 't' }]
    const specsAfter = (...facts: readonly Fact[]) => Object.keys(stateAfter(...facts).knowledge.specs)
    const full = times(limits.specsMax, spec)
    expect(specsAfter(...full)).toHaveLength(limits.specsMax)
    const more = specsAfter(...full, spec(0), spec(limits.specsMax))
    expect([more.length, more.includes('S0'), more.includes('S1'), more.includes('S2')]).toEqual([
      limits.specsMax,
      true,
      false,
      true,
    ])
  })
})

describe('files and results', () => {
  const write = (path: string, outcome = 'ok'): readonly Fact[] => [
    ['tool.called', { toolCallId: path, name: 'Write', target: path, writes: true }],
    ['tool.returned', { toolCallId: path, outcome }],
  ]
  const filesAfter = (...facts: readonly Fact[]) => stateAfter(...facts).talk.files.map(({ path }) => path)
  it('that were written are listed once, the newest last', () => {
    expect(filesAfter(...write('a'), ...write('b'), ...write('a'))).toEqual(['b', 'a'])
    expect(filesAfter(...write('a'), ...write('b', 'error'))).toEqual(['a'])
    expect(
      filesAfter(
        ['tool.called', { toolCallId: 't', name: 'Read', target: 'a' }],
        ['tool.returned', { toolCallId: 't', outcome: 'ok' }],
      ),
    ).toEqual([])
    const many = times(limits.recentFilesMax, (index) => `f${index}`)
    expect(filesAfter(...many.flatMap((path) => write(path)))).toEqual(many)
    expect(filesAfter(...many.flatMap((path) => write(path)), ...write('last'))).toEqual([
      ...many.slice(1),
      'last',
    ])
  })

  it('that came before their calls are remembered up to a limit', () => {
    const result = (index: number): Fact => ['tool.returned', { toolCallId: `t${index}`, outcome: 'ok' }]
    const early = (count: number) => stateAfter(...times(count, result)).earlyResults
    expect(early(limits.earlyResultsMax)).toHaveLength(limits.earlyResultsMax)
    expect([early(limits.earlyResultsMax + 1).length, early(limits.earlyResultsMax + 1)[0]]).toEqual([
      limits.earlyResultsMax,
      't1',
    ])
  })
})

describe('the history', () => {
  it('keeps its newest lines, each no longer than a preview', () => {
    const suspended = (reason: string): Fact => ['session.suspended', { reason }]
    const { history } = stateAfter(...times(3 * limits.historyEntriesMax, (index) => suspended(`r${index}`)))
    expect(history).toHaveLength(limits.historyEntriesMax)
    expect(history.at(-1)?.text).toBe(`session suspended: r${3 * limits.historyEntriesMax - 1}`)
    expect(noted(suspended('x'.repeat(2 * limits.previewCharactersMax)))).toHaveLength(
      limits.previewCharactersMax,
    )
  })

  it('of times is the latest, in whatever order they come', () => {
    const state = initialState(id)
    const at = (version: number, when: string) =>
      ({ type: 'turn.completed', data: {}, version, time: when }) as FoldableEvent
    foldInto(state, [at(1, '2026-01-02T00:00:00.000Z'), at(2, time)])
    expect(state.lastEventAt).toBe('2026-01-02T00:00:00.000Z')
  })
})

describe('tool calls', () => {
  const call: Fact = ['tool.called', { toolCallId: 't', name: 'Write', target: 'a.ts', writes: true }]
  it('that came after their result are done, and their file is noted', () => {
    const state = stateAfter(['tool.returned', { toolCallId: 't', outcome: 'ok' }], call)
    expect([state.openCalls, state.earlyResults]).toEqual([{}, []])
    expect(JSON.stringify(state.talk)).toContain('a.ts')
    const reading = stateAfter(
      ['tool.returned', { toolCallId: 't', outcome: 'ok' }],
      ['tool.called', { toolCallId: 't', name: 'Read', target: 'a.ts' }],
    )
    expect([reading.openCalls, JSON.stringify(reading.talk).includes('a.ts')]).toEqual([{}, false])
  })

  it.each<[string, string | null]>([
    ['mcp__context7__resolve', 'context7'],
    ['mcp__a__b__c', 'a'],
    ['mcp__context7', null],
    ['x_mcp__a__b', null],
    ['Read', null],
    [`mcp__${'s'.repeat(limits.idCharactersMax + 1)}__x`, 's'.repeat(limits.idCharactersMax)],
  ])('of %s belong to the server %s', (tool, server) => {
    expect(serverOfTool(tool)).toBe(server)
  })
})

describe('a handoff, a recovery, a reply', () => {
  it('offered when the session ends is withdrawn', () => {
    const offer: Fact = ['session.handed-off', { handoffId: 'h', toAgent: 'b' }]
    expect(stateAfter(offer, ['session.ended', {}]).handoffs).toMatchObject([
      { id: 'h', status: 'withdrawn', endedAt: time },
    ])
    expect(
      stateAfter(offer, ['session.forked', { parentSessionId: 'p', parentVersion: 1 }]).handoffs,
    ).toEqual([])
  })

  it('that is told to somebody has a step of that', () => {
    const begun: Fact = ['recovery.began', { recoveryId: 'r', taskPolicy: 'keep' }]
    const step: Fact = [
      'recovery.step-recorded',
      { recoveryId: 'r', step: 'restore', outcome: 'done', detail: 'd' },
    ]
    const recovered = {
      recoveryId: 'r',
      from: 'snapshot',
      checkpointId: null,
      snapshotVersion: 0,
      replayedEvents: 0,
      open: [],
      openCount: 0,
    }
    const told = { outcome: 'done', detail: 'ada' }
    const stepsAfter = (more: object) =>
      stateAfter(begun, step, ['session.recovered', { ...recovered, ...more }]).recovery?.steps
    const first = { step: 'restore', outcome: 'done', detail: 'd', lines: [], time }
    expect(stepsAfter({})).toEqual([first])
    expect(stepsAfter({ notified: told })).toEqual([first, { step: 'notify', ...told, lines: [], time }])
  })

  it('in thought is no reply to be read', () => {
    const reply = (kind: string): Fact => ['reply.recorded', { kind, content }]
    const { talk } = stateAfter(reply('text'))
    expect(talk).not.toEqual(initialState(id).talk)
    expect(stateAfter(reply('thinking')).talk).toEqual(initialState(id).talk)
  })
})

describe('a summary', () => {
  it('says where a session comes from and what it took in, and only then', () => {
    const plain = stateAfter(['session.described', { title: 't' }])
    expect(summaryOf(plain)).not.toHaveProperty('branch')
    const merge: Fact = ['session.merged', { sourceSessionId: 'f', sourceVersion: 7, conflictCount: 2 }]
    const none = summaryOf({ ...plain, continuesSessionId: 'c', continuesVersion: 3 }).branch
    const inherited = {
      calls: 0,
      inputTokens: 0,
      outputTokens: 0,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
    }
    expect(none).toEqual({ continuesSessionId: 'c', continuesVersion: 3, inherited, merges: [] })
    const merges = [{ sessionId: 'f', sourceVersion: 7, version: 1, conflictCount: 2 }]
    expect(summaryOf(stateAfter(merge)).branch).toEqual({
      continuesSessionId: null,
      continuesVersion: null,
      inherited,
      merges,
    })
    const usage = { ...plain.usage, inherited: { ...inherited, calls: 1 } }
    expect(summaryOf({ ...plain, usage }).branch).toEqual({
      continuesSessionId: null,
      continuesVersion: null,
      inherited: usage.inherited,
      merges: [],
    })
  })
})
