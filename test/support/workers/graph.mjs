// Works through a graph until it is finished, and says each task that it has completed: `graph.mjs <home> <session of the graph> <name>`.
import { Waymark } from '../../../dist/src/index.js'

const [home = '', sessionId = '', name = ''] = process.argv.slice(2)
const waymark = await Waymark.open({ home, memoryFiles: false, settings: { maxParallelSessions: 10 } })
const graph = await waymark.graph(sessionId)
process.stdout.write('ready\n')
for await (const { task, session } of graph.claims({ agent: name, signal: AbortSignal.timeout(60_000) })) {
  await session.send({ type: 'decision.record', text: `${name} worked on ${task.id}` })
  await new Promise((resolve) => setTimeout(resolve, 25))
  await graph.complete(task.id, { agent: name, result: name })
  process.stdout.write(`${task.id}\n`)
}
await waymark.close()
