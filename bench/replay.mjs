/**
 * Replay: reading and folding a session from its store, against reading and parsing the same events from a file of JSON lines,
 * and against folding them through XState's `transition`. The file holds what `waymark export` writes.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { transition } from 'xstate'
import { taskMachine } from '../dist/machines/index.js'
import { foldInto, stateHash } from '../dist/src/fold/fold.js'
import { initialState } from '../dist/src/fold/state.js'
import { inTurn } from './figures.mjs'

const transitionsMeasured = 20_000
const eventsFolded = 50_000

/** Writes the events of a session as JSON lines and returns the hash of the plain fold, one event at a time. */
export async function writeJsonLines(log, sessionId, path) {
  const file = openSync(path, 'w')
  const state = initialState(sessionId)
  for await (const page of log.read(sessionId)) {
    for (const event of page) foldInto(state, [event])
    writeSync(file, page.map((event) => `${JSON.stringify(event)}\n`).join(''))
  }
  closeSync(file)
  return stateHash(state)
}

/** Reads a file in pieces and parses each line: what any reader of JSON lines has to do. */
function parseJsonLines(path) {
  const file = openSync(path, 'r')
  const piece = Buffer.alloc(1 << 20)
  let rest = ''
  let count = 0
  const decoder = new TextDecoder()
  for (let length = readSync(file, piece); length > 0; length = readSync(file, piece)) {
    const lines = (rest + decoder.decode(piece.subarray(0, length), { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) count += JSON.parse(line).version > 0 ? 1 : 0
  }
  closeSync(file)
  return count
}

/** What one event costs when a machine is asked instead of folding, in milliseconds. */
function transitionCost() {
  let snapshot = taskMachine.resolveState({
    value: 'in_progress',
    context: taskMachine.getInitialSnapshot().context,
  })
  const start = performance.now()
  for (let n = 0; n < transitionsMeasured; n++) {
    ;[snapshot] = transition(taskMachine, snapshot, { type: n % 2 === 0 ? 'task.warn' : 'task.relieve' })
  }
  return (performance.now() - start) / transitionsMeasured
}

/** What folding one event costs by itself, in milliseconds: over the first events of the session, which are in memory. */
async function foldCost(log, sessionId) {
  const events = []
  for await (const page of log.read(sessionId, { to: eventsFolded })) events.push(...page)
  const state = initialState(sessionId)
  const start = performance.now()
  foldInto(state, events)
  return (performance.now() - start) / events.length
}

export async function measureReplay(log, sessionId, path, events, expectedHash, rounds) {
  let hash = ''
  const times = await inTurn(
    {
      store: async () => {
        const state = initialState(sessionId)
        for await (const page of log.read(sessionId)) foldInto(state, page)
        hash = stateHash(state)
      },
      file: () => {
        if (parseJsonLines(path) !== events) throw new Error('the file does not hold all events')
      },
    },
    rounds,
  )
  if (hash !== expectedHash) throw new Error('the replayed state is not the plain fold of the events')
  const fold = (await foldCost(log, sessionId)) * events
  return { ...times, fold, transition: transitionCost() * events }
}
