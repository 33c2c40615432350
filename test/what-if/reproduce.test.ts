/**
 * Goal: what is cut out of a session still shows the problem, no single command of it can be left out, and the test that is written of it
 * fails until the problem is mended. Method: random histories played into a log in memory, problems of each kind, and the commands that are
 * left played again by `playCommands`, as the written test does it; then the cases that people run into, one by one.
 */

import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMachine } from 'xstate'
import { taskMachine } from '../../machines/task.ts'
import type { Machines } from '../../src/decide/machines.ts'
import { machinesFrom } from '../../src/decide/machines-given.ts'
import type { Command } from '../../src/events/commands.ts'
import { importFiles } from '../../src/import/import.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { parsePredicate } from '../../src/replay/predicate/predicate.ts'
import type { Policy } from '../../src/session/policy.ts'
import { record } from '../../src/session/record.ts'
import { Waymark } from '../../src/session/waymark.ts'
import {
  taskCommandArbitrary,
  usageCommandArbitrary,
  workCommandArbitrary,
} from '../../src/testing/arbitrary/commands.ts'
import { contextCommandArbitrary } from '../../src/testing/arbitrary/context-commands.ts'
import { type Played, play } from '../../src/testing/play.ts'
import { type Outcome, playCommands } from '../../src/what-if/play-commands.ts'
import { type ReproduceOptions, type Reproduction, reproduce } from '../../src/what-if/reproduce.ts'
import { eventsOf } from '../support/events.ts'
import { projectRoot } from '../support/processes.ts'

type Machine = Parameters<typeof machinesFrom>[0]['taskMachine']

/** The task machine with other transitions in one place; none for a command that it does not accept any more. */
function changed(status: string, command: string, transitions: readonly object[]): { taskMachine: Machine } {
  const { config, implementations } = taskMachine
  const states: Readonly<Record<string, { readonly on?: object }>> = { ...config.states }
  const state = { on: { ...states[status]?.on, [command]: transitions } }
  // The machine's own parts, put together in another way.
  const made = { ...config, states: { ...states, [status]: state } } as never
  return { taskMachine: createMachine(made, implementations as never) }
}

const remember = { actions: { type: 'remember', params: { from: 'blocked' } } }
/** What goes on after waiting is not warned. */
const forgetsWarning = changed('blocked', 'task.unblock', [
  { ...remember, guard: 'returnsToPending', target: 'pending' },
  { ...remember, target: 'in_progress' },
])
const throws = {
  guard: () => {
    throw new Error('not thought of')
  },
}
const bugs = [
  forgetsWarning,
  changed('in_progress', 'task.complete', []),
  changed('in_progress', 'task.block', []),
  changed('pending', 'task.cancel', []),
  changed('pending', 'task.start', [{ target: 'token_warning' }]),
  changed('in_progress', 'task.fail', [{ ...throws, target: 'failed' }]),
]

/** As much of a home as is needed: its log. */
const homeOf = (log: MemoryLog) => ({ log, resolve: async (name: string) => name })

interface Session {
  readonly log: MemoryLog
  readonly sessionId: string
  readonly played: Played
}

async function sessionOf(commands: readonly Command[], policies?: readonly Policy[]): Promise<Session> {
  const log = new MemoryLog()
  const played = await play(log, commands, policies === undefined ? {} : { policies })
  return { log, sessionId: played.sessionId, played }
}

/** Commands from a beginning on; enough of them, and about few enough things, to make something happen. */
const historyArbitrary = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: taskCommandArbitrary() },
      { weight: 2, arbitrary: usageCommandArbitrary() },
      { weight: 1, arbitrary: workCommandArbitrary() },
      { weight: 1, arbitrary: contextCommandArbitrary() },
    ),
    { minLength: 30, maxLength: 80 },
  )
  .map((commands): readonly Command[] => [
    { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000 },
    { type: 'task.add', taskId: 'A', title: 'one' },
    ...commands,
  ])

async function reproduced(session: Session, options: ReproduceOptions): Promise<Reproduction | null> {
  try {
    return await reproduce(homeOf(session.log), session.sessionId, options)
  } catch (error) {
    if (error instanceof WaymarkError && error.code === 'NOT_REPRODUCED') return null
    throw error
  }
}

const asPlayed = ({ policies, seed }: Reproduction) =>
  policies === 'none' ? { seed, policies: [] } : { seed }

/** Whether commands show it as the written test would see it: all but the last accepted, and the last one does it. */
type Shows = (commands: readonly object[]) => boolean

