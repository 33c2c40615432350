/**
 * The six layers, and the page that says which commands fill each.
 *
 * Goal: every command fills a layer, the page names it there, and names none that does not. Method: a session in which
 * every command comes up; a layer that a step changed was filled by the step's command. Policies are left out, so that each
 * change is the command's own.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { durableMachine } from '../../src/decide/durable/machine.ts'
import { type Command, type CommandType, commandTypes, isCommandType } from '../../src/events/commands.ts'
import { noKnowledge } from '../../src/fold/knowledge-state.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { play } from '../../src/testing/play.ts'
import { type Layers, layersOf, layerTitles } from '../../src/views/layers.ts'
import { machineEvents } from '../corpus/machine-events.ts'
import { textOf } from '../docs/example-blocks.ts'
import { orderMachine } from '../support/order-machine.ts'
import { checkpointId, item, otherSessionId, type Sample, started, stateAfter } from './samples.ts'

const text = { hash: 'b'.repeat(64), bytes: 400, preview: 'write the first test' }
const call = (callId: string, inputTokens: number): Command => ({
  type: 'usage.record',
  callId,
  model: 'claude-sonnet-4-5',
  inputTokens,
  outputTokens: 10,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
})
const otherCheckpointId = 'ckpt_00000000-0000-4000-8000-000000000004'
const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'
const time = '2026-01-01T00:00:00.000Z'
const { focus, specs, milestones } = noKnowledge()
const known = { focus: { ...focus, nextStep: 'write tests' }, decisions: [], specs, milestones }
const tagged = { tier: 'temporary', category: 'reference.project', tokens: 500, content: text } as const

/** A session in which every command comes up, and in which each that fills a layer changes it. */
const history: readonly Command[] = [
  {
    type: 'session.start',
    model: 'claude-sonnet-4-5',
    cwd: '/home/ada/shop',
    gitBranch: 'main',
    tool: 'mine',
  },
  { type: 'session.describe', gitBranch: 'log-in', toolVersion: '2.0', permissionMode: 'plan' },
  { type: 'session.configure', configuration: { reserveTokens: 40_000 } },
  { type: 'focus.change', objectives: ['people can log in'], variables: { port: '8080' } },
  { type: 'decision.record', text: 'argon2', reason: 'it is slow' },
  { type: 'project.describe', name: 'shop' },
  { type: 'spec.update', specId: 'SPEC-001', phase: 'GREEN', progressPercent: 40 },
  { type: 'milestone.update', milestoneId: 'M1', status: 'reached' },
  { type: 'user.describe', language: 'ko' },
  { type: 'system.describe', tools: ['Read'] },
  { type: 'server.describe', server: 'github', toolTokens: 2_000 },
  call('msg_1', 1_000),
  { type: 'prompt.submit', content: text },
  call('msg_2', 2_000),
  { type: 'reply.record', kind: 'text', content: text },
  { type: 'budget.forecast' },
  { type: 'context.add', tag: '@A', ...tagged },
  { type: 'context.add', tag: '@B', ...tagged },
  { type: 'context.add', tag: '@C', ...tagged },
  { type: 'context.retier', tag: '@A', tier: 'supporting' },
  { type: 'context.request-summary', tags: ['@A'], targetPercent: 30 },
  { type: 'context.summarize', tag: '@A', summary: text, tokens: 100 },
  { type: 'context.restore', tags: ['@A'] },
  { type: 'context.defer', tags: ['@A'] },
  { type: 'context.discard', tags: ['@B'] },
  { type: 'context.archive', tags: ['@C'] },
  { type: 'context.measure', contextTokens: 5_000 },
  { type: 'task.add', taskId: 'SPEC-001', title: 'Log in' },
  { type: 'task.add', taskId: 'B', title: 'Log out' },
  { type: 'task.add', taskId: 'C', title: 'Forget me' },
  { type: 'task.start', taskId: 'SPEC-001' },
  { type: 'task.enter-phase', taskId: 'SPEC-001', phase: 'RED' },
  { type: 'task.describe', taskId: 'SPEC-001', title: 'Sign in' },
  { type: 'task.block', taskId: 'SPEC-001', on: { kind: 'input' } },
  { type: 'task.unblock', taskId: 'SPEC-001' },
  { type: 'checkpoint.create', checkpointId },
  { type: 'task.switch-context', taskIds: ['SPEC-001'], cause: 'other' },
  { type: 'task.restore-context', taskIds: ['SPEC-001'] },
  { type: 'task.complete', taskId: 'SPEC-001' },
  { type: 'task.start', taskId: 'B' },
  { type: 'task.fail', taskId: 'B', reason: 'no network', retryable: true },
  { type: 'task.recover', taskId: 'B' },
  { type: 'task.cancel', taskId: 'C' },
  { type: 'tool.call', toolCallId: 't1', name: 'mcp__github__search', input: text },
  { type: 'tool.begin', toolCallId: 't1' },
  { type: 'tool.return', toolCallId: 't1', outcome: 'ok', output: text },
  { type: 'call.retry', reason: 'overloaded' },
  { type: 'call.fail', reason: 'overloaded' },
  { type: 'context.compact', trigger: 'manual', kind: 'full', postTokens: 900 },
  { type: 'model.switch', model: 'claude-haiku-4-5' },
  { type: 'turn.complete' },
  { type: 'turn.interrupt' },
  { type: 'observation.record', kind: 'hook' },
  { type: 'session.suspend' },
  { type: 'session.resume' },
  { type: 'recovery.begin', recoveryId, taskPolicy: 'keep' },
  { type: 'recovery.record-step', recoveryId, step: 'restore', outcome: 'done', detail: 'from a snapshot' },
  { type: 'recovery.fail', recoveryId, reason: 'no answer' },
  {
    type: 'session.recover',
    from: 'full-replay',
    checkpointId: null,
    snapshotVersion: 0,
    replayedEvents: 9,
    open: [],
    openCount: 0,
  },
  { type: 'checkpoint.create', checkpointId: otherCheckpointId },
  {
    type: 'session.merge',
    sourceSessionId: 'sess_00000000-0000-4000-8000-000000000009',
    sourceVersion: 9,
    baseVersion: 2,
    policies: { tasks: 'ours', context: 'ours', decisions: 'union' },
    broughtCount: 0,
    conflicts: [],
    conflictCount: 0,
  },
  {
    type: 'session.rewind',
    toVersion: 3,
    restored: { tasks: { C: null }, items: { '@A': null }, knowledge: known },
  },
  { type: 'session.redact', rules: ['token'], events: [], contents: ['b'.repeat(64)] },
  { type: 'session.hand-off', toAgent: 'tester' },
  { type: 'handoff.reject', agent: 'tester' },
  { type: 'session.hand-off', toAgent: 'tester', expiresAt: time },
  { type: 'handoff.expire' },
  { type: 'session.hand-off', toAgent: 'tester' },
  { type: 'session.take-over', agent: 'tester' },
  { type: 'handoff.complete' },
  { type: 'checkpoint.archive', checkpointIds: [checkpointId] },
  { type: 'session.end' },
]

