/**
 * Command and state in, events or a refusal out. Pure: the machines say what may happen, the tables say what it means.
 * One command may lead to several events, which are appended together or not at all.
 */
import type { Command, CommandType } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import * as branch from './branch.ts'
import * as item from './context.ts'
import { type Decider, type Decision, type DecisionContext, machinesOf, refuse } from './decision.ts'
import * as handoff from './handoff.ts'
import * as knowledge from './knowledge.ts'
import * as machine from './machine.ts'
import * as recovery from './recovery.ts'
import * as session from './session.ts'
import * as task from './task.ts'
import * as usage from './usage.ts'
import * as work from './work.ts'

const deciders: { readonly [T in CommandType]: Decider<T> } = {
  'session.start': session.decideSessionStart,
  'session.describe': session.decideDescribeSession,
  'session.configure': session.decideConfigure,
  'session.suspend': session.decideSuspend,
  'session.resume': session.decideResume,
  'session.hand-off': handoff.decideHandOff,
  'session.take-over': handoff.decideTakeOver,
  'handoff.reject': handoff.decideReject,
  'handoff.expire': handoff.decideExpire,
  'handoff.complete': handoff.decideHandoffComplete,
  'session.end': session.decideEnd,
  'session.fork': session.decideFork,
  'recovery.begin': recovery.decideRecoveryBegin,
  'recovery.record-step': recovery.decideRecoveryStep,
  'recovery.fail': recovery.decideRecoveryFail,
  'session.recover': recovery.decideSessionRecover,
  'session.merge': branch.decideMerge,
  'session.rewind': branch.decideRewind,
  'session.redact': branch.decideRedact,
  'prompt.submit': work.decidePrompt,
  'reply.record': work.decideReply,
  'turn.complete': work.decideTurnComplete,
  'turn.interrupt': work.decideTurnInterrupt,
  'task.add': task.decideAdd,
  'task.describe': task.decideDescribe,
  'task.start': task.decideStart,
  'task.enter-phase': task.decideEnterPhase,
  'task.block': task.decideBlock,
  'task.unblock': task.decideUnblock,
  'task.switch-context': task.decideSwitchContext,
  'task.restore-context': task.decideRestoreContext,
  'task.complete': task.decideComplete,
  'task.fail': task.decideFail,
  'task.cancel': task.decideCancel,
  'task.recover': task.decideRecover,
  'usage.record': usage.decideUsage,
  'context.measure': usage.decideMeasure,
  'context.compact': usage.decideCompaction,
  'model.switch': usage.decideModelSwitch,
  'budget.forecast': usage.decideForecast,
  'context.add': item.decideAddItem,
  'context.retier': item.decideRetier,
  'context.discard': item.decideDiscard,
  'context.defer': item.decideDefer,
  'context.archive': item.decideArchive,
  'context.restore': item.decideRestoreItems,
  'context.request-summary': item.decideRequestSummary,
  'context.summarize': item.decideSummarize,
  'focus.change': knowledge.decideFocus,
  'decision.record': knowledge.decideDecision,
  'project.describe': knowledge.decideProject,
  'spec.update': knowledge.decideSpec,
  'milestone.update': knowledge.decideMilestone,
  'user.describe': knowledge.decideUser,
  'system.describe': knowledge.decideSystem,
  'server.describe': knowledge.decideServer,
  'tool.call': work.decideToolCall,
  'tool.begin': work.decideToolBegin,
  'tool.return': work.decideToolReturn,
  'call.retry': work.decideRetry,
  'call.fail': work.decideCallFail,
  'checkpoint.create': work.decideCheckpoint,
  'checkpoint.archive': work.decideArchiveCheckpoints,
  'observation.record': work.decideObservation,
  'machine.start': machine.decideMachineStart,
  'machine.send': machine.decideMachineSend,
  'machine.settle-effect': machine.decideSettleEffect,
  'machine.fire-timer': machine.decideFireTimer,
  'machine.resume-timers': machine.decideResumeTimers,
  'machine.migrate': machine.decideMigrate,
  'machine.report-failure': machine.decideReportFailure,
}

/**
 * Decides a command in a state.
 *
 * @example
 * ```ts
 * const state = initialState('sess_00000000-0000-4000-8000-000000000000')
 * decide(state, { type: 'task.start', taskId: 'A' }, context).ok // false: the session has not been started
 * ```
 */
export function decide(state: ReadonlyState, command: Command, context: DecisionContext): Decision {
  const answer = machinesOf(context).session(state, command.type)
  if (!answer.ok) return refuse(state, command.type, answer.reason, { accepted: answer.accepted })
  // The command's type picks the decider that takes exactly this command; the compiler cannot follow the pairing.
  const decider = deciders[command.type] as Decider<CommandType>
  return decider(state, command, context)
}
