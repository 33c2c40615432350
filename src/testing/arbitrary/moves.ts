/**
 * Moves of a session: random choices that become a command only when the state is known, so that long stories (a recovery step by step, an
 * offer taken over) come up as often as short ones. A move that has nothing to say in a state gives `null`.
 */
import fc from 'fast-check'
import { acceptedByTask, type TaskCommandName } from '../../../machines/task-table.ts'
import type { Command } from '../../events/commands.ts'
import { recoverySteps } from '../../events/recovery.ts'
import { type ReadonlyState, taskOf } from '../../fold/state.ts'
import { commandArbitrary } from './commands.ts'
import { reason } from './pools.ts'

export type Move = (state: ReadonlyState) => Command | null

/** Any move: commands as they come, and those that go on with what is open. */
export function moveArbitrary(): fc.Arbitrary<Move> {
  return fc.oneof(
    { weight: 8, arbitrary: taskMove() },
    {
      weight: 8,
      arbitrary: commandArbitrary().map(
        (command): Move =>
          () =>
            command,
      ),
    },
    { weight: 1, arbitrary: budgetMove() },
    { weight: 3, arbitrary: recoveryMove() },
    { weight: 3, arbitrary: handoffMove() },
    { weight: 1, arbitrary: pause() },
    { weight: 3, arbitrary: fc.constant<Move>(wayBack) },
    { weight: 1, arbitrary: fc.constant<Move>(checkpoint) },
  )
}

/** The first command of a session. */
export function startArbitrary(): fc.Arbitrary<Command> {
  return fc.constantFrom<Command>(
    { type: 'session.start' },
    { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000 },
    { type: 'session.start', windowTokens: 10_000 },
  )
}

/** What a task is told, by the name of the command: whatever it says beside that is left to random commands. */
const taskCommandOf: { readonly [Name in TaskCommandName]?: (taskId: string) => Command } = {
  'task.start': (taskId) => ({ type: 'task.start', taskId }),
  'task.complete': (taskId) => ({ type: 'task.complete', taskId }),
  'task.block': (taskId) => ({ type: 'task.block', taskId, on: { kind: 'input' } }),
  'task.unblock': (taskId) => ({ type: 'task.unblock', taskId }),
  'task.fail': (taskId) => ({ type: 'task.fail', taskId, reason: 'timeout', retryable: true }),
  'task.recover': (taskId) => ({ type: 'task.recover', taskId }),
  'task.switch-context': (taskId) => ({ type: 'task.switch-context', taskIds: [taskId], cause: 'other' }),
  'task.restore-context': (taskId) => ({ type: 'task.restore-context', taskIds: [taskId] }),
  'task.cancel': (taskId) => ({ type: 'task.cancel', taskId }),
}

/** Another task, or something that one which is there would accept. */
function taskMove(): fc.Arbitrary<Move> {
  const id = fc.constantFrom('A', 'constructor')
  return fc.tuple(id, fc.nat({ max: 5 })).map(
    ([taskId, pick]): Move =>
      (state) => {
        const task = taskOf(state, taskId)
        if (task === undefined) return { type: 'task.add', taskId, title: 'one' }
        const makers = acceptedByTask(task.status, task).flatMap((name) => taskCommandOf[name] ?? [])
        return makers[pick % Math.max(1, makers.length)]?.(taskId) ?? null
      },
  )
}

/** A reading that lies in one of the phases, whatever the size of the window. */
function budgetMove(): fc.Arbitrary<Move> {
  const percent = fc.constantFrom(10, 65, 80, 90, 100)
  return percent.map(
    (at): Move =>
      ({ window }) => {
        return { type: 'context.measure', contextTokens: Math.floor((window.totalTokens * at) / 100) }
      },
  )
}

/** The next step of the recovery that goes on, or another one's beginning. */
function recoveryMove(): fc.Arbitrary<Move> {
  const outcome = fc.constantFrom('done' as const, 'skipped' as const)
  const step = fc.tuple(outcome, reason).map(
    ([how, detail]): Move =>
      (state) => {
        const { recovery } = state
        if (recovery === null || recovery.endedAt !== null) {
          const recoveryId = `reco_${numbered(state.recoveries + state.version)}`
          return { type: 'recovery.begin', recoveryId, taskPolicy: 'keep' }
        }
        const next = recoverySteps.find((name) => !recovery.steps.some((done) => done.step === name))
        if (next === undefined) return recovered(recovery.id)
        return { type: 'recovery.record-step', recoveryId: recovery.id, step: next, outcome: how, detail }
      },
  )
  const failure = reason.map(
    (why): Move =>
      ({ recovery }) => {
        return recovery === null ? null : { type: 'recovery.fail', recoveryId: recovery.id, reason: why }
      },
  )
  return fc.oneof({ weight: 29, arbitrary: step }, { weight: 1, arbitrary: failure })
}

function recovered(recoveryId: string): Command {
  return {
    type: 'session.recover',
    recoveryId,
    from: 'full-replay',
    checkpointId: null,
    snapshotVersion: 0,
    replayedEvents: 0,
    open: [],
    openCount: 0,
  }
}

/** The next word about an offer: made, after the checkpoint it needs; answered; settled. */
function handoffMove(): fc.Arbitrary<Move> {
  const agent = fc.constantFrom('tester', 'writer')
  // Twice, as only what was taken over goes on.
  const answer = fc.constantFrom(
    'session.take-over' as const,
    'session.take-over' as const,
    'handoff.reject' as const,
  )
  return fc.tuple(agent, answer).map(
    ([toAgent, type]): Move =>
      (state) => {
        const newest = state.handoffs[state.handoffs.length - 1]
        if (newest?.status === 'offered') return { type, agent: newest.toAgent }
        if (newest?.status === 'accepted') return { type: 'handoff.complete' }
        const isYoung = state.checkpoints[state.checkpoints.length - 1]?.version === state.version - 1
        if (!isYoung) return checkpoint(state)
        return { type: 'session.hand-off', handoffId: `hoff_${numbered(state.version)}`, toAgent }
      },
  )
}

/** Into a pause, or to an end. */
function pause(): fc.Arbitrary<Move> {
  return fc.constantFrom<Move>(
    () => ({ type: 'session.suspend' }),
    () => ({ type: 'session.end' }),
  )
}

/** Out of a pause, an end or an offer. */
function wayBack({ status }: ReadonlyState): Command | null {
  return status === 'active' ? null : { type: 'session.resume' }
}

/** A checkpoint with an id of its own. */
function checkpoint({ version }: ReadonlyState): Command {
  return { type: 'checkpoint.create', checkpointId: `ckpt_${numbered(version)}` }
}

function numbered(n: number): string {
  return `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`
}
