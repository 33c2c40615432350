/** Recovery in a process of its own: prints milliseconds and the most memory the process took, as JSON. */
import { planRecovery } from '../../dist/src/replay/recover.js'
import { openSqliteLog } from '../../dist/src/store/sqlite/open.js'

const [path, sessionId] = process.argv.slice(2)
const log = await openSqliteLog({ path })
await log.position()
const start = performance.now()
const { version, from, replayedEvents } = await planRecovery(log, sessionId)
const ms = performance.now() - start
await log.close()
const memoryMiB = process.resourceUsage().maxRSS / 1024
process.stdout.write(JSON.stringify({ ms, memoryMiB, version, from, replayedEvents }))
