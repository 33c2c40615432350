/**
 * Commands made plain for a reader: what they can do without is left out, texts become the name of their field, figures become 0, ids
 * become T1, T2 … Nothing is taken for harmless: each change is kept only when the commands still show the problem.
 */
import type { Command } from '../events/commands.ts'
import { parseCommand } from '../events/commands.ts'
import { isContentRef } from '../events/references.ts'
import { sha256 } from '../kernel/hash.ts'
import { fieldOf, idNameOf, type Path, pathsIn, valueAt } from './ids.ts'
import type { BareStep } from './play-commands.ts'
import { reduce } from './reduce.ts'

export type StillShows = (steps: readonly BareStep[]) => boolean

/** Tries all ways of making the steps plainer, one after the other. `attemptsMax` bounds each of them. */
export function simplified(
  steps: readonly BareStep[],
  shows: StillShows,
  attemptsMax: number,
): readonly BareStep[] {
  const untimed = plainTimes(steps, shows)
  const fewer = fewerFields(untimed, shows, attemptsMax)
  const replaced = [emptyContent, plainText, zero].reduce(
    (now, replacement) => replacedWhere(now, shows, replacement, attemptsMax),
    fewer,
  )
  return plainIds(replaced, shows, attemptsMax)
}

/** Without times where they do not matter, else with the same distances from the time at which a seeded clock begins. */
function plainTimes(steps: readonly BareStep[], shows: StillShows): readonly BareStep[] {
  const without = steps.map((step) => ({ ...step, time: null }))
  if (shows(without)) return without
  const first = steps.find(({ time }) => time !== null)?.time ?? null
  if (first === null) return steps
  const shiftMs = Date.UTC(2026, 0, 1) - Date.parse(first)
  const shifted = steps.map((step) => ({
    ...step,
    time: step.time === null ? null : new Date(Date.parse(step.time) + shiftMs).toISOString(),
  }))
  return shows(shifted) ? shifted : steps
}

/** The fewest optional fields. */
function fewerFields(
  steps: readonly BareStep[],
  shows: StillShows,
  attemptsMax: number,
): readonly BareStep[] {
  const optional = steps.flatMap(({ command }, index) =>
    pathsIn(command)
      .filter((path) => path[0] !== 'type' && typeof path.at(-1) === 'string')
      .filter((path) => parsed(withValue(command, path, undefined)) !== null)
      .map((path) => ({ index, path })),
  )
  const withOnly = (kept: readonly (typeof optional)[number][]): readonly BareStep[] | null => {
    const left = new Set(kept)
    const dropped = optional.filter((place) => !left.has(place))
    return edited(
      steps,
      dropped.map((place) => ({ ...place, value: undefined })),
    )
  }
  const reduced = reduce(
    optional,
    (kept) => {
      const candidate = withOnly(kept)
      if (candidate === null) return { verdict: 'unplayable' }
      return shows(candidate) ? { verdict: 'shows', kept } : { verdict: 'absent' }
    },
    { attemptsMax },
  )
  return withOnly(reduced?.items ?? optional) ?? steps
}

/** What may stand in a value's place; `undefined` when it is plain already. */
type Replacement = (value: unknown, path: Path) => unknown

const noText = { hash: sha256(''), bytes: 0, preview: '' }

const emptyContent: Replacement = (value) =>
  isContentRef(value) && value.hash !== noText.hash ? noText : undefined

/** The name of its field, for a text that is longer. */
const plainText: Replacement = (value, path) => {
  const field = fieldOf(path)
  if (typeof value !== 'string' || field === 'type' || idNameOf(field) !== undefined) return undefined
  return value.length > field.length ? field : undefined
}

const zero: Replacement = (value) => (typeof value === 'number' && value !== 0 ? 0 : undefined)

/** All at once where that shows the problem, else as many as do. */
function replacedWhere(
  steps: readonly BareStep[],
  shows: StillShows,
  replacement: Replacement,
  attemptsMax: number,
): readonly BareStep[] {
  const edits = steps.flatMap(({ command }, index) =>
    pathsIn(command).flatMap((path) => {
      const value = replacement(valueAt(command, path), path)
      const isLegal = value !== undefined && parsed(withValue(command, path, value)) !== null
      return isLegal ? [{ index, path, value }] : []
    }),
  )
  return asManyAsShow(steps, edits, (now, some) => edited(now, some), shows, attemptsMax)
}