function expectMinimal({ commands, isMinimal }: Reproduction, shows: Shows): void {
  expect(isMinimal).toBe(true)
  expect(shows(commands)).toBe(true)
  const without = commands.map((_, index) => commands.toSpliced(index, 1)).filter(({ length }) => length > 0)
  expect(without.filter(shows)).toEqual([])
}

const predicates = [
  'tasks["A"].status == "failed"',
  'tasks["A"].status == "completed"',
  'tasks["A"].attempts > 0 && window.percent > 30.0',
  'window.phase == "emergency"',
  'checkpointCount > 2 && tasks["A"].status == "blocked"',
  'context.items.size() > 1',
  'usage.calls > 2 && taskCount > 1',
  'tasks.exists(id, tasks[id].status == "token_warning")',
  'failures.retries > 2',
] as const

describe('reproduce', () => {
  it('law: the result of a predicate still shows it, and no single command can be left out', async () => {
    let shown = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary, fc.constantFrom(...predicates), async (history, when) => {
        const result = await reproduced(await sessionOf(history), { when })
        if (result === null) return
        shown += 1
        const predicate = parsePredicate(when)
        expectMinimal(result, (commands) => {
          const { refused, before, state } = playCommands(commands, asPlayed(result))
          return refused.length === 0 && !predicate.holds(before) && predicate.holds(state)
        })
      }),
      { numRuns: 50, seed: 11 },
    )
    expect(shown).toBeGreaterThan(10)
  })

  it('law: the result of a version still makes the change, and no single command can be left out', async () => {
    let several = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary, fc.nat(), async (history, place) => {
        const session = await sessionOf(history)
        const version = (place % session.played.state.version) + 1
        const result = await reproduced(session, { version })
        expect(result).not.toBeNull()
        if (result === null) return
        if (result.commands.length > 2) several += 1
        const whole = playCommands(result.commands, asPlayed(result)).outcome
        expectMinimal(result, (commands) => {
          const { refused, outcome } = playCommands(commands, asPlayed(result))
          return refused.length === 0 && changeIn(outcome) === changeIn(whole)
        })
      }),
      { numRuns: 30, seed: 12 },
    )
    expect(several).toBeGreaterThan(5)
  })

  it('law: the result of a planted bug shows it by the buggy machine alone, and no single command can be left out', async () => {
    let shown = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary, fc.constantFrom(...bugs), async (history, buggy) => {
        const result = await reproduced(await sessionOf(history), { machines: machinesFrom(buggy) })
        if (result === null) return
        shown += 1
        expectMinimal(result, (commands) => {
          const [given, usual] = [
            playCommands(commands, { ...asPlayed(result), machines: buggy }),
            playCommands(commands, asPlayed(result)),
          ]
          const way = [...given.refused, ...usual.refused]
          return way.length === 0 && changeIn(given.outcome) !== changeIn(usual.outcome)
        })
      }),
      { numRuns: 60, seed: 13 },
    )
    expect(shown).toBeGreaterThan(5)
  })

  it('law: the same session and question, the same test', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary, fc.constantFrom(...predicates), async (history, when) => {
        const session = await sessionOf(history)
        const [first, second] = [await reproduced(session, { when }), await reproduced(session, { when })]
        expect(second?.test).toBe(first?.test)
        expect(second?.attempts).toBe(first?.attempts)
      }),
      { numRuns: 8 },
    )
  })
})

const start: Command = { type: 'session.start', windowTokens: 200_000 }
const add = (taskId: string, title = 'one'): Command => ({ type: 'task.add', taskId, title })
const begin = (taskId: string): Command => ({ type: 'task.start', taskId })
const measure = (contextTokens: number): Command => ({ type: 'context.measure', contextTokens })
const typesOf = ({ commands }: Reproduction) => commands.map((command) => Reflect.get(command, 'type'))

/** The versions at which events of a type lie. */
async function versionsOf({ log, sessionId }: Session, type: string): Promise<readonly number[]> {
  return (await eventsOf(log, sessionId)).filter((event) => event.type === type).map(({ version }) => version)
}

async function failureOf(work: Promise<unknown>): Promise<WaymarkError> {
  const error = await work.catch((reason: unknown) => reason)
  if (error instanceof WaymarkError) return error
  throw new Error(`no expected failure: ${String(error)}`)
}

