/**
 * The entries of a Claude Code transcript, as far as they are looked at. Read field by field: what is not as expected
 * is left out, and the rest of the entry stands. Unknown fields and types are normal, new ones keep coming.
 */
import { z } from 'zod'
import { isObject } from '../values.ts'

const text = z.string().optional().catch(undefined)
const flag = z.boolean().optional().catch(undefined)
const count = z.number().optional().catch(undefined)
const anything = z.unknown().optional()
const list = z.array(z.unknown()).optional().catch(undefined)

const usageShape = z.object({
  input_tokens: anything,
  output_tokens: anything,
  cache_read_input_tokens: anything,
  cache_creation_input_tokens: anything,
  iterations: list,
})

const messageShape = z.object({
  id: text,
  role: text,
  model: text,
  stop_reason: text,
  content: z
    .union([z.string(), z.array(z.unknown())])
    .optional()
    .catch(undefined),
  usage: usageShape.optional().catch(undefined),
})
export type Message = z.infer<typeof messageShape>

const metadataShape = z.object({
  trigger: text,
  preTokens: anything,
  postTokens: anything,
  tokensSaved: anything,
})

const lines = z.array(z.string().catch('')).optional().catch(undefined)

const attachmentShape = z.object({
  type: text,
  prompt: anything,
  commandMode: text,
  hookName: text,
  isMeta: flag,
  origin: z.object({ kind: text }).optional().catch(undefined),
  addedNames: lines,
  addedLines: lines,
  addedBlocks: lines,
  removedNames: lines,
  isInitial: flag,
  content: anything,
  skills: anything,
  path: text,
  filename: text,
  displayPath: text,
  condition: text,
  met: flag,
})
export type Attachment = z.infer<typeof attachmentShape>

const entryShape = z.object({
  type: text,
  subtype: text,
  uuid: text,
  parentUuid: text,
  timestamp: anything,
  sessionId: text,
  /** The first session of a chain of `/clear`s. */
  session_id: text,
  version: text,
  cwd: text,
  gitBranch: text,
  isSidechain: flag,
  agentId: text,
  isMeta: flag,
  isCompactSummary: flag,
  isApiErrorMessage: flag,
  isSnapshotUpdate: flag,
  requestId: text,
  promptId: text,
  permissionMode: text,
  message: messageShape.optional().catch(undefined),
  toolUseResult: anything,
  toolDenialKind: text,
  origin: z.object({ kind: text }).optional().catch(undefined),
  forkedFrom: z.object({ sessionId: text }).optional().catch(undefined),
  error: anything,
  retryAttempt: count,
  maxRetries: count,
  retryInMs: count,
  durationMs: count,
  compactMetadata: metadataShape.optional().catch(undefined),
  microcompactMetadata: metadataShape.optional().catch(undefined),
  content: anything,
  operation: text,
  summary: text,
  leafUuid: text,
  customTitle: text,
  aiTitle: text,
  messageId: text,
  prUrl: text,
  /** The accepted plan that a prompt asks to implement. */
  planContent: text,
  snapshot: z
    .object({ timestamp: anything, trackedFileBackups: z.looseObject({}).optional().catch(undefined) })
    .optional()
    .catch(undefined),
  attachment: attachmentShape.optional().catch(undefined),
  data: z.object({ type: text, hookName: text, agentId: text }).optional().catch(undefined),
  parentToolUseID: text,
})
export type Entry = z.infer<typeof entryShape>

/** Takes an entry in. The oldest shape has no `type`; there the message's role says what it is. */
export function entryOf(record: Readonly<Record<string, unknown>>): Entry {
  const entry = entryShape.parse(record)
  return entry.type === undefined ? { ...entry, type: entry.message?.role } : entry
}

const blockShape = z.object({
  type: text,
  text,
  thinking: text,
  id: text,
  name: text,
  input: anything,
  tool_use_id: text,
  content: anything,
  is_error: flag,
  to: z.object({ model: text }).optional().catch(undefined),
})
export type Block = z.infer<typeof blockShape>

/** The blocks of a message or of a tool's result; a plain string is one block of text. */
export function blocksOf(content: unknown): readonly Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  if (!Array.isArray(content)) return []
  return content.flatMap((item: unknown): Block[] => {
    if (typeof item === 'string') return [{ type: 'text', text: item }]
    const block = blockShape.safeParse(item)
    return block.success ? [block.data] : []
  })
}

