/**
 * The session machine: its rows, its agreement with the table, and its laws.
 *
 * Goal: what docs/spec/session.md says. Method: the hand-written rows one by one, every cell of the table against the machine,
 * command series drawn by fast-check, and the machine's graph.
 */
import { getShortestPaths } from '@xstate/graph'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import {
  acceptedBySession,
  createSessionMachine,
  refusalOfSession,
  type SessionCell,
  type SessionCommandName,
  type SessionStatus,
  sessionClassOf,
  sessionMachine,
  sessionTable,
} from '../../machines/index.ts'
import { commandTypes } from '../../src/events/commands.ts'
import { sessionStatuses } from '../../src/events/session.ts'
import { byTitle, type Row } from './rows.ts'
import { sessionRows } from './session-rows.ts'
import { sessionCommandNames } from './session-samples.ts'

type SessionSnapshot = SnapshotFrom<typeof sessionMachine>

const sessionIn = (status: SessionStatus, started = true, epoch = 1): SessionSnapshot =>
  sessionMachine.resolveState({ value: status, context: { started, epoch } })

const tell = (snapshot: SessionSnapshot, ...names: readonly SessionCommandName[]): SessionSnapshot =>
  names.reduce((before, type) => transition(sessionMachine, before, { type })[0], snapshot)

const unbegun: SessionSnapshot = initialTransition(sessionMachine)[0]

function sceneOf(row: Row): { status: SessionStatus; name: SessionCommandName; started: boolean } {
  const status = sessionStatuses.find((one) => one === row.status)
  const name = sessionCommandNames.find((one) => one === row.command)
  if (status === undefined || name === undefined || !['begun', 'not begun'].includes(row.condition)) {
    throw new Error(`a row that means nothing: ${row.title}`)
  }
  return { status, name, started: row.condition === 'begun' }
}

describe('a session accepts', () => {
  it.each(byTitle(sessionRows.filter((row) => row.result !== 'refused')))('%s', (_, row) => {
    const { status, name, started } = sceneOf(row)
    const before = sessionIn(status, started)

    expect(before.can({ type: name })).toBe(true)
    expect(tell(before, name).value).toBe(row.result)
    expect(refusalOfSession(status, name, { started })).toBe(null)
    expect(acceptedBySession(status, { started })).toContain(name)
  })
})

describe('a session refuses', () => {
  it.each(byTitle(sessionRows.filter((row) => row.result === 'refused')))('%s', (_, row) => {
    const { status, name, started } = sceneOf(row)
    const before = sessionIn(status, started, 3)
    const next = tell(before, name)

    expect(before.can({ type: name })).toBe(false)
    expect([next.value, next.context]).toEqual([status, { started, epoch: 3 }])
    expect(refusalOfSession(status, name, { started })).toMatch(/^it .{10,}$/)
    expect(acceptedBySession(status, { started })).not.toContain(name)
  })
})

describe('machine and table', () => {
  const cells = sessionStatuses.flatMap((status) => sessionCommandNames.map((name) => ({ status, name })))

  /** The plain twin of the machine: reads the table as its words say. */
  function resultOf(status: SessionStatus, name: SessionCommandName, started: boolean): SessionStatus {
    const cell: SessionCell = sessionTable[status][name]
    if (cell.kind === 'refused') return status
    return (cell.kind === 'once') === started ? status : cell.status
  }

  it.each(cells)('agree on $status + $name, begun or not', ({ status, name }) => {
    for (const started of [true, false]) {
      const before = sessionIn(status, started)
      expect(tell(before, name).value).toBe(resultOf(status, name, started))
      expect(before.can({ type: name })).toBe(refusalOfSession(status, name, { started }) === null)
    }
  })

  it('know the same statuses as the events, and the commands listed here', () => {
    expect(Object.keys(sessionTable)).toEqual([...sessionStatuses])
    expect(Object.keys(sessionMachine.states)).toEqual([...sessionStatuses])
    for (const status of sessionStatuses)
      expect(Object.keys(sessionTable[status])).toEqual(sessionCommandNames)
  })

  it('a factory makes a machine of its own each time, of the same shape', () => {
    expect(createSessionMachine()).not.toBe(sessionMachine)
    expect(JSON.stringify(createSessionMachine().definition)).toBe(JSON.stringify(sessionMachine.definition))
  })
})

const anyNames = fc.array(fc.constantFrom(...sessionCommandNames), { maxLength: 30, size: 'max' })
const sampled = { numRuns: 500, seed: 7 }

