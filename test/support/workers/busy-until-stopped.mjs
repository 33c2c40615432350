/**
 * Writes to a session without end, with checkpoints on signals. With a pause of 0 there is none: one send follows the other.
 * Usage: busy-until-stopped.mjs <home> <session id> <milliseconds between two sends>
 */
import { setTimeout as delay } from 'node:timers/promises'
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', pause = '0'] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
waymark.checkpointOnSignals()
const session = await waymark.openSession(sessionId)
for (let n = 0; ; n++) {
  await session.send({ type: 'observation.record', kind: 'ping' })
  if (n === 20) process.stdout.write('ready\n')
  if (pause !== '0') await delay(Number(pause))
}
