/**
 * Goal: each way in which a Claude Code transcript misleads a naive reader is met by a transcript written for it, with
 * exact figures. Method: import the fixture alone into an empty log and look at what came of it.
 */
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { eventsOf } from '../support/events.ts'
import { dataOf, figuresText, fixture, imported, textOf, typesOf } from './support.ts'

const claude = (name: string): string => fixture(`claude-code/${name}`)

describe('calls and tokens', () => {
  it('1: blocks of one reply repeat its usage; the call counts once, with its highest figures', async () => {
    const { figures, top, log } = await imported([claude('01-streamed-duplicates.jsonl')])
    expect(figuresText(figures)).toBe('2 calls, 8 105 2200 250, 0 compactions, peak 1255')
    expect(top.usage.estimatedCalls).toBe(0)
    const types = await typesOf(log, top.sessionId)
    expect(types.filter((type) => type === 'usage.recorded')).toHaveLength(2)
    expect(types.filter((type) => type === 'reply.recorded')).toHaveLength(4)
  })

  it('2: an output count without a reason to stop is a lower bound, and marked', async () => {
    const { figures, top } = await imported([claude('02-placeholder-output.jsonl')])
    expect(figuresText(figures)).toBe('2 calls, 4 31 1100 100, 0 compactions, peak 602')
    expect(top.usage.estimatedCalls).toBe(1)
  })

  it('10: a reply that asked an advisor holds the window once; neither advisor nor task totals are counted', async () => {
    const { figures, top } = await imported([claude('10-advisor-and-task-totals.jsonl')])
    expect(figuresText(figures)).toBe('3 calls, 30 71 4600 190, 0 compactions, peak 1325')
    expect(Object.keys(top.usage.byModel)).toEqual(['claude-opus-4-6'])
    expect(top.observations).toEqual({ 'advisor-usage': 1, agent: 1 })
    expect(top.openCalls).toEqual({})
  })

  it('11: an agent’s calls streamed into its parent’s file are counted in the agent’s own file only', async () => {
    const alone = await imported([claude('11-agent-progress/10000000-0000-4000-8000-00000000000b.jsonl')])
    expect(figuresText(alone.figures)).toBe('2 calls, 16 33 1700 0, 0 compactions, peak 908')
    const both = await imported([claude('11-agent-progress')])
    expect(figuresText(both.figures)).toBe('4 calls, 157 94 1700 0, 0 compactions, peak 908')
    const agent = both.stateOf('agent-oven01')
    expect(agent.parentSessionId).toBe(both.top.sessionId)
    expect(both.top.continuesSessionId).toMatch(/^sess_/)
    const links = await dataOf(both.log, both.top.sessionId, 'observation.recorded')
    expect(links.map(({ detail }) => detail)).toEqual([
      `toolu_f11_1 running agent-oven01 ${agent.sessionId}`,
      `toolu_f11_1 completed agent-oven01 ${agent.sessionId}`,
    ])
  })

  it('11: the agent’s file without its parent is a session of its own, and becomes its child later', async () => {
    const agentFile = claude(
      '11-agent-progress/10000000-0000-4000-8000-00000000000b/subagents/agent-oven01.jsonl',
    )
    const first = await imported([agentFile])
    expect(figuresText(first.figures)).toBe('2 calls, 141 61 0 0, 0 compactions, peak 71')
    const then = await imported([claude('11-agent-progress')], first.log)
    expect(figuresText(then.figures)).toBe('4 calls, 157 94 1700 0, 0 compactions, peak 908')
  })

  it('14: a context above the assumed window enlarges it', async () => {
    const { top } = await imported([claude('14-large-context.jsonl')])
    expect(top.window).toMatchObject({ peakTokens: 625_949, totalTokens: 1_000_000, totalSource: 'learned' })
  })

  it('sub-agents of the oldest era stand interleaved in the file: each run is a child, outside the parent’s window', async () => {
    const { figures, top, states, log } = await imported([claude('16-sidechains.jsonl')])
    expect(figuresText(figures)).toBe('5 calls, 169 99 850 0, 0 compactions, peak 454')
    const children = states.filter(({ parentSessionId }) => parentSessionId === top.sessionId)
    expect(children.map(({ usage }) => [usage.calls, usage.inputTokens])).toEqual([
      [2, 101],
      [1, 60],
    ])
    expect(children.map(({ turns }) => turns.prompts)).toEqual([1, 1])
    const returned = await dataOf(log, top.sessionId, 'tool.returned')
    expect(returned.map(({ outcome }) => outcome)).toEqual(['ok', 'interrupted'])
    expect(top.observations).toEqual({ agent: 2 })
  })
})

