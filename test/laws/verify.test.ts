/**
 * Goal: what was recorded by the rules of today follows from them, whatever the history; asked again, no machine says otherwise.
 * Method: random histories through the real path, verified with the machines they were decided by.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { standardMachines } from '../../src/decide/machines.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { importFiles } from '../../src/import/import.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { HomeCalls } from '../../src/replay/verify/calls.ts'
import { MachinesCheck } from '../../src/replay/verify/machines.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { standardPolicies } from '../../src/session/policy.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

describe('verify', () => {
  it('law: every batch of a random history is asked about, and agrees', async () => {
    let batches = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const log = new MemoryLog()
        const { sessionId, state } = await play(log, commands)
        const { ok, sessions } = await verifyLog(log)
        expect(sessions[0]?.machines).toMatchObject({ divergences: [], notAsked: [] })
        expect({ ok, sessionId: sessions[0]?.sessionId, problems: sessions[0]?.problems }).toEqual({
          ok: true,
          sessionId,
          problems: [],
        })
        expect(sessions[0]?.machines?.agreedEvents).toBe(state.version)
        batches += sessions[0]?.machines?.batches ?? 0
      }),
    )
    expect(batches).toBeGreaterThan(500)
  })

  it.each([
    ['every-event', []],
    ['first-events', [{ reason: 'older-than-allocations', count: 2, version: 15 }]],
  ])('law: the corpus %s agrees, whatever version recorded it', (name, expected) => {
    const text = readFileSync(new URL(`../corpus/${name}.ndjson`, import.meta.url), 'utf8')
    const events = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as LoggedEvent)
    const state = initialState(events[0]?.sessionId ?? '')
    const check = new MachinesCheck(standardMachines, new HomeCalls(new MemoryLog()))
    for (const batch of batchesOf(events)) {
      check.ask({ events: batch, isRedacted: false }, state, false)
      foldInto(state, batch)
      check.hear({ events: batch, isRedacted: false }, state)
    }
    const { divergences, notAsked, batches } = check.verdict()
    expect({ divergences, notAsked }).toEqual({ divergences: [], notAsked: expected })
    expect(batches).toBeGreaterThan(35)
  })

  it('law: what an import records agrees, forks and copies of transcripts included', async () => {
    const log = new MemoryLog()
    const { clock, ids } = seeded(7)
    const folders = ['../../examples/transcripts', '../fixtures/transcripts'].map((folder) =>
      fileURLToPath(new URL(folder, import.meta.url)),
    )
    const { appended } = await importFiles(log, { clock, ids, policies: standardPolicies }, folders)
    const { ok, sessions } = await verifyLog(log)
    expect(ok).toBe(true)
    expect(sessions.flatMap(({ machines }) => machines?.notAsked ?? [])).toEqual([])
    expect(sessions.reduce((sum, { machines }) => sum + (machines?.agreedEvents ?? 0), 0)).toBe(appended)
    expect(appended).toBeGreaterThan(100)
  })
})

function batchesOf(events: readonly LoggedEvent[]): readonly (readonly LoggedEvent[])[] {
  const batches: LoggedEvent[][] = []
  for (const event of events) {
    if (event.index === 0) batches.push([event])
    else batches.at(-1)?.push(event)
  }
  return batches
}
