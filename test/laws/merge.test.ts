/**
 * Goal: a merge brings what is new, loses nothing of either side, and says the same thing once.
 * Method: random histories, forked anywhere; both sides go on at random; then merges under random policies.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { CommandRefused, WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { loadState } from '../../src/replay/load.ts'
import type { MergePolicies } from '../../src/session/merge/draft.ts'
import { differingFacets, entryOf, itemKey, standingOf } from '../../src/session/merge/parts.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { taskCommandArbitrary } from '../../src/testing/arbitrary/commands.ts'
import {
  contextCommandArbitrary,
  knowledgeCommandArbitrary,
} from '../../src/testing/arbitrary/context-commands.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

const policyArbitrary = fc.constantFrom('ours', 'theirs', 'union')
const policiesArbitrary: fc.Arbitrary<MergePolicies> = fc.record({
  tasks: policyArbitrary,
  context: policyArbitrary,
  decisions: policyArbitrary,
})
const workArbitrary = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: taskCommandArbitrary() },
    { weight: 2, arbitrary: contextCommandArbitrary() },
    { weight: 1, arbitrary: knowledgeCommandArbitrary() },
  ),
  { maxLength: 20 },
)
/** Enough of it that both sides meet. */
const muchWorkArbitrary = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: taskCommandArbitrary() },
    { weight: 2, arbitrary: contextCommandArbitrary() },
  ),
  { minLength: 10, maxLength: 25 },
)

/** Where a fork of the fork begins, in half of the cases. */
const belowArbitrary = fc.option(fc.nat(), { freq: 2 })

/** Sends what is accepted. */
async function goOn(session: Session, commands: readonly Command[]): Promise<void> {
  for (const command of commands) {
    try {
      await session.send(command)
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
    }
  }
  await session.settled()
}

/**
 * A session with a random history that can be worked in, and a fork of it: of anywhere in that history, or of now. With `below`, it is a
 * fork of that fork, begun at a version that the first one inherited.
 */
async function forked(
  commands: readonly Command[],
  choice: number | null,
  below: number | null = null,
): Promise<{ waymark: Waymark; parent: Session; fork: Session }> {
  const log = new MemoryLog()
  const { sessionId } = await play(log, commands)
  const waymark = await Waymark.open({ store: log })
  const parent = await waymark.openSession(sessionId)
  const at = choice === null ? null : 1 + (choice % parent.version)
  if (parent.state.status !== 'active') await parent.send({ type: 'session.resume' })
  const fork = await parent.fork(at === null ? {} : { at })
  if (below === null) return { waymark, parent, fork }
  const inherited = fork.state.forkedAt ?? 1
  return { waymark, parent, fork: await fork.fork({ at: 1 + (below % inherited) }) }
}

