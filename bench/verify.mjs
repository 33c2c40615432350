/**
 * Verification of a session that came of commands: everything read and checked again, with the machines asked about each batch and without,
 * against the session's replay.
 */
import { join } from 'node:path'
import { verifyLog } from '../dist/src/replay/verify/verify.js'
import { writeCommands } from './commands.mjs'
import { countText, eachText, inTurn, timeText } from './figures.mjs'
import { replayed } from './replay.mjs'
import { withLog } from './sessions.mjs'

const commandsMax = 50_000

export async function measure({ folder, rounds, eventCount, say }) {
  const count = Math.min(eventCount, commandsMax)
  say(`sending ${countText(count)} commands …`)
  const { home, sessionId, events } = await writeCommands(join(folder, 'verify'), count)
  const times = await withLog(home, (log) => {
    const verified = async (options) => {
      const { ok, sessions } = await verifyLog(log, sessionId, options)
      if (!ok) throw new Error(`the session does not verify: ${JSON.stringify(sessions[0]?.problems[0])}`)
    }
    const measurements = {
      asked: () => verified({}),
      unasked: () => verified({ machines: null }),
      replay: () => replayed(log, sessionId),
    }
    return inTurn(measurements, rounds, { warmUp: 1 })
  })
  return rowsOf(times, events, count)
}

function rowsOf({ asked, unasked, replay }, events, commands) {
  const each = (ms) => `${timeText(ms)} (${eachText(ms, events)})`
  return [
    {
      id: 'verify.all',
      name: 'verification, machines asked about every command again / replay from the store',
      ratio: asked / replay,
      aim: null,
      measured: `${each(asked)} / ${each(replay)}, ${countText(events)} events of ${countText(commands)} commands`,
    },
    {
      id: 'verify.machines',
      name: 'verification with the machines asked / without',
      ratio: asked / unasked,
      aim: null,
      measured: `${each(asked)} / ${each(unasked)}, the same session`,
    },
  ]
}
