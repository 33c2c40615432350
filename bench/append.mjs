/**
 * Durable append: `session.send`, one command at a time, against a bare write + fdatasync of the same bytes to a file.
 * The two take turns in rounds, so that a drift of the machine's speed meets both.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { Waymark } from '../dist/src/session/waymark.js'
import { median } from './figures.mjs'

/** Milliseconds per command: alone, as a bare write, and in a burst that shares its transactions. */
export async function measureAppend(folder, rounds, perRound) {
  const waymark = await Waymark.open({ home: join(folder, 'append') })
  const session = await waymark.createSession({ title: 'append' })
  const file = openSync(join(folder, 'append.ndjson'), 'a')
  const burst = []
  const alone = []
  const bare = []
  for (let round = 0; round < rounds; round++) {
    const lines = []
    let start = performance.now()
    for (let n = 0; n < perRound; n++) {
      const { events } = await session.send({
        type: 'observation.record',
        kind: 'bench',
        detail: `round ${round}, ${n}`,
      })
      lines.push(`${JSON.stringify(events[0])}\n`)
    }
    alone.push((performance.now() - start) / perRound)
    start = performance.now()
    for (const line of lines) {
      writeSync(file, line)
      fdatasyncSync(file)
    }
    bare.push((performance.now() - start) / perRound)
    start = performance.now()
    await Promise.all(
      lines.map((_, n) =>
        session.send({ type: 'observation.record', kind: 'bench', detail: `burst ${round}, ${n}` }),
      ),
    )
    burst.push((performance.now() - start) / perRound)
  }
  closeSync(file)
  await waymark.close()
  return { alone: median(alone), bare: median(bare), burst: median(burst) }
}
