/** Goal: what misleads a naive reader of Codex rollouts, each with exact figures. Method: import and look. */
import { describe, expect, it } from 'vitest'
import { dataOf, figuresText, fixture, imported, textOf } from './support.ts'

const rollout = (time: string, thread: string): string =>
  fixture(`codex/rollout-2026-03-02T${time}-${thread}.jsonl`)
const [parent, fork] = ['019cadc6-9a80-7000-8000-000000000001', '019cadcf-c240-7000-8000-000000000002']
const [unused, compacted] = ['019cadcf-c434-7000-8000-000000000003', '019cadd4-5620-7000-8000-000000000004']
const parentFile = rollout('09-00-00', parent)
const forkFile = rollout('09-10-00', fork)

describe('a Codex rollout', () => {
  it('counts differences of totals: repeated totals and bare rate limits are no calls', async () => {
    const { figures, top } = await imported([parentFile])
    expect(figuresText(figures)).toBe('3 calls, 1600 150 2900 0, 0 compactions, peak 2030')
    expect(top.window).toMatchObject({ totalTokens: 100_000, totalSource: 'stated' })
    expect(top).toMatchObject({ model: 'gpt-5.4-mini', gitBranch: 'main', permissionMode: 'on-request' })
  })

  it('takes prompts and replies once, though each is written twice, and no words that the tool put in', async () => {
    const { log, top } = await imported([parentFile])
    const words = [
      ...(await dataOf(log, top.sessionId, 'prompt.submitted')),
      ...(await dataOf(log, top.sessionId, 'reply.recorded')),
    ]
    expect(words.map(({ content }) => content.preview)).toEqual([
      'Write the opening hours.',
      'And on Sunday?',
      'Open from six.',
      'Closed.',
    ])
  })

  it('follows the plan, the model, the turns and failed commands', async () => {
    const { log, top } = await imported([parentFile])
    expect(Object.values(top.tasks).map(({ id, status }) => `${id} ${status}`)).toEqual([
      'plan-ask-the-baker completed',
      'plan-write-it-down completed',
    ])
    expect(top.turns).toEqual({ prompts: 2, completed: 1, interrupted: 1 })
    const returned = await dataOf(log, top.sessionId, 'tool.returned')
    expect(returned.map(({ outcome }) => outcome)).toEqual(['ok', 'error', 'ok'])
  })

  it('a fork begins with its parent’s history: that is inherited, not counted, and makes no tasks', async () => {
    const alone = await imported([forkFile])
    expect(figuresText(alone.figures)).toBe('1 calls, 500 40 1600 0, 0 compactions, peak 2140')
    expect(alone.top.usage.inherited).toMatchObject({ calls: 2, inputTokens: 1_100, outputTokens: 120 })
    expect(alone.top).toMatchObject({ tasks: {}, turns: { prompts: 1, completed: 1 }, openCalls: {} })
  })

  it('parent and fork together count each call once, in either order', async () => {
    const expected = '4 calls, 2100 190 4500 0, 0 compactions, peak 2030'
    const both = await imported([forkFile, parentFile])
    expect(figuresText(both.figures)).toBe(expected)
    expect(both.stateOf(fork).parentSessionId).toBe(both.stateOf(parent).sessionId)
    const forkFirst = await imported([forkFile])
    expect(figuresText((await imported([parentFile], forkFirst.log)).figures)).toBe(expected)
  })

  it('a fork that was never used has spent nothing', async () => {
    const { figures, top } = await imported([rollout('09-10-00', unused)])
    expect(figuresText(figures)).toBe('0 calls, 0 0 0 0, 0 compactions, peak 0')
    expect(top.usage.inherited.calls).toBe(2)
    expect(top.window).toMatchObject({ totalTokens: 100_000, totalSource: 'stated' })
  })

  it('a compaction has two marks and counts once; the zero usage between them is the new size of the window', async () => {
    const { figures, log, top } = await imported([rollout('09-15-00', compacted)])
    expect(figuresText(figures)).toBe('3 calls, 89000 1000 109000 0, 2 compactions, peak 95400')
    const compactions = await dataOf(log, top.sessionId, 'context.compacted')
    expect(compactions.map(({ preTokens }) => preTokens)).toEqual([95_400, 13_100])
    expect(await textOf(log, compactions[0]?.summary)).toContain('Sum up the year.')
    const readings = await dataOf(log, top.sessionId, 'context.measured')
    expect(readings.map(({ contextTokens, estimated }) => [contextTokens, estimated])).toEqual([
      [0, true],
      [12_000, undefined],
    ])
  })

  it('glued lines are two lines’ worth of records', async () => {
    const { result, top } = await imported([rollout('09-15-00', compacted)])
    expect(result.files[0]).toMatchObject({ lines: 15, damaged: [] })
    expect(top.turns.completed).toBe(1)
  })
})
