/** From what the source says to commands that are legal where the session stands now. */
import type { Command, CommandType } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { commandsToHold, commandsToMeet, commandsToOffer } from './context-plan.ts'
import type { Intent, ReturnToSession } from './step.ts'
import { commandsToAwait, commandsToDescribe, commandsToReach } from './task-plan.ts'

type CommandOf<T extends CommandType> = Extract<Command, { type: T }>

/** Commands that need no active session: facts may arrive late, and a session may end from wherever it stands. */
const acceptedAlways: ReadonlySet<CommandType> = new Set([
  'session.start',
  'session.end',
  'session.describe',
  'session.resume',
  'usage.record',
  'context.measure',
  'context.compact',
  'observation.record',
  'project.describe',
  'system.describe',
  'server.describe',
])

/** The commands that record an intent in the session as it stands; none when it says nothing new. */
export function commandsOf(state: ReadonlyState, intent: Intent): readonly Command[] {
  const commands = plainCommandsOf(state, intent)
  const works = commands.some(({ type }) => !acceptedAlways.has(type))
  if (!works || state.startedAt === null || state.status === 'active') return commands
  return [
    { type: 'session.resume', reason: `inferred: it goes on after it was ${wordOf[state.status]}` },
    ...commands,
  ]
}

const wordOf = { suspended: 'suspended', handed_off: 'offered to another agent', ended: 'ended' } as const

function plainCommandsOf(state: ReadonlyState, intent: Intent): readonly Command[] {
  switch (intent.type) {
    case 'reach-task':
      return commandsToReach(state, intent)
    case 'describe-task':
      return commandsToDescribe(state, intent)
    case 'await-tasks':
      return commandsToAwait(state, intent)
    case 'return-to-session':
      return commandsToReturn(state, intent)
    case 'hold-items':
      return commandsToHold(state, intent)
    case 'offer-tools':
      return commandsToOffer(state, intent)
    case 'meet-objective':
      return commandsToMeet(state, intent)
    case 'session.start':
      return state.startedAt === null ? [intent] : []
    case 'session.end':
      return state.status === 'ended' ? [] : [intent]
    case 'turn.complete':
      // The tool closes its books after the end; that is no return to work.
      return state.status === 'ended' ? [] : [intent]
    case 'model.switch':
      return commandsToSwitch(state, intent)
    default:
      return [intent]
  }
}

function commandsToReturn(state: ReadonlyState, intent: ReturnToSession): readonly Command[] {
  return state.status === 'active'
    ? [{ type: 'observation.record', kind: 'session-resumed', detail: intent.detail }]
    : [{ type: 'session.resume', reason: intent.detail }]
}

/** Another model takes running tasks out of their context; the source goes on with them, so they get it back at once. */
function commandsToSwitch(state: ReadonlyState, intent: CommandOf<'model.switch'>): readonly Command[] {
  if (state.model === intent.model) return []
  const taskIds = Object.values(state.tasks)
    .filter(({ status }) => status === 'in_progress' || status === 'token_warning')
    .map(({ id }) => id)
    .sort()
  return taskIds.length === 0 ? [intent] : [intent, { type: 'task.restore-context', taskIds, inferred: true }]
}
