// A plain orchestrator loop as a machine on the log: plan, act, review, until the reviewer is content. The process that runs it may be killed
// anywhere; whoever opens it again goes on where it was. Usage: npm run example:durable
import { durable, effectKeyOf, MemoryLog, Waymark } from 'waymark'
import { assign, fromPromise, setup, toPromise } from 'xstate'

const reviews = ['tests are missing', 'ok']

/** Agents are promises. Their key is the same in each run of the same step, so that what they do outside is done once. */
const agent = (work) =>
  fromPromise(async ({ input, self }) => {
    console.log(`  agent works, key …/${effectKeyOf(self).split('/').at(-1)}`)
    return work(input)
  })

const loop = setup({
  actors: {
    plan: agent(() => ['write the code']),
    act: agent(({ steps }) => `did: ${steps.join(', ')}`),
    review: agent(() => reviews.shift()),
  },
}).createMachine({
  id: 'loop',
  version: '1',
  context: ({ input }) => ({ goal: input.goal, steps: [], result: null, rounds: 0 }),
  initial: 'planning',
  states: {
    planning: {
      invoke: {
        src: 'plan',
        onDone: { target: 'acting', actions: assign({ steps: ({ event }) => event.output }) },
      },
    },
    acting: {
      invoke: {
        src: 'act',
        input: ({ context }) => ({ steps: context.steps }),
        onDone: { target: 'reviewing', actions: assign({ result: ({ event }) => event.output }) },
      },
    },
    reviewing: {
      invoke: {
        src: 'review',
        onDone: [
          { guard: ({ event }) => event.output === 'ok', target: 'done' },
          {
            target: 'acting',
            actions: assign({
              rounds: ({ context }) => context.rounds + 1,
              steps: ({ context, event }) => [...context.steps, event.output],
            }),
          },
        ],
      },
    },
    done: { type: 'final' },
  },
  output: ({ context }) => ({ result: context.result, rounds: context.rounds }),
})

// Leave `store` out, and it is recorded into the nearest .moai instead of memory.
const waymark = await Waymark.open({ store: new MemoryLog() })
const actor = await durable(loop, { log: waymark, id: 'goal-1', input: { goal: 'log in' } })
actor.subscribe(({ value }) => console.log(value))
console.log(await toPromise(actor.ref))

// Every step is on the log: any of them is there again, without running anything.
const { version } = await waymark.bisect('goal-1', 'machine.snapshot.context.rounds > 0')
const { context } = await actor.at(version - 1)
console.log(`sent back at version ${version}; until then its steps were ${context.steps.join(', ')}`)
await actor.stop()
await waymark.close()
