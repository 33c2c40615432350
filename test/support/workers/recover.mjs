/**
 * Recovers a session, and kills itself with SIGKILL before or after one of its transactions.
 * Usage: recover.mjs <home> <session id> <which transaction, from 0> <before | after>
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', at = '0', when = 'before'] = process.argv.slice(2)
const waymark = await Waymark.open({ home, memoryFiles: false })
const { log } = waymark
const transact = log.transact.bind(log)
let count = 0
log.transact = async (work) => {
  const isLast = count++ === Number(at)
  if (isLast && when === 'before') process.kill(process.pid, 'SIGKILL')
  const result = await transact(work)
  if (isLast) process.kill(process.pid, 'SIGKILL')
  return result
}
const { recoveryId, takenUp } = await waymark.recover(sessionId)
process.stdout.write(`${recoveryId} ${takenUp}\n`)
await waymark.close()
