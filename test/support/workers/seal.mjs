/**
 * Takes the first block of a home's first session apart, seals it again, and kills itself with SIGKILL.
 * Usage: seal.mjs <file> <session id> <where: unsealing | unsealed | sealing | sealed>
 */
import { blockAt } from '../../../dist/src/store/sqlite/blocks.js'
import { bestDriver, connect } from '../../../dist/src/store/sqlite/open.js'
import { prepareBlock, putPrepared, unseal } from '../../../dist/src/store/sqlite/seal.js'

const [path = '', sessionId = '', where = ''] = process.argv.slice(2)
const database = connect(await bestDriver(), path, 'read-write')

/** @param {string} here */
function killAt(here) {
  if (here === where) process.kill(process.pid, 'SIGKILL')
}

await database.writing(() => {
  const block = blockAt(database, 1, 1)
  // After a kill there may be none: then its rows lie open already.
  if (block !== null) unseal(database, sessionId, block)
  killAt('unsealing')
})
killAt('unsealed')
const prepared = prepareBlock(database, sessionId)
if (typeof prepared === 'string') throw new Error(prepared)
await database.writing(() => {
  if (!putPrepared(database, prepared)) throw new Error('the rows have changed')
  killAt('sealing')
})
killAt('sealed')
