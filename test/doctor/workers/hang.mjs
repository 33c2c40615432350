/**
 * Sends commands to a session and then waits to be killed, with the session open.
 * Usage: hang.mjs <home> <session id> <commands as a JSON list>
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', commands = '[]'] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
const session = await waymark.openSession(sessionId)
for (const command of JSON.parse(commands)) await session.send(command)
process.stdout.write('ready\n')
setInterval(() => {}, 60_000)