describe('what is left', () => {
  it('has plain ids, texts and figures, and no fields that do not matter', async () => {
    const { log, sessionId } = await sessionOf([
      { type: 'session.start', title: 'Sign-in', cwd: '/home/ada/work' },
      add('SPEC-007', 'Something else'),
      { type: 'task.add', taskId: 'SPEC-001', title: 'The sign-in', description: 'long '.repeat(50) },
      { type: 'task.start', taskId: 'SPEC-001', agent: 'ada' },
      { type: 'task.fail', taskId: 'SPEC-001', reason: 'the provider of mail is down', retryable: true },
    ])
    const when = 'tasks.exists(id, tasks[id].status == "failed")'
    const { commands, versions, test } = await reproduce(homeOf(log), sessionId, { when })
    expect(commands).toEqual([
      { type: 'session.start' },
      { type: 'task.add', taskId: 'T1', title: 'title' },
      { type: 'task.start', taskId: 'T1' },
      { type: 'task.fail', taskId: 'T1', reason: 'reason', retryable: true },
    ])
    expect(versions).toEqual([1, 4, 5, expect.any(Number)])
    expect(test).not.toContain('ada')
    expect(test).toContain(sessionId)
  })

  it('keeps what the predicate asks for by name', async () => {
    const { log, sessionId } = await sessionOf([start, add('A'), add('SPEC-001'), begin('SPEC-001')])
    const when = 'tasks["SPEC-001"].status == "in_progress" && tasks["SPEC-001"].title == "one"'
    const { commands } = await reproduce(homeOf(log), sessionId, { when })
    expect(commands).toContainEqual({ type: 'task.add', taskId: 'SPEC-001', title: 'one' })
  })

  it('keeps times where they matter, as far from each other as they were', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const session = await waymark.createSession({})
    const at = (minute: number) => ({ time: `2026-03-04T10:${String(minute).padStart(2, '0')}:00.000Z` })
    await session.send(add('A'), at(1))
    await session.send(add('B'), at(2))
    await session.send(begin('A'), at(5))
    await session.send({ type: 'task.complete', taskId: 'A' }, at(35))
    const { commands, test } = await reproduce(waymark, session.id, {
      when: 'tasks.A.workedMs > 1500000.0',
    })
    expect(commands.map((command) => Reflect.get(command, 'type'))).toEqual([
      'session.start',
      'task.add',
      'task.start',
      'task.complete',
    ])
    const times = commands.map((command) => Date.parse(String(Reflect.get(command, 'time'))))
    expect(times[0]).toBe(Date.parse('2026-01-01T00:00:00.000Z'))
    expect((times[3] ?? 0) - (times[2] ?? 0)).toBe(1_800_000)
    expect(test).toMatch(/time: '2026-01-01T/)
  })

  it('is the same for every version inside a batch, and for a policy it ends with the command it followed from', async () => {
    const session = await sessionOf([start, add('A'), begin('A'), add('B'), measure(190_000)])
    const { log, sessionId } = session
    const [measured = 0] = await versionsOf(session, 'context.measured')
    const [warned = 0] = await versionsOf(session, 'task.warned')
    expect(warned).toBeGreaterThan(measured)
    const [whole, inside] = [
      await reproduce(homeOf(log), sessionId, { version: measured }),
      await reproduce(homeOf(log), sessionId, { version: warned }),
    ]
    expect(inside.test).toBe(whole.test)
    expect(typesOf(whole)).toEqual(['session.start', 'task.add', 'task.start', 'context.measure'])

    const checkpoints = await versionsOf(session, 'checkpoint.created')
    const byPolicy = checkpoints.find((version) => version > warned) ?? 0
    const result = await reproduce(homeOf(log), sessionId, { version: byPolicy })
    expect(typesOf(result).at(-1)).toBe('context.measure')
    expect(result.test).toContain('outcome.byPolicies')
    // What the next play makes anew is not part of the change.
    const [, change = ''] = /const change = ([\s\S]*?)\n\ntest/.exec(result.test) ?? []
    expect(change).toContain('checkpoint.created')
    expect(change).not.toMatch(/ckpt_|version:/i)
  })

  it('is about the command of that version, also where others made such a change before', async () => {
    const session = await sessionOf([start, add('A'), begin('A'), add('B'), begin('B')])
    const [, second = 0] = await versionsOf(session, 'task.started')
    const result = await reproduce(homeOf(session.log), session.sessionId, { version: second })
    expect(result.version).toBe(second)
    expect(result.commands).toContainEqual({ type: 'task.start', taskId: 'T1' })
    expect(result.commands).toHaveLength(3)
  })

  it('is played without policies where the session had none, and takes what its own asked for as commands', async () => {
    const own: Policy = {
      name: 'own',
      follow: (_before, _after, cause) =>
        cause.type === 'task.start' ? [{ type: 'task.enter-phase', taskId: cause.taskId, phase: 'RED' }] : [],
    }
    const { log, sessionId } = await sessionOf([start, add('A'), add('B'), begin('B')], [own])
    const result = await reproduce(homeOf(log), sessionId, {
      when: 'tasks.exists(id, tasks[id].phase == "RED")',
    })
    expect(result.policies).toBe('none')
    expect(typesOf(result)).toEqual(['session.start', 'task.add', 'task.start', 'task.enter-phase'])
    expect(result.test).toContain('policies: []')
  })

  it('goes back to the beginning of the parent in a fork', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const parent = await waymark.createSession({ windowTokens: 200_000 })
    await parent.send(add('A'))
    await parent.send(begin('A'))
    const child = await parent.fork()
    await child.send(add('B'))
    const when = 'tasks.exists(id, tasks[id].status == "context_switch")'
    const result = await reproduce(waymark, child.id, { when })
    expect(typesOf(result)).toEqual(['session.start', 'task.add', 'task.start', 'session.fork'])
  })

  it('holds no secret', async () => {
    const key = 'AKIAIOSFODNN7EXAMPLE'
    const { log, sessionId } = await sessionOf([start, add('A', `use ${key}`), begin('A')])
    const result = await reproduce(homeOf(log), sessionId, { version: 3 })
    expect(result.redacted).toBe(true)
    expect(result.test).toContain('[redacted]')
    expect(result.test).not.toContain(key)
    const when = `tasks.A.title == "use ${key}"`
    expect((await failureOf(reproduce(homeOf(log), sessionId, { when }))).code).toBe('NOT_REPRODUCED')
  })

  it.each(['password=hunter2secretpass', 'Token: hunter2secretpass', 'MY_API_KEY="hunter2secretpass"'])(
    'holds nothing that is assigned to a name of a secret: %s',
    async (text) => {
      const { log, sessionId } = await sessionOf([start, add('A', `use ${text}`), begin('A')])
      const { test, redacted } = await reproduce(homeOf(log), sessionId, { version: 3 })
      expect({ redacted, holdsIt: test.includes('hunter2') }).toEqual({ redacted: true, holdsIt: false })
    },
  )

  it('has no sign that is not seen', async () => {
    const { log, sessionId } = await sessionOf([start, add('A', 'a\u202eb\u2028\u{e0041}')])
    const when = 'tasks.A.title.startsWith("a\u202eb")'
    const { test } = await reproduce(homeOf(log), sessionId, { when })
    expect(test).toContain('a\\u202eb')
    expect(test).not.toMatch(/[\p{Cf}\p{Zl}]/u)
  })
})

