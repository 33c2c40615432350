/**
 * Goal: a session has one writer at a time, whoever hands it to whom; and whatever a session is like, its package says so and is
 * valid. Method: random interleavings of several openers of one session against a model of two numbers; packages of random
 * histories, read back without the log.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packageText } from '../../src/handoff/package.ts'
import { readHandoff, validateHandoff } from '../../src/handoff/validate.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

const agents = ['spec-builder', 'tester', 'writer'] as const

type Step =
  | { readonly kind: 'append' | 'reopen' | 'withdraw' | 'reject'; readonly opener: number }
  | { readonly kind: 'offer' | 'accept'; readonly opener: number; readonly agent: (typeof agents)[number] }

const opener = fc.nat(2)
const agent = fc.constantFrom(...agents)
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('append' as const), opener }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('offer' as const), opener, agent }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('accept' as const), opener, agent }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('withdraw', 'reject'), opener }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('reopen' as const), opener }) },
)

async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    if (error instanceof WaymarkError) return error.code
    throw error
  }
}

async function attempt(session: Session, step: Step): Promise<string> {
  switch (step.kind) {
    case 'append':
      return codeOf(session.send({ type: 'turn.complete' }, { actor: `opener-${step.opener}` }))
    case 'offer':
      return codeOf(
        session.handOff({ fromAgent: session.state.holder ?? 'spec-builder', toAgent: step.agent }),
      )
    case 'accept':
      return codeOf(session.acceptHandoff({ agent: step.agent }))
    case 'withdraw':
      return codeOf(session.send({ type: 'session.resume' }))
    case 'reject':
      return codeOf(session.send({ type: 'handoff.reject', agent: session.state.offeredTo ?? 'nobody' }))
    default:
      return 'done'
  }
}

describe('handing over', () => {
  it('law: a stale holder is always refused, and nothing of it is in the log', async () => {
    const seen = { stale: 0, refused: 0, done: 0, epochs: 0 }
    const law = fc.asyncProperty(fc.array(stepArbitrary, { minLength: 5, maxLength: 40 }), async (steps) => {
      const waymark = await Waymark.open({ store: new MemoryLog() })
      const { id } = await waymark.createSession({ agent: 'spec-builder' })
      const open = async () => ({ session: await waymark.openSession(id), epoch: 0 })
      const openers = await Promise.all([open(), open(), open()])
      let epoch = 1
      for (const one of openers) one.epoch = epoch
      for (const step of steps) {
        const one = openers[step.opener]
        if (one === undefined) continue
        if (step.kind === 'reopen') {
          openers[step.opener] = { session: await waymark.openSession(id), epoch }
          continue
        }
        const { version } = await one.session.refresh()
        const outcome = await attempt(one.session, step)
        if (one.epoch !== epoch) {
          expect(outcome).toBe('STALE_HOLDER')
          expect((await one.session.refresh()).version).toBe(version)
          seen.stale += 1
        } else {
          expect(['done', 'COMMAND_REFUSED']).toContain(outcome)
          seen[outcome === 'done' ? 'done' : 'refused'] += 1
          if (outcome === 'done' && step.kind === 'accept') {
            epoch += 1
            one.epoch = epoch
            seen.epochs += 1
          }
        }
        expect((await one.session.refresh()).epoch).toBe(epoch)
      }
      await waymark.close()
    })
    await fc.assert(law, { numRuns: 150 })
    expect(seen.stale).toBeGreaterThan(50)
    expect(seen.done).toBeGreaterThan(200)
    expect(seen.refused).toBeGreaterThan(50)
    expect(seen.epochs).toBeGreaterThan(30)
  }, 60_000)

  it('law: the package of any state is valid, and its text round trips', async () => {
    let offered = 0
    const law = fc.asyncProperty(historyArbitrary(40), async (history) => {
      const log = new MemoryLog()
      const { sessionId, state } = await play(log, history)
      const waymark = await Waymark.open({ store: log })
      const session = await waymark.openSession(sessionId)
      if (state.status === 'ended' || state.status === 'handed_off')
        await session.send({ type: 'session.resume' })
      const fromAgent = session.state.holder ?? 'spec-builder'
      const offer = await session.handOff({ fromAgent, toAgent: 'tester' })
      const text = packageText(offer.package)
      expect(validateHandoff(text)).toMatchObject({ ok: true, problems: [], package: offer.package })
      const before = await session.at(offer.package.waymark.session_version)
      expect(offer.package).toMatchObject({
        session_context: { session_id: sessionId, model: before.model },
        waymark: { epoch: before.epoch, session_version: offer.version - 1 },
      })
      const critical = Object.values(before.context.items).filter(({ tier }) => tier === 'critical')
      const { context } = readHandoff(text)
      expect(context.items.map(({ tag }) => tag).sort()).toEqual(critical.map(({ tag }) => tag).sort())
      const listed = offer.package.context_snapshot.active_todos.map(({ task_id: id }) => id)
      const openTasks = Object.values(before.tasks).filter(
        ({ status, retryable }) => status !== 'completed' && (status !== 'failed' || retryable === true),
      )
      expect(listed.sort()).toEqual(openTasks.map(({ id }) => id).sort())
      offered += 1
      await session.acceptHandoff({ agent: 'tester', package: text })
      const events = await eventsOf(log, sessionId)
      expect(events.at(offer.version - 1)?.type).toBe('session.handed-off')
      await waymark.close()
    })
    await fc.assert(law, { numRuns: 100 })
    expect(offered).toBeGreaterThanOrEqual(100)
  }, 60_000)
})
