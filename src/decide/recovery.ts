/** Decisions about recoveries: one at a time, step by step. The recovery machine is asked about each step. */
import type { RecoveryCommandName } from '../../machines/recovery-table.ts'
import type { CommandType } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import {
  accept,
  type Decider,
  type Decision,
  type DecisionContext,
  fieldsOf,
  machinesOf,
  refuse,
} from './decision.ts'

export const decideRecoveryBegin: Decider<'recovery.begin'> = (state, command) => {
  const { recovery } = state
  if (recovery !== null && recovery.endedAt === null) {
    return refuse(state, command.type, `recovery ${recovery.id} is going on; take it up, or end it`, {
      status: recovery.status,
      accepted: ['recovery.record-step', 'recovery.fail'],
    })
  }
  return accept({ type: 'recovery.began', data: fieldsOf(command) })
}

export const decideRecoveryStep: Decider<'recovery.record-step'> = (state, command, context) =>
  about(state, command.type, context, command.recoveryId, `recovery.${command.step}`, () =>
    accept({ type: 'recovery.step-recorded', data: fieldsOf(command) }),
  )

export const decideRecoveryFail: Decider<'recovery.fail'> = (state, command, context) =>
  about(state, command.type, context, command.recoveryId, 'recovery.fail', () =>
    accept({ type: 'recovery.failed', data: fieldsOf(command) }),
  )

/** Without a recovery it stands for a recovery in one step; within one, it is the last of the six. */
export const decideSessionRecover: Decider<'session.recover'> = (state, command, context) => {
  const recovered = accept({ type: 'session.recovered', data: fieldsOf(command) })
  if (command.recoveryId === undefined) return recovered
  return about(state, command.type, context, command.recoveryId, 'recovery.notify', () => recovered)
}

function about(
  state: ReadonlyState,
  command: CommandType,
  context: DecisionContext,
  recoveryId: string,
  question: RecoveryCommandName,
  decide: () => Decision,
): Decision {
  const { recovery } = state
  if (recovery?.id !== recoveryId) {
    return refuse(state, command, `recovery ${recoveryId} is not the one that is going on`, {
      accepted: ['recovery.begin'],
    })
  }
  const answer = machinesOf(context).recovery(recovery.status, question)
  if (answer.ok) return decide()
  const { reason, accepted } = answer
  return refuse(state, command, reason, {
    subject: `recovery ${recoveryId}`,
    status: recovery.status,
    accepted,
  })
}
