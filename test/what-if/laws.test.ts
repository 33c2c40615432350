/**
 * Goal: what is played again is what a session would have done, so that a difference is always that of a changed rule.
 * Method: random histories through the real path (record, with policies), read back as scripts and played; what comes out is compared with
 * the record, and with sessions that were really begun so, or really went on without a command.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { isKnown, type LoggedEvent } from '../../src/events/envelope.ts'
import { stateHash } from '../../src/fold/fold.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { standardPolicies } from '../../src/session/policy.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { type PlayRules, playScript } from '../../src/what-if/play.ts'
import { saveWhatIf } from '../../src/what-if/save.ts'
import { type ScriptRange, scriptOf } from '../../src/what-if/script.ts'
import { whatIf } from '../../src/what-if/what-if.ts'
import { everyEvent } from '../corpus/every-event.ts'
import { eventsOf } from '../support/events.ts'

async function playedAgain(log: EventLog, sessionId: string, range: ScriptRange = {}, rules: PlayRules = {}) {
  const script = await scriptOf(log, sessionId, range)
  const steps = [...playScript(script, rules)]
  const events = steps.flatMap((step) => step.events)
  return { script, steps, events, state: steps.at(-1)?.after ?? script.start }
}

/** Events without their place in a log of many sessions. */
function placeless(events: readonly LoggedEvent[]) {
  return events.map((event) => ({ ...event, position: 0 }))
}

/** What a session comes to, apart from ids and times. */
function outcome({ tasks, window, status, usage, configuration, checkpoints }: ReadonlyState) {
  return {
    tasks: Object.fromEntries(Object.values(tasks).map((task) => [task.id, task.status])),
    window: { ...window, phaseSince: 0 },
    status,
    usage,
    configuration,
    checkpoints: checkpoints.map(({ trigger }) => trigger),
  }
}

/** The commands of a session that were accepted, policies' left out: what somebody would send to have it again. */
async function commandsOf(log: EventLog, sessionId: string): Promise<readonly Command[]> {
  const { steps } = await scriptOf(log, sessionId)
  return steps.flatMap(({ command }) => (command === null ? [] : [command]))
}

const lower = {
  monitoringThresholdPercent: 20,
  warningThresholdPercent: 30,
  emergencyThresholdPercent: 40,
  hysteresisPercent: 1,
} as const