/** Comes up in forks only. */
const onlyInForks: readonly CommandType[] = ['session.fork']

const names = Object.keys(layerTitles).filter((name): name is keyof Layers =>
  Object.hasOwn(layerTitles, name),
)

/** What the page says: by layer, the commands that fill it. */
const page = new Map(
  [...textOf('docs/layers.md').matchAll(/^\| (L\d [^|]+?) \| [^|]+ \| ([^|]+) \|$/gm)].map(
    ([, title = '', commands = '']) => [
      title,
      [...commands.matchAll(/`([a-z.-]+)`/g)].map(([, name = '']) => name),
    ],
  ),
)

/** What happens: by layer, the commands that changed it in the session. */
const filled = new Map<keyof Layers, Set<string>>(names.map((name) => [name, new Set()]))

beforeAll(async () => {
  // The clock of `play` is a second further at each command: an offer is over when the next command comes.
  const inTime = history.map((command, index) =>
    'expiresAt' in command
      ? { ...command, expiresAt: new Date(Date.parse(time) + (index + 1) * 1_000).toISOString() }
      : command,
  )
  const order = durableMachine(orderMachine)
  const { steps } = await play(new MemoryLog(), inTime, { policies: [] })
  const ofMachine = await play(new MemoryLog(), machineEvents(order), { policies: [], machine: order })
  const all = [...steps, ...ofMachine.steps]
  expect(all.flatMap(({ command, refusal }) => (refusal === null ? [] : [command.type]))).toEqual([])
  for (const { command, before, after } of all) {
    const [was, is] = [before === null ? stateAfter() : before, after].map(layersOf)
    for (const name of names) {
      if (canonicalJson(was?.[name]) !== canonicalJson(is?.[name])) filled.get(name)?.add(command.type)
    }
  }
})

