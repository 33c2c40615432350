/** Every command there is, the type of each, and the door through which untrusted ones come in. */
import type { z } from 'zod'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { branchCommands } from './branch.ts'
import { contextCommands } from './context.ts'
import { handoffCommands } from './handoff.ts'
import { knowledgeCommands } from './knowledge.ts'
import { machineCommands } from './machine.ts'
import { recoveryCommands } from './recovery.ts'
import { sessionCommands, turnCommands } from './session.ts'
import { taskCommands } from './task.ts'
import { usageCommands } from './usage.ts'
import { checkpointCommands, failureCommands, observationCommands, toolCommands } from './work.ts'

export const commandSchemas = {
  ...sessionCommands,
  ...handoffCommands,
  ...recoveryCommands,
  ...branchCommands,
  ...turnCommands,
  ...taskCommands,
  ...usageCommands,
  ...contextCommands,
  ...knowledgeCommands,
  ...toolCommands,
  ...failureCommands,
  ...checkpointCommands,
  ...observationCommands,
  ...machineCommands,
}

export type CommandType = keyof typeof commandSchemas

/** A request to a session, by its type: `Command<'task.start'>` is `{ type: 'task.start', taskId: string }`. */
export type Command<T extends CommandType = CommandType> = {
  [K in T]: { type: K } & z.infer<(typeof commandSchemas)[K]>
}[T]

export const commandTypes = Object.keys(commandSchemas) as CommandType[]

export function isCommandType(type: string): type is CommandType {
  return Object.hasOwn(commandSchemas, type)
}

/**
 * Takes an untrusted value in as a command.
 *
 * @throws WaymarkError `COMMAND_INVALID`, naming each wrong field, or the nearest types when the type is unknown.
 * @example
 * ```ts
 * parseCommand({ type: 'task.start', taskId: 'SPEC-001' }).type // 'task.start'
 * ```
 */
export function parseCommand(input: unknown): Command {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw invalid(
      'a command is a JSON object with a "type"',
      'for example {"type":"task.start","taskId":"SPEC-001"}',
    )
  }
  const { type, ...fields } = input as Record<string, unknown>
  if (typeof type !== 'string' || !isCommandType(type)) {
    const shown = typeof type === 'string' ? `"${type.slice(0, 60)}"` : typeof type
    throw invalid(
      `unknown command type ${shown}`,
      `did you mean ${nearest(String(type), commandTypes).join(' or ')}?`,
    )
  }
  if (Object.hasOwn(input, '__proto__'))
    throw invalid(`${type}: a field may not be called __proto__`, 'leave it out')
  if (Object.hasOwn(machineCommands, type)) checkJson(type, fields)
  const parsed = commandSchemas[type].safeParse(fields)
  if (parsed.success && !isWellFormed(parsed.data)) {
    throw invalid(
      `${type}: a text holds half a surrogate pair`,
      'send whole characters, as text.toWellFormed() gives them',
    )
  }
  if (!parsed.success) {
    const problems = parsed.error.issues
      .slice(0, 5)
      .map((issue) => `${issue.path.join('.') || type}: ${issue.message}`)
    throw invalid(
      `${type}: ${problems.join('; ')}`,
      'the fields of each command are listed in docs/events.md',
    )
  }
  // The schema chosen by `type` has just accepted the fields, so the pair is one of the union's members.
  return { type, ...parsed.data } as Command
}

/** The commands of machines carry JSON of any shape: it is measured before a schema looks into it, and keeps every property. */
function checkJson(type: CommandType, fields: Readonly<Record<string, unknown>>): void {
  let text: string
  let isNamedProto = false
  try {
    text = JSON.stringify(fields, (_key, value: unknown) => {
      isNamedProto ||= typeof value === 'object' && value !== null && Object.hasOwn(value, '__proto__')
      return value
    })
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw invalid(`${type}: it is no JSON: ${reason}`, 'events, inputs and outputs are plain data')
  }
  if (isNamedProto) throw invalid(`${type}: a property may not be called __proto__`, 'leave it out')
  const bytes = Buffer.byteLength(text)
  if (bytes <= limits.commandBytesMax) return
  throw invalid(
    `${type}: it takes ${bytes} bytes as JSON, more than ${limits.commandBytesMax}`,
    'keep large data outside of the machine, and send what it needs to find them again',
  )
}

/** Whether all texts of a plain value can be written as UTF-8. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value)
  return typeof value !== 'object' || value === null || Object.values(value).every(isWellFormed)
}

function invalid(message: string, hint: string): WaymarkError {
  return new WaymarkError('COMMAND_INVALID', { message, hint })
}

/** The names most like `wanted`, best first: at most three, by edit distance. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  return names
    .map((name) => ({ name, distance: editDistance(wanted.slice(0, 100), name) }))
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name)
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
