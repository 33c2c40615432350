/** Decisions about sessions. Whether the session's status allows a command has been asked before these run. */
import { accept, type Decider, fieldsOf, refuse } from './decision.ts'
import { switched } from './task.ts'
import { consequences, firstWindow } from './window.ts'

export const decideSessionStart: Decider<'session.start'> = (_state, command) =>
  accept({
    type: 'session.started',
    data: { ...fieldsOf(command), window: firstWindow(command.windowTokens) },
  })

export const decideDescribeSession: Decider<'session.describe'> = (state, command) => {
  const fields = fieldsOf(command)
  const facts = ['title', 'cwd', 'gitBranch', 'toolVersion', 'permissionMode'] as const
  const changes = facts.some((fact) => fields[fact] !== undefined && fields[fact] !== state[fact])
  return changes ? accept({ type: 'session.described', data: fields }) : accept()
}

export const decideConfigure: Decider<'session.configure'> = (state, command) =>
  accept(
    { type: 'session.configured', data: fieldsOf(command) },
    ...consequences(state, state.window, { configuration: command.configuration }),
  )

export const decideSuspend: Decider<'session.suspend'> = (_state, command) =>
  accept({ type: 'session.suspended', data: fieldsOf(command) })

export const decideResume: Decider<'session.resume'> = (_state, command) =>
  accept({ type: 'session.resumed', data: fieldsOf(command) })

export const decideHandOff: Decider<'session.hand-off'> = (_state, command) =>
  accept({ type: 'session.handed-off', data: fieldsOf(command) })

export const decideTakeOver: Decider<'session.take-over'> = (state, command) => {
  if (state.offeredTo !== null && state.offeredTo !== command.agent) {
    return refuse(state, command.type, `it was handed off to ${state.offeredTo}, not to ${command.agent}`)
  }
  return accept({ type: 'session.taken-over', data: { ...fieldsOf(command), epoch: state.epoch + 1 } })
}

export const decideEnd: Decider<'session.end'> = (_state, command) =>
  accept({ type: 'session.ended', data: fieldsOf(command) })

/** Decided in the state that the fork inherits; running tasks lose their context with it. */
export const decideFork: Decider<'session.fork'> = (state, command) =>
  accept({ type: 'session.forked', data: fieldsOf(command) }, ...switched(state, 'fork'))

export const decideSessionRecover: Decider<'session.recover'> = (_state, command) =>
  accept({ type: 'session.recovered', data: fieldsOf(command) })
