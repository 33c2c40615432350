/**
 * The past: the state at random versions of a long session and of one a hundredth as long, what the keyframes for it take up, steps in both
 * directions, and a fork at a random version against a durable append.
 */
import { stateAt } from '../dist/src/replay/at.js'
import { openStepper } from '../dist/src/replay/stepper.js'
import { bytesText, countText, median, percentile, timeText } from './figures.mjs'
import { withLog } from './sessions.mjs'

const reachedPerRound = 60
const stepsPerRound = 100
const forksPerRound = 8
const warmUp = 20

export async function measure({ rounds, session }) {
  const long = await session('long')
  const short = await session('hundredth')
  const times = await withLog(long.home, (longLog) =>
    withLog(short.home, (shortLog) => reaching(rounds * reachedPerRound, longLog, long, shortLog, short)),
  )
  const keyframes = await withLog(long.home, (log) => keyframeBytes(log, long.sessionId))
  const steps = await withLog(long.home, (log) => stepping(rounds * stepsPerRound, log, long))
  const forks = rounds * forksPerRound
  const settings = { maxParallelSessions: forks + 2 }
  const forked = await withLog(long.home, (_, waymark) => forking(forks, waymark, long), settings)
  return [
    ...reachRows(times, long, short),
    keyframeRow(keyframes, long.bytes),
    stepRow(steps),
    forkRow(forked),
  ]
}

/** Numbers from 0 to below 1 that come the same in every run. */
function chance(seed) {
  let value = seed
  return () => {
    value = (value * 1_664_525 + 1_013_904_223) % 4_294_967_296
    return value / 4_294_967_296
  }
}

/** Versions of both in turn, anywhere. */
async function reaching(count, longLog, long, shortLog, short) {
  const next = chance(1)
  const times = { long: [], short: [] }
  for (let n = -warmUp; n < count; n++) {
    const share = next()
    const took = {
      long: await timed(() => stateAt(longLog, long.sessionId, Math.floor(share * long.events) + 1)),
      short: await timed(() => stateAt(shortLog, short.sessionId, Math.floor(share * short.events) + 1)),
    }
    if (n < 0) continue
    times.long.push(took.long)
    times.short.push(took.short)
  }
  return times
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Bytes of all snapshots of a session, what several share counted once. */
async function keyframeBytes(log, sessionId) {
  const seen = new Set()
  let bytes = 0
  for await (const { body, parts } of log.snapshots(sessionId)) {
    bytes += body.length
    for (const part of parts) {
      if (!seen.has(part.hash)) bytes += part.body()?.length ?? 0
      seen.add(part.hash)
    }
  }
  return bytes
}

/** Steps event by event from the middle of the session: onwards, then back over the same events and beyond. */
async function stepping(count, log, { sessionId, events }) {
  const stepper = await openStepper(log, sessionId, { at: Math.floor(events / 2), by: 'event' })
  const times = { next: [], previous: [] }
  for (let n = 0; n < count; n++) times.next.push(await timed(() => stepper.next()))
  for (let n = 0; n < count * 2; n++) times.previous.push(await timed(() => stepper.previous()))
  return times
}

/** Forks anywhere and appends to a session beside them, in turn. */
async function forking(count, waymark, { sessionId, events }) {
  const beside = await waymark.createSession({ title: 'appends beside forks' })
  const next = chance(2)
  const times = { fork: [], append: [] }
  for (let n = 0; n < count; n++) {
    const at = Math.floor(next() * events) + 1
    times.fork.push(await timed(() => waymark.fork(sessionId, { at })))
    times.append.push(
      await timed(() => beside.send({ type: 'observation.record', kind: 'bench', detail: `${n}` })),
    )
  }
  return { fork: median(times.fork), append: median(times.append) }
}

function reachRows(times, long, short) {
  const lengths = `${countText(long.events)} / ${countText(short.events)} events, ${countText(times.long.length)} random versions of each`
  const rowAt = (id, name, share) => ({
    id,
    name,
    ratio: percentile(times.long, share) / percentile(times.short, share),
    aim: { atMost: 1.2 },
    measured: `${timeText(percentile(times.long, share))} / ${timeText(percentile(times.short, share))}, ${lengths}`,
  })
  return [
    rowAt('past.median', 'state at a random version, long session / one a hundredth as long: median', 0.5),
    rowAt('past.p99', 'the same: 99th percentile', 0.99),
  ]
}

function keyframeRow(bytes, storeBytes) {
  const rest = storeBytes - bytes
  return {
    id: 'past.keyframes',
    name: 'bytes of all keyframes of the long session / of the rest of its store',
    ratio: bytes / rest,
    aim: { atMost: 0.5 },
    measured: `${bytesText(bytes)} / ${bytesText(rest)}`,
  }
}

function stepRow({ next, previous }) {
  const text = (times) => `${timeText(median(times))} (99th percentile ${timeText(percentile(times, 0.99))})`
  return {
    id: 'past.step',
    name: 'a step back / a step onwards, event by event from the middle of the long session',
    ratio: median(previous) / median(next),
    aim: null,
    measured: `${text(previous)} / ${text(next)}`,
  }
}

function forkRow({ fork, append }) {
  return {
    id: 'past.fork',
    name: 'a durable fork at a random version of the long session / a durable append',
    ratio: fork / append,
    aim: null,
    measured: `${timeText(fork)} / ${timeText(append)}`,
  }
}