describe('docs/layers.md', () => {
  it('has the six layers, in order', () => {
    expect([...page.keys()]).toEqual(Object.values(layerTitles))
  })

  it.each(names)('names every command that fills %s, and no other', (name) => {
    const told = page.get(layerTitles[name]) ?? []
    expect(told.filter((type) => !isCommandType(type))).toEqual([])
    const inSessions = told.filter((type) => !onlyInForks.some((other) => other === type))
    expect(inSessions.sort()).toEqual([...(filled.get(name) ?? [])].sort())
  })

  it('names every command there is', () => {
    const told = new Set([...page.values()].flat())
    expect(commandTypes.filter((type) => !told.has(type))).toEqual([])
  })
})

describe('the layers', () => {
  it('hold the machine that runs, what it waits for, and nothing of it in a session', async () => {
    const machine = durableMachine(orderMachine)
    const { state } = await play(new MemoryLog(), machineEvents(machine).slice(0, 7), {
      policies: [],
      machine,
    })
    expect(layersOf(state).activeContext.machine).toEqual({
      machineId: 'order',
      machineVersion: '1',
      status: 'active',
      value: 'paying',
      context: { items: ['shoes', 'a/b~c'], receipt: null, failures: 0 },
      transitions: 5,
      timers: [],
      effects: [{ effectId: '4:0', src: 'charge', since: 7 }],
      children: [],
      ignoredEvents: 1,
      failedActions: 0,
    })
    const { state: later } = await play(new MemoryLog(), machineEvents(machine).slice(0, 12), {
      policies: [],
      machine,
    })
    expect(layersOf(later).activeContext.machine).toMatchObject({
      value: 'shipping',
      effects: [],
      children: [{ path: 'parcel', src: 'parcel', status: 'active', value: 'packed' }],
      failedActions: 1,
    })
    expect('machine' in layersOf(stateAfter(started)).activeContext).toBe(false)
  })

  it('hold the window, its thresholds and its parts', () => {
    const { contextAwareness } = layersOf(stateAfter(started))
    expect(contextAwareness).toMatchObject({
      positionPercent: 0,
      phase: 'normal',
      model: 'claude-sonnet-4-5',
      windowSource: 'stated',
      reserve: { limitTokens: 55_000 },
    })
    expect(contextAwareness.thresholds.map(({ percent }) => percent)).toEqual([60, 75, 85, 100])
    expect(contextAwareness.allocation).toHaveLength(4)
  })

  it('hold what is in hand: tasks, focus, items by tier', () => {
    const state = stateAfter(
      started,
      ['task.added', { taskId: 'A', title: 'a' }],
      ['task.added', { taskId: 'B', title: 'b' }],
      ['task.started', { taskId: 'B', status: 'in_progress' }],
      ['focus.changed', { objectives: ['o'], constraints: ['c'], nextStep: 'n', variables: { v: '1' } }],
      item('@A', 'critical', 'system.instructions', 8),
      item('@B', 'temporary', 'reference.tools', 9),
      ['tool.called', { toolCallId: '1', name: 'Bash' }],
    )
    const { activeContext } = layersOf(state)
    expect(activeContext).toMatchObject({
      tasks: [{ id: 'B' }],
      taskCounts: { pending: 1, in_progress: 1 },
      objectives: ['o'],
      constraints: ['c'],
      scope: null,
      nextStep: 'n',
      variables: { v: '1' },
      openCalls: [{ name: 'Bash', begunAt: null }],
    })
    expect(activeContext.items).toEqual({
      critical: [
        {
          tag: '@A',
          title: null,
          category: 'system.instructions',
          status: 'kept',
          tokens: 8,
          summaryWantedPercent: null,
        },
      ],
      supporting: [],
      temporary: [
        {
          tag: '@B',
          title: null,
          category: 'reference.tools',
          status: 'kept',
          tokens: 9,
          summaryWantedPercent: null,
        },
      ],
    })
  })

  it('hold SPECs with their progress: as stated, else by their tasks', () => {
    const task = (taskId: string, more: object = {}): Sample => [
      'task.added',
      { taskId, title: taskId, ...more },
    ]
    const state = stateAfter(
      started,
      ['spec.updated', { specId: 'SPEC-002', title: 'Log out', phase: 'RED', progressPercent: 40 }],
      ['spec.updated', { specId: 'SPEC-003' }],
      task('SPEC-001'),
      task('t1', { parentTaskId: 'SPEC-001' }),
      task('t2', { specId: 'SPEC-002' }),
      task('loose'),
      ['task.completed', { taskId: 't1' }],
      ['milestone.updated', { milestoneId: 'M1', status: 'reached' }],
      ['project.described', { name: 'shop', root: '/home/ada/shop' }],
    )
    const { project } = layersOf(state)
    expect(
      project.specs.map(({ id, status, progressPercent, progressBy, tasks }) => [
        id,
        status,
        progressPercent,
        progressBy,
        tasks.total,
      ]),
    ).toEqual([
      ['SPEC-001', null, 50, 'tasks', 2],
      ['SPEC-002', 'active', 40, 'statement', 1],
      ['SPEC-003', 'active', null, null, 0],
    ])
    expect(project).toMatchObject({
      name: 'shop',
      root: '/home/ada/shop',
      milestones: [{ id: 'M1', status: 'reached' }],
      tasksBySpec: { 'SPEC-001': ['SPEC-001', 't1'], 'SPEC-002': ['t2'] },
      tasksWithoutSpec: ['loose'],
    })
  })

  it('hold what was done and decided, whom it is for, and what it works with', () => {
    const state = stateAfter(
      started,
      ['decision.recorded', { text: 'argon2', reason: 'it is slow' }],
      ['checkpoint.created', { checkpointId, version: 2, trigger: 'manual' }],
      ['user.described', { language: 'ko', expertise: 'expert', preferences: { tone: 'brief' } }],
      ['system.described', { tools: ['Read'], permissions: { Bash: 'ask' }, environment: { os: 'linux' } }],
      ['session.described', { permissionMode: 'plan', toolVersion: '2.0', cwd: '/x' }],
      ['session.forked', { parentSessionId: otherSessionId, parentVersion: 6 }],
    )
    const { history: past, user, system } = layersOf(state)
    expect(past).toMatchObject({
      decisions: [{ text: 'argon2', reason: 'it is slow' }],
      decisionCount: 1,
      checkpointCount: 1,
      newestCheckpoint: { id: checkpointId },
    })
    expect(past.actions.at(-1)?.text).toContain('forked from')
    expect(user).toEqual({ language: 'ko', expertise: 'expert', preferences: { tone: 'brief' } })
    expect(system).toMatchObject({
      toolVersion: '2.0',
      cwd: '/x',
      tools: ['Read'],
      permissions: { mode: 'plan', named: { Bash: 'ask' } },
      environment: { os: 'linux' },
    })
  })
})
