/**
 * Goal: an import's memory does not grow with the file. Method: translate a hundred thousand lines that leave open what
 * can be left open, batch by batch as the import does, and weigh what is remembered.
 */
import { describe, expect, it } from 'vitest'
import { translateBatch } from '../../src/import/batch.ts'
import { type Cursor, firstCursor } from '../../src/import/cursor.ts'
import type { Format } from '../../src/import/identity.ts'
import type { Line } from '../../src/import/lines.ts'
import { beginMemory, identify } from '../../src/import/translator.ts'

const lines = 100_000
const batchLines = 400
const time = '2026-01-01T00:00:00.000Z'
const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const words = 'long words '.repeat(8)

type Writer = (number: number) => unknown

/** Calls without results, lists without end, runs that never stop, ids and texts that never come again. */
const claudeWriters: readonly Writer[] = [
  (number) =>
    reply(number, { type: 'tool_use', id: `t${number}`, name: 'TodoWrite', input: { todos: todos(number) } }),
  (number) =>
    reply(number, {
      type: 'tool_use',
      id: `t${number}`,
      name: 'TaskCreate',
      input: { subject: words, description: words },
    }),
  (number) =>
    reply(number, {
      type: 'tool_use',
      id: `t${number}`,
      name: 'ExitPlanMode',
      input: { plan: `${words}${number}` },
    }),
  (number) => ({
    ...entry(number, 'attachment'),
    attachment: {
      type: 'deferred_tools_delta',
      addedNames: [`mcp__server${number}__tool${number}`],
      removedNames: [`tool${number}`],
    },
  }),
  (number) => ({
    ...entry(number, 'attachment'),
    attachment: { type: 'nested_memory', path: `/x/${number}.md`, content: { content: words } },
  }),
  (number) =>
    reply(number, {
      type: 'tool_use',
      id: `t${number}`,
      name: 'Task',
      input: { prompt: `${words}${number}` },
    }),
  (number) => ({
    ...entry(number, 'user'),
    toolUseResult: { newTodos: todos(number) },
    message: {
      role: 'user',
      content: [{ type: 'tool_result', tool_use_id: `t${number - 4}`, content: words }],
    },
  }),
  (number) => ({
    ...entry(number, 'assistant'),
    isSidechain: true,
    parentUuid: null,
    message: { role: 'assistant', content: words },
  }),
  (number) => ({
    ...entry(number, 'system'),
    subtype: 'compact_boundary',
    compactMetadata: { trigger: 'auto', preTokens: 1 },
  }),
  (number) => ({
    ...entry(number, 'user'),
    sessionId: uuid(number),
    message: { role: 'user', content: words },
  }),
  (number) => ({ type: 'ai-title', aiTitle: `${words}${number}` }),
]

function entry(number: number, type: string): Record<string, unknown> {
  return { type, uuid: uuid(number), parentUuid: uuid(number - 1), sessionId: 'one', timestamp: time }
}

function reply(number: number, block: unknown): unknown {
  const usage = { input_tokens: number, output_tokens: 1 }
  return {
    ...entry(number, 'assistant'),
    message: { id: `m${number}`, role: 'assistant', model: 'm', content: [block], usage },
  }
}

function todos(number: number): unknown {
  return Array.from({ length: 3 }, (_, index) => ({
    content: `${words}${number} ${index}`,
    status: 'in_progress',
  }))
}

const codexWriters: readonly Writer[] = [
  (number) =>
    item({
      type: 'function_call',
      name: 'update_plan',
      call_id: `c${number}`,
      arguments: JSON.stringify(plan(number)),
    }),
  (number) => item({ type: 'function_call_output', call_id: `c${number - 1}`, output: words }),
  (number) =>
    item({
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: `${words}${number}` }],
    }),
  (number) => event({ type: 'user_message', message: `${words}${number}` }),
  (number) => ({
    timestamp: time,
    type: 'turn_context',
    payload: { effort: `${words}${number}`, timezone: `${number}`, sandbox_policy: { type: `${number}` } },
  }),
  (number) => event({ type: 'exec_command_end', call_id: `c${number}`, exit_code: 1 }),
  (number) => item({ type: 'function_call', name: 'spawn_agent', call_id: `c${number}`, arguments: '{}' }),
  (number) =>
    event({
      type: 'token_count',
      info: { total_token_usage: { input_tokens: number, total_tokens: number } },
    }),
]

const item = (payload: unknown): unknown => ({ timestamp: time, type: 'response_item', payload })
const event = (payload: unknown): unknown => ({ timestamp: time, type: 'event_msg', payload })

function plan(number: number): unknown {
  return {
    plan: Array.from({ length: 3 }, (_, index) => ({
      step: `${words}${number} ${index}`,
      status: 'pending',
    })),
  }
}

/** Weighs the memory after a tenth of the lines and after all of them; counts the steps on the way. */
function weigh(
  format: Format,
  writers: readonly Writer[],
): { readonly early: number; readonly late: number; readonly steps: number } {
  const identity = identify(format, { path: `/x/${uuid(1)}.jsonl`, records: [], firstLineDigest: 'x' })
  if (identity === null) throw new Error('the file names its session')
  let cursor: Cursor = firstCursor(beginMemory(identity, time))
  let [early, steps] = [0, 0]
  for (let first = 1; first <= lines; first += batchLines) {
    const batch = Array.from({ length: batchLines }, (_, index): Line => {
      const number = first + index
      const bytes = Buffer.from(JSON.stringify(writers[number % writers.length]?.(number)))
      return { number, bytes, size: bytes.length + 1, terminated: true, tooLong: false }
    })
    const translated = translateBatch(cursor, { lines: batch, last: false })
    cursor = translated.cursor
    steps += translated.steps.length
    if (first <= lines / 10) early = JSON.stringify(cursor).length
  }
  return { early, late: JSON.stringify(cursor).length, steps }
}

describe.each([
  ['claude-code', claudeWriters],
  ['codex', codexWriters],
] as const)('the memory of a %s file', (format, writers) => {
  it('stays what it is over a hundred thousand lines', { timeout: 120_000 }, () => {
    const { early, late, steps } = weigh(format, writers)
    expect(steps).toBeGreaterThan(lines / 2)
    expect(late).toBeLessThan(early * 1.1)
    expect(late).toBeLessThan(400_000)
  })
})
