/**
 * Reads a log and then tries to write to it; prints what came of each.
 * Usage: look.mjs <path of the log> <session id>
 */
import { openSqliteLog } from '../../../dist/src/store/sqlite/open.js'

const [path = '', sessionId = ''] = process.argv.slice(2)

/** @param {() => Promise<unknown>} attempt */
async function outcome(attempt) {
  try {
    return String(await attempt())
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error)
  }
}

const read = await outcome(async () => {
  const log = await openSqliteLog({ path, readOnly: true })
  let events = 0
  for await (const page of log.read(sessionId)) events += page.length
  await log.close()
  return `${events} events`
})
const write = await outcome(async () => {
  const log = await openSqliteLog({ path })
  await log.transact((transaction) => transaction.putBookmark('a', 'b'))
  return 'written'
})
process.stdout.write(`${read}\n${write}\n`)
