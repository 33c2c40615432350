/** What decided, as one name: equal names decide alike. For information, where events travel. */
import { budgetMachine } from '../../machines/budget.ts'
import { handoffTable } from '../../machines/handoff-table.ts'
import { recoveryTable } from '../../machines/recovery-table.ts'
import { sessionTable } from '../../machines/session-table.ts'
import { taskTable } from '../../machines/task-table.ts'
import { hashOf } from '../kernel/hash.ts'

/** SHA-256 over what each machine is made of. */
export function machinesHash(): string {
  const plain: unknown = JSON.parse(
    JSON.stringify({
      task: taskTable,
      session: sessionTable,
      handoff: handoffTable,
      recovery: recoveryTable,
      budget: Object.keys(budgetMachine.states),
    }),
  )
  return hashOf(plain)
}