describe('lines', () => {
  it('3: two values on one line are two entries, and no damage', async () => {
    const { figures, result, top } = await imported([claude('03-glued-lines.jsonl')])
    expect(figuresText(figures)).toBe('2 calls, 8 41 620 20, 0 compactions, peak 334')
    expect(result.files[0]).toMatchObject({ lines: 4, damaged: [] })
    expect(top.title).toBe('Loaves sorted by weight')
    expect(top.observations).toEqual({ 'files-snapshotted': 1 })
  })

  it('4: a line that cannot be read is reported, kept as it is, and stops nothing', async () => {
    const { figures, result, top, log } = await imported([claude('04-truncated-lines.jsonl')])
    expect(figuresText(figures)).toBe('2 calls, 12 61 850 40, 0 compactions, peak 476')
    expect(result.files[0]?.damaged).toEqual([
      { line: 3, reason: 'unterminated string' },
      { line: 5, reason: 'not JSON' },
      { line: 6, reason: 'a JSON value that is not an object' },
    ])
    expect(top.turns.prompts).toBe(2)
    const [first, , third] = await dataOf(log, top.sessionId, 'observation.recorded')
    expect(await textOf(log, first?.content)).toMatch(/updated with $/)
    expect(await textOf(log, third?.content)).toBe('["no","object"]')
  })

  it('5: a last line without its newline is complete when it can be read', async () => {
    const { figures, result } = await imported([claude('05-no-final-newline.jsonl')])
    expect(figuresText(figures)).toBe('1 calls, 7 12 100 5, 0 compactions, peak 112')
    expect(result.files[0]).toMatchObject({ lines: 2, damaged: [] })
  })

  it('7: entries without ids and of unknown types are read or kept; titles and modes count when they change', async () => {
    const { figures, top, log } = await imported([claude('07-entries-without-ids.jsonl')])
    expect(figuresText(figures)).toBe('1 calls, 9 18 90 0, 0 compactions, peak 99')
    expect(top).toMatchObject({ title: 'Opening the shop', permissionMode: 'acceptEdits' })
    expect(top.observations).toEqual({
      'unknown-window-display': 1,
      'unknown-entry': 1,
      'unknown-system-oven_warmup': 1,
      'pull-request': 1,
    })
    const types = await typesOf(log, top.sessionId)
    expect(types.filter((type) => type === 'session.described')).toHaveLength(2)
  })

  it('8: results, contents and branches come in several shapes; what is not as expected is left out', async () => {
    const { figures, top, result, log } = await imported([claude('08-varying-shapes.jsonl')])
    expect(figuresText(figures)).toBe('4 calls, 4 46 260 0, 0 compactions, peak 81')
    expect(top).toMatchObject({ gitBranch: 'cakes', toolVersion: '2.1.121' })
    expect(result.files[0]).toMatchObject({ damaged: [], refused: 0 })
    const returned = await dataOf(log, top.sessionId, 'tool.returned')
    expect(returned.map(({ outcome }) => outcome)).toEqual(['ok', 'error', 'ok'])
  })

  it('13: a result before its call, equal times and times that go back: the file’s order is the order', async () => {
    const { figures, top, log } = await imported([claude('13-out-of-order.jsonl')])
    expect(figuresText(figures)).toBe('2 calls, 4 53 460 0, 0 compactions, peak 262')
    expect(top.openCalls).toEqual({})
    expect(top.earlyResults).toEqual([])
    const times = (await eventsOf(log, top.sessionId)).map(({ time }) => time)
    expect(times.at(-1)).toBe('2026-03-02T08:00:00.000Z')
  })
})

describe('sessions', () => {
  const [a, b] = ['10000000-0000-4000-8000-00000000006a', '10000000-0000-4000-8000-00000000006b']
  const folder = '06-several-sessions'

  it('6: a file that was resumed by copying is one session, and what it copied counts once', async () => {
    const alone = await imported([claude(`${folder}/${b}.jsonl`)])
    expect(figuresText(alone.figures)).toBe('2 calls, 21 41 220 0, 0 compactions, peak 131')
    expect(alone.top.observations).toEqual({ 'entries-of-other-session': 1 })
    const both = await imported([claude(folder)])
    expect(figuresText(both.figures)).toBe('3 calls, 33 63 360 0, 0 compactions, peak 152')
    expect(new Set(both.states.map(({ nativeId }) => nativeId))).toEqual(new Set([a, b]))
    expect(both.stateOf(b).usage).toMatchObject({ calls: 1, inherited: { calls: 1, inputTokens: 10 } })
  })

  it('6: slices of one session in several files are one session', async () => {
    const { states, top } = await imported([
      claude(`${folder}/${a}.jsonl`),
      claude(`${folder}/${a}.part2.jsonl`),
    ])
    expect(states).toHaveLength(1)
    expect(top).toMatchObject({ nativeId: a, usage: { calls: 2 }, turns: { prompts: 2 } })
  })

  it('a branch whose copied lines name their session inherits their calls, and tells nothing else of them', async () => {
    const both = await imported([claude('18-branch')])
    expect(figuresText(both.figures)).toBe('2 calls, 30 30 300 0, 0 compactions, peak 110')
    const branch = both.stateOf('10000000-0000-4000-8000-000000000013')
    expect(branch).toMatchObject({ turns: { prompts: 1 }, usage: { calls: 1, inherited: { calls: 1 } } })
    expect(branch.parentSessionId).toBe(both.top.sessionId)
  })
})

