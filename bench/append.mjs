/**
 * Durable append: `session.send`, one command at a time, against a bare write + fdatasync of the same bytes to a file; then in bursts, and
 * from sixteen sessions at once. All of them take turns in rounds.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { limits } from '../dist/src/kernel/limits.js'
import { Waymark } from '../dist/src/session/waymark.js'
import { median, timeText } from './figures.mjs'

const aloneMost = 100
const sessionsAtOnce = 16
/** As many as one transaction takes. */
const burstSize = limits.commandsPerTransactionMax

const observation = (detail) => ({ type: 'observation.record', kind: 'bench', detail })

export async function measure({ folder, rounds, eventCount }) {
  // A run over few events is a trial of the bench: it waits less for the disk.
  const aloneEach = Math.min(aloneMost, Math.ceil(eventCount / 100))
  const sendsPerSession = Math.ceil(aloneEach / 4)
  const settings = { maxParallelSessions: sessionsAtOnce + 1 }
  const waymark = await Waymark.open({ home: join(folder, 'append'), settings })
  const session = await waymark.createSession({ title: 'append' })
  const others = []
  for (let n = 0; n < sessionsAtOnce; n++) others.push(await waymark.createSession({ title: `append ${n}` }))
  const file = openSync(join(folder, 'append.ndjson'), 'a')
  const times = { alone: [], bare: [], burst: [], many: [] }
  // The first round warms up.
  for (let round = 0; round <= rounds * 2; round++) {
    const lines = []
    const took = {
      alone: await timed(aloneEach, async () => {
        for (let n = 0; n < aloneEach; n++) {
          const { events } = await session.send(observation(`round ${round}, ${n}`))
          lines.push(`${JSON.stringify(events[0])}\n`)
        }
      }),
      bare: await timed(aloneEach, () => {
        for (const line of lines) {
          writeSync(file, line)
          fdatasyncSync(file)
        }
      }),
      burst: await timed(burstSize, () => {
        const sends = Array.from({ length: burstSize }, (_, n) =>
          session.send(observation(`burst ${round}, ${n}`)),
        )
        return Promise.all(sends)
      }),
      many: await timed(sessionsAtOnce * sendsPerSession, () =>
        Promise.all(others.map((other) => oneByOne(other, sendsPerSession, round))),
      ),
    }
    if (round > 0) for (const [name, ms] of Object.entries(took)) times[name].push(ms)
  }
  closeSync(file)
  await waymark.close()
  return rowsOf(Object.fromEntries(Object.entries(times).map(([name, all]) => [name, median(all)])))
}

async function oneByOne(session, count, round) {
  for (let n = 0; n < count; n++) await session.send(observation(`round ${round}, ${n}`))
}

/** Milliseconds for each of `count`. */
async function timed(count, work) {
  const start = performance.now()
  await work()
  return (performance.now() - start) / count
}

function rowsOf({ alone, bare, burst, many }) {
  return [
    {
      id: 'append.alone',
      name: 'durable append, one command at a time / write + fdatasync of the same bytes',
      ratio: alone / bare,
      aim: { atMost: 1.15 },
      measured: `${timeText(alone)} / ${timeText(bare)}`,
    },
    {
      id: 'append.burst',
      name: `appends in a second, bursts of ${burstSize} / one at a time`,
      ratio: alone / burst,
      aim: { atLeast: 20 },
      measured: `${timeText(burst)} / ${timeText(alone)} a command`,
    },
    {
      id: 'append.sessions',
      name: `appends in a second, ${sessionsAtOnce} sessions at once / one session`,
      ratio: alone / many,
      aim: null,
      measured: `${timeText(many)} / ${timeText(alone)} a command, one process, each session one at a time`,
    },
  ]
}