/** The texts among the blocks, one below the other. */
export function textOf(content: unknown): string {
  return blocksOf(content)
    .flatMap((block) => (block.type === 'text' && block.text !== undefined ? [block.text] : []))
    .join('\n')
}

const todoShape = z.object({
  content: z.string(),
  status: z.enum(['pending', 'in_progress', 'completed']),
  id: z.union([z.string(), z.number()]).optional().catch(undefined),
})

/** The items of a TodoWrite list; one that is broken is left out. */
export function todosOf(value: unknown): readonly z.infer<typeof todoShape>[] | null {
  if (!Array.isArray(value)) return null
  return value.flatMap((item: unknown) => {
    const todo = todoShape.safeParse(item)
    return todo.success ? [todo.data] : []
  })
}

const ids = z
  .array(z.union([z.string(), z.number()]))
  .optional()
  .catch(undefined)
const id = z.union([z.string(), z.number()]).optional().catch(undefined)

const taskInputShape = z.object({
  todos: anything,
  subject: text,
  description: text,
  taskId: id,
  status: text,
  addBlockedBy: ids,
  addBlocks: ids,
})

/** The input of a tool that keeps tasks. */
export function taskInputOf(input: unknown): z.infer<typeof taskInputShape> | null {
  const parsed = taskInputShape.safeParse(input)
  return parsed.success ? parsed.data : null
}

const resultShape = z.object({
  oldTodos: anything,
  newTodos: anything,
  task: z.object({ id, subject: text, status: text }).optional().catch(undefined),
  taskId: id,
  success: flag,
  error: text,
  updatedFields: z.array(z.string()).optional().catch(undefined),
  statusChange: z.object({ from: text, to: text }).optional().catch(undefined),
  agentId: text,
  agent_id: text,
  status: text,
  interrupted: flag,
  wasInterrupted: flag,
  /** The plan as it was accepted; the user may have edited it. */
  plan: text,
  /** It waits for another agent to accept it. */
  awaitingLeaderApproval: flag,
  questions: anything,
  answers: anything,
  annotations: anything,
})
export type ToolResult = z.infer<typeof resultShape>

/** What a tool gave back beside the text for the model; errors are plain strings there. */
export function toolResultOf(value: unknown): ToolResult | null {
  const parsed = resultShape.safeParse(value)
  return parsed.success ? parsed.data : null
}

const iterationShape = z.object({ type: text, model: text, ...usageShape.shape })
export type Iteration = z.infer<typeof iterationShape>

/** The calls that one reply was made of, where the source tells them apart. */
export function iterationsOf(usage: NonNullable<Message['usage']>): readonly Iteration[] {
  return (usage.iterations ?? []).flatMap((item) => {
    const iteration = iterationShape.safeParse(item)
    return iteration.success ? [iteration.data] : []
  })
}

const answerShape = z.union([z.string(), z.array(z.string()).transform((chosen) => chosen.join(', '))])

/** Questions that were answered, with what was chosen and what was noted beside it. */
export function answersOf({
  questions,
  answers,
  annotations,
}: ToolResult): readonly { readonly question: string; readonly answer: string; readonly note: string }[] {
  if (!Array.isArray(questions) || !isObject(answers)) return []
  return Object.entries(answers).flatMap(([question, value]) => {
    const answer = answerShape.safeParse(value)
    const beside =
      isObject(annotations) && Object.hasOwn(annotations, question) ? annotations[question] : null
    const note = isObject(beside) && typeof beside.notes === 'string' ? beside.notes : ''
    return answer.success ? [{ question, answer: answer.data, note }] : []
  })
}

const skillShape = z.object({ name: z.string(), content: z.string() })

/** Skills with their texts; one that is broken is left out. */
export function skillsOf(value: unknown): readonly z.infer<typeof skillShape>[] {
  if (!Array.isArray(value)) return []
  return value.flatMap((item: unknown) => {
    const skill = skillShape.safeParse(item)
    return skill.success ? [skill.data] : []
  })
}

/** The text of an attached file: as it is, or in one of the two boxes it comes in. */
export function attachmentTextOf(content: unknown): string | null {
  if (typeof content === 'string') return content
  if (!isObject(content)) return null
  if (typeof content.content === 'string') return content.content
  return isObject(content.file) && typeof content.file.content === 'string' ? content.file.content : null
}
