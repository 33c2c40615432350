/** Decisions about sessions. Whether the session's status allows a command has been asked before these run. */
import type { CommandType } from '../events/commands.ts'
import type { ConfigurationChange, SessionConfiguration } from '../events/session.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { accept, type Decider, fieldsOf, refuse } from './decision.ts'
import { switched } from './task.ts'
import { consequences, firstWindow, reserveFallback } from './window.ts'

export const decideSessionStart: Decider<'session.start'> = (state, command) => {
  const configuration = configurationAfter(state, command.configuration)
  const window = firstWindow(command.windowTokens, command.model)
  // A window that is only assumed may grow: then the reserve falls back instead.
  const stated = window.source === 'stated' ? window.totalTokens : null
  const problem = thresholdProblem(configuration) ?? reserveProblem(command.type, configuration, stated)
  if (problem !== null) return refuse(state, command.type, problem.reason, problem)
  return accept(
    { type: 'session.started', data: { ...fieldsOf(command), window } },
    ...reserveFallback(configuration, window.totalTokens),
  )
}

export const decideDescribeSession: Decider<'session.describe'> = (state, command) => {
  const fields = fieldsOf(command)
  const facts = ['title', 'cwd', 'gitBranch', 'toolVersion', 'permissionMode'] as const
  const changes = facts.some((fact) => fields[fact] !== undefined && fields[fact] !== state[fact])
  return changes ? accept({ type: 'session.described', data: fields }) : accept()
}

export const decideConfigure: Decider<'session.configure'> = (state, command, context) => {
  const configuration = configurationAfter(state, command.configuration)
  const asked = command.configuration.reserveTokens === undefined ? null : state.window.totalTokens
  const problem = thresholdProblem(configuration) ?? reserveProblem(command.type, configuration, asked)
  if (problem !== null) return refuse(state, command.type, problem.reason, problem)
  return accept(
    { type: 'session.configured', data: fieldsOf(command) },
    ...consequences(state, state.window, context, { configuration }),
  )
}

function configurationAfter(
  state: ReadonlyState,
  changes: ConfigurationChange | undefined,
): SessionConfiguration {
  const stated = Object.entries(changes ?? {}).filter(([, value]) => value !== undefined)
  return { ...state.configuration, ...Object.fromEntries(stated) }
}

interface ConfigurationProblem {
  readonly reason: string
  readonly accepted: readonly string[]
}

function thresholdProblem(configuration: SessionConfiguration): ConfigurationProblem | null {
  const { monitoringThresholdPercent, warningThresholdPercent, emergencyThresholdPercent } = configuration
  const rises =
    monitoringThresholdPercent < warningThresholdPercent &&
    warningThresholdPercent < emergencyThresholdPercent
  if (rises) return null
  return { reason: 'thresholds rise: monitoring below warning below emergency', accepted: [] }
}

/** What is impossible about a reserve in a window of that size; `null` as the size asks for no check. */
function reserveProblem(
  command: CommandType,
  { reserveTokens }: SessionConfiguration,
  windowTokens: number | null,
): ConfigurationProblem | null {
  if (windowTokens === null || reserveTokens === null || reserveTokens < windowTokens) return null
  return {
    reason: `a reserve of ${reserveTokens} tokens leaves nothing of a window of ${windowTokens}`,
    accepted: [`${command} with reserveTokens below ${windowTokens}, or null for 27.5 % of the window`],
  }
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
