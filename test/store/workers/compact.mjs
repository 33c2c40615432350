/**
 * Compacts a log, dropping all snapshots up to a version and writing everything anew, and prints what came of it.
 * Usage: compact.mjs <path of the log> <version>
 */
import { openSqliteLog } from '../../../dist/src/store/sqlite/open.js'

const [path = '', version = '0'] = process.argv.slice(2)
const log = await openSqliteLog({ path })
process.stdout.write('ready\n')
const dropSnapshot = (/** @type {{ version: number }} */ snapshot) => snapshot.version <= Number(version)
const result = await log.compact({ dropSnapshot, scrub: true })
process.stdout.write(`${JSON.stringify(result)}\n`)
await log.close()
