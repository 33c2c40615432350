/**
 * Goal: what a machine's streams never took is told, and nothing that they took is called not taken.
 * Method: a machine with a timer, a promise and a guard is run on a log; its coverage is read back from there.
 */
import { expect, it } from 'vitest'
import { assign, fromPromise, SimulatedClock, setup } from 'xstate'
import { durable, MemoryLog, Waymark } from '../../src/index.ts'
import { coverageOfMachine } from '../../src/testing/machine/durable-streams.ts'

const order = setup({
  types: {} as { context: { paid: number }; events: { type: 'PAY'; amount: number } | { type: 'DROP' } },
  actors: { pack: fromPromise(async () => 'packed') },
}).createMachine({
  id: 'order',
  context: { paid: 0 },
  initial: 'open',
  states: {
    open: {
      after: { 1000: 'late' },
      on: {
        PAY: [
          {
            guard: ({ event }) => event.amount >= 30,
            target: 'packing',
            actions: assign({ paid: ({ event }) => event.amount }),
          },
          { target: 'open', reenter: true },
        ],
        DROP: 'dropped',
      },
    },
    late: { on: { PAY: 'packing' } },
    packing: { invoke: { src: 'pack', onDone: 'packed', onError: 'dropped' } },
    packed: { type: 'final' },
    dropped: { type: 'final' },
  },
})

it('names the transitions that no stream of the machine took', async () => {
  const waymark = await Waymark.open({ store: new MemoryLog() })
  const clock = new SimulatedClock()
  const one = await durable(order, { log: waymark, id: 'one' })
  await one.send({ type: 'PAY', amount: 5 })
  await one.send({ type: 'PAY', amount: 30 })
  await one.settled()
  const two = await durable(order, { log: waymark, id: 'two', clock })
  clock.increment(1_001)
  await two.settled()
  await waymark.createSession({})
  const coverage = await coverageOfMachine(waymark.log, order)
  const taken = coverage.transitions.filter(({ count }) => count > 0).map(({ name }) => name)
  expect(taken).toHaveLength(4)
  expect(coverage.transitions.filter(({ count }) => count === 0).map(({ name }) => name)).toEqual([
    'open: DROP → dropped',
    'late: PAY → packing',
    'packing: error of pack → dropped',
  ])
  expect(coverage.outsideCount).toBe(0)
  const [alone] = (await coverageOfMachine(waymark.log, order, [two.sessionId])).transitions.filter(
    ({ count }) => count > 0,
  )
  expect(alone?.name).toMatch(/open: .*late/)
  await one.stop()
  await two.stop()
  await waymark.close()
})