describe('machines', () => {
  /** Records under other machines, as a program that was opened with them would. */
  async function recorded(commands: readonly Command[], machines: Machines): Promise<Session> {
    const log = new MemoryLog()
    const played = await play(log, [start])
    const { sessionId } = played
    const environment = { ...seeded(2), policies: [], machines }
    for (const command of commands)
      await log.transact((transaction) => record(transaction, null, { sessionId, command }, environment))
    return { log, sessionId, played }
  }
  const lenient = changed('pending', 'task.complete', [{ target: 'completed' }])

  it('that throw are shown by what they throw', async () => {
    const { log, sessionId } = await sessionOf([
      start,
      add('A'),
      begin('A'),
      { type: 'task.fail', taskId: 'A', reason: 'x', retryable: false },
    ])
    const given = changed('in_progress', 'task.fail', [{ ...throws, target: 'failed' }])
    const result = await reproduce(homeOf(log), sessionId, { machines: machinesFrom(given) })
    expect(typesOf(result)).toEqual(['session.start', 'task.add', 'task.start', 'task.fail'])
    expect(result.test).toMatch(/this module: {3}failed: taskMachine throws at task\.fail in in_progress/)
  })

  it('named with a version are shown by the command of that version', async () => {
    const session = await sessionOf([
      start,
      add('A'),
      begin('A'),
      add('B'),
      { type: 'task.cancel', taskId: 'B' },
    ])
    const given = machinesFrom(changed('pending', 'task.cancel', []))
    const [version = 0] = await versionsOf(session, 'task.cancelled')
    const result = await reproduce(homeOf(session.log), session.sessionId, { version, machines: given })
    expect(result.kind).toBe('divergence')
    expect(typesOf(result)).toEqual(['session.start', 'task.add', 'task.cancel'])
    expect(result.test).toContain("import * as machines from './machines.mjs'")
  })

  it('under which the session was recorded show its changes; without them its commands cannot be played', async () => {
    const { log, sessionId } = await recorded(
      [add('A'), { type: 'task.complete', taskId: 'A' }],
      machinesFrom(lenient),
    )
    const when = 'tasks.A.status == "completed"'
    const failure = await failureOf(reproduce(homeOf(log), sessionId, { when }))
    expect([failure.code, failure.hint]).toEqual([
      'NOT_REPRODUCED',
      expect.stringContaining('waymark verify'),
    ])
    const result = await reproduce(homeOf(log), sessionId, { when, machines: machinesFrom(lenient) })
    expect(typesOf(result)).toEqual(['session.start', 'task.add', 'task.complete'])
    const [version = 0] = (await eventsOf(log, sessionId)).slice(-1).map((event) => event.version)
    expect(
      await reproduce(homeOf(log), sessionId, { version, machines: machinesFrom(lenient) }),
    ).toMatchObject({
      kind: 'change',
      commandsBefore: 3,
    })
  })

  it('that decide as the usual ones do show nothing', async () => {
    const { log, sessionId } = await sessionOf([start, add('A'), begin('A')])
    const failure = await failureOf(
      reproduce(homeOf(log), sessionId, { machines: machinesFrom({ taskMachine }) }),
    )
    expect(failure.message).toMatch(/decide all \d+ commands of session .* as Waymark's own do/)
  })
})

describe('questions without an answer', () => {
  const history = [start, add('A'), begin('A'), measure(150_000)]

  it.each([
    ['never holds', { when: 'tasks.A.status == "failed"' }, 'NOT_REPRODUCED', /holds at no version/],
    [
      'nearly holds',
      { when: 'taskCount == 1.0 && window.percent > 70.0 && tasks.A.status == "failed"' },
      'NOT_REPRODUCED',
      /nearest is version \d+, where 2 of its 3 parts hold/,
    ],
    ['holds from version 0 on', { when: 'taskCount < 5.0' }, 'NOT_REPRODUCED', /holds from the beginning/],
    ['is no expression', { when: 'tasks.A.status =' }, 'PREDICATE_INVALID', /cannot be used/],
    ['has no answer', { when: 'tasks.A.title > 3' }, 'PREDICATE_INVALID', /has no answer|cannot be used/],
    ['version 0', { version: 0 }, 'VERSION_NOT_FOUND', /no change at version 0/],
    ['a version to come', { version: 99 }, 'VERSION_NOT_FOUND', /no change at version 99/],
    ['two questions', { version: 2, when: 'taskCount > 0.0' }, 'USAGE', /both/],
    ['no question', {}, 'USAGE', /not said/],
  ] as const)('%s', async (_name, options, code, message) => {
    const { log, sessionId } = await sessionOf(history)
    const failure = await failureOf(reproduce(homeOf(log), sessionId, options))
    expect(failure.code).toBe(code)
    expect(failure.message).toMatch(message)
    expect(failure.hint).not.toBeNull()
  })
})

describe('a damaged session', () => {
  it('is refused with the place of the damage, and cut down where the problem shows before it', async () => {
    const { log, sessionId } = await sessionOf([start, add('A'), begin('A'), add('B'), begin('B')])
    const stream = log.stored.streams.get(sessionId)
    const rows = stream?.rows.map((row) => ({
      ...row,
      data: row.data.replace('"taskId":"B"', '"taskId":"C"'),
    }))
    Object.assign(stream ?? {}, { rows })
    const failure = await failureOf(reproduce(homeOf(log), sessionId, { when: 'taskCount > 1.0' }))
    expect([failure.code, failure.details.version]).toEqual(['DAMAGED_RECORD', expect.any(Number)])
  })
})

describe('an import', () => {
  it('is played without policies, as it was recorded', async () => {
    const transcript = join(projectRoot, 'examples/transcripts/claude-code-session.jsonl')
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const { files } = await importFiles(waymark.log, waymark.environment, [transcript])
    const sessionId = files[0]?.sessionId ?? ''
    const when = 'tasks.exists(id, tasks[id].status == "completed")'
    const result = await reproduce(waymark, sessionId, { when })
    expect(result.policies).toBe('none')
    expect(result.isMinimal).toBe(true)
    expect(typesOf(result)).toEqual(['session.start', 'task.add', 'task.start', 'task.complete'])
  })
})

/** What a command came to, without ids that were made for it. */
function changeIn({ answer, events, byPolicies }: Outcome): string {
  return JSON.stringify([answer, events, byPolicies]).replaceAll(/(ckpt|hoff|reco|sess)_[0-9a-f-]{36}/g, '$1')
}
