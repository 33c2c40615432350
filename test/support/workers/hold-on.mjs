/**
 * Goes on recording into a session as its holder, whatever is refused meanwhile, until it is a holder no more: prints the version of
 * each task it was told is recorded, and at last the code that ended it.
 * Usage: hold-on.mjs <home> <session id> <prefix of task ids>
 */
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', prefix = ''] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
const session = await waymark.openSession(sessionId)
process.stdout.write('ready\n')
let last = ''
for (let n = 0; last !== 'STALE_HOLDER'; n++) {
  try {
    const { version } = await session.send({ type: 'task.add', taskId: `${prefix}-${n}`, title: `task ${n}` })
    process.stdout.write(`${version}\n`)
  } catch (error) {
    last = error.code
  }
}
// Told once more: what is refused now stays refused, whatever is sent.
for (const command of [
  { type: 'turn.complete' },
  { type: 'session.end' },
  { type: 'session.hand-off', toAgent: prefix },
]) {
  await session.send(command).then(
    () => process.stdout.write('accepted\n'),
    (error) => process.stdout.write(`${error.code}\n`),
  )
}
await waymark.close()
