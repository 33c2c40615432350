/**
 * Goal: the way that a session took through a machine is told as it was. Method: stories whose way is known, and random histories, in which
 * every command that was accepted must be found again on a transition of its machine.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type MachineName,
  machineNames,
  machineShape,
  sessionEventOf,
} from '../../src/decide/machine-shape.ts'
import type { Command } from '../../src/events/commands.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { machineUse } from '../../src/replay/machine-path.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { machineGraph } from '../../src/views/machine-graph.ts'

async function usesOf(commands: readonly Command[], machine: MachineName, taskId?: string) {
  const log = new MemoryLog()
  const played = await play(log, commands, { policies: [] })
  const { use, state } = await machineUse(log, played.sessionId, machine, { taskId })
  const counts = Object.fromEntries(
    use.transitions.map(({ from, event, to, count }) => [`${from} ${event} ${to}`, count]),
  )
  return { ...played, use, folded: state, counts }
}

const start: Command = { type: 'session.start', windowTokens: 100_000 }
const add = (taskId: string): Command => ({ type: 'task.add', taskId, title: taskId })
const measure = (contextTokens: number): Command => ({ type: 'context.measure', contextTokens })

describe('the way through a machine', () => {
  it('of tasks goes by what was recorded, the warnings of the budget included', async () => {
    const story: readonly Command[] = [
      start,
      add('A'),
      add('B'),
      { type: 'task.start', taskId: 'A' },
      measure(80_000),
      { type: 'task.start', taskId: 'B' },
      measure(10_000),
      { type: 'task.complete', taskId: 'A' },
      { type: 'task.cancel', taskId: 'B' },
    ]
    const { use, counts } = await usesOf(story, 'task')
    expect(use.begun).toBe(2)
    expect(counts).toEqual({
      'pending task.start in_progress': 1,
      'in_progress task.warn token_warning': 1,
      'pending task.start token_warning': 1,
      'token_warning task.relieve in_progress': 2,
      'in_progress task.complete completed': 1,
      'in_progress task.cancel failed': 1,
    })
    expect(use.now).toEqual({ completed: 1, failed: 1 })
    const one = await usesOf(story, 'task', 'B')
    expect(one.use.steps.map(({ from, event, to }) => [from, event, to])).toEqual([
      [null, 'task.added', 'pending'],
      ['pending', 'task.start', 'token_warning'],
      ['token_warning', 'task.relieve', 'in_progress'],
      ['in_progress', 'task.cancel', 'failed'],
    ])
    expect([one.use.begun, one.use.taskId, one.use.now]).toEqual([1, 'B', { failed: 1 }])
  })

  it('of the budget counts the readings that change nothing, and goes over several phases at once', async () => {
    const { counts, use } = await usesOf(
      [start, measure(10), measure(90_000), measure(91_000), measure(100), measure(100)],
      'budget',
    )
    expect(counts).toEqual({
      'normal budget.measure normal': 2,
      'normal budget.measure emergency': 1,
      'emergency budget.measure emergency': 1,
      'emergency budget.measure normal': 1,
    })
    expect(use.steps.map(({ to }) => to)).toEqual(['normal', 'emergency', 'normal'])
    const drawn = machineGraph(machineShape('budget'), use)
    expect(drawn.outside).toEqual([])
  })

  it('of the session counts each command once, by its class', async () => {
    const { counts, use } = await usesOf(
      [start, add('A'), measure(90_000), { type: 'session.suspend' }, { type: 'session.resume' }],
      'session',
    )
    expect(counts).toEqual({
      'active work active': 1,
      'active record active': 1,
      'active session.suspend suspended': 1,
      'suspended session.resume active': 1,
    })
    expect([use.begun, use.now]).toEqual([1, { active: 1 }])
  })

  it('of handoffs and recoveries tells each by its id', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await waymark.createSession({ agent: 'builder' })
    await session.handOff({ fromAgent: 'builder', toAgent: 'tester' })
    await session.send({ type: 'session.resume' })
    await session.handOff({ fromAgent: 'builder', toAgent: 'tester' })
    await (await waymark.openSession(session.id)).acceptHandoff({ agent: 'tester' })
    await waymark.recover(session.id)
    await waymark.recover(session.id)
    const { use: handoffs } = await machineUse(log, session.id, 'handoff')
    expect(handoffs.steps.map(({ from, event, to }) => `${from} ${event} ${to}`)).toEqual([
      'null session.handed-off offered',
      'offered handoff.withdraw withdrawn',
      'null session.handed-off offered',
      'offered handoff.accept accepted',
    ])
    expect(handoffs.now).toEqual({ withdrawn: 1, accepted: 1 })
    expect(new Set(handoffs.steps.map(({ subject }) => subject)).size).toBe(2)
    const { use: recoveries } = await machineUse(log, session.id, 'recovery')
    expect(recoveries.begun).toBe(2)
    expect(recoveries.transitions.map(({ event, count }) => [event, count])).toEqual(
      ['restore', 'validate', 'resume', 'assess', 'plan', 'notify'].map((step) => [`recovery.${step}`, 2]),
    )
    expect(machineGraph(machineShape('recovery'), recoveries).outside).toEqual([])
    await waymark.close()
  })

  it('tells a rewind as what it is: no transition of the machine', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await waymark.createSession()
    await session.send(add('A'))
    const before = session.version
    await session.send({ type: 'task.start', taskId: 'A' })
    await session.rewind({ to: before })
    const { use } = await machineUse(log, session.id, 'task')
    const { outside } = machineGraph(machineShape('task'), use)
    expect(outside).toEqual([{ from: 'in_progress', event: 'session.rewound', to: 'pending', count: 1 }])
    await waymark.close()
  })

  it('keeps the newest steps only, and counts all', async () => {
    const many = Array.from({ length: limits.machineStepsListedMax + 20 }, (_, n) => add(`T${n}`))
    const { use } = await usesOf([start, ...many], 'task')
    expect(use.steps).toHaveLength(limits.machineStepsListedMax)
    expect([use.stepCount, use.begun]).toEqual([many.length, many.length])
    expect(use.steps.at(-1)?.subject).toBe(`T${many.length - 1}`)
  })
})

describe('any history', () => {
  const found = new Map<string, number>()

  it('law: every change lies on a transition of the machine, the steps join, and things stand where state says', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(60), fc.constantFrom(...machineNames), async (commands, machine) => {
        const { use, folded } = await usesOf(commands, machine)
        const { outside, transitions } = machineGraph(machineShape(machine), use)
        expect(outside.filter(({ event }) => !event.startsWith('session.'))).toEqual([])
        const standing = new Map<string | null, string>()
        for (const { subject, from, to } of use.steps) {
          if (from !== null && standing.has(subject))
            expect([subject, standing.get(subject)]).toEqual([subject, from])
          standing.set(subject, to)
        }
        if (machine === 'task') {
          for (const { id, status } of Object.values(folded.tasks)) expect(standing.get(id)).toBe(status)
        }
        for (const { event, count } of transitions) {
          if ((count ?? 0) > 0) found.set(event, (found.get(event) ?? 0) + 1)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('law: each accepted command is one step of the session machine', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(40), async (commands) => {
        const { use, steps } = await usesOf(commands, 'session')
        const counted = use.begun + use.transitions.reduce((sum, { count }) => sum + count, 0)
        const accepted = steps.filter(({ events }) => sessionEventOf(events[0]?.type ?? '') !== null)
        expect(counted).toBe(accepted.length)
      }),
      { numRuns: 60 },
    )
  })

  it('is not vacuous: transitions of the machines were taken', () => {
    const taken = [...found.keys()]
    const nouns = ['task.', 'budget.', 'session.']
    expect(nouns.filter((noun) => !taken.some((event) => event.startsWith(noun)))).toEqual([])
    expect(taken.length).toBeGreaterThan(8)
  })
})
