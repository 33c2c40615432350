/**
 * Replay: reading and folding a session from its store, against reading and parsing the same events from a file of JSON lines. The file
 * holds what `waymark export` writes.
 */
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { foldInto, foldPages, stateHash } from '../dist/src/fold/fold.js'
import { initialState } from '../dist/src/fold/state.js'
import { bytesText, countText, eachText, inTurn, timeText } from './figures.mjs'
import { withLog } from './sessions.mjs'

export async function measure({ folder, rounds, session }) {
  const { home, sessionId, events, bytes, bytesWritten } = await session('long')
  const path = join(folder, 'events.ndjson')
  return withLog(home, async (log) => {
    const expected = await writeJsonLines(log, sessionId, path)
    let state = null
    const times = await inTurn(
      {
        store: async () => {
          state = await replayed(log, sessionId)
        },
        file: () => {
          if (parseJsonLines(path) !== events) throw new Error('the file does not hold all events')
        },
      },
      rounds,
      { warmUp: 1 },
    )
    if (stateHash(state) !== expected)
      throw new Error('the replayed state is not the plain fold of the events')
    return rowsOf(times, events, { store: bytes, written: bytesWritten, file: statSync(path).size })
  })
}

/** Reads a whole session from its store and folds it: replay, without what a snapshot would save. */
export async function replayed(log, sessionId) {
  const state = initialState(sessionId)
  await foldPages(state, log.readToFold(sessionId))
  return state
}

/** Writes the events of a session as JSON lines and returns the hash of the plain fold, one event at a time. */
async function writeJsonLines(log, sessionId, path) {
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

function rowsOf(times, events, bytes) {
  return [
    {
      id: 'replay.json',
      name: 'replay from the store / JSON.parse of a file of the same events',
      ratio: times.store / times.file,
      aim: { atMost: 0.35 },
      measured: `${countText(events)} events, ${timeText(times.store)} (${eachText(times.store, events)}) / ${timeText(times.file)}, state hash equal`,
    },
    {
      id: 'replay.bytes',
      name: 'bytes in the store / as JSON lines',
      ratio: bytes.store / bytes.file,
      aim: { atMost: 0.3 },
      measured: `${bytesText(bytes.store)} after maintenance (${bytesText(bytes.written)} before) / ${bytesText(bytes.file)}; salts, hashes, indexes and keyframes are in the store alone`,
    },
  ]
}
