/** Machines of others on the log: what a step costs beside XState's own, what sending costs beside a session, and coming back from a long stream. */
import { join } from 'node:path'
import { assign, setup, transition } from 'xstate'
import { durableMachine } from '../dist/src/decide/durable/machine.js'
import { durable } from '../dist/src/durable/durable.js'
import { Waymark } from '../dist/src/session/waymark.js'
import { countText, eachText, inTurn, timeText } from './figures.mjs'

const stepsMax = 20_000
const sendsEach = 200

/** A loop of an orchestrator: two regions, a counter, a list of what was done last. */
const machine = setup({
  guards: { busy: ({ context }) => context.done.length > 0 },
}).createMachine({
  id: 'loop',
  version: '1',
  type: 'parallel',
  context: { turns: 0, done: [] },
  states: {
    work: {
      initial: 'plan',
      states: {
        plan: { on: { NEXT: 'act' } },
        act: {
          on: {
            NEXT: {
              target: 'plan',
              actions: assign({
                turns: ({ context }) => context.turns + 1,
                done: ({ context, event }) => [...context.done, event.what].slice(-20),
              }),
            },
          },
        },
      },
    },
    light: { initial: 'off', states: { off: { always: { guard: 'busy', target: 'on' } }, on: {} } },
  },
})
const next = (n) => ({ type: 'NEXT', what: `step ${n}` })

export async function measure({ folder, rounds, eventCount, say }) {
  const long = Math.min(eventCount, stepsMax)
  const home = join(folder, 'machines')
  const waymark = await Waymark.open({ home, settings: { autoCheckpoint: false } })
  say(`making ${countText(long)} steps of a machine …`)
  for (const count of [long, Math.ceil(long / 10)]) await run(waymark, `of-${count}`, count)
  const actor = await durable(machine, { log: waymark, id: 'sends' })
  const session = await waymark.createSession({ windowTokens: 200_000 })
  let n = 0
  const times = await inTurn(
    {
      machine: () => alone(() => actor.send(next(n++))),
      session: () =>
        alone(() => session.send({ type: 'observation.record', kind: 'bench', detail: `step ${n++}` })),
      ...stepsOf(actor.session.state.machine),
      long: () => comesBack(home, `of-${long}`),
      short: () => comesBack(home, `of-${Math.ceil(long / 10)}`),
    },
    rounds,
    { warmUp: 1 },
  )
  await actor.stop()
  await waymark.close()
  return rowsOf(times, long)
}

async function run(waymark, id, count) {
  const actor = await durable(machine, { log: waymark, id })
  for (let from = 0; from < count; from += 500) {
    const most = Math.min(500, count - from)
    await Promise.all(Array.from({ length: most }, (_, n) => actor.send(next(from + n))))
  }
  await actor.stop()
}

async function alone(send) {
  for (let n = 0; n < sendsEach; n++) await send()
}

/** A step as it is decided, and the same by XState, from the same state. */
function stepsOf(state) {
  const inHand = durableMachine(machine)
  const snapshot = inHand.snapshotOf(state)
  const now = '2026-01-01T00:00:00.000Z'
  return {
    step: () => {
      for (let n = 0; n < sendsEach; n++)
        inHand.deliver(state, { kind: 'event', event: next(n), to: [] }, { now })
    },
    transition: () => {
      for (let n = 0; n < sendsEach; n++) transition(machine, snapshot, next(n))
    },
  }
}

async function comesBack(home, id) {
  const waymark = await Waymark.open({ home })
  const actor = await durable(machine, { log: waymark, id, effects: 'leave' })
  actor.getSnapshot()
  await actor.stop()
  await waymark.close()
}

function rowsOf({ machine: sent, session, step, transition: own, long, short }, count) {
  const each = (ms) => `${timeText(ms)} (${eachText(ms, sendsEach)})`
  return [
    {
      id: 'machines.step',
      name: "a step of a machine as it is decided / XState's transition()",
      ratio: step / own,
      aim: { atMost: 4 },
      measured: `${each(step)} / ${each(own)}`,
    },
    {
      id: 'machines.send',
      name: 'an event sent to a machine / a command sent to a session, one after the other',
      ratio: sent / session,
      aim: { atMost: 2 },
      measured: `${each(sent)} / ${each(session)}`,
    },
    {
      id: 'machines.back',
      name: 'a machine brought back after ten times the steps',
      ratio: long / short,
      aim: { atMost: 4 },
      measured: `${timeText(long)} / ${timeText(short)}, ${countText(count)} steps`,
    },
  ]
}
