/**
 * What a list of commands may show: a state in which something holds, a change that a command makes, or a command that other machines decide
 * otherwise. Each is looked for from the first command on; the first that shows it ends the list.
 */

import { redactForOthers } from '../events/secrets.ts'
import {
  type BareStep,
  type Outcome,
  type PlainEvent,
  type PlayedBare,
  playedSteps,
  type SeededRules,
} from './play-commands.ts'
import { isSameValue } from './same.ts'

export type Problem =
  /** A predicate holds after a command, and did not before it. */
  | { readonly kind: 'state'; holds(played: Pick<PlayedBare, 'after'>): boolean }
  /** A command makes a change again: its own batch, or what a policy adds to it. */
  | ChangeProblem
  /** A command is decided otherwise than the usual machines decide it, both by what kind of answer; any such command for `null`. */
  | { readonly kind: 'divergence'; readonly target: DivergenceKind | null }

export interface ChangeProblem {
  readonly kind: 'change'
  /** Version of the command that makes it, or that the policy follows. */
  readonly version: number
  readonly policy: string | null
  readonly types: readonly string[]
  /** The events without what differs from one recording to the next. */
  readonly wanted: unknown
}

export function changeProblem(
  version: number,
  policy: string | null,
  events: readonly PlainEvent[],
): ChangeProblem {
  return {
    kind: 'change',
    version,
    policy,
    types: events.map(({ type }) => type),
    wanted: withoutIds(events),
  }
}

/** Which difference is meant: what the two answers are, apart from their figures and ids. */
export interface DivergenceKind {
  /** Version of the command. */
  readonly version: number
  readonly usual: string
  readonly given: string
}

/** How the problem came out in a trial. */
export interface Shown {
  /** The commands that took part, the one that shows it last. */
  readonly steps: readonly BareStep[]
  readonly last: PlayedBare
  /** What the usual machines make of it, where that is the question. */
  readonly usual: PlayedBare | null
}

/**
 * Plays steps and tells whether they show the problem. Commands that are not accepted, or add nothing, take no part; what is left without
 * them is played again, until all of it takes part.
 */
export function shownBy(steps: readonly BareStep[], problem: Problem, rules: SeededRules): Shown | null {
  let left = steps
  for (;;) {
    const shown =
      problem.kind === 'divergence' ? playedBoth(left, problem.target, rules) : played(left, problem, rules)
    if (shown === null || shown.steps.length === left.length) return shown
    left = shown.steps
  }
}

function played(
  steps: readonly BareStep[],
  problem: Exclude<Problem, { kind: 'divergence' }>,
  rules: SeededRules,
): Shown | null {
  const kept: BareStep[] = []
  for (const last of playedSteps(steps, rules)) {
    if (last.before === last.after) continue
    kept.push(last.step)
    if (problem.kind === 'state' ? problem.holds(last) : makes(last, problem)) {
      return { steps: kept, last, usual: null }
    }
  }
  return null
}

function makes({ step, outcome }: PlayedBare, { version, policy, types, wanted }: ChangeProblem): boolean {
  if (step.version !== version) return false
  const { events, byPolicies } = outcome
  const all = policy === null ? events : byPolicies.filter((event) => event.policy === policy)
  return all.some((_event, start) => {
    if (policy === null && start > 0) return false
    const some = policy === null ? all : all.slice(start, start + types.length)
    const isSuch = isSameValue(
      some.map(({ type }) => type),
      types,
    )
    return isSuch && isSameValue(withoutIds(some), wanted)
  })
}

/** Both machines play the same commands. One on which they do not agree, and is not the one that is looked for, is left out. */
function playedBoth(
  steps: readonly BareStep[],
  target: DivergenceKind | null,
  rules: SeededRules,
): Shown | null {
  const { machines: _given, ...usualRules } = rules
  const given = playedSteps(steps, rules)
  const usual = playedSteps(steps, usualRules)
  const kept: BareStep[] = []
  let isLeftOut = false
  for (;;) {
    const [one, other] = [given.next(isLeftOut), usual.next(isLeftOut)]
    isLeftOut = false
    if (one.done === true || other.done === true) return null
    const [last, right] = [one.value, other.value]
    if (isSameOutcome(last.outcome, right.outcome)) {
      if (last.before !== last.after) kept.push(last.step)
      continue
    }
    const kind = divergenceOf(last.step.version ?? 0, right.outcome, last.outcome)
    if (target === null || isSameValue(kind, target)) {
      return { steps: [...kept, last.step], last, usual: right }
    }
    // From here on the two would be in different states: both go on without this command.
    isLeftOut = true
  }
}

function isSameOutcome(a: Outcome, b: Outcome): boolean {
  return isSameValue({ ...a, reason: null }, { ...b, reason: null })
}

/** Told by the command's own batch, where that is what differs; else by what policies did. */
export function divergenceOf(version: number, usual: Outcome, given: Outcome): DivergenceKind {
  const isOwn = usual.answer !== given.answer || !isSameValue(usual.events, given.events)
  return { version, usual: kindOf(usual, isOwn), given: kindOf(given, isOwn) }
}

/** `accepted task.unblocked`, `refused` … */
function kindOf({ answer, events, byPolicies }: Outcome, isOwn: boolean): string {
  return [answer, ...(isOwn ? events : byPolicies).map(({ type }) => type)].join(' ')
}

const madeId = /^(ckpt|hoff|reco|sess)_[0-9a-f-]{36}$/
const time = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/
const idField = /(?:^|[a-z])(?:Ids?|tags?|ids|dependsOn)$/

/**
 * Events without what differs from one recording to the next: made ids, times and versions. Ids that callers chose are told apart from
 * each other and are otherwise all alike, so that a task by another name is still that task. Secrets are alike too.
 */
function withoutIds(events: readonly PlainEvent[]): unknown {
  const places = new Map<string, string>()
  const plain = (value: unknown, field: string): unknown => {
    if (typeof value === 'number') return /version$/i.test(field) ? 0 : value
    if (typeof value === 'string') return plainText(value, field, places)
    if (Array.isArray(value)) return value.map((item) => plain(item, field))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, key)]))
  }
  return events.map(({ type, data }) => ({ type, data: plain(data, '') }))
}

/** A JSON value without made ids, times and versions; a list with such in it is left out as a whole. */
export function withoutMade(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutMade)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([field, item]) => !isMade(item, field))
      .map(([field, item]) => [field, withoutMade(item)]),
  )
}

function isMade(value: unknown, field: string): boolean {
  if (typeof value === 'number') return /version$/i.test(field)
  if (Array.isArray(value)) return value.some((item) => typeof item === 'string' && isMade(item, field))
  return typeof value === 'string' && (madeId.test(value) || time.test(value))
}

function plainText(text: string, field: string, places: Map<string, string>): string {
  const made = madeId.exec(text)?.[1]
  if (made !== undefined) return made
  if (time.test(text)) return 'time'
  if (!idField.test(field)) return redactForOthers(text)
  const place = places.get(text) ?? `#${places.size + 1}`
  places.set(text, place)
  return place
}
