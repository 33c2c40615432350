/** Decisions about sessions. Whether the session's status allows a command has been asked before these run. */
import type { ConfigurationChange, SessionConfiguration } from '../events/session.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { accept, type Decider, fieldsOf, refuse } from './decision.ts'
import { switched } from './task.ts'
import { consequences, firstWindow } from './window.ts'

export const decideSessionStart: Decider<'session.start'> = (state, command) => {
  const problem = problemOf(configurationAfter(state, command.configuration), command.windowTokens)
  if (problem !== null) return refuse(state, command.type, problem)
  return accept({
    type: 'session.started',
    data: { ...fieldsOf(command), window: firstWindow(command.windowTokens, command.model) },
  })
}

export const decideDescribeSession: Decider<'session.describe'> = (state, command) => {
  const fields = fieldsOf(command)
  const facts = ['title', 'cwd', 'gitBranch', 'toolVersion', 'permissionMode'] as const
  const changes = facts.some((fact) => fields[fact] !== undefined && fields[fact] !== state[fact])
  return changes ? accept({ type: 'session.described', data: fields }) : accept()
}

export const decideConfigure: Decider<'session.configure'> = (state, command) => {
  const configuration = configurationAfter(state, command.configuration)
  const problem = problemOf(configuration, state.window.totalTokens)
  if (problem !== null) return refuse(state, command.type, problem)
  return accept(
    { type: 'session.configured', data: fieldsOf(command) },
    ...consequences(state, state.window, { configuration }),
  )
}

function configurationAfter(
  state: ReadonlyState,
  changes: ConfigurationChange | undefined,
): SessionConfiguration {
  const stated = Object.entries(changes ?? {}).filter(([, value]) => value !== undefined)
  return { ...state.configuration, ...Object.fromEntries(stated) }
}

/** What is impossible about a configuration, or `null`. */
function problemOf(configuration: SessionConfiguration, windowTokens: number | undefined): string | null {
  const { monitoringThresholdPercent, warningThresholdPercent, emergencyThresholdPercent, reserveTokens } =
    configuration
  const rises =
    monitoringThresholdPercent < warningThresholdPercent &&
    warningThresholdPercent < emergencyThresholdPercent
  if (!rises) return 'thresholds rise: monitoring below warning below emergency'
  if (windowTokens === undefined || reserveTokens === null || reserveTokens < windowTokens) return null
  return `a reserve of ${reserveTokens} tokens leaves nothing of a window of ${windowTokens}`
}

export const decideSuspend: Decider<'session.suspend'> = (_state, command) =>
  accept({ type: 'session.suspended', data: fieldsOf(command) })

export const decideResume: Decider<'session.resume'> = (_state, command) =>
  accept({ type: 'session.resumed', data: fieldsOf(command) })

export const decideEnd: Decider<'session.end'> = (_state, command) =>
  accept({ type: 'session.ended', data: fieldsOf(command) })

/** Decided in the state that the fork inherits; running tasks lose their context with it. */
export const decideFork: Decider<'session.fork'> = (state, command) => {
  if (!state.configuration.forkingEnabled) {
    return refuse(state, command.type, 'its configuration does not allow forks', {
      accepted: ['session.configure with forkingEnabled: true'],
    })
  }
  return accept({ type: 'session.forked', data: fieldsOf(command) }, ...switched(state, 'fork'))
}
