/**
 * The past: the state at random places of a long session and of one a hundredth as long with as many tasks, what the keyframes for it take up, steps in both
 * directions, and a fork at a random version against a durable append.
 */
import { stateAt } from '../dist/src/replay/at.js'
import { startingPoint } from '../dist/src/replay/load.js'
import { openStepper } from '../dist/src/replay/stepper/stepper.js'
import { bytesText, countText, median, percentile, timeText } from './figures.mjs'
import { timeOf } from './resample.mjs'
import { withLog } from './sessions.mjs'

const reachedPerRound = 60
const stepsPerRound = 100
const forksPerRound = 8
const warmUpShare = 0.1
const tailEvents = 100
const hashBytes = 32

export async function measure({ rounds, session }) {
  const long = await session('light')
  const short = await session('lightHundredth')
  const times = await withLog(long.home, (longLog) =>
    withLog(short.home, (shortLog) =>
      reaching(
        rounds * reachedPerRound,
        { long: longLog, short: shortLog },
        { long: { ...long }, short: { ...short } },
      ),
    ),
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

/** Ways to name a place of a session that lies at a share of it; the last one means 100 events after a snapshot. */
const placesOf = {
  version: ({ events }, share) => Math.floor(share * events) + 1,
  time: ({ events }, share) => timeOf(Math.floor(share * events)),
  tail: ({ tailEnd }) => tailEnd,
}

/** Places of both sessions in turn, anywhere. */
async function reaching(count, log, session) {
  for (const name of ['long', 'short']) session[name].tailEnd = await tailEnd(log[name], session[name])
  const next = chance(1)
  const times = { stateBytes: {} }
  for (const name of ['long', 'short']) {
    const state = await stateAt(log[name], session[name].sessionId)
    times.stateBytes[name] = Buffer.byteLength(JSON.stringify(state))
  }
  const warmUp = Math.ceil(count * warmUpShare)
  for (const [kind, placeOf] of Object.entries(placesOf)) {
    times[kind] = { long: [], short: [] }
    for (let n = -warmUp; n < count; n++) {
      const share = next()
      for (const name of ['long', 'short']) {
        const place = placeOf(session[name], share)
        const took = await timed(() => stateAt(log[name], session[name].sessionId, place))
        if (n >= 0) times[kind][name].push(took)
      }
    }
  }
  return times
}

/** A version 100 events after one of the session's snapshots, or after its beginning. */
async function tailEnd(log, { sessionId, events }) {
  const { snapshot } = await startingPoint(log, sessionId, Math.max(0, events - tailEvents))
  return Math.min(events, (snapshot?.version ?? 0) + tailEvents)
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Bytes of all snapshots of a session, with the hashes of their parts, and what several share counted once. */
async function keyframeBytes(log, sessionId) {
  const seen = new Set()
  let bytes = 0
  for await (const { body, parts } of log.snapshots(sessionId)) {
    bytes += body.length + parts.length * hashBytes
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
  const lengths = `${countText(long.events)} / ${countText(short.events)} events, ${times.version.long.length} places of each, states of ${bytesText(times.stateBytes.long)} / ${bytesText(times.stateBytes.short)}`
  const rowOf = (id, name, { long: slow, short: fast }, share) => ({
    id: `past.${id}`,
    name,
    ratio: percentile(slow, share) / percentile(fast, share),
    aim: { atMost: 1.2 },
    measured: `${timeText(percentile(slow, share))} / ${timeText(percentile(fast, share))}, ${lengths}`,
  })
  return [
    rowOf(
      'median',
      'state at a random version, long session / a hundredth as long: median',
      times.version,
      0.5,
    ),
    rowOf('p99', 'the same: 99th percentile', times.version, 0.99),
    rowOf('time', 'state at a random time, the same sessions: median', times.time, 0.5),
    rowOf('tail', `state ${tailEvents} events after a snapshot, the same sessions: median`, times.tail, 0.5),
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
