/**
 * Tasks of TodoWrite, TaskCreate and TaskUpdate. The result of the tool counts, not its input: an update may be refused,
 * or change nothing. Where the source keeps no result (agents' files), the input of a call that succeeded stands.
 */

import { oneLine, wellFormed } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import type { Intent, ReachTask } from '../step.ts'
import { changeOfList, type RawItem } from '../task-list.ts'
import { madeId } from '../text.ts'
import { keepNewest, type Scene, say, type Talk, type TaskInput } from './memory.ts'
import { type ToolResult, taskInputOf, todosOf } from './shape.ts'

type Named<T extends TaskInput['tool']> = Extract<TaskInput, { tool: T }>

const inputReaders: Readonly<
  Record<TaskInput['tool'], (input: NonNullable<ReturnType<typeof taskInputOf>>) => TaskInput>
> = {
  TodoWrite: (input) => ({ tool: 'TodoWrite', items: itemsOf(input.todos) ?? [] }),
  TaskCreate: (input) => ({
    tool: 'TaskCreate',
    title: oneLine(input.subject ?? ''),
    description: described(input.description),
  }),
  TaskUpdate: (input) => ({
    tool: 'TaskUpdate',
    taskId: String(input.taskId ?? ''),
    status: input.status ?? null,
    title: input.subject === undefined ? null : oneLine(input.subject),
    description: described(input.description),
    blockedBy: (input.addBlockedBy ?? []).map(String).slice(0, 100),
    blocks: (input.addBlocks ?? []).map(String).slice(0, 100),
  }),
}

function isTaskTool(name: string): name is TaskInput['tool'] {
  return Object.hasOwn(inputReaders, name)
}

export function rememberTaskInput(talk: Talk, toolCallId: string, name: string, input: unknown): void {
  if (!isTaskTool(name)) return
  const read = taskInputOf(input)
  if (read === null) return
  keepNewest(talk.inputs, { id: toolCallId, input: inputReaders[name](read) }, bounds.taskInputsMax)
}

/** A tool has answered: when it was one of those that keep tasks, they change as its result says. */
export function readTaskResult(
  scene: Scene,
  toolCallId: string,
  ok: boolean,
  result: ToolResult | null,
  text: string,
): void {
  const { talk } = scene
  const input = talk.inputs.find(({ id }) => id === toolCallId)?.input ?? null
  talk.inputs = talk.inputs.filter(({ id }) => id !== toolCallId)
  if (!ok) return
  const intents = [
    ...todoIntents(talk, input?.tool === 'TodoWrite' ? input : null, result),
    ...createIntents(input?.tool === 'TaskCreate' ? input : null, result, text),
    ...updateIntents(input?.tool === 'TaskUpdate' ? input : null, result),
  ]
  for (const [index, intent] of intents.entries()) say(scene, `tasks/${toolCallId}/${index}`, intent)
}

function todoIntents(
  talk: Talk,
  input: Named<'TodoWrite'> | null,
  result: ToolResult | null,
): readonly Intent[] {
  const next = itemsOf(result?.newTodos) ?? input?.items ?? null
  if (next === null) return []
  // A slice of a session begins with a list that an earlier slice has written.
  const before =
    talk.todos.length > 0
      ? { items: talk.todos, intents: [] }
      : changeOfList('todo', [], itemsOf(result?.oldTodos) ?? [])
  const change = changeOfList('todo', before.items, next)
  talk.todos = change.items
  return [...before.intents, ...change.intents]
}

function itemsOf(value: unknown): readonly RawItem[] | null {
  const todos = todosOf(value)
  if (todos === null) return null
  return todos.slice(0, bounds.listItemsMax).map(({ id, content, status }) => ({
    id: id === undefined ? null : String(id),
    text: oneLine(content, bounds.itemCharactersMax),
    status,
  }))
}

function createIntents(
  input: Named<'TaskCreate'> | null,
  result: ToolResult | null,
  text: string,
): readonly Intent[] {
  const task = result?.task
  const isCreation = input !== null || (task?.subject !== undefined && task.status === undefined)
  if (!isCreation) return []
  const id = task?.id ?? /^Task #(\S+) created/.exec(text)?.[1]
  if (id === undefined) return []
  const title = input?.title || oneLine(task?.subject ?? '') || `Task ${id}`
  const description = input?.description ?? undefined
  const name = nameOf(String(id))
  return [{ type: 'reach-task', name, title, description, target: 'pending', origin: 'created' }]
}

const targets: Readonly<Record<string, ReachTask['target']>> = {
  pending: 'pending',
  in_progress: 'running',
  completed: 'completed',
  deleted: 'cancelled',
  cancelled: 'cancelled',
}

function updateIntents(input: Named<'TaskUpdate'> | null, result: ToolResult | null): readonly Intent[] {
  const isUpdate = input !== null || result?.updatedFields !== undefined
  const taskId = result?.taskId ?? input?.taskId
  if (!isUpdate || taskId === undefined || taskId === '' || result?.success === false) return []
  const name = nameOf(String(taskId))
  const fields = result?.updatedFields
  const changed = (field: string): boolean => fields === undefined || fields.includes(field)
  const intents: Intent[] = []
  const title = changed('subject') ? (input?.title ?? undefined) : undefined
  const description = changed('description') ? (input?.description ?? undefined) : undefined
  if (title !== undefined || description !== undefined)
    intents.push({ type: 'describe-task', name, title, description })
  const status = result === null ? input?.status : result.statusChange?.to
  const target =
    status !== undefined && status !== null && Object.hasOwn(targets, status) ? targets[status] : undefined
  if (target !== undefined)
    intents.push({ type: 'reach-task', name, title: `Task ${taskId}`, target, origin: 'known' })
  if (input !== null && changed('blockedBy') && input.blockedBy.length > 0) {
    intents.push({ type: 'await-tasks', name, on: input.blockedBy.map(nameOf) })
  }
  if (input !== null && changed('blocks')) {
    for (const other of input.blocks) intents.push({ type: 'await-tasks', name: nameOf(other), on: [name] })
  }
  return intents
}

function nameOf(nativeId: string): string {
  return madeId('task', nativeId)
}

function described(description: string | undefined): string | null {
  return description === undefined
    ? null
    : wellFormed(description.slice(0, bounds.taskDescriptionCharactersMax))
}