/** The sessions a series of commands leads through, with the commands that were accepted. */
function lifeOf(names: readonly SessionCommandName[]) {
  const accepted: { name: SessionCommandName; before: SessionSnapshot; after: SessionSnapshot }[] = []
  let before = tell(unbegun, 'session.start')
  for (const name of names) {
    if (!before.can({ type: name })) continue
    accepted.push({ name, before, after: tell(before, name) })
    before = tell(before, name)
  }
  return accepted
}

describe('how a session lives', () => {
  it('S-101 before it has begun nothing but its start is accepted, and that once', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const untold = tell(unbegun, ...names.filter((name) => name !== 'session.start'))
        expect([untold.value, untold.context]).toEqual(['active', { started: false, epoch: 1 }])
        const begun = tell(unbegun, 'session.start')
        for (const step of lifeOf(names)) expect(step.name).not.toBe('session.start')
        expect(begun.context.started).toBe(true)
      }),
    )
  })

  it('S-102 only taking over raises the epoch, by one, and only a fork sets it back to 1', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        for (const { name, before, after } of lifeOf(names)) {
          const { epoch } = before.context
          const expected = name === 'session.take-over' ? epoch + 1 : name === 'session.fork' ? 1 : epoch
          expect(after.context).toEqual({ started: true, epoch: expected })
        }
      }),
    )
  })

  it('S-103 once begun, descriptions and late facts are accepted in every status and change none', () => {
    fc.assert(
      fc.property(anyNames, fc.constantFrom('session.describe', 'record'), (names, late) => {
        const session = lifeOf(names).at(-1)?.after ?? sessionIn('active')
        expect(session.can({ type: late })).toBe(true)
        expect(tell(session, late).value).toBe(session.value)
      }),
    )
  })

  it('S-104 live work happens in an active session only', () => {
    fc.assert(
      fc.property(anyNames, (names) => {
        const session = lifeOf(names).at(-1)?.after ?? sessionIn('active')
        for (const type of ['work', 'model.switch'] as const) {
          expect(session.can({ type })).toBe(session.value === 'active')
        }
      }),
    )
  })

  it('S-105 no status is a dead end: one command leads back to active', () => {
    for (const status of sessionStatuses) {
      const ways = acceptedBySession(status, { started: true })
      expect(ways.filter((name) => tell(sessionIn(status), name).value === 'active')).not.toEqual([])
    }
  })

  it('not vacuous: series reach all four statuses and are taken over more than once', () => {
    const steps = fc.sample(anyNames, sampled).flatMap(lifeOf)
    expect(new Set(steps.map(({ after }) => after.value))).toEqual(new Set(sessionStatuses))
    expect(new Set(steps.map(({ name }) => name))).toEqual(
      new Set(sessionCommandNames.filter((name) => name !== 'session.start')),
    )
    expect(Math.max(...steps.map(({ after }) => after.context.epoch))).toBeGreaterThan(2)
  })

  it('S-106 all four statuses are reached, none later than by one command after the start', () => {
    const paths = getShortestPaths(sessionMachine, {
      events: sessionCommandNames.map((type) => ({ type })),
      serializeState: (state) => `${state.value} ${state.context.started}`,
    })
    expect(paths.map(({ state, weight }) => [state.value, state.context.started, weight])).toEqual([
      ['active', false, 0],
      ['active', true, 1],
      ['suspended', true, 2],
      ['handed_off', true, 2],
      ['ended', true, 2],
    ])
  })
})

describe('the class of a command', () => {
  it('S-107 every command there is has one, and every class is one the machine knows', () => {
    expect(Object.keys(sessionClassOf).sort()).toEqual([...commandTypes].sort())
    expect(new Set(Object.values(sessionClassOf))).toEqual(new Set(sessionCommandNames))
  })

  const lateFacts = [
    'context.measure',
    'context.compact',
    'context.summarize',
    'budget.forecast',
    'checkpoint.archive',
    'handoff.complete',
    'recovery.fail',
    'recovery.record-step',
    'session.redact',
    'machine.settle-effect',
    'machine.migrate',
    'machine.report-failure',
  ]

  const byOtherNames: Readonly<Record<string, SessionCommandName>> = {
    'handoff.reject': 'handoff.return',
    'handoff.expire': 'handoff.return',
    'recovery.begin': 'session.recover',
    'machine.start': 'session.start',
  }

  it('S-108 a command the machine knows by name is its own class; late facts are records, and the rest is work', () => {
    const byName: readonly string[] = sessionCommandNames
    for (const [type, name] of Object.entries(sessionClassOf)) {
      if (byName.includes(type)) expect(name).toBe(type)
      else if (byOtherNames[type] !== undefined) expect(name).toBe(byOtherNames[type])
      else if (
        lateFacts.includes(type) ||
        /^(usage|observation|project|spec|milestone|user|system|server)\./.test(type)
      )
        expect(name).toBe('record')
      else expect(name).toBe('work')
    }
  })
})
