/** Decisions about turns, tool calls, failures, checkpoints and observations. */
import { accept, type Decider, fieldsOf, refuse } from './decision.ts'

export const decidePrompt: Decider<'prompt.submit'> = (_state, command) =>
  accept({ type: 'prompt.submitted', data: fieldsOf(command) })

export const decideReply: Decider<'reply.record'> = (_state, command) =>
  accept({ type: 'reply.recorded', data: fieldsOf(command) })

export const decideTurnComplete: Decider<'turn.complete'> = (_state, command) =>
  accept({ type: 'turn.completed', data: fieldsOf(command) })

export const decideTurnInterrupt: Decider<'turn.interrupt'> = (_state, command) =>
  accept({ type: 'turn.interrupted', data: fieldsOf(command) })

export const decideToolCall: Decider<'tool.call'> = (state, command) => {
  if (Object.hasOwn(state.openCalls, command.toolCallId)) {
    return refuse(state, command.type, `tool call ${command.toolCallId} is open already`, {
      accepted: ['tool.return'],
    })
  }
  return accept({ type: 'tool.called', data: fieldsOf(command) })
}

/** A result may come before its call is known (sources write them out of order), so an unknown id is accepted. */
export const decideToolReturn: Decider<'tool.return'> = (_state, command) =>
  accept({ type: 'tool.returned', data: fieldsOf(command) })

export const decideRetry: Decider<'call.retry'> = (_state, command) =>
  accept({ type: 'call.retried', data: fieldsOf(command) })

export const decideCallFail: Decider<'call.fail'> = (_state, command) =>
  accept({ type: 'call.failed', data: fieldsOf(command) })

export const decideCheckpoint: Decider<'checkpoint.create'> = (state, command, context) => {
  const checkpointId = command.checkpointId ?? context.checkpointId()
  if (state.checkpoints.some(({ id }) => id === checkpointId)) {
    return refuse(state, command.type, `checkpoint ${checkpointId} is there already`)
  }
  const trigger = command.trigger ?? 'manual'
  return accept({
    type: 'checkpoint.created',
    data: { ...fieldsOf(command), checkpointId, trigger, version: state.version },
  })
}

export const decideObservation: Decider<'observation.record'> = (_state, command) =>
  accept({ type: 'observation.recorded', data: fieldsOf(command) })
