import { MemoryLog } from '../../src/log/memory.ts'
import { describeLog } from './log-contract.ts'

describeLog('memory', async () => ({ log: new MemoryLog(), openAgain: null, remove: async () => {} }))
