/**
 * Makes a long session out of real ones: the events of imported transcripts, drawn one after the other again and again under
 * new ids, among the lives of many tasks. The fold takes any events, so the result is a valid stream of any length.
 */
import { foldInto } from '../dist/src/fold/fold.js'
import { initialState } from '../dist/src/fold/state.js'
import { summaryOf } from '../dist/src/fold/summary.js'
import { eventIdOf, systemIds } from '../dist/src/kernel/clock.js'
import { takeKeyframeIfDue } from '../dist/src/replay/snapshot/keyframe.js'

/** Event types that a session has once, or that name other sessions: not drawn. */
const left = new Set([
  'session.started',
  'session.ended',
  'session.forked',
  'session.recovered',
  'session.taken-over',
])
const eventsPerTransaction = 512
/** Once it is long enough: in small steps, or the moment before a keyframe is stepped over. */
const lastEventsPerTransaction = 32
/** Events past the wanted number after which it ends wherever the keyframes are. */
const eventsBeyondMax = 50_000

/** Events of all sessions of a home, as material. */
export async function material(waymark) {
  const events = []
  for await (const page of waymark.log.readAll(0)) {
    for (const event of page) if (!left.has(event.type) && !event.type.startsWith('task.')) events.push(event)
  }
  return events
}

/** The n-th event: every eighth moves a task on, the others are drawn from the material. */
function drawn(events, n, taskCount) {
  if (n % 8 === 0) {
    const step = n / 8
    const taskId = `task-${step % taskCount}`
    const life = Math.floor(step / taskCount) % 3
    if (step < taskCount) return { type: 'task.added', data: { taskId, title: `Task number ${step}` } }
    if (life === 1) return { type: 'task.started', data: { taskId, status: 'in_progress' } }
    if (life === 2) return { type: 'task.completed', data: { taskId } }
    return { type: 'task.described', data: { taskId, title: `Task number ${step}` } }
  }
  const turn = n - Math.floor(n / 8) - 1
  const { type, data } = events[turn % events.length]
  if (type === 'usage.recorded') return { type, data: { ...data, callId: `msg_${n}` } }
  if (type === 'tool.called' || type === 'tool.returned') {
    return { type, data: { ...data, toolCallId: `${data.toolCallId}.${Math.floor(turn / events.length)}` } }
  }
  return { type, data }
}

/**
 * Writes a session of at least `count` events into a log, with keyframes where the engine would take them. It goes on until the
 * next keyframe is all but due, so that a recovery meets the longest tail there is.
 */
export async function writeSession(log, events, count, taskCount) {
  const sessionId = `sess_${systemIds.uuid()}`
  const state = initialState(sessionId)
  let longestTail = Number.POSITIVE_INFINITY
  for (let worst = false; state.version < count || !worst; ) {
    await log.transact((transaction) => {
      if (state.version === 0) transaction.create(sessionId, null)
      const most = state.version < count ? eventsPerTransaction : lastEventsPerTransaction
      for (let n = 0; n < most; n++) appendNext(transaction, state, events, taskCount)
      const { bytesSinceSnapshot: tail } = transaction.stream(sessionId)
      takeKeyframeIfDue(transaction, state)
      const { bytesSinceSnapshot: left } = transaction.stream(sessionId)
      if (left === 0) longestTail = tail
      worst = state.version >= count && left > longestTail * 0.9
    })
    if (state.version >= count + eventsBeyondMax) break
  }
  return { sessionId, events: state.version }
}

/** When the event after `n` others happened: one each second. */
export function timeOf(n) {
  return new Date(1_767_225_600_000 + n * 1_000).toISOString()
}

function appendNext(transaction, state, events, taskCount) {
  const n = state.version
  const started = { type: 'session.started', data: { window: { totalTokens: 200_000, source: 'default' } } }
  const { type, data } = n === 0 ? started : drawn(events, n, taskCount)
  const time = timeOf(n)
  const commandId = systemIds.uuid()
  const pending = {
    // As the product derives it.
    id: eventIdOf(commandId, 0),
    type,
    data,
    schemaVersion: type === 'task.failed' ? 2 : 1,
    time,
    recordedAt: time,
    actor: 'bench',
    commandId,
    index: 0,
    causationId: null,
    correlationId: null,
    ignorable: type === 'observation.recorded',
    salt: systemIds.salt(),
  }
  foldInto(state, [{ ...pending, sessionId: state.sessionId, version: n + 1, position: 0 }])
  transaction.append(state.sessionId, [pending], summaryOf(state))
}
