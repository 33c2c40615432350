/**
 * Bisecting.
 *
 * Goal: `bisect` finds what a look at every version finds, in about log2(n) reconstructions. Method: random histories and predicates; the
 * reference folds every batch and asks each time. Predicates that rise (counts that only grow) are the ones of which bisecting promises the
 * first version; of others it promises a version where the answer turns. Reconstructions are counted at the log.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { fold, frozen } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { bisectSession } from '../../src/replay/bisect/bisection.ts'
import { type Predicate, parsePredicate, predicateOf } from '../../src/replay/predicate/predicate.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

interface Look {
  readonly version: number
  readonly holds: boolean
}

/** Asks at the end of every batch, version 0 included. */
async function looksOf(log: EventLog, sessionId: string, predicate: Predicate): Promise<readonly Look[]> {
  const events: LoggedEvent[] = []
  for await (const page of log.read(sessionId)) events.push(...page)
  let state: ReadonlyState = frozen(initialState(sessionId))
  const looks: Look[] = [{ version: 0, holds: predicate.holds(state) }]
  for (const [index, event] of events.entries()) {
    state = fold(state, [event])
    const next = events[index + 1]
    if (next === undefined || next.index === 0) {
      looks.push({ version: event.version, holds: predicate.holds(state) })
    }
  }
  return looks
}

/** The looks at which the answer is another one than before. */
function turnsOf(looks: readonly Look[]): readonly Look[] {
  return looks.filter(({ holds }, index) => index > 0 && holds !== looks[index - 1]?.holds)
}

/** A log that counts how often a state was looked for in it. */
function counting(log: EventLog): { readonly log: EventLog; readonly count: () => number } {
  let count = 0
  const counted = new Proxy(log, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...given: readonly unknown[]): unknown => {
        if (name === 'snapshots') count += 1
        return Reflect.apply(member, target, given)
      }
    },
  })
  return { log: counted, count: () => count }
}

const rising = fc.oneof(
  fc.tuple(
    fc.constantFrom('version', 'taskCount', 'checkpointCount', 'usage.calls', 'recoveries'),
    fc.nat(30),
  ),
  fc.tuple(fc.constantFrom('usage.inputTokens', 'window.peakTokens'), fc.nat(200_000)),
)

const turning = fc.oneof(
  fc.constantFrom(
    'tasks.A.status == "in_progress"',
    'tasks.exists(id, tasks[id].status == "failed" || tasks[id].status == "blocked")',
    'window.percent > 40',
    'version % 3 == 0',
    'status == "active" && window.phase == "normal"',
    'has(tasks.B) && tasks.B.title == "two"',
    'size(context.items) > 0 && context.savedTokens == 0',
  ),
  fc
    .tuple(fc.integer({ min: 2, max: 9 }), fc.nat(4))
    .map(([every, least]) => `version % ${every} >= ${least}`),
  fc.nat(60).map((version) => `version < 3 ? false : version != ${version} && version != ${version + 5}`),
)

/** Of three batches at least: two are accepted in every history, and one more is put between them. */
const arbitraryHistory = historyArbitrary(60).map(([start, ...others]): readonly Command[] => [
  ...(start === undefined ? [] : [start]),
  { type: 'task.add', taskId: 'always', title: 'always' },
  ...others,
])

async function played(commands: readonly Command[], seed: number) {
  const store = new MemoryLog()
  const { sessionId, state } = await play(store, commands, { seed })
  return { store, sessionId, newest: state.version }
}

describe('bisect', () => {
  it('law: of a predicate that rises it finds the first version at which it holds, in at most ⌈log2 n⌉ + 2 reconstructions', async () => {
    const seen = { found: 0, others: 0 }
    await fc.assert(
      fc.asyncProperty(arbitraryHistory, rising, fc.nat(), async (commands, [name, least], seed) => {
        const { store, sessionId, newest } = await played(commands, seed)
        // Of these three the second begins to hold at the last batch, in every history, and the third never does.
        for (const text of [`${name} >= ${least}`, `version >= ${newest}`, `version > ${newest}`]) {
          const predicate = parsePredicate(text)
          const looks = await looksOf(store, sessionId, predicate)
          const { log, count } = counting(store)
          const found = await bisectSession(log, sessionId, predicate)
          const most = Math.ceil(Math.log2(newest)) + 2
          expect(count()).toBeLessThanOrEqual(most)
          expect(found.reconstructions).toBe(count())
          const [first] = turnsOf(looks)
          if (looks[0]?.holds === true) expect(found.outcome).toBe('held-before')
          else if (first === undefined) expect(found.outcome).toBe('not-held')
          else expect(found).toMatchObject({ outcome: 'found', version: first.version })
          seen[found.outcome === 'found' ? 'found' : 'others'] += 1
        }
      }),
      { numRuns: 150 },
    )
    // Both happen, or the law says nothing.
    expect(Math.min(seen.found, seen.others)).toBeGreaterThan(10)
  })

  it('law: of any predicate it finds a version where the answer turns from no to yes', async () => {
    let manyTurns = 0
    await fc.assert(
      fc.asyncProperty(arbitraryHistory, turning, fc.nat(), async (commands, text, seed) => {
        const { store, sessionId, newest } = await played(commands, seed)
        // The second turns three times in every history: of its first batch it holds, and of its last.
        for (const asked of [text, `version == 1 || version == ${newest}`]) {
          const predicate = parsePredicate(asked)
          const looks = await looksOf(store, sessionId, predicate)
          const found = await bisectSession(store, sessionId, predicate)
          const [begin, end] = [looks[0]?.holds, looks.at(-1)?.holds]
          if (begin === true || end === false) {
            expect(found.outcome).toBe(begin === true ? 'held-before' : 'not-held')
            continue
          }
          const index = looks.findIndex(({ version }) => version === found.version)
          expect(looks[index]?.holds).toBe(true)
          expect(looks[index - 1]).toEqual({ version: found.before, holds: false })
          expect(found.events.at(-1)?.version).toBe(found.version)
          if (turnsOf(looks).length > 1) manyTurns += 1
        }
      }),
      { numRuns: 200 },
    )
    expect(manyTurns).toBeGreaterThan(10)
  })

  it('law: a scan finds every turn, of expressions and of functions, from any version to any other', async () => {
    await fc.assert(
      fc.asyncProperty(
        arbitraryHistory,
        turning,
        fc.nat(1_000),
        fc.boolean(),
        async (commands, text, share, asFunction) => {
          const { store, sessionId } = await played(commands, share)
          const expression = parsePredicate(text)
          const predicate = asFunction ? predicateOf('asked', (state) => expression.holds(state)) : expression
          const looks = await looksOf(store, sessionId, predicate)
          const begin = Math.floor(((looks.length - 1) * share) / 1_001)
          const part = looks.slice(begin)
          const found = await bisectSession(store, sessionId, predicate, {
            scan: true,
            from: part[0]?.version ?? 0,
          })
          const turns = turnsOf(part)
          expect(found.scan?.heldBefore).toBe(part[0]?.holds)
          expect(found.scan?.flips.map(({ version, holds }) => ({ version, holds }))).toEqual(turns)
          expect(found.scan?.looks).toBe(part.length)
          expect(found.version).toBe(part[0]?.holds === true ? null : (turns[0]?.version ?? null))
        },
      ),
      { numRuns: 100 },
    )
  })
})
