/**
 * LangGraph's SQLite checkpointer: the whole state put at each step, against Waymark's durable append with its keyframes; the newest state loaded
 * again; and what is on disk after all steps. Both keep the same states: those of one Waymark session, step by step.
 *
 * SqliteSaver as it comes runs WAL with `synchronous=NORMAL`: a put does not wait for the disk. It is measured as it comes, and
 * with `synchronous=FULL`, which is what Waymark does. Only `put` is measured; a graph calls `putWrites` at each step as well.
 */
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { limits } from '../../dist/src/kernel/limits.js'
import { planRecovery } from '../../dist/src/replay/recover.js'
import { Waymark } from '../../dist/src/session/waymark.js'
import { bytesText, countText, inTurn, timeText } from '../figures.mjs'
import { fileBytes, storeBytes } from '../sessions.mjs'

export const packages = ['@langchain/langgraph-checkpoint-sqlite', '@langchain/langgraph-checkpoint']

const stepsMax = 1_000
const stateBytes = 50_000
/** One step in so many adds a task, so that the state grows by about a tenth. */
const stepsPerTask = 50
const stepsPerTurn = 100
const loadsEach = 20
const thread = { configurable: { thread_id: 'bench', checkpoint_ns: '' } }

export async function measure(place) {
  const { folder, rounds } = place
  const savers = await saversIn(folder)
  const home = join(folder, 'langgraph')
  const waymark = await Waymark.open({ home })
  const session = await waymark.createSession({ title: 'steps' })
  const first = await grown(session)
  const steps = Math.min(stepsMax, place.eventCount)
  const times = await stepping(session, savers, steps)
  const last = bytesOf(session.state)
  const loads = await loading(waymark, session.id, savers.full, rounds)
  await waymark.close()
  for (const { saver } of Object.values(savers)) saver.db.close()
  const bytes = { langgraph: fileBytes(savers.full.path), waymark: storeBytes(home) }
  const state = `a state of ${bytesText(first)} growing to ${bytesText(last)}`
  return rowsOf({ times, loads, bytes, steps, state })
}

async function saversIn(folder) {
  const { SqliteSaver } = await import('@langchain/langgraph-checkpoint-sqlite')
  const { uuid6 } = await import('@langchain/langgraph-checkpoint')
  const open = (name) => {
    const path = join(folder, `langgraph-${name}.db`)
    return { path, saver: SqliteSaver.fromConnString(path), config: thread, uuid6 }
  }
  const savers = { full: open('full'), shipped: open('shipped') }
  for (const { saver } of Object.values(savers)) saver.setup()
  savers.full.saver.db.pragma('synchronous = FULL')
  return savers
}

const bytesOf = (state) => Buffer.byteLength(JSON.stringify(state))

/** Adds tasks until the state is as large as it should be at the start. */
async function grown(session) {
  for (let n = 0; bytesOf(session.state) < stateBytes; n++) {
    await session.send({
      type: 'task.add',
      taskId: `first-${n}`,
      title: `Task number ${n} of those there at the start`,
    })
  }
  return bytesOf(session.state)
}

function commandAt(step) {
  const taskId = `first-${step % 50}`
  if (step % stepsPerTask === 0) {
    return { type: 'task.add', taskId: `step-${step}`, title: `Task that step ${step} found` }
  }
  if (step % 3 === 0) return { type: 'task.describe', taskId, title: `Task as step ${step} sees it` }
  return { type: 'observation.record', kind: 'step', detail: `What step ${step} saw` }
}

/**
 * Turns of some steps: Waymark's commands, then the states they led to put by LangGraph, durably. What is not synced comes after all
 * turns: its pages would be written out by the others' syncs, at their cost.
 */
async function stepping(session, { full, shipped }, steps) {
  const times = { waymark: [], full: [], shipped: [] }
  const states = []
  for (let from = 0; from < steps; from += stepsPerTurn) {
    const to = Math.min(from + stepsPerTurn, steps)
    for (let step = from; step < to; step++) {
      times.waymark.push(await timed(() => session.send(commandAt(step))))
      states.push(session.state)
    }
    await quiet()
    for (let step = from; step < to; step++) {
      times.full.push(await timed(() => put(full, states[step], step)))
    }
  }
  for (const [step, state] of states.entries()) {
    times.shipped.push(await timed(() => put(shipped, state, step)))
  }
  return Object.fromEntries(Object.entries(times).map(([name, all]) => [name, mean(all)]))
}

/** Memory files follow the log in the background; they are not to be written in the other's turn. */
function quiet() {
  return setTimeout(limits.memoryWriteIntervalMs * 2)
}

async function put(place, state, step) {
  const checkpoint = {
    v: 4,
    id: place.uuid6(step),
    ts: new Date().toISOString(),
    channel_values: { session: state },
    channel_versions: { session: step + 1 },
    versions_seen: {},
  }
  place.config = await place.saver.put(place.config, checkpoint, { source: 'loop', step, parents: {} })
}

async function timed(work) {
  const start = performance.now()
  await work()
  return performance.now() - start
}

/** Keyframes come now and then and count in full: hence no median. */
function mean(values) {
  return values.reduce((total, value) => total + value, 0) / values.length
}

async function loading(waymark, sessionId, { saver }, rounds) {
  const versions = { waymark: 0, langgraph: 0 }
  const times = await inTurn(
    {
      langgraph: async () => {
        for (let n = 0; n < loadsEach; n++) {
          const { checkpoint } = await saver.getTuple(thread)
          versions.langgraph = checkpoint.channel_values.session.version
        }
      },
      waymark: async () => {
        for (let n = 0; n < loadsEach; n++) {
          versions.waymark = (await planRecovery(waymark.log, sessionId)).version
        }
      },
    },
    rounds,
    { warmUp: 1 },
  )
  if (versions.langgraph !== versions.waymark)
    throw new Error('LangGraph and Waymark do not load the same state')
  return { langgraph: times.langgraph / loadsEach, waymark: times.waymark / loadsEach }
}

function rowsOf({ times, loads, bytes, steps, state }) {
  const over = `${countText(steps)} steps, ${state}`
  return [
    {
      id: 'langgraph.put',
      name: "a durable step: LangGraph's put of the state / Waymark's append, keyframes included",
      ratio: times.full / times.waymark,
      aim: null,
      measured: `${timeText(times.full)} / ${timeText(times.waymark)}, both WAL with synchronous=FULL, ${over}`,
    },
    {
      id: 'langgraph.put-shipped',
      name: "a step: LangGraph's put as it comes, not synced / Waymark's durable append",
      ratio: times.shipped / times.waymark,
      aim: null,
      measured: `${timeText(times.shipped)} (synchronous=NORMAL) / ${timeText(times.waymark)}, the same`,
    },
    {
      id: 'langgraph.load',
      name: "load the newest state: LangGraph's getTuple / Waymark's recovery, chain checked",
      ratio: loads.langgraph / loads.waymark,
      aim: null,
      measured: `${timeText(loads.langgraph)} / ${timeText(loads.waymark)} after ${over}`,
    },
    {
      id: 'langgraph.bytes',
      name: 'bytes on disk after these steps: LangGraph / Waymark',
      ratio: bytes.langgraph / bytes.waymark,
      aim: null,
      measured: `${bytesText(bytes.langgraph)} / ${bytesText(bytes.waymark)}, ${over}`,
    },
  ]
}
