/**
 * Opens a home, records a task, a reading and sometimes a checkpoint, and closes it, again and again: each time the memory files
 * are written. Prints a line after each close. Usage: remember.mjs <home> <session id> <prefix of task ids> <how many times>
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', prefix = '', count = '0'] = process.argv.slice(2)
for (let n = 0; n < Number(count); n++) {
  const waymark = await Waymark.open({ home })
  const session = await waymark.openSession(sessionId)
  await session.send({ type: 'task.add', taskId: `${prefix}-${n}`, title: `task ${n}` })
  await session.send({ type: 'context.measure', contextTokens: 1_000 + n })
  if (n % 5 === 0) await session.checkpoint({ phase: 'GREEN' })
  await waymark.close()
  process.stdout.write(`${n}\n`)
}
