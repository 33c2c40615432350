/**
 * Records tasks into a session, one durable command at a time, and prints the version of each once it is acknowledged.
 * Usage: record.mjs <home> <session id> <prefix of task ids> <how many> [concurrency]
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', prefix = '', count = '0', concurrency = '1'] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
const session = await waymark.openSession(sessionId)
process.stdout.write('ready\n')

/** @param {number} n */
async function one(n) {
  const commandId = `${prefix}-${n}`
  const { version } = await session.send(
    { type: 'task.add', taskId: commandId, title: `task ${n}` },
    { commandId },
  )
  process.stdout.write(`${commandId} ${version}\n`)
}

const width = Number(concurrency)
for (let n = 0; n < Number(count); n += width) {
  await Promise.all(Array.from({ length: Math.min(width, Number(count) - n) }, (_, k) => one(n + k)))
}
await waymark.close()
