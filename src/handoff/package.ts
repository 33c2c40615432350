/** The handoff package: what goes with a session to another agent, as a file that can be read and checked without the log. */
import { z } from 'zod'
import { contextPreservations, recoveryStrategies } from '../events/session.ts'
import {
  checkpointIdShape,
  handoffIdShape,
  idShape,
  lineShape,
  modelShape,
  sessionIdShape,
  timeShape,
} from '../events/shapes.ts'
import { taskStatuses } from '../events/task.ts'
import { hashOf } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'

/** Number of the package's shape. A reader of an older number says so, and guesses nothing. */
export const packageFormatVersion = 1

export const contextEncoding = 'brotli+base64'

const agent = lineShape.min(1)
const line = lineShape.nullable()
const count = z.int().min(0)
const hash = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 hexadecimal digits')

const checkpoint = z.strictObject({
  checkpoint_id: checkpointIdShape,
  timestamp: timeShape,
  phase: line,
  token_usage: z.strictObject({ used: count, available: count }),
  version: count,
  trigger: lineShape,
  reason: line,
})

const todo = z.strictObject({
  task_id: idShape,
  content: lineShape,
  status: z.enum(taskStatuses),
  parent_task_id: idShape.nullable(),
  spec_id: idShape.nullable(),
  phase: line,
  depends_on: z.array(idShape).max(limits.taskDependenciesMax),
})

/** What was done before the offer because too little of the window was free. */
const compression = z.strictObject({
  minimum_tokens: count,
  available_tokens_before: count,
  available_tokens_after: count,
  /** Whether the minimum is reached now. */
  enough: z.boolean(),
  discarded: count,
  summarized: count,
  deferred: count,
  archived: count,
  /** Why nothing could be done. */
  skipped: line,
})

export const handoffPackageShape = z.strictObject({
  handoff_id: handoffIdShape,
  timestamp: timeShape,
  from_agent: agent,
  to_agent: agent,
  session_context: z.strictObject({
    session_id: sessionIdShape,
    model: modelShape.nullable(),
    /** Percent of the window in use; may be above 100. */
    context_position: z.number().min(0),
    available_tokens: count,
    user_language: line,
    expertise_level: line,
    current_project: line,
  }),
  task_context: z.strictObject({
    spec_id: idShape.nullable(),
    current_phase: line,
    completed_steps: z.array(lineShape).max(limits.completedStepsMax),
    next_step: line,
    constraints: z.array(lineShape).max(limits.focusLinesMax),
  }),
  context_snapshot: z.strictObject({
    /** JSON of the critical context: Brotli, then base64. */
    critical_context: z.base64().max(limits.handoffContextBytesMax * 2),
    critical_context_encoding: z.literal(contextEncoding),
    session_checkpoints: z.array(checkpoint).max(limits.checkpointsListedMax),
    active_todos: z.array(todo).max(limits.handoffTodosMax),
    token_budget_strategy: z.enum(recoveryStrategies),
  }),
  recovery_info: z.strictObject({
    last_checkpoint: timeShape.nullable(),
    recovery_tokens_reserved: count,
    session_fork_available: z.boolean(),
  }),
  waymark: z.strictObject({
    format_version: z.literal(packageFormatVersion),
    /** Version of the session that the package is about: the one before the offer. */
    session_version: z.int().min(1),
    /** Chain hash of the event at that version. */
    head_hash: hash,
    epoch: z.int().min(1),
    title: line,
    reason: line,
    expires_at: timeShape.nullable(),
    window: z.strictObject({ total_tokens: count, used_tokens: count, estimated: z.boolean() }),
    context_preservation: z.enum(contextPreservations),
    /** All open tasks, listed or not. */
    open_todos: count,
    compression: compression.nullable(),
    /** SHA-256 of the canonical JSON of the package without this field. */
    package_hash: hash,
  }),
})

/** A handoff package, by the names it has as a file. */
export type HandoffPackage = z.infer<typeof handoffPackageShape>
export type HandoffCompression = z.infer<typeof compression>

/** Fields without which nothing can be handed off. */
export const requiredFields = [
  'handoff_id',
  'from_agent',
  'to_agent',
  'session_context',
  'task_context',
  'context_snapshot',
] as const

type Unsealed = Omit<HandoffPackage, 'waymark'> & {
  readonly waymark: Omit<HandoffPackage['waymark'], 'package_hash'>
}

/** The hash of a package over everything but the hash itself. */
export function packageHashOf({ waymark, ...rest }: Unsealed): string {
  const { package_hash: _own, ...facts }: Partial<HandoffPackage['waymark']> = waymark
  return hashOf({ ...rest, waymark: facts })
}

/** The package with its hash. */
export function sealed(unsealed: Unsealed): HandoffPackage {
  return { ...unsealed, waymark: { ...unsealed.waymark, package_hash: packageHashOf(unsealed) } }
}

/** The one text that a package is written as, to the byte: so that every change of it is noticed. */
export function packageText(handoff: HandoffPackage): string {
  // The shape gives the fields their order.
  return `${JSON.stringify(handoffPackageShape.parse(handoff), null, 2)}\n`
}

/**
 * The JSON Schema of a handoff package. It cannot say that the hash is right, nor that the context can be unpacked;
 * `validateHandoff` does.
 *
 * @example
 * ```ts
 * handoffJsonSchema().type // 'object'
 * ```
 */
export function handoffJsonSchema(): Readonly<Record<string, unknown>> {
  const described = handoffPackageShape.meta({
    title: 'Handoff package of Waymark',
    description: 'What goes with a session that one agent hands to another.',
  })
  return z.toJSONSchema(described, { io: 'input' })
}
