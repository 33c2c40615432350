/**
 * Goal: what is decided, what is recorded and what the machines say are one thing.
 * Method: random histories through the real path (decide, append, fold), each step looked at from both sides.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transition } from 'xstate'
import { phaseAfter } from '../../machines/budget.ts'
import { taskMachine } from '../../machines/task.ts'
import type { TaskCommand } from '../../machines/task-table.ts'
import { decide } from '../../src/decide/decide.ts'
import type { DecisionContext } from '../../src/decide/decision.ts'
import { isRunning, isWarning } from '../../src/decide/machines.ts'
import { commandOf, type DecidedEvent } from '../../src/events/catalogue.ts'
import type { Command } from '../../src/events/commands.ts'
import { isKnown, type LoggedEvent } from '../../src/events/envelope.ts'
import type { Counters } from '../../src/events/shapes.ts'
import { fold, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

/** What the store's index of calls knew before an event: the highest counters of each call reported so far. */
function contextBefore(events: readonly LoggedEvent[], now: string): DecisionContext {
  const calls = new Map<string, Counters>()
  for (const event of events) {
    if (!isKnown(event) || event.type !== 'usage.recorded') continue
    const { callId, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = event.data
    const before = calls.get(callId)
    calls.set(callId, {
      inputTokens: Math.max(inputTokens, before?.inputTokens ?? 0),
      outputTokens: Math.max(outputTokens, before?.outputTokens ?? 0),
      cacheReadTokens: Math.max(cacheReadTokens, before?.cacheReadTokens ?? 0),
      cacheCreationTokens: Math.max(cacheCreationTokens, before?.cacheCreationTokens ?? 0),
    })
  }
  return {
    now,
    checkpointId: () => 'ckpt_ffffffff-ffff-4fff-bfff-ffffffffffff',
    handoffId: () => 'hoff_ffffffff-ffff-4fff-bfff-ffffffffffff',
    countedCall: (callId) => calls.get(callId) ?? null,
  }
}

type TaskChange = Exclude<
  Extract<Command, { type: `task.${string}`; taskId: string }>,
  { type: 'task.enter-phase' }
>

function isAboutTask(command: Command): command is TaskChange {
  return command.type.startsWith('task.') && command.type !== 'task.enter-phase' && 'taskId' in command
}

describe('decide', () => {
  it('law: deciding the command read back from a batch, in the state before it, gives that batch again', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const log = new MemoryLog()
        const { steps, sessionId } = await play(log, commands)
        const all = await eventsOf(log, sessionId)
        for (const { events } of steps) {
          const first = events[0]
          if (first === undefined || !isKnown(first)) continue
          const command = commandOf(first as DecidedEvent)
          if (command === null) throw new Error(`${first.type} opens no batch`)
          // Not the step's own: a policy may have fulfilled an obligation in between.
          const before = fold(frozen(initialState(sessionId)), all.slice(0, first.version - 1))
          const decision = decide(before, command, contextBefore(all.slice(0, first.version - 1), first.time))
          if (!decision.ok) throw new Error(decision.refusal.reason)
          const recorded = events.map((event) => ({
            type: event.type,
            data: isKnown(event) ? event.data : null,
          }))
          expect(canonicalJson(decision.events)).toBe(canonicalJson(recorded))
        }
      }),
    )
  })

  it('law: a refused command changes nothing: no event, no state, and it says what would be accepted', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const log = new MemoryLog()
        const { steps, sessionId, state } = await play(log, commands)
        for (const { before, after, refusal } of steps) {
          if (refusal === null) continue
          expect(after).toBe(before)
          expect(refusal.details.reason).toBeTypeOf('string')
          expect(refusal.details.status).toBeTypeOf('string')
        }
        expect((await eventsOf(log, sessionId)).length).toBe(state.version)
      }),
    )
  })

  it('law: folding what was decided about a task leads to the status the task machine goes to', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const { steps } = await play(new MemoryLog(), commands)
        for (const { command, before, after, refusal } of steps) {
          if (!isAboutTask(command) || before === null || refusal !== null) continue
          if (command.type === 'task.add' || command.type === 'task.describe') continue
          const task = before.tasks[command.taskId]
          if (task === undefined) throw new Error('an accepted command has a task')
          const snapshot = taskMachine.resolveState({
            value: task.status,
            context: {
              on: task.blockedOn,
              returnsTo: task.returnsTo,
              cause: task.switchCause,
              retryable: task.retryable,
              reason: task.reason,
              checkpointId: task.checkpointId,
              attempts: task.attempts,
            },
          })
          const warned = isWarning(before.window.phase)
          // The machine takes what it knows of these commands and overlooks the rest.
          const question: TaskCommand = Object.assign({ checkpointId: 'origin', warned }, command)
          const [next] = transition(taskMachine, snapshot, question)
          expect(after.tasks[command.taskId]?.status).toBe(next.value)
          expect(after.tasks[command.taskId]?.attempts).toBe(next.context.attempts)
          expect(after.tasks[command.taskId]?.returnsTo).toBe(next.context.returnsTo)
          expect(after.tasks[command.taskId]?.retryable).toBe(next.context.retryable)
        }
      }),
    )
  })

  it('law: a running task is in token_warning exactly while the budget is in warning or above', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const { steps } = await play(new MemoryLog(), commands)
        for (const { after } of steps) {
          const expected = isWarning(after.window.phase) ? 'token_warning' : 'in_progress'
          const running = Object.values(after.tasks).filter((task) => isRunning(task.status))
          expect(running.every((task) => task.status === expected)).toBe(true)
        }
      }),
    )
  })

  it('law: the phase is what the budget machine makes of the gauge, after every event that moves it', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const { steps } = await play(new MemoryLog(), commands)
        for (const { before, after } of steps) {
          if (before === null || before.window === after.window) continue
          expect(after.window.phase).toBe(
            phaseAfter(before.window.phase, after.window.percent, after.configuration),
          )
        }
      }),
    )
  })

  it('law: one seed, one run: the same commands with the same seed give the same log, byte for byte', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(30), fc.nat(), async (commands, seed) => {
        const runs: { readonly events: readonly LoggedEvent[]; readonly state: ReadonlyState }[] = []
        for (let run = 0; run < 2; run++) {
          const log = new MemoryLog()
          const { sessionId, state } = await play(log, commands, { seed })
          runs.push({ events: await eventsOf(log, sessionId), state })
        }
        const [one, other] = runs
        expect(canonicalJson(one?.events)).toBe(canonicalJson(other?.events))
        expect(one && stateHash(one.state)).toBe(other && stateHash(other.state))
      }),
      { numRuns: 40 },
    )
  })
})
