/** Callbacks on the budget: each crossing once, whatever is sent together, and whatever a callback does. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

const warnings: Error[] = []
const listener = (warning: Error): void => void warnings.push(warning)
beforeEach(() => {
  warnings.length = 0
  process.on('warning', listener)
})
afterEach(() => {
  process.off('warning', listener)
})

async function opened(): Promise<Session> {
  const waymark = await Waymark.open({ store: new MemoryLog() })
  return waymark.createSession({ windowTokens: 200_000 })
}

function measure(contextTokens: number) {
  return { type: 'context.measure', contextTokens } as const
}

describe('crossings', () => {
  it('that one burst of sends makes and takes back are each told', async () => {
    const session = await opened()
    const seen: unknown[] = []
    for (const mark of ['warning', 'emergency', 50] as const) {
      session.onBudget(mark, ({ phase, percent }) => seen.push([mark, phase, percent]))
    }
    await Promise.all([
      session.send(measure(190_000)),
      session.send({ type: 'context.compact', kind: 'full', trigger: 'auto', postTokens: 10_000 }),
      session.send(measure(120_000)),
    ])
    expect(seen).toEqual([
      ['warning', 'warning', 95],
      ['emergency', 'emergency', 95],
      [50, 'emergency', 95],
      [50, 'normal', 60],
    ])
  })

  it('are told for entering a phase upwards; only normal is entered by falling', async () => {
    const session = await opened()
    const seen: string[] = []
    for (const mark of ['normal', 'monitoring', 'warning', 'emergency', 'exhausted', 60, 100] as const) {
      session.onBudget(mark, ({ percent }) => seen.push(`${mark} ${percent}`))
    }
    await session.send(measure(205_000))
    expect(seen).toEqual([
      'monitoring 102.5',
      'warning 102.5',
      'emergency 102.5',
      'exhausted 102.5',
      '60 102.5',
      '100 102.5',
    ])
    seen.length = 0
    await session.send(measure(180_000))
    expect(seen).toEqual([])
    await session.send(measure(1_000))
    expect(seen).toEqual(['normal 0.5'])
  })

  it('of a transaction that fails are not told', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await waymark.createSession({ windowTokens: 200_000 })
    let called = 0
    session.onBudget(50, () => {
      called += 1
    })
    await log.close()
    await expect(session.send(measure(190_000))).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    expect(called).toBe(0)
  })
})

describe('a callback', () => {
  it('that registers itself again is called once a crossing', async () => {
    const session = await opened()
    let calls = 0
    session.onBudget('warning', function again() {
      calls += 1
      if (calls < 1_000) session.onBudget('warning', again)
    })
    await session.send(measure(160_000))
    expect(calls).toBe(1)
    await session.send(measure(20_000))
    await session.send(measure(160_000))
    expect(calls).toBe(3)
  })

  it('that another one takes away is not called any more', async () => {
    const session = await opened()
    let called = false
    session.onBudget('warning', () => off())
    const off = session.onBudget('warning', () => {
      called = true
    })
    await session.send(measure(160_000))
    expect(called).toBe(false)
  })

  const faults: readonly [string, () => unknown][] = [
    [
      'throws an object without words',
      () => {
        throw Object.create(null)
      },
    ],
    ['rejects with one', async () => Promise.reject(Object.create(null))],
    [
      'throws an error whose message throws',
      () => {
        throw Object.defineProperty(new Error('x'), 'message', {
          get: () => {
            throw new Error('no')
          },
        })
      },
    ],
    [
      'throws a symbol',
      () => {
        throw Symbol('why')
      },
    ],
    [
      'gives a promise of its own kind that fails',
      // oxlint-disable-next-line unicorn/no-thenable -- such promises are what is tried
      () => Object.fromEntries([['then', (_: unknown, no: (why: Error) => void) => no(new Error('then'))]]),
    ],
  ]
  it.each(faults)(
    'that %s becomes a warning with its code, and the next one is called',
    async (_what, fault) => {
      const session = await opened()
      let called = false
      session.onBudget('warning', fault)
      session.onBudget('warning', () => {
        called = true
      })
      await session.send(measure(160_000))
      await delay(10)
      expect(called).toBe(true)
      expect(warnings.map((warning) => Reflect.get(warning, 'code'))).toEqual(['WAYMARK_BUDGET_CALLBACK'])
      expect(session.state.window.phase).toBe('warning')
    },
  )
})

/** A session in the hands of a caller without types. */
function untyped(session: Session): { onBudget(mark: unknown, callback: unknown): unknown } {
  return session as unknown as { onBudget(mark: unknown, callback: unknown): unknown }
}

describe('onBudget', () => {
  it.each([['nope'], [150], [-1], [Number.NaN], [null], [{}], ['toString']])(
    'refuses the mark %j',
    async (mark) => {
      const session = await opened()
      expect(() => untyped(session).onBudget(mark, () => {})).toThrow(
        expect.objectContaining({ code: 'USAGE' }),
      )
    },
  )

  it('refuses a callback that is no function', async () => {
    const session = await opened()
    expect(() => untyped(session).onBudget(80, null)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})
