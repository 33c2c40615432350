/** A session that came of commands, each decided by the machines: what verification can ask them about again. */
import { limits } from '../dist/src/kernel/limits.js'
import { Waymark } from '../dist/src/session/waymark.js'

/** Tasks among which the commands go round: few, so that writing them takes seconds. */
const taskCount = 200

/** The n-th command: every fourth is about the window or the work, the others move tasks on, always as their machine accepts. */
function commandAt(n) {
  if (n % 8 === 3) return { type: 'observation.record', kind: 'bench', detail: `observation ${n}` }
  if (n % 8 === 7) return usage(n)
  const step = n - Math.floor((n + 1) / 4)
  const taskId = `task-${step % taskCount}`
  const round = Math.floor(step / taskCount)
  if (round === 0) return { type: 'task.add', taskId, title: `Task number ${step}` }
  if (round === 1) return { type: 'task.start', taskId }
  if (round % 2 === 0)
    return { type: 'task.block', taskId, on: { kind: 'input', detail: `question ${round}` } }
  return { type: 'task.unblock', taskId }
}

/** Calls after which the window is from a fifth to two thirds full, so that the budget has something to say. */
function usage(n) {
  const contextTokens = 40_000 + ((n * 97) % 93_000)
  return {
    type: 'usage.record',
    callId: `call_${n}`,
    model: 'bench-1',
    inputTokens: contextTokens,
    outputTokens: 300 + (n % 700),
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
    contextTokens,
  }
}

/** Sends that many commands to a session of its own, in bursts, and gives the events they led to. */
export async function writeCommands(home, count) {
  const waymark = await Waymark.open({ home, settings: { autoCheckpoint: false } })
  const session = await waymark.createSession({ title: 'commands', windowTokens: 200_000 })
  for (let from = 0; from < count; from += limits.commandsPerTransactionMax) {
    const most = Math.min(limits.commandsPerTransactionMax, count - from)
    await Promise.all(Array.from({ length: most }, (_, n) => session.send(commandAt(from + n))))
  }
  const { id: sessionId, version: events } = session
  await waymark.close()
  return { home, sessionId, events }
}
