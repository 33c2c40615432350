/** The ids in a command, and the places of a command at which values stand. */
import type { Command } from '../events/commands.ts'
import { isContentRef } from '../events/references.ts'

export type Path = readonly (string | number)[]

/** Levels of a command that are looked into: `configuration.reserveTokens`, `on.detail`, `restored.tasks.A`. */
const levelsMax = 4

/** Fields that hold ids, and what those are called when they are plain. */
const idNames: readonly (readonly [RegExp, (n: number) => string])[] = [
  [/^(?:taskIds?|parentTaskId|dependsOn|ids|tasks)$/, (n) => `T${n}`],
  [/^specId$/, (n) => `SPEC-${n}`],
  [/^callId$/, (n) => `call-${n}`],
  [/^toolCallId$/, (n) => `tool-${n}`],
  [/^(?:tags?|items)$/, (n) => `@ITEM-${n}`],
  [/^(?:checkpointIds?)$/, (n) => `ckpt_${plainUuid(n)}`],
  [/^handoffId$/, (n) => `hoff_${plainUuid(n)}`],
  [/^recoveryId$/, (n) => `reco_${plainUuid(n)}`],
  [/SessionId$/, (n) => `sess_${plainUuid(n)}`],
  [/^(?:agent|fromAgent|toAgent)$/, (n) => `agent-${n}`],
  [/^milestoneId$/, (n) => `milestone-${n}`],
  [/^model$/, (n) => `model-${n}`],
  [/^nativeId$/, (n) => `native-${n}`],
  [/^(?:server|serverName)$/, (n) => `server-${n}`],
]

export function idNameOf(field: string): (typeof idNames)[number] | undefined {
  return idNames.find(([pattern]) => pattern.test(field))
}

/** The field that a place belongs to, also that of an entry in a list. */
export function fieldOf(path: Path): string {
  return path.findLast((key) => typeof key === 'string') ?? ''
}

function plainUuid(n: number): string {
  return `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
}

/** Ids of what a command is about: what others share without being related, such as a model, is left out. */
export function idsIn(command: Command): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const path of pathsIn(command)) {
    const field = fieldOf(path)
    const value = valueAt(command, path)
    if (typeof value === 'string' && idNameOf(field) !== undefined && !shared.has(field)) ids.add(value)
  }
  return ids
}

const shared: ReadonlySet<string> = new Set([
  'model',
  'agent',
  'fromAgent',
  'toAgent',
  'server',
  'specId',
  'nativeId',
])

/** Every place in a command, outer ones before inner ones; a reference to a text is one place. */
export function pathsIn(value: unknown, level = 0): readonly Path[] {
  if (typeof value !== 'object' || value === null || isContentRef(value) || level === levelsMax) return []
  const keys = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return keys.flatMap((key): readonly Path[] => [
    [key],
    ...pathsIn(Reflect.get(value, key), level + 1).map((path) => [key, ...path]),
  ])
}

export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  )
}
