/** The sessions that the measurements share: each made when it is first asked for, in a home of its own, and closed again. */
import { execFileSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { storePathOf } from '../dist/src/session/home.js'
import { Waymark } from '../dist/src/session/waymark.js'
import { countText } from './figures.mjs'
import { material, writeSession } from './resample.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))

/**
 * The share of the wanted events that each session has. Those in which any place is looked for have the same few tasks: what they differ in
 * is to be their length, not the size of their state.
 */
const kinds = {
  long: { share: 1 },
  tenth: { share: 0.1 },
  light: { share: 1, tasksMost: 140 },
  lightHundredth: { share: 0.01, tasksMost: 140 },
}

function transcripts() {
  const named = process.env.WAYMARK_TRANSCRIPTS
  return named !== undefined && existsSync(named) ? named : join(root, 'examples/transcripts')
}

/** Events of real sessions, imported through the command as people do. */
export async function importMaterial(folder, say) {
  say(`importing ${transcripts()} …`)
  const home = join(folder, 'source')
  const command = join(root, 'dist/cli/main.js')
  execFileSync(process.execPath, [command, 'import', transcripts(), '--home', home, '--json'])
  const waymark = await Waymark.open({ home })
  const events = await material(waymark)
  await waymark.close()
  return events
}

export function sessionMaker({ folder, events, eventCount, taskCount, say }) {
  const made = new Map()
  const make = async (name) => {
    const { share, tasksMost = taskCount } = kinds[name]
    const count = Math.round(eventCount * share)
    say(`writing ${countText(count)} events …`)
    const home = join(folder, name)
    const waymark = await Waymark.open({ home })
    const session = await writeSession(waymark.log, events, count, Math.min(taskCount, tasksMost))
    // Closing waits until old events are sealed. Written as fast as here, they leave free pages behind, which maintenance gives back.
    await waymark.close()
    const bytesWritten = storeBytes(home)
    await withLog(home, (log) => log.compact({ dropSnapshot: () => false }))
    return { home, ...session, bytes: storeBytes(home), bytesWritten }
  }
  return (name) => {
    const session = made.get(name) ?? make(name)
    made.set(name, session)
    return session
  }
}

/** Bytes of a home's store on disk, what still waits in the write-ahead log included. */
export function storeBytes(home) {
  return fileBytes(storePathOf(home))
}

/** Bytes of a SQLite file and what belongs to it. */
export function fileBytes(path) {
  return [path, `${path}-wal`].reduce(
    (total, file) => total + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}

/** Opens the log of a home for a measurement and closes it after. */
export async function withLog(home, work, settings = {}) {
  const waymark = await Waymark.open({ home, settings })
  try {
    return await work(waymark.log, waymark)
  } finally {
    await waymark.close()
  }
}

/** Events of a session in memory, for measurements that leave reading out. */
export async function eventsOf(home, sessionId, count) {
  const events = []
  await withLog(home, async (log) => {
    for await (const page of log.read(sessionId, { to: count })) events.push(...page)
  })
  return events
}
