/**
 * The handoff machine: its rows, its agreement with the table, and its laws.
 *
 * Goal: what docs/spec/handoff.md says. Method: the hand-written rows one by one, every cell of the table against the machine,
 * and command series drawn by fast-check.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import {
  acceptedByHandoff,
  createHandoffMachine,
  type HandoffCommandName,
  type HandoffStatus,
  handoffMachine,
  handoffTable,
  refusalOfHandoff,
} from '../../machines/index.ts'
import { handoffStatuses } from '../../src/events/handoff.ts'
import { handoffRows } from './handoff-rows.ts'
import { byTitle, type Row } from './rows.ts'

type Snapshot = SnapshotFrom<typeof handoffMachine>

const names: readonly HandoffCommandName[] = [
  'handoff.accept',
  'handoff.reject',
  'handoff.expire',
  'handoff.withdraw',
  'handoff.complete',
]

const inStatus = (status: HandoffStatus): Snapshot => handoffMachine.resolveState({ value: status })

const tell = (before: Snapshot, type: HandoffCommandName): Snapshot =>
  transition(handoffMachine, before, { type })[0]

function sceneOf(row: Row): { status: HandoffStatus; name: HandoffCommandName } {
  const status = handoffStatuses.find((one) => one === row.status)
  const name = names.find((one) => one === row.command)
  if (status === undefined || name === undefined) throw new Error(`a row that means nothing: ${row.title}`)
  return { status, name }
}

describe('a handoff accepts', () => {
  it.each(byTitle(handoffRows.filter((row) => row.result !== 'refused')))('%s', (_, row) => {
    const { status, name } = sceneOf(row)
    expect(inStatus(status).can({ type: name })).toBe(true)
    expect(tell(inStatus(status), name).value).toBe(row.result)
    expect(refusalOfHandoff(status, name)).toBe(null)
    expect(acceptedByHandoff(status)).toContain(name)
  })
})

describe('a handoff refuses', () => {
  it.each(byTitle(handoffRows.filter((row) => row.result === 'refused')))('%s', (_, row) => {
    const { status, name } = sceneOf(row)
    expect(inStatus(status).can({ type: name })).toBe(false)
    expect(tell(inStatus(status), name).value).toBe(status)
    expect(refusalOfHandoff(status, name)).toMatch(/^(it|its|this|the) .{5,}$/)
    expect(acceptedByHandoff(status)).not.toContain(name)
  })
})

describe('machine and table', () => {
  it('know the same statuses as the events, and the commands listed here', () => {
    expect(Object.keys(handoffTable)).toEqual([...handoffStatuses])
    expect(Object.keys(handoffMachine.states)).toEqual([...handoffStatuses])
    for (const status of handoffStatuses) expect(Object.keys(handoffTable[status])).toEqual(names)
  })

  it('a factory makes a machine of its own each time, of the same shape', () => {
    expect(createHandoffMachine()).not.toBe(handoffMachine)
    expect(JSON.stringify(createHandoffMachine().definition)).toBe(JSON.stringify(handoffMachine.definition))
  })
})

/** The statuses that a series of commands leads through. */
function lifeOf(series: readonly HandoffCommandName[]): readonly HandoffStatus[] {
  let snapshot = initialTransition(handoffMachine)[0]
  return series.map((name) => {
    snapshot = tell(snapshot, name)
    return snapshot.value
  })
}

const anySeries = fc.array(fc.constantFrom(...names), { maxLength: 30, size: 'max' })
const sampled = { numRuns: 500, seed: 7 }

const over: readonly HandoffStatus[] = ['rejected', 'expired', 'withdrawn', 'done']

describe('how a handoff ends', () => {
  it('H-101 once it is over it stays as it is', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const life = lifeOf(series)
        const end = life.findIndex((status) => over.includes(status))
        if (end >= 0) expect(new Set(life.slice(end)).size).toBe(1)
      }),
      sampled,
    )
  })

  it('H-102 only an accepted one becomes done', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const life = lifeOf(series)
        if (life.includes('done')) expect(life).toContain('accepted')
        if (life.includes('rejected')) expect(life).not.toContain('accepted')
      }),
      sampled,
    )
  })

  it('H-103 every end is reached', () => {
    const ends = fc.sample(anySeries, sampled).map((series) => lifeOf(series).at(-1))
    for (const status of over) expect(ends).toContain(status)
  })
})
