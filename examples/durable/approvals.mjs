// A request that somebody must approve: it reminds, and gives up after a deadline. Nobody runs it over the weekend; what was due meanwhile happens
// when it is opened again, and that it was decided so is on the log. Usage: npm run example:durable
import { durable, MemoryLog, Waymark } from 'waymark'
import { assign, setup } from 'xstate'

const hour = 3_600_000

const request = setup({
  actions: { remind: ({ context }) => console.log(`reminder ${context.reminders} to ${context.approver}`) },
}).createMachine({
  id: 'approval',
  version: '1',
  context: ({ input }) => ({ approver: input.approver, reminders: 0 }),
  initial: 'waiting',
  states: {
    waiting: {
      initial: 'quiet',
      after: { [72 * hour]: 'expired' },
      on: { APPROVE: 'approved', REJECT: 'rejected' },
      states: {
        quiet: { after: { [24 * hour]: 'reminding' } },
        reminding: {
          entry: [assign({ reminders: ({ context }) => context.reminders + 1 }), 'remind'],
          always: 'quiet',
        },
      },
    },
    approved: { type: 'final' },
    rejected: { type: 'final' },
    expired: { type: 'final' },
  },
})

// A clock that can be moved, so that a weekend takes no time here.
let now = Date.parse('2026-01-02T17:00:00.000Z')
const clock = { now: () => new Date(now).toISOString() }
const waymark = await Waymark.open({ store: new MemoryLog(), clock })

const first = await durable(request, { log: waymark, id: 'request-7', input: { approver: 'ada' } })
console.log(first.getSnapshot().value)
await first.send({ type: 'LATER' }).catch((error) => console.log(error.message))
await first.stop()

now += 30 * hour
const monday = await durable(request, { log: waymark, id: 'request-7', timers: 'elapsed' })
await new Promise((resolve) => setTimeout(resolve, 20))
await monday.settled()
console.log(`${monday.getSnapshot().context.reminders} reminder is out`)
await monday.send({ type: 'APPROVE' })
console.log(monday.getSnapshot().value, monday.getSnapshot().status)

for await (const page of waymark.log.read(monday.sessionId)) {
  for (const { version, type } of page) console.log(version, type)
}
await monday.stop()
await waymark.close()
