// The task machine inside a machine of one's own: a release that has a task in hand. Parent and child are one stream, and one step of both is one
// event. A fork tries another way from the middle, and the original does not notice. Usage: npm run example:durable
import { durable, MemoryLog, Waymark } from 'waymark'
import { taskMachine } from 'waymark/machines'
import { assign, sendTo, setup } from 'xstate'

const release = setup({ actors: { task: taskMachine } }).createMachine({
  id: 'release',
  version: '1',
  context: { failures: 0 },
  initial: 'working',
  states: {
    working: {
      invoke: { src: 'task', id: 'task', onDone: 'released' },
      on: {
        BEGIN: { actions: sendTo('task', { type: 'task.start' }) },
        GREEN: { actions: sendTo('task', { type: 'task.complete' }) },
        RED: {
          actions: [
            sendTo('task', ({ event }) => ({ type: 'task.fail', reason: event.reason, retryable: true })),
            assign({ failures: ({ context }) => context.failures + 1 }),
          ],
        },
        AGAIN: { actions: sendTo('task', { type: 'task.recover', checkpointId: 'origin' }) },
      },
    },
    released: { type: 'final' },
  },
})

const waymark = await Waymark.open({ store: new MemoryLog() })
const actor = await durable(release, { log: waymark, id: 'release-3' })
const task = (of) => of.getSnapshot().children.task?.getSnapshot().value ?? 'gone'

await actor.send({ type: 'BEGIN' })
const { version } = await actor.send({ type: 'RED', reason: 'tests failed' })
console.log(`the task is ${task(actor)} after ${actor.getSnapshot().context.failures} failure`)

await actor.send({ type: 'AGAIN' })
await actor.send({ type: 'BEGIN' })
await actor.send({ type: 'GREEN' })
console.log(`release-3: ${actor.getSnapshot().value}, the task is ${task(actor)}`)

const fork = await actor.fork({ at: version, title: 'what if nobody had tried again' })
console.log(`the fork: ${fork.getSnapshot().value}, its task is ${task(fork)}`)
await fork.stop()

const { ok } = await actor.verify()
console.log(`verified with the machine: ${ok}`)
await actor.stop()
await waymark.close()
