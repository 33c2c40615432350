/**
 * Writes to a session and waits, with checkpoints on signals. With `others` somebody else listens too, and ends the process with 7.
 * Usage: told-to-stop.mjs <home> <session id> <alone | others | undone>
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', how = 'alone'] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
const undo = waymark.checkpointOnSignals()
if (how === 'undone') undo()
if (how === 'others') process.on('SIGTERM', () => setTimeout(() => process.exit(7), 500))
const session = await waymark.openSession(sessionId)
await session.send({ type: 'task.add', taskId: 'T', title: 'work' })
process.stdout.write('ready\n')
setInterval(() => {}, 1_000)