/** Applies changes, all at once or else one by one, for as long as the problem shows. */
function asManyAsShow<Change>(
  steps: readonly BareStep[],
  changes: readonly Change[],
  apply: (steps: readonly BareStep[], changes: readonly Change[]) => readonly BareStep[] | null,
  shows: StillShows,
  attemptsMax: number,
): readonly BareStep[] {
  if (changes.length === 0) return steps
  const all = apply(steps, changes)
  if (all !== null && shows(all)) return all
  return changes.slice(0, attemptsMax).reduce((now, change) => {
    const next = apply(now, [change])
    return next !== null && shows(next) ? next : now
  }, steps)
}

/** Ids in the order in which they come up, each with its plain name: the same name wherever the id stands. */
function plainIds(steps: readonly BareStep[], shows: StillShows, attemptsMax: number): readonly BareStep[] {
  const names = new Map<string, string>()
  const counts = new Map<RegExp, number>()
  for (const { command } of steps) {
    for (const path of pathsIn(command)) {
      const value = valueAt(command, path)
      const found = idNameOf(fieldOf(path))
      if (found === undefined || typeof value !== 'string' || value === 'origin' || names.has(value)) continue
      const [pattern, nameOf] = found
      const count = (counts.get(pattern) ?? 0) + 1
      counts.set(pattern, count)
      names.set(value, nameOf(count))
    }
  }
  const renames = [...names].filter(([id, name]) => id !== name)
  return asManyAsShow(steps, renames, renamed, shows, attemptsMax)
}

/** `null` when two ids would become one, or when a command does not take its new name. */
function renamed(
  steps: readonly BareStep[],
  renames: readonly (readonly [string, string])[],
): readonly BareStep[] | null {
  const names = new Map(renames)
  const rename = (value: unknown): unknown => {
    if (typeof value === 'string') return names.get(value) ?? value
    if (Array.isArray(value)) return value.map(rename)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [names.get(key) ?? key, rename(item)]),
    )
  }
  const taken = new Set(steps.flatMap(({ command }) => stringsIn(command)))
  if (renames.some(([, name]) => taken.has(name) && !names.has(name))) return null
  return edited(
    steps,
    steps.flatMap(({ command }, index) =>
      Object.entries(command)
        .filter(([key]) => key !== 'type')
        .map(([key, value]) => ({ index, path: [key], value: rename(value) })),
    ),
  )
}

function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return [...Object.keys(value), ...Object.values(value).flatMap(stringsIn)]
}

/** Steps with other values at some places; `null` when one is no command then. `undefined` takes the field out. */
function edited(
  steps: readonly BareStep[],
  edits: readonly { readonly index: number; readonly path: Path; readonly value: unknown }[],
): readonly BareStep[] | null {
  const changed = new Map<number, unknown>()
  for (const { index, path, value } of edits) {
    changed.set(index, withValue(changed.get(index) ?? steps[index]?.command, path, value))
  }
  const result: BareStep[] = []
  for (const [index, step] of steps.entries()) {
    const command = changed.has(index) ? parsed(changed.get(index)) : step.command
    if (command === null) return null
    result.push({ ...step, command })
  }
  return result
}

function parsed(input: unknown): Command | null {
  try {
    return parseCommand(input)
  } catch {
    return null
  }
}

/** A copy with another value at one place; without that place for `undefined`, and as it is when the place is not there any more. */
function withValue(value: unknown, path: Path, next: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return next
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return value
  const inner = withValue(Reflect.get(value, key), rest, next)
  // In a list a place that is taken out would move the others: there values are only replaced.
  if (Array.isArray(value)) return inner === undefined ? value : value.with(Number(key), inner)
  const entries = Object.entries(value).filter(([name]) => name !== key || inner !== undefined)
  return Object.fromEntries(entries.map(([name, item]) => [name, name === key ? inner : item]))
}
