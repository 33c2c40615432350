/** Recovery of a session, in fresh processes, against that of one a tenth as long: the cost must not grow with the length. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { storePathOf } from '../dist/src/session/home.js'
import { countText, median, timeText } from './figures.mjs'

const worker = fileURLToPath(new URL('workers/recover.mjs', import.meta.url))

export async function measure({ rounds, session }) {
  const long = await session('long')
  const short = await session('tenth')
  const runs = { long: [], short: [] }
  for (let round = 0; round < rounds; round++) {
    runs.long.push(recovered(long))
    runs.short.push(recovered(short))
  }
  return rowsOf(middle(runs.long), middle(runs.short))
}

function recovered({ home, sessionId }) {
  return JSON.parse(execFileSync(process.execPath, [worker, storePathOf(home), sessionId]).toString())
}

function middle(runs) {
  const { version, replayedEvents } = runs[0]
  return {
    version,
    replayedEvents,
    ms: median(runs.map(({ ms }) => ms)),
    memoryMiB: median(runs.map(({ memoryMiB }) => memoryMiB)),
  }
}

function rowsOf(long, short) {
  const tails = `tails of ${countText(long.replayedEvents)} / ${countText(short.replayedEvents)} events`
  return [
    {
      id: 'recovery.time',
      name: 'time of a recovery, long session / one a tenth as long',
      ratio: long.ms / short.ms,
      aim: { atMost: 1.2 },
      measured: `${countText(long.version)} / ${countText(short.version)} events, ${timeText(long.ms)} / ${timeText(short.ms)}, ${tails}, process started anew`,
    },
    {
      id: 'recovery.memory',
      name: 'memory of a recovery, the same',
      ratio: long.memoryMiB / short.memoryMiB,
      aim: { atMost: 1.2 },
      measured: `${long.memoryMiB.toFixed(0)} / ${short.memoryMiB.toFixed(0)} MiB, the whole process`,
    },
  ]
}
