/** Decisions about turns, tool calls, failures, checkpoints and observations. */
import type { ReadonlyState } from '../fold/state.ts'
import { accept, type Decider, fieldsOf, type RepositoryNote, refuse } from './decision.ts'
import { isRunning } from './machines.ts'

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

export const decideToolBegin: Decider<'tool.begin'> = (state, command) => {
  const call = Object.hasOwn(state.openCalls, command.toolCallId)
    ? state.openCalls[command.toolCallId]
    : undefined
  if (call === undefined) {
    return refuse(state, command.type, `tool call ${command.toolCallId} is not open`, {
      accepted: ['tool.call'],
    })
  }
  return call.begunAt === null ? accept({ type: 'tool.began', data: fieldsOf(command) }) : accept()
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
  const repository = command.gitHead === undefined ? (context.repository?.() ?? null) : null
  const phase = command.phase ?? phaseOfWork(state)
  return accept({
    type: 'checkpoint.created',
    data: {
      ...fieldsOf(command),
      ...(phase === null ? {} : { phase }),
      ...gitFacts(repository),
      checkpointId,
      trigger,
      version: state.version,
    },
  })
}

/** The phase that the work stands at: that of the task started last, else that of the SPEC changed last. */
function phaseOfWork({ tasks, knowledge }: ReadonlyState): string | null {
  const running = Object.values(tasks).filter((task) => isRunning(task.status) && task.phase !== null)
  const task = running.sort((a, b) => (a.startedAt ?? '').localeCompare(b.startedAt ?? '')).at(-1)
  if (task !== undefined) return task.phase
  const specs = Object.values(knowledge.specs).filter(
    ({ status, phase }) => status === 'active' && phase !== null,
  )
  return specs.sort((a, b) => a.version - b.version).at(-1)?.phase ?? null
}

function gitFacts(repository: RepositoryNote | null) {
  if (repository === null) return {}
  const { head, branch, dirty } = repository
  return { gitHead: head, ...(branch === null ? {} : { gitBranch: branch }), gitDirty: dirty }
}

export const decideArchiveCheckpoints: Decider<'checkpoint.archive'> = (state, command) => {
  const listed = new Map(state.checkpoints.map((entry) => [entry.id, entry]))
  const unlisted = command.checkpointIds.filter((id) => !listed.has(id))
  // Older ones than state lists are known to the log alone: who names them has read it.
  if (unlisted.length > state.checkpointCount - state.checkpoints.length) {
    return refuse(state, command.type, `this session has no checkpoint ${unlisted[0]}`)
  }
  const newest = state.checkpoints[state.checkpoints.length - 1]
  if (newest !== undefined && command.checkpointIds.includes(newest.id)) {
    return refuse(state, command.type, `checkpoint ${newest.id} is the newest, the one to come back to`)
  }
  const isDone = command.checkpointIds.every((id) => listed.get(id)?.archived === true)
  return isDone ? accept() : accept({ type: 'checkpoint.archived', data: fieldsOf(command) })
}

export const decideObservation: Decider<'observation.record'> = (_state, command) =>
  accept({ type: 'observation.recorded', data: fieldsOf(command) })
