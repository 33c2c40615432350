/**
 * Castore with its in-memory adapter: `getAggregate` over the same events, with Waymark's fold of one event as its reducer, against Waymark's replay from its
 * store on disk; and events pushed one by one into memory, against Waymark's durable bursts.
 */
import { join } from 'node:path'
import { foldInto, stateHash } from '../../dist/src/fold/fold.js'
import { initialState } from '../../dist/src/fold/state.js'
import { limits } from '../../dist/src/kernel/limits.js'
import { Waymark } from '../../dist/src/session/waymark.js'
import { countText, inTurn, timeText } from '../figures.mjs'
import { replayed } from '../replay.mjs'
import { eventsOf, withLog } from '../sessions.mjs'

export const packages = ['@castore/core', '@castore/event-storage-adapter-in-memory']

/** Each push looks through all events of the stream before it: more of them would measure that alone. */
const pushesMax = 10_000

export async function measure(place) {
  const { EventStore } = (await import('@castore/core')).default
  const { InMemoryEventStorageAdapter } = (await import('@castore/event-storage-adapter-in-memory')).default
  const { home, sessionId } = await place.session('tenth')
  const events = await eventsOf(home, sessionId)
  const storeOf = (initialEvents) =>
    new EventStore({
      eventStoreId: 'sessions',
      eventTypes: [],
      reducer: (state, { metadata }) => {
        const into = state ?? initialState(sessionId)
        foldInto(into, [metadata])
        return into
      },
      eventStorageAdapter: new InMemoryEventStorageAdapter({ initialEvents }),
    })
  const details = events.map((event) => asCastore(event, sessionId))
  return [
    await rebuilding(place, storeOf(details), { home, sessionId, count: events.length }),
    await pushing(place, () => storeOf([]), details.slice(0, pushesMax)),
  ]
}

/** Castore's fields around a Waymark event, which the reducer takes as it is. */
function asCastore(event, aggregateId) {
  const { version, type, time, data } = event
  return { aggregateId, version, type, timestamp: time, payload: data, metadata: event }
}

async function rebuilding({ rounds }, store, { home, sessionId, count }) {
  const states = {}
  const times = await withLog(home, (log) =>
    inTurn(
      {
        waymark: async () => {
          states.waymark = await replayed(log, sessionId)
        },
        castore: async () => {
          const { aggregate } = await store.getAggregate(sessionId)
          states.castore = aggregate
        },
      },
      rounds,
      { warmUp: 1 },
    ),
  )
  if (stateHash(states.castore) !== stateHash(states.waymark))
    throw new Error('Castore and Waymark do not rebuild the same state')
  return {
    id: 'castore.rebuild',
    name: "rebuild: Castore's getAggregate in memory / Waymark's replay from SQLite",
    ratio: times.castore / times.waymark,
    aim: null,
    measured: `${timeText(times.castore)} (nothing read, nothing parsed) / ${timeText(times.waymark)}, ${countText(count)} events, the same fold and state hash`,
  }
}

async function pushing({ folder, rounds }, emptyStore, details) {
  const waymark = await Waymark.open({ home: join(folder, 'castore') })
  const session = await waymark.createSession({ title: 'pushes' })
  const times = await inTurn(
    {
      castore: async () => {
        const store = emptyStore()
        for (const detail of details) await store.pushEvent(detail)
      },
      waymark: async () => {
        for (let from = 0; from < details.length; from += limits.commandsPerTransactionMax) {
          const burst = details.slice(from, from + limits.commandsPerTransactionMax)
          await Promise.all(
            burst.map((_, n) => session.send({ type: 'observation.record', kind: 'bench', detail: `${n}` })),
          )
        }
      },
    },
    rounds,
    { warmUp: 1 },
  )
  await waymark.close()
  const count = details.length
  return {
    id: 'castore.append',
    name: "append: Castore's pushEvent into memory / Waymark's durable bursts",
    ratio: times.castore / times.waymark,
    aim: null,
    measured: `${timeText(times.castore / count)} / ${timeText(times.waymark / count)} an event over the first ${countText(count)} of a stream; Castore's grows with the stream's length`,
  }
}
