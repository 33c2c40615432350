// A worker, as a process of its own: claims one task after the other, works on each in a session of its own, and says what it does,
// one JSON object a line. Each task is three steps; a step is printed once it is on disk.
// Usage: worker.mjs <home> <session of the graph> <name>
import { setTimeout as pause } from 'node:timers/promises'
import { Waymark } from 'waymark'

const [home = '', sessionId = '', name = ''] = process.argv.slice(2)

/** The task that is begun by one and finished by another, and who that is. */
const handsOff = { taskId: 'page', afterStep: 2, to: name === 'cay' ? 'ada' : 'cay' }
const steps = [1, 2, 3]
const stepMs = 40
/** A step that takes long enough to be killed in, the first time. */
const longStep = { taskId: 'search', step: 2, ms: 5_000 }

const say = (what, about = {}) => process.stdout.write(`${JSON.stringify({ who: name, what, ...about })}\n`)

const waymark = await Waymark.open({ home })
const graph = await waymark.graph(sessionId)
const end = new AbortController()
const refusals = []

/** Sends a command to the work session, and says so once it is on disk. */
async function record(session, taskId, command) {
  const { version, events } = await session.send(command, { actor: name })
  say('recorded', { task: taskId, session: session.id, version, commandId: events[0]?.commandId })
}

/** Works on from where the session stands: what is completed stays so, what lost its context gets it back. */
async function step(session, taskId, n, isFirst) {
  const id = `step-${n}`
  if (session.state.tasks[id] === undefined)
    await record(session, taskId, { type: 'task.add', taskId: id, title: `step ${n} of ${taskId}` })
  const { status } = session.state.tasks[id]
  if (status === 'pending' || status === 'recovered')
    await record(session, taskId, { type: 'task.start', taskId: id })
  if (status === 'context_switch')
    await record(session, taskId, { type: 'task.restore-context', taskIds: [id] })
  say('works', { task: taskId, step: n })
  const isLong = isFirst && taskId === longStep.taskId && n === longStep.step
  await pause(isLong ? longStep.ms : stepMs)
  await record(session, taskId, { type: 'task.complete', taskId: id })
}

/** Once the session has been taken over, this worker may not write into it any more. */
async function tryLater(session, taskId) {
  for await (const { type } of session.events({ after: session.version, signal: end.signal })) {
    if (type !== 'session.taken-over') continue
    const code = await session.send({ type: 'decision.record', text: 'too late' }).then(
      () => 'nobody',
      (error) => error.code,
    )
    say('is refused', { task: taskId, code })
    return
  }
}

for await (const { task, session, resumed, recovery } of graph.claims({ agent: name, signal: end.signal })) {
  const done = steps.filter((n) => session.state.tasks[`step-${n}`]?.status === 'completed')
  const open = recovery?.open.map(({ id }) => id) ?? []
  say(resumed ? 'goes on' : 'begins', {
    task: task.id,
    session: session.id,
    attempt: task.attempts,
    done,
    open,
  })
  let isHandedOff = false
  for (const n of steps.filter((number) => !done.includes(number))) {
    await step(session, task.id, n, !resumed)
    isHandedOff = !resumed && task.id === handsOff.taskId && n === handsOff.afterStep
    if (isHandedOff) break
  }
  if (isHandedOff) {
    await session.send({ type: 'session.hand-off', fromAgent: name, toAgent: handsOff.to, reason: 'colours' })
    say('hands off', { task: task.id, to: handsOff.to })
    refusals.push(tryLater(session, task.id))
  } else {
    await session.send({
      type: 'decision.record',
      text: `${task.id} is done in ${steps.length} steps`,
      taskId: 'step-1',
    })
    await graph.complete(task.id, { agent: name, result: `${task.title}: done by ${name}` })
    say('completes', { task: task.id })
  }
}
await Promise.all(refusals)
end.abort()
await waymark.close()
