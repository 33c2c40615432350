/**
 * Imports a transcript, two lines a transaction, and prints how many events it appended.
 * Usage: import.mjs <home> <file>
 */
import { standardLineLimits } from '../../../dist/src/import/bounds.js'
import { importFiles, Waymark } from '../../../dist/src/index.js'

const [home = '', file = ''] = process.argv.slice(2)
const waymark = await Waymark.open({ home, memoryFiles: false })
const lineLimits = { ...standardLineLimits, batchLinesMax: 2 }
const { appended } = await importFiles(waymark.log, waymark.environment, [file], { lineLimits })
process.stdout.write(`${appended}\n`)
await waymark.close()