describe('merge', () => {
  it('law: merging a fork with nothing new changes nothing, wherever it was forked and whatever the parent did since', async () => {
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(20),
        fc.nat(),
        belowArbitrary,
        workArbitrary,
        async (commands, choice, below, work) => {
          const { waymark, parent, fork } = await forked(commands, choice, below)
          await goOn(parent, work)
          const [hash, position] = [stateHash(parent.state), await waymark.log.position()]
          const report = await parent.merge(fork)
          expect(report).toMatchObject({ recorded: false, changes: [], conflicts: [] })
          expect([stateHash(parent.state), await waymark.log.position()]).toEqual([hash, position])
        },
      ),
      { numRuns: 80 },
    )
  })

  it('law: a merge again appends nothing; live state is the fold of the log; everything verifies', async () => {
    let merged = 0
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(15),
        fc.nat(),
        belowArbitrary,
        workArbitrary,
        workArbitrary,
        policiesArbitrary,
        async (commands, choice, below, ours, theirs, policies) => {
          const { waymark, parent, fork } = await forked(commands, choice, below)
          await goOn(parent, ours)
          await goOn(fork, theirs)
          const dry = await parent.merge(fork, { policies, dryRun: true })
          expect(dry.baseVersion).toBeLessThanOrEqual(fork.state.forkedAt ?? 0)
          const forkHash = stateHash(fork.state)
          const report = await parent.merge(fork, { policies })
          expect(report.changes).toEqual(dry.changes)
          expect(report.conflicts).toEqual(dry.conflicts)
          if (report.recorded) merged += 1
          const position = await waymark.log.position()
          expect(await parent.merge(fork, { policies })).toMatchObject({ recorded: false })
          expect(await parent.merge(fork)).toMatchObject({ recorded: false, conflicts: [] })
          expect(await waymark.log.position()).toBe(position)
          expect(stateHash(await fork.refresh())).toBe(forkHash)
          const { state } = await loadState(waymark.log, parent.id)
          expect(parent.state).toEqual(state)
          expect(await waymark.verify()).toMatchObject({ ok: true })
        },
      ),
      { numRuns: 100 },
    )
    expect(merged).toBeGreaterThan(30)
  })

  it('law: where the parent stood still, it has what the fork has; no conflict', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(15), muchWorkArbitrary, async (commands, theirs) => {
        const { parent, fork } = await forked(commands, null)
        const begun = fork.state
        await goOn(fork, theirs)
        const report = await parent.merge(fork)
        expect(report.conflicts).toEqual([])
        for (const [id, task] of Object.entries(fork.state.tasks)) {
          const before = entryOf(begun.tasks, id)
          if (differingFacets(before, task).length === 0) continue
          compared += 1
          expect(differingFacets(task, entryOf(parent.state.tasks, id))).toEqual([])
        }
        for (const [tag, item] of Object.entries(fork.state.context.items)) {
          const before = entryOf(begun.context.items, tag)
          if (before !== undefined && itemKey(before) === itemKey(item)) continue
          compared += 1
          expect(itemKey(parent.state.context.items[tag] ?? item)).toBe(itemKey(item))
          expect(Object.hasOwn(parent.state.context.items, tag)).toBe(true)
        }
        const texts = (session: Session) => session.state.knowledge.decisions.map(({ text }) => text)
        expect(texts(parent)).toEqual(expect.arrayContaining(texts(fork)))
      }),
      { numRuns: 100 },
    )
    expect(compared).toBeGreaterThan(100)
  })

  it('law: under ours nothing that the parent changed is another afterwards; under union nothing of either is lost', async () => {
    let conflicts = 0
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(15),
        muchWorkArbitrary,
        muchWorkArbitrary,
        fc.constantFrom('ours' as const, 'union' as const),
        async (commands, ours, theirs, policy) => {
          const { parent, fork } = await forked(commands, null)
          await goOn(parent, ours)
          await goOn(fork, theirs)
          const before = parent.state
          const report = await parent.merge(fork, {
            policies: { tasks: policy, context: policy, decisions: policy },
          })
          const after = parent.state
          conflicts += report.conflicts.length
          for (const { part, id } of report.conflicts) {
            const [was, is] = [entryOf(before.tasks, id), entryOf(after.tasks, id)]
            if (part !== 'tasks' || was === undefined || policy === 'ours') continue
            expect(is && standingOf(is)).toBe(standingOf(was))
            const beside = Object.values(after.tasks).filter((task) => task.id.startsWith(`${id}~`))
            const wanted = entryOf(fork.state.tasks, id)
            expect(beside.some((task) => differingFacets(task, wanted).length === 0)).toBe(true)
          }
          for (const { part, id, ours: line } of report.conflicts) {
            if (part !== 'context' || line === null) continue
            const [was, is] = [before.context.items[id], after.context.items[id]]
            expect(is && itemKey(is)).toBe(was && itemKey(was))
          }
          for (const { text } of before.knowledge.decisions)
            expect(after.knowledge.decisions.map((decision) => decision.text)).toContain(text)
        },
      ),
      { numRuns: 100 },
    )
    expect(conflicts).toBeGreaterThan(30)
  })

  it('law: under fail, either nothing is at odds or nothing is merged', async () => {
    const met = new Set<string>()
    await fc.assert(
      fc.asyncProperty(historyArbitrary(15), workArbitrary, workArbitrary, async (commands, ours, theirs) => {
        const { waymark, parent, fork } = await forked(commands, null)
        await goOn(parent, ours)
        await goOn(fork, theirs)
        const position = await waymark.log.position()
        try {
          const report = await parent.merge(fork)
          met.add(report.recorded ? 'merged' : 'nothing new')
          expect(report.conflicts).toEqual([])
        } catch (error) {
          if (!(error instanceof WaymarkError) || error.code !== 'MERGE_CONFLICT') throw error
          met.add('at odds')
          expect(await waymark.log.position()).toBe(position)
        }
      }),
      { numRuns: 100 },
    )
    expect([...met].sort()).toEqual(['at odds', 'merged', 'nothing new'])
  })
})
