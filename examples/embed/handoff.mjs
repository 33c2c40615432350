// A session that one agent hands to another: the old holder is refused from then on. Leave `store` out, and it is recorded into the nearest .moai.
import { contextMarkdown, MemoryLog, packageText, readHandoff, Waymark } from 'waymark'

const waymark = await Waymark.open({ store: new MemoryLog() })
const planner = await waymark.createSession({ agent: 'spec-builder', windowTokens: 200_000 })
await planner.send({ type: 'task.add', taskId: 'SPEC-001', title: 'Log in' })
await planner.send({ type: 'task.start', taskId: 'SPEC-001' })
await planner.send({ type: 'focus.change', nextStep: 'write the tests', constraints: ['coverage 85 %'] })

const offer = await planner.handOff({ toAgent: 'tester', reason: 'the plan stands', expiresInMinutes: 60 })
console.log(`offered to ${offer.package.to_agent}, next: ${offer.package.task_context.next_step}`)

// What goes with it is a file: it can be read and checked anywhere.
const { package: handoff, context } = readHandoff(packageText(offer.package))
console.log(contextMarkdown(handoff, context).split('\n', 1)[0])

const tester = await waymark.openSession(planner.id)
const { epoch } = await tester.acceptHandoff({ agent: 'tester' })
console.log(`${tester.state.holder} holds it, epoch ${epoch}`)

await planner.send({ type: 'turn.complete' }).catch((error) => console.log(`spec-builder: ${error.code}`))
await tester.send({ type: 'task.restore-context', taskIds: ['SPEC-001'] })
await tester.send({ type: 'handoff.complete' })
console.log(`handoff ${tester.state.handoffs.at(-1)?.status}`)
await waymark.close()
