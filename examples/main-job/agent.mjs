// An agent at work, as a process of its own: it records what it does, and prints each command once it is on disk.
// Usage: agent.mjs <home> <session id>
import { setTimeout as pause } from 'node:timers/promises'
import { Waymark } from 'waymark'

const [home = '', sessionId = ''] = process.argv.slice(2)
const waymark = await Waymark.open({ home })
const session = await waymark.openSession(sessionId)
let sent = 0

async function record(command) {
  sent += 1
  const commandId = `agent-${process.pid}-${sent}`
  const { version } = await session.send(command, { commandId, actor: 'agent' })
  process.stdout.write(`${JSON.stringify({ commandId, version, type: command.type })}\n`)
}

if (session.state.status !== 'active') await record({ type: 'session.resume' })
await record({ type: 'checkpoint.create', reason: 'before the agent goes on' })
for (let n = 1; n <= 1_000; n++) {
  const taskId = `STEP-${n}`
  await record({ type: 'task.add', taskId, title: `step ${n} of a long job` })
  await record({ type: 'task.start', taskId })
  await record({ type: 'tool.call', toolCallId: `call-${n}`, name: 'Bash' })
  await pause(50)
  await record({ type: 'tool.return', toolCallId: `call-${n}`, outcome: 'ok' })
  await record({
    type: 'usage.record',
    callId: `agent-${process.pid}-${n}`,
    model: session.state.model ?? 'claude-sonnet-4-5',
    inputTokens: 1_200,
    outputTokens: 300,
    cacheReadTokens: session.state.window.usedTokens,
    cacheCreationTokens: 0,
  })
  await record({ type: 'task.complete', taskId })
}
