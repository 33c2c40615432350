// A session that says when its context fills up. Leave `store` out, and it is recorded into the nearest .moai instead of memory.
import { MemoryLog, Waymark } from 'waymark'

const waymark = await Waymark.open({ store: new MemoryLog() })
const session = await waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 })

session.onBudget(50, ({ percent }) => console.log(`half of the window is used: ${percent} %`))
session.onBudget('warning', ({ availableTokens }) =>
  console.log(`warning: ${availableTokens} tokens are left`),
)
session.onBudget('emergency', ({ percent }) => console.log(`emergency: ${percent} % is used`))

for (const [index, inputTokens] of [90_000, 110_000, 172_000].entries()) {
  const counters = { inputTokens, outputTokens: 900, cacheReadTokens: 0, cacheCreationTokens: 0 }
  await session.send({
    type: 'usage.record',
    callId: `msg_${index}`,
    model: 'claude-sonnet-4-5',
    ...counters,
  })
}

console.log(`checkpoints that a policy took: ${session.state.checkpoints.length}`)
await waymark.close()