describe('what-if', () => {
  it('law: with nothing changed, playing a script gives the very events of the record', async () => {
    const seen = { asked: 0, others: 0, policies: 0 }
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), fc.boolean(), async (commands, withPolicies) => {
        const log = new MemoryLog()
        const policies = withPolicies ? standardPolicies : []
        const { sessionId, state } = await play(log, commands, { policies })
        const { script, steps, events, state: now } = await playedAgain(log, sessionId)
        expect(placeless(events)).toEqual(placeless(await eventsOf(log, sessionId)))
        expect(steps.filter(({ same }) => !same)).toEqual([])
        expect(stateHash(now)).toBe(stateHash(state))
        for (const step of script.steps) {
          if (step.policies === 'asked') seen.asked += 1
          if (step.policies === 'others') seen.others += 1
          seen.policies += step.before.length + step.after.length
        }
      }),
      { numRuns: 150 },
    )
    // Policies' commands were asked for again, not taken over.
    expect(seen.others).toBe(0)
    expect(seen.policies).toBeGreaterThan(100)
    expect(seen.asked).toBeGreaterThan(100)
  })

  it('law: the same of a life in which every event comes up', async () => {
    for (const policies of [standardPolicies, []]) {
      const log = new MemoryLog()
      const { sessionId } = await play(log, everyEvent, { policies })
      const { events } = await playedAgain(log, sessionId)
      expect(placeless(events)).toEqual(placeless(await eventsOf(log, sessionId)))
    }
  })

  it('law: the same of forks, from the point where they began, and with all that they inherited', async () => {
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(20),
        historyArbitrary(15),
        fc.nat(),
        async (commands, more, choice) => {
          const log = new MemoryLog()
          const { sessionId } = await play(log, commands)
          const waymark = await Waymark.open({ store: log })
          const at = 1 + (choice % (await log.stream(sessionId).then((stream) => stream?.version ?? 1)))
          const fork = await waymark.fork(sessionId, { at })
          // Summaries would be made of texts that are not there.
          const sent = more.filter(({ type }) => !type.startsWith('context.'))
          for (const command of sent) await fork.send(command).catch(() => null)
          const all = placeless(await eventsOf(log, fork.id))
          const own = await playedAgain(log, fork.id)
          expect(placeless(own.events)).toEqual(all.slice(at))
          expect(own.script.start.version).toBe(at)
          expect(stateHash(own.state)).toBe(stateHash(fork.state))
          const report = await whatIf(waymark, fork.id, {})
          expect(report).toMatchObject({ same: true, partsAt: null, playedFrom: at })
        },
      ),
      { numRuns: 40 },
    )
  })

  it('law: leaving a command out is the history of a session to which it was never sent', async () => {
    let parted = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(25), fc.nat(), async (commands, choice) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const { steps } = await scriptOf(log, sessionId)
        const index = 1 + (choice % Math.max(1, steps.length - 1))
        const left = steps[index]
        if (left === undefined) return
        const { state, steps: played } = await playedAgain(
          log,
          sessionId,
          {},
          { skip: new Set([left.version]) },
        )
        const sent = (await commandsOf(log, sessionId)).filter((_, at) => at !== index)
        const other = await play(new MemoryLog(), sent)
        expect(outcome(state)).toEqual(outcome(other.state))
        const refused = played.filter(({ refusal }) => refusal !== null).map(({ command }) => command?.type)
        expect(refused).toEqual(
          other.steps.flatMap(({ refusal, command }) => (refusal === null ? [] : [command.type])),
        )
        if (refused.length > 0) parted += 1
      }),
      { numRuns: 150 },
    )
    expect(parted).toBeGreaterThan(5)
  })

  it('law: another configuration is the history of a session that was begun with it', async () => {
    let earlier = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(25), async (commands) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const { state, events } = await playedAgain(log, sessionId, {}, { configuration: lower })
        const begun = (await commandsOf(log, sessionId)).flatMap((command): Command[] => {
          if (command.type === 'session.start') return [{ ...command, configuration: lower }]
          return command.type === 'session.configure' ? [] : [command]
        })
        const other = await play(new MemoryLog(), begun)
        expect(outcome(state)).toEqual(outcome(other.state))
        const phases = (all: readonly LoggedEvent[]) =>
          all.filter(isKnown).filter(({ type }) => type === 'budget.phase-changed').length
        if (phases(events) > phases(await eventsOf(log, sessionId))) earlier += 1
      }),
      { numRuns: 100 },
    )
    expect(earlier).toBeGreaterThan(5)
  })

  it('law: a saved what-if is a fork that verifies, comes to what was played, and leaves the session as it was', async () => {
    let saved = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(25), fc.nat(), async (commands, choice) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const waymark = await Waymark.open({ store: log })
        const { steps } = await scriptOf(log, sessionId)
        const step = steps[1 + (choice % Math.max(1, steps.length - 1))]
        if (step === undefined) return
        const changes = { skip: [step.version] }
        const found = await whatIf(waymark, sessionId, changes)
        // A session that allows no forks, or is ended, has none.
        if (found.partsAt === null || !found.state.recorded.configuration.forkingEnabled) return
        const before = canonicalJson(await eventsOf(log, sessionId))
        const fork = await saveWhatIf(waymark, sessionId, changes)
        saved += 1
        expect(canonicalJson(await eventsOf(log, sessionId))).toBe(before)
        expect(fork.forkedAt).toBe(found.partsAt.version - 1)
        const { state } = await waymark.openSession(fork.sessionId)
        const { ok, sessions } = await waymark.verify(fork.sessionId)
        expect({ ok, problems: sessions.flatMap(({ problems }) => problems) }).toEqual({
          ok: true,
          problems: [],
        })
        expect(await whatIf(waymark, fork.sessionId, {})).toMatchObject({ same: true })
        if (fork.leftOut.count > 0) return
        expect(outcome(state).tasks).toEqual(outcome(found.state.played).tasks)
        expect({ ...state.window, phaseSince: 0 }).toEqual(outcome(found.state.played).window)
        // Its calls were counted in the session.
        expect(state.usage.calls).toBe(0)
      }),
      { numRuns: 80 },
    )
    expect(saved).toBeGreaterThan(20)
  })
})
