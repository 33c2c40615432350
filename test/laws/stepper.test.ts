/**
 * Goal: whatever way a stepper goes, it stands where it says, with the state that a fold of all events up to there gives, and its moves
 * lead where reading the whole log would. Method: random histories are played into the reference log; random moves are made on
 * windows so small that every few of them leave one, and compared with a list of all places made beforehand.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { fold, stateHash } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { openStepper, type Step, type Stepper } from '../../src/replay/stepper/stepper.ts'
import { StretchWindow } from '../../src/replay/stepper/stretch.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

type By = 'batch' | 'event'

const paths = ['window.phase', 'tasks', 'tasks.A.status', 'status', 'usage.calls', 'epoch'] as const
const types = ['task', 'task.started', 'session', 'checkpoint.created', 'budget', 'turn'] as const

const moves = fc.oneof(
  fc.constantFrom('next', 'next', 'previous', 'previous').map((name) => ({ name, what: '' })),
  fc.double({ min: 0, max: 1, noNaN: true }).map((part) => ({ name: 'to', what: String(part) })),
  fc.constantFrom(...types).map((what) => ({ name: 'nextOfType', what })),
  fc.constantFrom(...types).map((what) => ({ name: 'previousOfType', what })),
  fc.constantFrom(...paths).map((what) => ({ name: 'nextChangeOf', what })),
  fc.constantFrom(...paths).map((what) => ({ name: 'previousChangeOf', what })),
)
type Move = { readonly name: string; readonly what: string }

interface Model {
  readonly states: readonly ReadonlyState[]
  readonly events: readonly LoggedEvent[]
  /** Versions at which a stepper stops, ascending. */
  readonly places: readonly number[]
}

async function modelOf(log: MemoryLog, sessionId: string, by: By): Promise<Model> {
  const events: LoggedEvent[] = []
  for await (const page of log.read(sessionId)) events.push(...page)
  const states: ReadonlyState[] = [initialState(sessionId)]
  for (const event of events) states.push(fold(states.at(-1) ?? initialState(sessionId), [event]))
  const isEnd = (version: number) => by === 'event' || (events[version]?.index ?? 0) === 0
  return { states, events, places: states.map((_, version) => version).filter(isEnd) }
}

function textAt(state: ReadonlyState | undefined, path: string): string {
  const names = path.split('.')
  const value = names.reduce<unknown>(
    (part, name) => Object.entries(part ?? {}).find(([key]) => key === name)?.[1],
    state,
  )
  return value === undefined ? 'nothing' : canonicalJson(value)
}

/** Where a move leads by reading everything; `null` for nowhere. */
function expected(
  { states, events, places }: Model,
  at: number,
  by: By,
  { name, what }: Move,
): number | null {
  const from = by === 'event' ? Math.max(0, at - 1) : at - 1 - (events[at - 1]?.index ?? -1)
  const endOf = (version: number) => places.find((place) => place >= version) ?? null
  const isOfType = ({ type }: LoggedEvent) => type === what || type.startsWith(`${what}.`)
  const later = places.filter((place) => place > at)
  const earlier = places.filter((place) => place > 0 && place <= from)
  const before = (place: number) => places[places.indexOf(place) - 1] ?? 0
  switch (name) {
    case 'next':
      return later[0] ?? null
    case 'previous':
      return at === 0 ? null : from
    case 'to':
      return Math.round(Number(what) * (states.length - 1))
    case 'nextOfType': {
      const found = events.find((event) => event.version > at && isOfType(event))
      return found === undefined ? null : endOf(found.version)
    }
    case 'previousOfType': {
      const found = events.findLast((event) => event.version <= from && isOfType(event))
      return found === undefined ? null : endOf(found.version)
    }
    case 'nextChangeOf':
      return later.find((place) => textAt(states[place], what) !== textAt(states[at], what)) ?? null
    default:
      return (
        earlier.findLast((place) => textAt(states[place], what) !== textAt(states[before(place)], what)) ??
        null
      )
  }
}

async function make(stepper: Stepper, newest: number, { name, what }: Move): Promise<Step | null> {
  switch (name) {
    case 'next':
      return stepper.next()
    case 'previous':
      return stepper.previous()
    case 'to':
      return stepper.to(Math.round(Number(what) * newest))
    case 'nextOfType':
      return stepper.nextOfType(what)
    case 'previousOfType':
      return stepper.previousOfType(what)
    case 'nextChangeOf':
      return stepper.nextChangeOf(what)
    default:
      return stepper.previousChangeOf(what)
  }
}

describe('stepping', () => {
  const found = new Map<string, number>()

  it('law: any sequence of moves gives the state that a fold up to there gives, and leads where reading everything would', async () => {
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(60),
        fc.constantFrom<By>('batch', 'event'),
        fc.array(moves, { minLength: 10, maxLength: 40 }),
        fc.record({
          stretchEvents: fc.integer({ min: 1, max: 9 }),
          stretchesMax: fc.integer({ min: 1, max: 3 }),
          stateEvents: fc.integer({ min: 1, max: 4 }),
        }),
        async (commands, by, sequence, size) => {
          const log = new MemoryLog()
          const { sessionId } = await play(log, commands)
          const model = await modelOf(log, sessionId, by)
          const newest = model.events.length
          const stepper = await openStepper(
            log,
            sessionId,
            { by, at: Math.floor(newest / 2) },
            new StretchWindow(log, sessionId, size),
          )
          for (const move of sequence) {
            const at = stepper.here.version
            const wanted = expected(model, at, by, move)
            const step = await make(stepper, newest, move)
            expect([move, at, step?.version ?? null]).toEqual([move, at, wanted])
            const { version, state, from, before, events } = stepper.here
            expect(version).toBe(wanted ?? at)
            expect(stateHash(state)).toBe(stateHash(model.states[version] ?? state))
            expect(stateHash(before)).toBe(stateHash(model.states[from] ?? state))
            expect(events).toEqual(model.events.slice(from, version))
            if (step !== null) found.set(move.name, (found.get(move.name) ?? 0) + 1)
          }
        },
      ),
      { numRuns: 150 },
    )
  })

  it('is not vacuous: every kind of move has found a place many times', () => {
    const names = [
      'next',
      'previous',
      'to',
      'nextOfType',
      'previousOfType',
      'nextChangeOf',
      'previousChangeOf',
    ]
    expect(names.filter((name) => (found.get(name) ?? 0) < 20)).toEqual([])
  })
})
