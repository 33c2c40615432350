/**
 * Offers a session and withdraws the offer, again and again, and prints the handoff's id after each offer.
 * Usage: hand-off.mjs <home> <session id> <file of the package>
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', file = ''] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
const session = await waymark.openSession(sessionId)
if (session.state.status === 'handed_off') await session.send({ type: 'session.resume' })
process.stdout.write('ready\n')
for (;;) {
  const { handoffId } = await session.handOff({ fromAgent: 'spec-builder', toAgent: 'tester', file })
  process.stdout.write(`${handoffId}\n`)
  await session.send({ type: 'session.resume' })
}
