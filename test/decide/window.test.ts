/**
 * Goal: how large a window is, and how old a checkpoint may be, is decided at the very boundaries that are promised. Method: states made by
 * hand, with figures on both sides of each boundary.
 */
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/decide/decide.ts'
import { isMachineName, sessionEventOf, taskEventOf } from '../../src/decide/machine-shape.ts'
import { checkpointNeeded } from '../../src/decide/obligation.ts'
import { firstWindow, gaugeOf } from '../../src/decide/window.ts'
import type { WindowSource } from '../../src/events/session.ts'
import { initialState } from '../../src/fold/state.ts'

const begun = {
  ...initialState('sess_00000000-0000-4000-8000-000000000001'),
  version: 9,
  startedAt: '2026-01-01T00:00:00.000Z',
}
const context = { now: begun.startedAt, checkpointId: () => '', handoffId: () => '', countedCall: () => null }
const withWindow = (totalTokens: number, totalSource: WindowSource) => ({
  ...begun,
  window: { ...begun.window, totalTokens, totalSource },
})

describe('the window of a session that begins', () => {
  it.each<[string | undefined, number]>([
    [undefined, 200_000],
    ['claude-sonnet-4-5', 200_000],
    ['claude-sonnet-4-5[1m]', 1_000_000],
    ['other[2M]', 2_000_000],
    ['other[500k]', 500_000],
    ['other[32K]', 32_000],
    ['other[0k]', 200_000],
    ['other[12345k]', 200_000],
    ['other[1m]-beta', 200_000],
    ['other[1g]', 200_000],
  ])('of the model %s has %i tokens', (model, totalTokens) => {
    expect(firstWindow(undefined, model)).toEqual({ totalTokens, source: 'default' })
    expect(firstWindow(7, model)).toEqual({ totalTokens: 7, source: 'stated' })
  })
})

describe('a reading', () => {
  it.each<[number, number]>([
    [200_000, 200_000],
    [200_001, 500_000],
    [500_000, 500_000],
    [500_001, 1_000_000],
    [1_500_000, 2_000_000],
    [10_000_000, 10_000_000],
    [10_000_001, 10_000_001],
  ])('of %i tokens means an assumed window of %i', (usedTokens, totalTokens) => {
    const source = totalTokens === 200_000 ? 'default' : 'learned'
    const expected = { totalTokens, source, usedTokens, estimated: false }
    expect(gaugeOf(withWindow(200_000, 'default'), usedTokens, undefined, false)).toEqual(expected)
  })

  it.each<[WindowSource, boolean, number]>([
    ['learned', false, 500_000],
    ['learned', true, 200_000],
    ['default', true, 200_000],
    ['stated', false, 200_000],
    ['configured', false, 200_000],
  ])('above a window that is %s (estimated: %s) leads to %i', (source, estimated, totalTokens) => {
    const gauge = gaugeOf(withWindow(200_000, source), 300_000, undefined, estimated)
    const expected = totalTokens === 500_000 ? 'learned' : source
    expect(gauge).toEqual({ totalTokens, source: expected, usedTokens: 300_000, estimated })
    expect(gaugeOf(withWindow(200_000, source), 300_000, 9, estimated)).toMatchObject({
      totalTokens: 9,
      source: 'stated',
    })
  })
})

describe('a window that was configured', () => {
  const state = withWindow(64_000, 'configured')
  it('stays when the model changes, unless the change states another', () => {
    const switched = (more: object) => {
      const decision = decide(state, { type: 'model.switch', model: 'b[1m]', ...more }, context)
      return decision.ok ? decision.events[0]?.data : decision.refusal
    }
    expect(switched({})).toMatchObject({ window: { totalTokens: 64_000, source: 'configured' } })
    expect(switched({ windowTokens: 9_000 })).toMatchObject({
      window: { totalTokens: 9_000, source: 'stated' },
    })
  })
})

describe('a checkpoint to rely on', () => {
  const checkpoint = {
    id: 'ckpt_00000000-0000-4000-8000-000000000001',
    version: 3,
    time: '2026-01-01T01:00:00.000Z',
  }
  const state = (version: number) => {
    const made = { ...initialState(begun.sessionId), version, startedAt: begun.startedAt }
    return {
      ...made,
      checkpoints: [
        {
          ...checkpoint,
          reason: null,
          trigger: 'manual',
          phase: null,
          gitHead: null,
          gitBranch: null,
          gitDirty: null,
          usedTokens: 0,
          availableTokens: 0,
          archived: false,
        },
      ],
    }
  }
  it.each<[string, number, string, string | null]>([
    ['is of this very moment', 9, '2026-01-01T01:00:00.000Z', null],
    ['is just young enough', 9, '2026-01-01T01:10:00.000Z', null],
    ['is a moment too old', 9, '2026-01-01T01:10:00.001Z', 'the newest is of 2026-01-01T01:00:00.000Z'],
    ['is of a moment to come', 9, '2026-01-01T00:59:59.999Z', 'the newest is of 2026-01-01T01:00:00.000Z'],
    ['is old, and nothing has happened since', 4, '2026-01-01T09:00:00.000Z', null],
    ['is old, and one thing has happened since', 5, '2026-01-01T09:00:00.000Z', 'the newest is of'],
  ])('%s', (_, version, now, missing) => {
    const decision = checkpointNeeded(state(version), 'session.hand-off', now)
    if (missing === null) expect(decision).toBeNull()
    else expect(decision).toMatchObject({ ok: false, refusal: { reason: expect.stringContaining(missing) } })
  })
})

describe('an event and the machines', () => {
  it.each<[string, string | null, string | null]>([
    ['task.started', 'task.start', 'work'],
    ['task.added', null, 'work'],
    ['task.warned', 'task.warn', null],
    ['task.relieved', 'task.relieve', null],
    ['session.suspended', null, 'session.suspend'],
    ['budget.phase-changed', null, null],
    ['unheard.of', null, null],
  ])('%s stands for %s of a task and %s of a session', (type, ofTask, ofSession) => {
    expect([taskEventOf(type), sessionEventOf(type)]).toEqual([ofTask, ofSession])
  })

  it('knows the names of machines', () => {
    expect(['task', 'recovery', 'tasks', ''].map(isMachineName)).toEqual([true, true, false, false])
  })
})
