// The task machine in an orchestrator's loop: the machine says what may happen, the loop does the work.

import { taskMachine } from 'waymark/machines'
import { createActor } from 'xstate'

let runs = 0
const runAgent = async () => {
  runs += 1
  if (runs === 1) throw new Error('tests failed')
}

const task = createActor(taskMachine)
task.subscribe(({ value }) => console.log(value))
task.start()
while (task.getSnapshot().can({ type: 'task.start' })) {
  task.send({ type: 'task.start' })
  try {
    await runAgent()
    task.send({ type: 'task.complete' })
  } catch (error) {
    const retryable = task.getSnapshot().context.attempts < 3
    task.send({ type: 'task.fail', reason: String(error), retryable })
    task.send({ type: 'task.recover', checkpointId: 'origin' })
  }
}
