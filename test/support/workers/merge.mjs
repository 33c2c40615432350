/**
 * Forks a session, works in the fork, and merges it back, again and again; says so when each merge is acknowledged.
 * Usage: merge.mjs <home> <session id> <prefix of task ids> <how many merges> <tasks each>
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', prefix = '', count = '0', tasks = '1'] = process.argv.slice(2)
const waymark = await Waymark.open({ home, settings: { maxParallelSessions: 1_000 } })
const session = await waymark.openSession(sessionId)
process.stdout.write('ready\n')
for (let n = 0; n < Number(count); n++) {
  const fork = await session.fork()
  for (let task = 0; task < Number(tasks); task++) {
    const taskId = `${prefix}-${n}-${task}`
    void fork.send({ type: 'task.add', taskId, title: taskId })
    void fork.send({ type: 'task.start', taskId })
  }
  await fork.settled()
  process.stdout.write(`merging ${fork.id}\n`)
  const { version } = await session.merge(fork)
  process.stdout.write(`merged ${fork.id} ${version}\n`)
}
await waymark.close()
