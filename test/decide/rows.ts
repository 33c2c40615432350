/** Rows of what is decided and of what is refused: a short history, the next command, and what comes of it. */
import { expect } from 'vitest'
import { decide } from '../../src/decide/decide.ts'
import type { DecisionContext, Refusal } from '../../src/decide/decision.ts'
import type { Command } from '../../src/events/commands.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { play } from '../../src/testing/play.ts'

export const start: Command = { type: 'session.start', windowTokens: 200_000, agent: 'builder' }
export const checkpointId = 'ckpt_00000000-0000-4000-8000-000000000001'
export const olderCheckpointId = 'ckpt_00000000-0000-4000-8000-000000000002'
export const checkpoint: Command = { type: 'checkpoint.create', checkpointId }
export const older: Command = { type: 'checkpoint.create', checkpointId: olderCheckpointId }
export const content = { hash: 'a'.repeat(64), bytes: 400, preview: 'text' }
export const now = '2026-01-01T00:05:00.000Z'

export const add = (taskId: string, more: object = {}): Command => ({
  type: 'task.add',
  taskId,
  title: taskId,
  ...more,
})
export const begin = (taskId: string): Command => ({ type: 'task.start', taskId })
export const measure = (contextTokens: number, more: object = {}): Command => ({
  type: 'context.measure',
  contextTokens,
  ...more,
})

const context: DecisionContext = {
  now,
  checkpointId: () => 'ckpt_00000000-0000-4000-8000-000000000009',
  handoffId: () => 'hoff_00000000-0000-4000-8000-000000000009',
  countedCall: () => null,
}

/** An event by its type and its facts; the first one has the fields of the command too. */
type Expected = readonly [string, object?]
export type Row = readonly [
  string,
  readonly Command[],
  Command,
  readonly Expected[],
  Partial<DecisionContext>?,
]

type Said = Omit<Refusal, 'command' | 'subject'> & { readonly subject: unknown }
export type RefusedRow = readonly [string, readonly Command[], Command, Said]

/** A session is called by its id, which the seed makes. */
export const ofSession: unknown = expect.stringMatching(/^session sess_/)

async function stateAfter(history: readonly Command[]): Promise<ReadonlyState> {
  const { state } = await play(new MemoryLog(), [start, ...history], { policies: [] })
  return state
}

/** Holds that a command is accepted, and leads to exactly these events, with these facts and no others. */
export async function holdsDecided([, history, command, expected, more = {}]: Row): Promise<void> {
  const { type: _type, ...fields } = command
  const events = expected.map(([type, facts], index) => ({
    type,
    data: index === 0 ? { ...fields, ...facts } : facts,
  }))
  expect(decide(await stateAfter(history), command, { ...context, ...more })).toEqual({ ok: true, events })
}

/** Holds that a command is refused, and all that the refusal says. */
export async function holdsRefused([, history, command, said]: RefusedRow): Promise<void> {
  const refusal = { command: command.type, ...said }
  expect(decide(await stateAfter(history), command, context)).toEqual({ ok: false, refusal })
}
