/** A few machines of an orchestrator beside the agents of the soak: requests that are approved or run out of time, and work that follows. */
import { assign, fromPromise, SimulatedClock, setup } from 'xstate'
import { durable } from '../dist/src/durable/durable.js'

const patienceMs = 180_000

const approvals = setup({
  actors: { work: fromPromise(async ({ input }) => `done: ${input.request}`) },
  delays: { patience: patienceMs },
}).createMachine({
  id: 'approvals',
  version: '1',
  context: { request: '', asked: 0, done: 0, late: 0, result: null },
  initial: 'idle',
  states: {
    idle: {
      on: {
        ASK: {
          target: 'waiting',
          actions: assign({
            request: ({ event }) => event.request,
            asked: ({ context }) => context.asked + 1,
          }),
        },
      },
    },
    waiting: {
      on: { APPROVE: 'working' },
      after: { patience: { target: 'idle', actions: assign({ late: ({ context }) => context.late + 1 }) } },
    },
    working: {
      invoke: {
        src: 'work',
        input: ({ context }) => ({ request: context.request }),
        onDone: {
          target: 'idle',
          actions: assign({
            result: ({ event }) => event.output,
            done: ({ context }) => context.done + 1,
          }),
        },
      },
    },
  },
})

/** Machines that are run together on one home, by a clock that is moved by hand. */
export class Machines {
  #clock = new SimulatedClock()
  #actors = []
  #counts

  constructor(counts) {
    this.#counts = counts
  }

  /** Starts them, or brings them back where they were. */
  async begin(waymark, count) {
    this.#clock = new SimulatedClock()
    for (let number = 1; number <= count; number++) {
      const options = { log: waymark, id: `approvals-${number}`, clock: this.#clock }
      this.#actors.push(await durable(approvals, options))
    }
  }

  /** What happens to them in as much time: somebody asks, somebody approves or does not, deadlines come. */
  async round(timeMs, chance) {
    for (const actor of this.#actors) {
      const { value, context } = actor.getSnapshot()
      if (value === 'idle') await this.#send(actor, { type: 'ASK', request: `request ${context.asked + 1}` })
      if (value === 'waiting' && chance() < 0.1) await this.#send(actor, { type: 'APPROVE' })
    }
    this.#clock.increment(timeMs)
  }

  async #send(actor, event) {
    // A deadline may have come in the meantime: then nobody waits for an answer any more.
    if (!actor.getSnapshot().can(event)) return
    await actor.send(event)
    this.#counts.machineEvents += 1
  }

  /** Stops them all; what they had come to is on disk. */
  async stop() {
    for (const actor of this.#actors) await actor.stop()
    const contexts = this.#actors.map((actor) => actor.getSnapshot().context)
    const sum = (name) => contexts.reduce((total, context) => total + context[name], 0)
    Object.assign(this.#counts, { timersFired: sum('late'), promisesKept: sum('done') })
    this.#actors = []
  }
}
