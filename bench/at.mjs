/**
 * Going to any place of a session: its state at random versions and times, at the median and at the 99th percentile, and what
 * the keyframes for it take. `measureAt` measures one session; a long and a short one in one run give the ratio that is promised.
 *
 *   node bench/at.mjs [events] [tasks]     a session of so many events beside one of 10,000, in files
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { seeded } from '../dist/src/kernel/clock.js'
import { stateAt } from '../dist/src/replay/at.js'
import { startingPoint } from '../dist/src/replay/load.js'
import { Waymark } from '../dist/src/session/waymark.js'
import { openSqliteLog } from '../dist/src/store/sqlite/open.js'
import { material, writeSession } from './resample.mjs'

/** The same places in every run: numbers from 0 to 1 that look random. */
function* chances() {
  const { ids } = seeded(5)
  for (;;) yield ids.salt().reduce((sum, byte) => sum / 256 + byte / 256, 0) % 1
}

/** One call after the other: milliseconds at the median and at the 99th percentile, and of the processor's time on average. */
async function timed(samples, call) {
  const places = chances()
  const times = []
  const before = process.cpuUsage()
  for (let n = 0; n < samples; n++) {
    const place = places.next().value
    const start = performance.now()
    await call(place)
    times.push(performance.now() - start)
  }
  const { user, system } = process.cpuUsage(before)
  times.sort((a, b) => a - b)
  const at = (share) => times[Math.min(samples - 1, Math.floor(samples * share))]
  return { medianMs: at(0.5), p99Ms: at(0.99), processorMs: (user + system) / 1000 / samples }
}

/** Bytes that the events of a session and the snapshots of it take, each part once. */
async function bytesOf(log, sessionId) {
  let events = 0
  for await (const page of log.rows(sessionId)) {
    for (const { envelope, data } of page) events += envelope.length + data.length
  }
  let snapshots = 0
  let count = 0
  const seen = new Set()
  for await (const { body, parts } of log.snapshots(sessionId)) {
    count += 1
    snapshots += body.length + parts.length * 32
    for (const part of parts) {
      if (!seen.has(part.hash)) snapshots += 32 + (part.body()?.length ?? 0)
      seen.add(part.hash)
    }
  }
  return { events, snapshots, count, parts: seen.size }
}

/**
 * Measures a session of a log: `samples` random places, a state a hundred events after a snapshot, and beside them what parsing
 * the session's newest state as JSON takes. A first round that is not counted warms the code, not the places.
 */
export async function measureAt(log, sessionId, samples = 400) {
  const stream = await log.stream(sessionId)
  if (stream === null) throw new Error(`no session ${sessionId}`)
  const first = await firstTime(log, sessionId)
  const last = Date.parse((await stateAt(log, sessionId)).lastEventAt ?? first)
  const version = (place) => Math.floor(place * (stream.version + 1))
  const time = (place) => new Date(Date.parse(first) + place * (last - Date.parse(first))).toISOString()
  await timed(50, (place) => stateAt(log, sessionId, version(place)))
  const byVersion = await timed(samples, (place) => stateAt(log, sessionId, version(place)))
  const byTime = await timed(samples / 4, (place) => stateAt(log, sessionId, time(place)))
  // A hundred events after a snapshot: what coming back after a short while meets.
  const snapshot = (await startingPoint(log, sessionId, stream.version - 100)).snapshot?.version ?? 0
  const tail = await timed(samples / 4, () => stateAt(log, sessionId, snapshot + 100))
  const text = JSON.stringify(await stateAt(log, sessionId))
  const parse = await timed(samples, () => JSON.parse(text))
  const bytes = await bytesOf(log, sessionId)
  return { version: stream.version, stateBytes: text.length, byVersion, byTime, tail, parse, bytes }
}

async function firstTime(log, sessionId) {
  for await (const [event] of log.read(sessionId, { to: 1 })) return event.time
  throw new Error(`session ${sessionId} is empty`)
}

async function main() {
  const [events = '300000', tasks = '140'] = process.argv.slice(2)
  const root = fileURLToPath(new URL('../', import.meta.url))
  const folder = mkdtempSync(join(tmpdir(), 'waymark-at-'))
  try {
    const source = await Waymark.open({ home: join(folder, 'source') })
    await source.import([process.env.WAYMARK_TRANSCRIPTS ?? join(root, 'examples/transcripts')])
    const drawn = await material(source)
    await source.close()
    for (const count of [10_000, Number(events)]) {
      const log = await openSqliteLog({ path: join(folder, `${count}.db`) })
      const { sessionId } = await writeSession(log, drawn, count, Number(tasks))
      console.log(JSON.stringify(await measureAt(log, sessionId)))
      await log.close()
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main()
