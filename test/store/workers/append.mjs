/**
 * Appends batches of two events to a session, one durable transaction at a time, and prints each once it is acknowledged.
 * Usage: append.mjs <path of the log> <session id> <prefix> <how many>
 */
import { openSqliteLog } from '../../../dist/src/store/sqlite/open.js'

const [path = '', sessionId = '', prefix = '', count = '0'] = process.argv.slice(2)
const log = await openSqliteLog({ path })
const summary = (await log.stream(sessionId))?.summary
if (summary === null || summary === undefined) throw new Error('the session has a summary')
process.stdout.write('ready\n')
for (let n = 0; n < Number(count); n++) {
  const commandId = `${prefix}-${n}`
  /** @param {number} index */
  const event = (index) => ({
    id: `00000000-0000-4000-8000-${String(process.pid).padStart(6, '0')}${String(n * 2 + index).padStart(6, '0')}`,
    type: /** @type {const} */ ('task.added'),
    data: { taskId: `${commandId}-${index}`, title: 'appended by a process' },
    schemaVersion: 1,
    time: '2026-02-01T00:00:00.000Z',
    recordedAt: '2026-02-01T00:00:00.000Z',
    actor: prefix,
    commandId,
    index,
    causationId: null,
    correlationId: null,
    ignorable: false,
    salt: new Uint8Array(16).fill(n),
  })
  const events = await log.transact((transaction) =>
    transaction.append(sessionId, [event(0), event(1)], summary),
  )
  process.stdout.write(`${commandId} ${events[0]?.version}\n`)
}
await log.close()