describe('conversation', () => {
  it('9: summaries are titles of other talks; each compaction counts once, with and without its mark', async () => {
    const { figures, top, log } = await imported([claude('09-summaries-and-compactions.jsonl')])
    expect(figuresText(figures)).toBe('4 calls, 400 200 218000 5100, 2 compactions, peak 151100')
    expect(top.title).toBeNull()
    expect(top.turns.prompts).toBe(1)
    const compactions = await dataOf(log, top.sessionId, 'context.compacted')
    expect(
      compactions.map(({ kind, trigger, preTokens, postTokens }) => [kind, trigger, preTokens, postTokens]),
    ).toEqual([
      ['full', 'auto', 151_200, 9_000],
      ['full', 'unknown', undefined, undefined],
      ['micro', 'auto', 22_150, undefined],
    ])
    expect(await textOf(log, compactions[0]?.summary)).toBe('This session is being continued. Monday is rye.')
  })

  it('12: task ids restart, updates fail or change nothing, lists have no ids: the results decide', async () => {
    const { top, result } = await imported([claude('12-tasks.jsonl')])
    expect(result.files[0]?.refused).toBe(0)
    expect(Object.values(top.tasks).map(({ id, title, status }) => `${id} ${title}: ${status}`)).toEqual([
      'task-1 Knead: completed',
      'task-2 Proof: completed',
      'task-3 Bake: pending',
      'task-1.2 Sweep: completed',
      'task-2.2 Lock up: failed',
      'todo-write-the-menu Write the autumn menu: completed',
      'todo-print-it Print it: completed',
      'todo-hang-it-up Hang it up: failed',
      'todo-take-it-down Take it down: pending',
    ])
  })

  it('12: steps that the source skipped are inferred, a dependency blocks until it is done', async () => {
    const { log, top } = await imported([claude('12-tasks.jsonl')])
    const events = await eventsOf(log, top.sessionId)
    const told = events.flatMap((event) => {
      if (!isKnown(event) || !('taskId' in event.data)) return []
      if (!/^task-[123]$/.test(event.data.taskId ?? '')) return []
      const inferred = 'inferred' in event.data && event.data.inferred === true
      return [`${event.type} ${event.data.taskId}${inferred ? ' inferred' : ''}`]
    })
    expect(told).toEqual([
      'task.added task-1',
      'task.added task-2',
      'task.added task-3',
      'task.blocked task-3',
      'task.started task-1',
      'task.completed task-1',
      'task.started task-2 inferred',
      'task.completed task-2',
      'task.unblocked task-3 inferred',
    ])
  })

  it('15: reminders, caveats, commands, notices and hooks are not the user’s words', async () => {
    const { log, top } = await imported([claude('15-not-the-users-words.jsonl')])
    const prompts = await dataOf(log, top.sessionId, 'prompt.submitted')
    expect(prompts.map(({ content }) => content.preview)).toEqual([
      'Take the bread out.',
      '<command-message>bake is running</command-message> <command-name>/bake</command-name>',
      'And close the door.',
    ])
    expect(top.observations).toEqual({
      'local-command': 1,
      'local-command-output': 1,
      'background-work-ended': 1,
      'peer-message': 1,
    })
  })

  it('refusals, refused plans, interruptions, retries, failures, the end and what comes after it', async () => {
    const { log, top } = await imported([claude('17-refusals-and-ends.jsonl')])
    const told = (await eventsOf(log, top.sessionId)).flatMap((event) => {
      if (!isKnown(event)) return []
      if (event.type === 'tool.returned') return [`${event.type}: ${event.data.outcome}`]
      if (event.type === 'model.switched') return [`${event.type}: ${event.data.model}`]
      return 'reason' in event.data ? [`${event.type}: ${event.data.reason}`] : []
    })
    expect(told).toEqual([
      'tool.returned: denied',
      'turn.interrupted: Request interrupted by user for tool use',
      'tool.returned: denied',
      'turn.interrupted: Request interrupted by user for tool use',
      'tool.returned: denied',
      'call.retried: api error',
      'call.failed: rate_limit',
      'session.ended: /exit',
      'session.resumed: resumed in the tool',
      'model.switched: claude-sonnet-4-5',
    ])
    expect(top).toMatchObject({
      status: 'active',
      model: 'claude-sonnet-4-5',
      turns: { prompts: 4, completed: 1 },
    })
  })

  it('a plan accepted with a cleared context looks like a rejected one, until it is to be implemented', async () => {
    const { log, top } = await imported([claude('19-accepted-plan.jsonl')])
    const returned = await dataOf(log, top.sessionId, 'tool.returned')
    expect(returned.map(({ outcome }) => outcome)).toEqual(['ok'])
    expect(top.turns).toEqual({ prompts: 2, completed: 0, interrupted: 0 })
  })
})
