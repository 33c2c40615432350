// Runs a machine on the log of a home until it is killed: `machine.mjs <home> <id> <how the work goes>`. Prints one line of JSON for what it does.
import { durable, effectKeyOf, Waymark } from 'waymark'
import { assign, fromPromise, setup } from 'xstate'

const [home, id, way] = process.argv.slice(2)
const say = (what, more = {}) => console.log(JSON.stringify({ what, ...more }))

/** The same machine as in the test that starts this. */
const job = setup({
  actors: {
    work: fromPromise(async ({ self }) => {
      say('works', { key: effectKeyOf(self) })
      return way === 'hangs' ? new Promise(() => {}) : `done by ${process.pid}`
    }),
  },
}).createMachine({
  id: 'job',
  version: '1',
  context: { result: null, ticks: 0 },
  initial: 'idle',
  states: {
    idle: {
      on: { BEGIN: 'working', TICK: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
    },
    working: {
      invoke: {
        src: 'work',
        onDone: { target: 'done', actions: assign({ result: ({ event }) => event.output }) },
      },
      on: { TICK: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
      after: { 3600000: 'late' },
    },
    late: {},
    done: { type: 'final' },
  },
})

const waymark = await Waymark.open({ home })
const actor = await durable(job, { log: waymark, id })
say('runs', { runner: actor.isRunner, value: actor.getSnapshot().value })
if (way === 'ticks') {
  // Until it is killed: what it has printed was acknowledged.
  for (;;) say('ticked', { version: (await actor.send({ type: 'TICK' })).version })
}
if (actor.getSnapshot().value === 'idle') await actor.send({ type: 'BEGIN' })
say('began')
setInterval(() => {}, 1_000)
