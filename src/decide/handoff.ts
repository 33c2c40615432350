/** Decisions about handoffs: the offer, its acceptance, and its other ends. The handoff machine is asked about each. */
import type { HandoffCommandName } from '../../machines/handoff-table.ts'
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
import { checkpointNeeded } from './obligation.ts'
import { switched } from './task.ts'

type Handoff = ReadonlyState['handoffs'][number]

export const decideHandOff: Decider<'session.hand-off'> = (state, command, context) => {
  const missing = checkpointNeeded(state, command.type, context.now)
  if (missing !== null) return missing
  const handoffId = command.handoffId ?? context.handoffId()
  if (state.handoffs.some(({ id }) => id === handoffId)) {
    return refuse(state, command.type, `handoff ${handoffId} is there already`)
  }
  if (command.expiresAt !== undefined && command.expiresAt <= context.now) {
    return refuse(state, command.type, `its time would be over already: ${command.expiresAt}`)
  }
  const fromAgent = command.fromAgent ?? state.holder
  if (state.holder !== null && fromAgent !== state.holder) {
    return refuse(state, command.type, `${state.holder} holds it, so ${fromAgent} cannot hand it off`)
  }
  const from = fromAgent === null ? {} : { fromAgent }
  return accept({ type: 'session.handed-off', data: { ...fieldsOf(command), handoffId, ...from } })
}

export const decideTakeOver: Decider<'session.take-over'> = (state, command, context) => {
  const handoff = newestOr(state, command.handoffId)
  // A session that was offered before handoffs were recorded has none to ask about.
  if (handoff === undefined && command.handoffId === undefined) return takenOver(state, command)
  return about(state, command.type, context, handoff, 'handoff.accept', ({ id, toAgent, expiresAt }) => {
    if (toAgent !== command.agent) {
      return refuse(state, command.type, `it was handed off to ${toAgent}, not to ${command.agent}`)
    }
    if (expiresAt !== null && expiresAt <= context.now) {
      return refuse(state, command.type, `the offer expired at ${expiresAt}`, {
        subject: `handoff ${id}`,
        accepted: ['handoff.expire'],
      })
    }
    return takenOver(state, command)
  })
}

/** The agent that takes over has none of the holder's context: tasks at work are to be restored first. */
function takenOver(state: ReadonlyState, command: Parameters<typeof decideTakeOver>[1]): Decision {
  return accept(
    { type: 'session.taken-over', data: { ...fieldsOf(command), epoch: state.epoch + 1 } },
    ...switched(state, 'handoff'),
  )
}

export const decideReject: Decider<'handoff.reject'> = (state, command, context) =>
  about(
    state,
    command.type,
    context,
    newestOr(state, command.handoffId),
    'handoff.reject',
    ({ id, toAgent }) => {
      if (toAgent !== command.agent) {
        return refuse(state, command.type, `it was handed off to ${toAgent}, not to ${command.agent}`)
      }
      return accept({ type: 'handoff.rejected', data: { ...fieldsOf(command), handoffId: id } })
    },
  )

export const decideExpire: Decider<'handoff.expire'> = (state, command, context) =>
  about(
    state,
    command.type,
    context,
    newestOr(state, command.handoffId),
    'handoff.expire',
    ({ id, expiresAt }) => {
      if (expiresAt === null || expiresAt > context.now) {
        const until = expiresAt === null ? 'it stands for ever' : `it stands until ${expiresAt}`
        return refuse(state, command.type, until, {
          subject: `handoff ${id}`,
          accepted: ['session.resume', 'session.take-over', 'handoff.reject'],
        })
      }
      return accept({ type: 'handoff.expired', data: { ...fieldsOf(command), handoffId: id } })
    },
  )

export const decideHandoffComplete: Decider<'handoff.complete'> = (state, command, context) =>
  about(state, command.type, context, newestOr(state, command.handoffId), 'handoff.complete', ({ id }) =>
    accept({ type: 'handoff.completed', data: { ...fieldsOf(command), handoffId: id } }),
  )

function newestOr(state: ReadonlyState, handoffId: string | undefined): Handoff | undefined {
  if (handoffId === undefined) return state.handoffs[state.handoffs.length - 1]
  return state.handoffs.find(({ id }) => id === handoffId)
}

/** Asks the machine about a handoff; when it accepts, `decide` says what is recorded. */
function about(
  state: ReadonlyState,
  command: CommandType,
  context: DecisionContext,
  handoff: Handoff | undefined,
  question: HandoffCommandName,
  decide: (handoff: Handoff & { readonly id: string }) => Decision,
): Decision {
  if (handoff === undefined) {
    return refuse(state, command, 'there is no such handoff', { accepted: ['session.hand-off'] })
  }
  const answer = machinesOf(context).handoff(handoff.status, question)
  if (answer.ok) return decide(handoff)
  const { reason, accepted } = answer
  return refuse(state, command, reason, {
    subject: `handoff ${handoff.id}`,
    status: handoff.status,
    accepted,
  })
}
