/**
 * The recovery machine: its rows, its agreement with the table, and its laws.
 *
 * Goal: what docs/spec/recovery.md says. Method: the hand-written rows one by one, every cell of the table against the machine,
 * and command series drawn by fast-check.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import {
  acceptedByRecovery,
  createRecoveryMachine,
  type RecoveryCommandName,
  type RecoveryStatus,
  recoveryMachine,
  recoveryTable,
  refusalOfRecovery,
} from '../../machines/index.ts'
import { recoveryStatuses } from '../../src/events/recovery.ts'
import { recoveryRows } from './recovery-rows.ts'
import { byTitle, type Row } from './rows.ts'

type Snapshot = SnapshotFrom<typeof recoveryMachine>

const names: readonly RecoveryCommandName[] = [
  'recovery.restore',
  'recovery.validate',
  'recovery.resume',
  'recovery.assess',
  'recovery.plan',
  'recovery.notify',
  'recovery.fail',
]

const inStatus = (status: RecoveryStatus): Snapshot => recoveryMachine.resolveState({ value: status })

const tell = (before: Snapshot, type: RecoveryCommandName): Snapshot =>
  transition(recoveryMachine, before, { type })[0]

function sceneOf(row: Row): { status: RecoveryStatus; name: RecoveryCommandName } {
  const status = recoveryStatuses.find((one) => one === row.status)
  const name = names.find((one) => one === row.command)
  if (status === undefined || name === undefined) throw new Error(`a row that means nothing: ${row.title}`)
  return { status, name }
}

describe('a recovery accepts', () => {
  it.each(byTitle(recoveryRows.filter((row) => row.result !== 'refused')))('%s', (_, row) => {
    const { status, name } = sceneOf(row)
    expect(inStatus(status).can({ type: name })).toBe(true)
    expect(tell(inStatus(status), name).value).toBe(row.result)
    expect(refusalOfRecovery(status, name)).toBe(null)
    expect(acceptedByRecovery(status)).toContain(name)
  })
})

describe('a recovery refuses', () => {
  it.each(byTitle(recoveryRows.filter((row) => row.result === 'refused')))('%s', (_, row) => {
    const { status, name } = sceneOf(row)
    expect(inStatus(status).can({ type: name })).toBe(false)
    expect(tell(inStatus(status), name).value).toBe(status)
    expect(refusalOfRecovery(status, name)).toMatch(/^(it|its|this|the) .{5,}$/)
    expect(acceptedByRecovery(status)).not.toContain(name)
  })
})

describe('machine and table', () => {
  it('know the same statuses as the events, and the commands listed here', () => {
    expect(Object.keys(recoveryTable)).toEqual([...recoveryStatuses])
    expect(Object.keys(recoveryMachine.states)).toEqual([...recoveryStatuses])
    for (const status of recoveryStatuses) expect(Object.keys(recoveryTable[status])).toEqual(names)
  })

  it('a factory makes a machine of its own each time, of the same shape', () => {
    expect(createRecoveryMachine()).not.toBe(recoveryMachine)
    expect(JSON.stringify(createRecoveryMachine().definition)).toBe(
      JSON.stringify(recoveryMachine.definition),
    )
  })
})

/** The statuses that a series of commands leads through. */
function lifeOf(series: readonly RecoveryCommandName[]): readonly RecoveryStatus[] {
  let snapshot = initialTransition(recoveryMachine)[0]
  return series.map((name) => {
    snapshot = tell(snapshot, name)
    return snapshot.value
  })
}

const anySeries = fc.array(fc.constantFrom(...names), { maxLength: 30, size: 'max' })
const sampled = { numRuns: 500, seed: 7 }

describe('how a recovery goes', () => {
  it('R-101 steps are done in their order, none twice and none left out', () => {
    fc.assert(
      fc.property(anySeries, (series) => {
        const ranks = lifeOf(series).map((status) => recoveryStatuses.indexOf(status))
        for (const [index, rank] of ranks.entries()) {
          const before = index === 0 ? 0 : (ranks[index - 1] ?? 0)
          if (recoveryStatuses[rank] !== 'failed') expect(rank - before).toBeLessThanOrEqual(1)
          expect(rank).toBeGreaterThanOrEqual(before)
        }
      }),
      sampled,
    )
  })

  it('R-102 taken up after an interruption it ends as if there had been none', () => {
    fc.assert(
      fc.property(fc.nat(6), (done) => {
        const steps = names.slice(0, 6)
        const interrupted = lifeOf(steps.slice(0, done)).at(-1) ?? 'restoring'
        let snapshot = inStatus(interrupted)
        for (const name of steps.slice(done)) snapshot = tell(snapshot, name)
        expect(snapshot.value).toBe(lifeOf(steps).at(-1))
        expect(snapshot.value).toBe('recovered')
      }),
      sampled,
    )
  })

  it('R-103 every step can fail, and nothing after it', () => {
    for (const status of recoveryStatuses) {
      const isOver = status === 'recovered' || status === 'failed'
      expect(inStatus(status).can({ type: 'recovery.fail' })).toBe(!isOver)
      if (isOver) expect(acceptedByRecovery(status)).toEqual([])
    }
  })
})
