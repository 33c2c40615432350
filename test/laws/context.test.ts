/**
 * Goal: context shrinks without being lost. Nothing takes a critical item away, what policies do is what they record, and
 * tokens are counted the same whatever is compacted in between.
 * Method: random histories through the real path, with all policies on.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { contextCategories } from '../../src/events/context.ts'
import { isKnown } from '../../src/events/envelope.ts'
import { allocationBasisOf, allocationsOf } from '../../src/fold/allocation.ts'
import { tokensInWindow } from '../../src/fold/context-state.ts'
import { fold, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { usageCommandArbitrary } from '../../src/testing/arbitrary/commands.ts'
import { contextCommandArbitrary } from '../../src/testing/arbitrary/context-commands.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

/** Histories in which the budget rises and falls while items come and go. */
const crowded = fc
  .array(fc.oneof(contextCommandArbitrary(), contextCommandArbitrary(), usageCommandArbitrary()), {
    maxLength: 60,
  })
  .map((commands): readonly Command[] => [
    { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000 },
    {
      type: 'context.add',
      tag: '@CONFIG-001',
      tier: 'critical',
      category: 'system.instructions',
      tokens: 500,
    },
    ...commands,
  ])

const histories = fc.oneof(crowded, historyArbitrary(50))

describe('context', () => {
  it('law: no critical item is ever dropped, deferred or summarized, whatever is sent and whatever policies do', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (commands) => {
        const { steps } = await play(new MemoryLog(), commands)
        for (const { command, before, after } of steps) {
          for (const item of Object.values(before?.context.items ?? {})) {
            if (item.tier !== 'critical') continue
            const retiered = command.type === 'context.retier' && command.tag === item.tag
            if (!retiered) expect(after.context.items[item.tag]).toEqual(item)
          }
        }
      }),
    )
  })

  it('is not vacuous: critical items meet commands and policies that take others away', async () => {
    const [dropped, refused] = [new Set<string>(), new Set<string>()]
    for (const commands of fc.sample(crowded, { numRuns: 400, seed: 7 })) {
      const log = new MemoryLog()
      const { steps, sessionId } = await play(log, commands)
      for (const { refusal } of steps) {
        if (refusal?.message.includes('critical context is always kept'))
          refused.add(refusal.message.split(' ')[0] ?? '')
      }
      for (const event of await eventsOf(log, sessionId)) {
        if (event.actor.startsWith('policy:') && event.type.startsWith('context.'))
          dropped.add(`${event.actor} ${event.type}`)
      }
    }
    expect([...refused].sort()).toEqual(
      expect.arrayContaining([
        'context.archive',
        'context.defer',
        'context.discard',
        'context.request-summary',
        'context.summarize',
      ]),
    )
    expect([...dropped].sort()).toEqual(
      expect.arrayContaining([
        'policy:compress-in-emergency context.archived',
        'policy:disclose-progressively context.deferred',
        'policy:disclose-progressively context.discarded',
        'policy:disclose-progressively context.summary-requested',
        'policy:preserve-context context.deferred',
      ]),
    )
  })

  it("law: policies' effects equal their recorded events: the live state is the fold of the log, and no policy runs in it", async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (commands) => {
        const log = new MemoryLog()
        const { sessionId, state } = await play(log, commands)
        const events = await eventsOf(log, sessionId)
        expect(stateHash(fold(frozen(initialState(sessionId)), events))).toBe(stateHash(state))
        const others = await play(new MemoryLog(), commands, { policies: [] })
        const own = events.filter(({ actor }) => !actor.startsWith('policy:'))
        if (others.steps.every(({ refusal }) => refusal === null) && own.length === events.length) {
          expect(own.map(({ type }) => type)).toEqual(events.map(({ type }) => type))
        }
      }),
    )
  })

  it('law: tokens by category are those of the items in the window, and overrun names what takes more than its limit', async () => {
    await fc.assert(
      fc.asyncProperty(histories, async (commands) => {
        const { steps } = await play(new MemoryLog(), commands)
        for (const { after } of steps) {
          const items = Object.values(after.context.items)
          for (const category of contextCategories) {
            const tokens = items
              .filter((item) => item.category === category)
              .reduce((sum, item) => sum + tokensInWindow(item), 0)
            expect(after.context.tokensByCategory[category]).toBe(tokens)
          }
          const overrun = allocationsOf(allocationBasisOf(after), after.context.overrun).filter(
            (part) => part.overrun,
          )
          expect(overrun.map(({ name }) => name).sort()).toEqual([...after.context.overrun])
        }
      }),
    )
  })

  it('law: usage and gauge survive compaction in any order: compactions change no counter, and the gauge is the latest reading', async () => {
    const compaction: Command = { type: 'context.compact', trigger: 'auto', kind: 'full' }
    await fc.assert(
      fc.asyncProperty(
        fc.array(usageCommandArbitrary(), { maxLength: 25 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        async (reports, places) => {
          const start: Command = { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000 }
          const plain = reports.filter(({ type }) => type !== 'context.compact')
          const cut = [...plain]
          for (const place of places) cut.splice(place % (cut.length + 1), 0, compaction)
          const [one, other] = [
            await play(new MemoryLog(), [start, ...plain]),
            await play(new MemoryLog(), [start, ...cut]),
          ]
          expect(other.state.usage).toEqual(one.state.usage)
          const { phaseSince: _one, ...gauge } = one.state.window
          expect(other.state.window).toMatchObject(gauge)
          expect(other.state.compactions).toBe(places.length)
        },
      ),
    )
  })

  it('law: an archived or discarded item is still found in the log, with its text', async () => {
    await fc.assert(
      fc.asyncProperty(crowded, async (commands) => {
        const log = new MemoryLog()
        const { sessionId, state } = await play(log, commands)
        const events = (await eventsOf(log, sessionId)).filter(isKnown)
        const added = new Set(
          events.flatMap((event) => (event.type === 'context.added' ? [event.data.tag] : [])),
        )
        const gone = events.flatMap((event) =>
          event.type === 'context.archived' || event.type === 'context.discarded' ? event.data.tags : [],
        )
        expect(gone.every((tag) => added.has(tag))).toBe(true)
        expect(state.context.discarded + state.context.archived).toBe(gone.length)
      }),
    )
  })
})
