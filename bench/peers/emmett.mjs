/**
 * Emmett on the same events with the same fold: `aggregateStream` over its in-memory store and over its SQLite store, against Waymark's replay from
 * its own; and appends one by one. `evolve` is Waymark's fold of one event, and both must lead to the same state. Emmett keeps the data
 * of an event as its data and the rest of it as metadata. Its SQLite store is used as it comes: WAL, `synchronous=FULL`, a
 * connection opened for each call.
 */
import { join } from 'node:path'
import { foldInto, stateHash } from '../../dist/src/fold/fold.js'
import { initialState } from '../../dist/src/fold/state.js'
import { Waymark } from '../../dist/src/session/waymark.js'
import { countText, inTurn, timeText } from '../figures.mjs'
import { replayed } from '../replay.mjs'
import { eventsOf, fileBytes, withLog } from '../sessions.mjs'

export const packages = ['@event-driven-io/emmett', '@event-driven-io/emmett-sqlite']

/** Its in-memory store copies the whole stream at each append, and its SQLite store has a bound of values in one statement. */
const eventsPerAppend = { memory: 20_000, sqlite: 500 }
const appendsEach = 25
const triesMost = 20
const stream = 'session-bench'

export async function measure(place) {
  const { getInMemoryEventStore } = await import('@event-driven-io/emmett')
  const { getSQLiteEventStore } = await import('@event-driven-io/emmett-sqlite')
  const { home, sessionId } = await place.session('tenth')
  const events = await eventsOf(home, sessionId)
  const fileName = join(place.folder, 'emmett.db')
  const sqlite = getSQLiteEventStore({ fileName })
  const memory = getInMemoryEventStore()
  place.say(`writing ${countText(events.length)} events into Emmett's stores …`)
  await fill((name, some) => memory.appendToStream(name, some), events, eventsPerAppend.memory)
  await fill(patiently(sqlite), events, eventsPerAppend.sqlite)
  const rebuilt = await rebuilding(place, { memory, sqlite, home, sessionId })
  const bytes = { emmett: fileBytes(fileName), waymark: (await place.session('tenth')).bytes }
  const rows = rebuildRows(rebuilt, events.length, bytes)
  return [...rows, await appending(place, sqlite, events)]
}

async function fill(append, events, each) {
  for (let from = 0; from < events.length; from += each) {
    await append(stream, events.slice(from, from + each).map(asEmmett))
  }
}

/** Appends to its SQLite store, again where that is busy with itself, as happens now and then when the machine is. */
function patiently(store) {
  return async (name, events) => {
    for (let left = triesMost; ; left--) {
      try {
        return await store.appendToStream(name, events)
      } catch (error) {
        if (left === 0 || error.code !== 'SQLITE_BUSY') throw error
      }
    }
  }
}

function asEmmett({ type, data, ...metadata }) {
  return { type, data, metadata }
}

/** Waymark's fold of one event. What comes from the store is held by nobody else, so it is put together in place. */
function evolve(state, { type, data, metadata }) {
  metadata.type = type
  metadata.data = data
  foldInto(state, [metadata])
  return state
}

async function rebuilding({ rounds }, { memory, sqlite, home, sessionId }) {
  const states = {}
  const through = (name, store) => async () => {
    const { state } = await store.aggregateStream(stream, {
      evolve,
      initialState: () => initialState(sessionId),
    })
    states[name] = state
  }
  const times = await withLog(home, (log) =>
    inTurn(
      {
        waymark: async () => {
          states.waymark = await replayed(log, sessionId)
        },
        memory: through('memory', memory),
        sqlite: through('sqlite', sqlite),
      },
      rounds,
      { warmUp: 1 },
    ),
  )
  if (new Set(Object.values(states).map(stateHash)).size !== 1)
    throw new Error('Emmett and Waymark do not rebuild the same state')
  return times
}

function rebuildRows({ waymark, memory, sqlite }, count, bytes) {
  const same = `${countText(count)} events, the same fold and state hash`
  return [
    {
      id: 'emmett.rebuild',
      name: "rebuild: Emmett's aggregateStream from SQLite / Waymark's replay from SQLite",
      ratio: sqlite / waymark,
      aim: null,
      measured: `${timeText(sqlite)} / ${timeText(waymark)}, ${same}`,
    },
    {
      id: 'emmett.memory',
      name: "rebuild: Emmett's aggregateStream in memory / Waymark's replay from SQLite",
      ratio: memory / waymark,
      aim: null,
      measured: `${timeText(memory)} (nothing read, nothing parsed) / ${timeText(waymark)}, ${same}`,
    },
    {
      id: 'emmett.bytes',
      name: "bytes on disk: Emmett's SQLite store / Waymark's",
      ratio: bytes.emmett / bytes.waymark,
      aim: null,
      measured: `${countText(bytes.emmett / count)} / ${countText(bytes.waymark / count)} bytes an event, Waymark's after maintenance; only it holds salts, hashes and keyframes`,
    },
  ]
}

async function appending({ folder, rounds }, sqlite, events) {
  const append = patiently(sqlite)
  const waymark = await Waymark.open({ home: join(folder, 'emmett') })
  const session = await waymark.createSession({ title: 'one by one' })
  const observed = asEmmett({
    ...events[0],
    type: 'observation.recorded',
    data: { kind: 'bench', detail: '0' },
  })
  const times = await inTurn(
    {
      emmett: async () => {
        for (let n = 0; n < appendsEach; n++) await append('alone-bench', [observed])
      },
      waymark: async () => {
        for (let n = 0; n < appendsEach; n++) {
          await session.send({ type: 'observation.record', kind: 'bench', detail: `${n}` })
        }
      },
    },
    rounds * 2,
    { warmUp: 1 },
  )
  await waymark.close()
  const each = { emmett: times.emmett / appendsEach, waymark: times.waymark / appendsEach }
  return {
    id: 'emmett.append',
    name: "durable append, one by one: Emmett's SQLite store / Waymark's session.send",
    ratio: each.emmett / each.waymark,
    aim: null,
    measured: `${timeText(each.emmett)} / ${timeText(each.waymark)}, both WAL with synchronous=FULL; only Waymark asks machines and folds`,
  }
}
