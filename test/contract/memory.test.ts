/** The promises of a store, held by the log in memory: alone, and with several handles on it. */
import { describe, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import { storeConformance } from '../../src/testing/store/conformance.ts'
import { faultyLog } from '../../src/testing/store/faulty-log.ts'

describe('a log in memory', () => {
  const open = async () => ({ log: new MemoryLog() })
  for (const { name, run } of storeConformance(open, { without: ['several handles', 'files'] })) it(name, run)
})

describe('handles on one log in memory, without faults', () => {
  const open = async () => {
    const memory = new MemoryLog()
    const handle = () => faultyLog(memory, { faults: [] })
    return { log: handle(), openAgain: async () => handle() }
  }
  for (const { name, run } of storeConformance(open, { without: ['files'] })) it(name, run)
})
