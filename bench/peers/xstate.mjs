/**
 * XState, which the product has itself: the task machine asked about each event instead of folding it, by `transition` and by a running
 * actor; and its snapshot kept in a file after each event. The machine knows one task and nothing else of a session, so it does less.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { createActor, transition } from 'xstate'
import { taskMachine } from '../../dist/machines/index.js'
import { foldInto } from '../../dist/src/fold/fold.js'
import { initialState } from '../../dist/src/fold/state.js'
import { Waymark } from '../../dist/src/session/waymark.js'
import { countText, eachText, inTurn, timeText } from '../figures.mjs'
import { replayed } from '../replay.mjs'
import { eventsOf, withLog } from '../sessions.mjs'

const packages = []

export { packages }

const transitionsMost = 20_000
const eventsFoldedMax = 50_000
const filesMost = 100

const running = () =>
  taskMachine.resolveState({ value: 'in_progress', context: taskMachine.getInitialSnapshot().context })
const nth = (n) => ({ type: n % 2 === 0 ? 'task.warn' : 'task.relieve' })

function throughTransition(transitions) {
  let snapshot = running()
  for (let n = 0; n < transitions; n++) [snapshot] = transition(taskMachine, snapshot, nth(n))
}

function throughActor(transitions) {
  const actor = createActor(taskMachine, { snapshot: running() }).start()
  for (let n = 0; n < transitions; n++) actor.send(nth(n))
  actor.stop()
}

export async function measure({ folder, rounds, eventCount, session }) {
  const transitions = Math.min(transitionsMost, eventCount)
  const { home, sessionId, events } = await session('long')
  const inMemory = await eventsOf(home, sessionId, eventsFoldedMax)
  const times = await withLog(home, (log) =>
    inTurn(
      {
        replay: () => replayed(log, sessionId),
        fold: () => foldInto(initialState(sessionId), inMemory),
        transition: () => throughTransition(transitions),
        actor: () => throughActor(transitions),
      },
      rounds,
      { warmUp: 1 },
    ),
  )
  const each = {
    replay: times.replay / events,
    fold: times.fold / inMemory.length,
    transition: times.transition / transitions,
    actor: times.actor / transitions,
  }
  const filesEach = Math.min(filesMost, Math.ceil(eventCount / 100))
  return [...rowsOf(each, events, transitions), await snapshotFiles(folder, rounds, filesEach)]
}

function rowsOf({ replay, fold, transition: asked, actor }, events, transitions) {
  const against = `${eachText(replay, 1)} over ${countText(events)} events, reading included`
  const over = `${countText(transitions)} transitions of the task machine`
  return [
    {
      id: 'xstate.transition',
      name: "an event through XState's transition / through replay from the store",
      ratio: asked / replay,
      aim: { atLeast: 40 },
      measured: `${eachText(asked, 1)} over ${over} / ${against}`,
    },
    {
      id: 'xstate.fold',
      name: "an event through XState's transition / through the fold alone",
      ratio: asked / fold,
      aim: null,
      measured: `the same / ${eachText(fold, 1)} over events in memory`,
    },
    {
      id: 'xstate.actor',
      name: 'an event through a running XState actor / through replay from the store',
      ratio: actor / replay,
      aim: null,
      measured: `${eachText(actor, 1)} over ${over} / ${against}`,
    },
  ]
}

/** What keeping an actor's place takes without a log: its snapshot written beside the last one, synced, and renamed over it. */
async function snapshotFiles(folder, rounds, filesEach) {
  const waymark = await Waymark.open({ home: join(folder, 'xstate') })
  const session = await waymark.createSession({ title: 'snapshot files' })
  const actor = createActor(taskMachine, { snapshot: running() }).start()
  const path = join(folder, 'xstate.json')
  const times = await inTurn(
    {
      files: () => {
        for (let n = 0; n < filesEach; n++) {
          actor.send(nth(n))
          writeSynced(path, JSON.stringify(actor.getPersistedSnapshot()))
        }
      },
      sends: async () => {
        for (let n = 0; n < filesEach; n++) {
          await session.send({ type: 'observation.record', kind: 'bench', detail: `${n}` })
        }
      },
    },
    rounds,
    { warmUp: 1 },
  )
  actor.stop()
  await waymark.close()
  return {
    id: 'xstate.file',
    name: "an XState snapshot in a file after each event / Waymark's durable append",
    ratio: times.files / times.sends,
    aim: null,
    measured: `${timeText(times.files / filesEach)} (written, fsync, renamed; one task) / ${timeText(times.sends / filesEach)}`,
  }
}

function writeSynced(path, text) {
  const file = openSync(`${path}.new`, 'w')
  writeSync(file, text)
  fsyncSync(file)
  closeSync(file)
  renameSync(`${path}.new`, path)
}
