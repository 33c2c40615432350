/** The lines of a Codex rollout, as far as they are looked at; what is not as expected is left out. */
import { z } from 'zod'
import { isObject, type JsonObject } from '../values.ts'

const text = z.string().optional().catch(undefined)
const count = z.number().optional().catch(undefined)
const flag = z.boolean().optional().catch(undefined)
const anything = z.unknown().optional()

const totalsShape = z
  .object({
    input_tokens: anything,
    cached_input_tokens: anything,
    cache_write_input_tokens: anything,
    output_tokens: anything,
    total_tokens: anything,
  })
  .optional()
  .catch(undefined)
export type RawTotals = NonNullable<z.infer<typeof totalsShape>>

const payloadShape = z.object({
  type: text,
  id: text,
  timestamp: anything,
  turn_id: text,
  role: text,
  name: text,
  call_id: text,
  callId: text,
  arguments: anything,
  input: anything,
  action: anything,
  output: anything,
  content: anything,
  summary: anything,
  message: anything,
  text,
  status: text,
  success: flag,
  exit_code: count,
  info: z
    .object({
      total_token_usage: totalsShape,
      last_token_usage: totalsShape,
      model_context_window: count,
      model: text,
    })
    .optional()
    .catch(undefined),
  model: text,
  model_context_window: count,
  cwd: text,
  approval_policy: text,
  sandbox_policy: anything,
  effort: text,
  personality: text,
  timezone: text,
  collaboration_mode: anything,
  base_instructions: anything,
  instructions: text,
  dynamic_tools: z.array(z.unknown()).optional().catch(undefined),
  cli_version: text,
  git: z.object({ branch: text }).optional().catch(undefined),
  source: anything,
  forked_from_id: text,
  parent_thread_id: text,
  reason: text,
  duration_ms: count,
  started_at: anything,
  thread_name: text,
  error: anything,
  codex_error_info: anything,
  replacement_history: z.array(z.unknown()).optional().catch(undefined),
  new_thread_id: text,
  agent_thread_id: text,
  event_id: text,
  kind: text,
})
export type Payload = z.infer<typeof payloadShape>

export interface RolloutLine {
  readonly type: string
  readonly timestamp: unknown
  readonly payload: Payload
}

/** Takes a line in. The oldest shape has no payload: there the line is the item itself. */
export function rolloutLineOf(record: JsonObject): RolloutLine {
  const { type, timestamp, payload } = record
  if (isObject(payload)) {
    return { type: typeof type === 'string' ? type : '', timestamp, payload: payloadShape.parse(payload) }
  }
  const item = payloadShape.parse(record)
  const bare = item.type === undefined && item.role !== undefined ? { ...item, type: 'message' } : item
  return { type: 'response_item', timestamp: timestamp ?? record.created_at, payload: bare }
}

/** The thread that began this one: by a fork, or by an agent's call. */
export function parentThreadOf(meta: Payload): string | null {
  const spawn = field(field(field(meta.source, 'subagent'), 'thread_spawn'), 'parent_thread_id')
  return (
    meta.forked_from_id ?? (typeof spawn === 'string' ? spawn : undefined) ?? meta.parent_thread_id ?? null
  )
}

/** Whether a thread may begin with another one's history. */
export function isDerived(meta: Payload): boolean {
  return parentThreadOf(meta) !== null || isObject(meta.source)
}

export function field(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** The texts of a message's or a result's parts, one below the other. */
export function partsText(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .flatMap((part: unknown) => {
      const found = typeof part === 'string' ? part : field(part, 'text')
      return typeof found === 'string' ? [found] : []
    })
    .join('\n')
}

const planShape = z.object({
  plan: z.array(z.unknown()).catch([]),
})
const stepShape = z.object({ step: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) })

/** The steps of an update_plan call, or `null` when its arguments are no plan. */
export function planOf(value: unknown): readonly z.infer<typeof stepShape>[] | null {
  const parsed = planShape.safeParse(value)
  if (!parsed.success) return null
  return parsed.data.plan.flatMap((item) => {
    const step = stepShape.safeParse(item)
    return step.success ? [step.data] : []
  })
}

/** What a text holds as JSON, or `null`. */
export function jsonIn(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return null
  }
}
