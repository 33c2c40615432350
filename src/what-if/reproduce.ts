/** From a log to a test: the fewest commands of a session that still show a problem, made plain, and a test that fails the same way. */
import type { Machines } from '../decide/machines.ts'
import { askingOften } from '../decide/machines-given.ts'
import { type Command, parseCommand } from '../events/commands.ts'
import { redactedValue, redactForOthers } from '../events/secrets.ts'
import { assert } from '../kernel/assert.ts'
import { elapsedMs } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { streamOf } from '../replay/load.ts'
import { standardPolicies } from '../session/policy.ts'
import type { Waymark } from '../session/waymark.ts'
import { likelySteps } from './likely.ts'
import { type BareStep, type Outcome, playedSteps, type SeededRules } from './play-commands.ts'
import { divergenceOf, type Problem, type Shown, shownBy } from './problem.ts'
import { type ReduceProgress, type Reduction, reduce, type Trial } from './reduce.ts'
import { type Found, findProblem } from './reproduce-search.ts'
import { isSameValue } from './same.ts'
import { assertNoMachine } from './script.ts'
import { commandsOfStep, type ScriptStep } from './script-step.ts'
import { simplified } from './simplify.ts'
import { dataOf, type ShownProblem, testFileOf } from './test-file.ts'

export interface ReproduceOptions {
  /** A predicate over the state: the problem is that it holds. */
  readonly when?: string
  /** A version: the problem is the change that the batch at this version made, or with machines, what they make of its command. */
  readonly version?: number
  /** Machines that decide in place of Waymark's own. Alone, the problem is the first command that they decide otherwise. */
  readonly machines?: Machines
  /** How the test imports them: `./machines.mjs`. */
  readonly machinesImport?: string
  /** Of the clock and ids of the test; 1 if left out. */
  readonly seed?: number
  readonly onProgress?: (progress: ReproduceProgress) => void
}

export interface ReproduceProgress extends ReduceProgress {
  readonly of: number
}

export interface Reproduction {
  readonly sessionId: string
  /** Version at which the problem shows in the session. */
  readonly version: number
  readonly kind: Problem['kind']
  /** The commands that are left, as data; a `time` stands beside the fields where it matters. */
  readonly commands: readonly object[]
  /** The versions of the session at which their batches begin. */
  readonly versions: readonly number[]
  /** Commands that the session had up to `version`. */
  readonly commandsBefore: number
  /** No single one of the commands can be left out. */
  readonly isMinimal: boolean
  /** Whether policies are asked when the commands are played. */
  readonly policies: 'standard' | 'none'
  readonly seed: number
  readonly attempts: number
  readonly durationMs: number
  /** Texts in the commands that looked like secrets and were taken out. */
  readonly redacted: boolean
  /** The test, as a file for vitest. */
  readonly test: string
}

/**
 * Cuts a session, named by its id, a unique prefix or its native id, down to the fewest commands that still show a problem, and writes a
 * test that fails for as long as it is there. Nothing is recorded, and no model or tool is called.
 *
 * @throws SessionNotFound, DamagedRecord; WaymarkError `NOT_REPRODUCED` when there is no such problem, or the commands played again do not
 * show it; `PREDICATE_INVALID`, `VERSION_NOT_FOUND`, `USAGE`, `LIMIT_REACHED` for more commands than are held at a time
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
 * await session.send({ type: 'task.add', taskId: 'B', title: 'Log out' })
 * await session.send({ type: 'task.start', taskId: 'B' })
 * const { commands } = await reproduce(waymark, session.id, { when: 'tasks.B.status == "in_progress"' })
 * commands.map((command) => Reflect.get(command, 'type')) // ['session.start', 'task.add', 'task.start']
 * ```
 */
export async function reproduce(
  waymark: Pick<Waymark, 'log' | 'resolve'>,
  name: string,
  options: ReproduceOptions,
): Promise<Reproduction> {
  const startedMs = elapsedMs()
  const { log } = waymark
  const sessionId = await waymark.resolve(name)
  const { hash, version: newest, summary } = await streamOf(log, sessionId)
  assertNoMachine(sessionId, summary)
  const found = await findProblem(log, sessionId, options)
  const search = searchOf(found, options)
  const plain = madePlain(fewest(search.steps, search, options.onProgress), search)
  const clean = withoutSecrets(plain.items)
  const isRedacted = clean.some((step, index) => step !== plain.items[index])
  const shown = search.shown(clean)
  if (shown === null || shown.steps.length !== clean.length) throw isRedacted ? onlyWithSecrets() : unsteady()
  if (options.machines !== undefined) checkSteady(shown, search)
  const versions = shown.steps.map((step) => step.version ?? 0)
  const version = versions[versions.length - 1] ?? 0
  const facts = {
    sessionId,
    version,
    commandsBefore: found.steps.filter((step) => step.version <= version).length,
    isMinimal: plain.isMinimal,
    seed: search.rules.seed,
    policies: search.rules.policies.length === 0 ? 'none' : 'standard',
  } as const
  const test = testFileOf({
    ...facts,
    head: { version: newest, hash },
    steps: shown.steps,
    last: shown.last,
    problem: toldProblem(search.problem, shown, found.predicate),
    machines: options.machines === undefined ? null : (options.machinesImport ?? './machines.mjs'),
  })
  return {
    ...facts,
    kind: found.problem.kind,
    commands: shown.steps.map(dataOf),
    versions,
    attempts: search.attempts(),
    durationMs: elapsedMs() - startedMs,
    redacted: isRedacted,
    test,
  }
}

/** What is tried, and under what. */
interface Search {
  readonly rules: SeededRules
  readonly problem: Problem
  readonly steps: readonly BareStep[]
  shown(steps: readonly BareStep[]): Shown | null
  attempts(): number
}

/**
 * The session's commands as they are to be played: with the policies that every session has, or with what policies asked for as commands
 * like others, where the usual policies are not what it went by.
 */
function searchOf({ steps, problem, alone = problem, sessionId }: Found, options: ReproduceOptions): Search {
  const { seed = 1, machines } = options
  const given = machines === undefined ? { seed } : { seed, machines }
  const isSilent = steps.every(({ policies }) => policies === 'silent')
  let attempts = 0
  const play = (candidate: readonly BareStep[], wanted: Problem, rules: SeededRules): Shown | null => {
    const played = (): Shown | null => shownBy(candidate, wanted, rules)
    return machines === undefined ? played() : askingOften(played)
  }
  for (const policies of isSilent ? [[]] : [standardPolicies, []]) {
    const asked = policies.length === 0 ? alone : problem
    const rules = { ...given, policies }
    const bare = steps.flatMap((step) => bareSteps(step, policies.length > 0))
    const whole = play(bare, asked, rules)
    if (whole === null) continue
    const pinned = pinnedTo(asked, whole)
    const shown = (candidate: readonly BareStep[]): Shown | null => {
      attempts += 1
      return play(candidate, pinned, rules)
    }
    return {
      rules,
      problem: pinned,
      steps: likely(whole, shown) ?? whole.steps,
      shown,
      attempts: () => attempts,
    }
  }
  if (machines !== undefined) checkDecidesAlike(steps, { ...given, policies: [] })
  throw notShown(sessionId, steps.length, problem, machines !== undefined)
}

/** Nothing is shown by machines that go by chance, and nothing can be said of what they decide. */
function checkDecidesAlike(steps: readonly ScriptStep[], rules: SeededRules): void {
  const bare = steps.flatMap((step) => bareSteps(step, false))
  const outcomes = (): readonly Outcome[] =>
    askingOften(() => [...playedSteps(bare, rules)].map(({ outcome }) => outcome))
  if (!isSameValue(outcomes(), outcomes())) throw unsteady()
}

/** The first difference that was found is the one that is meant from here on. */
function pinnedTo(problem: Problem, { last, usual }: Shown): Problem {
  if (problem.kind !== 'divergence' || usual === null) return problem
  return { kind: 'divergence', target: divergenceOf(last.step.version ?? 0, usual.outcome, last.outcome) }
}

/** The first guess that shows it. */
function likely(whole: Shown, shown: Search['shown']): readonly BareStep[] | null {
  for (const guess of likelySteps(whole.steps)) {
    const found = shown(guess)
    if (found !== null) return found.steps
  }
  return null
}

function notShown(sessionId: string, count: number, problem: Problem, hasMachines: boolean): WaymarkError {
  const details = { sessionId, commands: count }
  if (problem.kind === 'divergence' && problem.target === null) {
    return new WaymarkError('NOT_REPRODUCED', {
      message: `the machines decide all ${count} commands of session ${sessionId} as Waymark's own do`,
      hint: 'name a problem with --when or --version, or try another session',
      details,
    })
  }
  const hint = hasMachines
    ? 'waymark verify --machines <module> says what these machines decide otherwise than recorded'
    : 'waymark verify says whether the machines of today still decide what was recorded'
  return new WaymarkError('NOT_REPRODUCED', {
    message: `the commands of session ${sessionId}, played again from nothing, do not show it`,
    hint,
    details,
  })
}

function bareSteps(step: ScriptStep, policiesAreAsked: boolean): readonly BareStep[] {
  const commands = policiesAreAsked ? [step] : commandsOfStep(step)
  return commands.flatMap(({ command, time, recordedAt, version }) =>
    command === null ? [] : [{ command, time: time ?? recordedAt, version }],
  )
}

function fewest(
  steps: readonly BareStep[],
  search: Pick<Search, 'shown'>,
  onProgress?: (progress: ReproduceProgress) => void,
): Reduction<BareStep> {
  const attempt = (candidate: readonly BareStep[]): Trial<BareStep> => {
    const shown = search.shown(candidate)
    return shown === null ? { verdict: 'absent' } : { verdict: 'shows', kept: shown.steps }
  }
  const reduced = reduce(steps, attempt, {
    attemptsMax: limits.reproduceAttemptsMax,
    ...(onProgress === undefined ? {} : { onProgress: (now) => onProgress({ ...now, of: steps.length }) }),
  })
  if (reduced === null) throw unsteady()
  return reduced
}

/** Machines that go by chance may have shown it by chance. */
function checkSteady({ steps, last }: Shown, search: Pick<Search, 'shown'>): void {
  for (let round = 0; round < limits.reproducedAgain; round++) {
    const again = search.shown(steps)
    if (again === null || !isSameValue(again.last.outcome, last.outcome)) throw unsteady()
  }
}

function unsteady(): WaymarkError {
  return new WaymarkError('NOT_REPRODUCED', {
    message:
      'the same commands show it once and then do not: what decides them answers differently each time',
    hint: 'machines answer by state, event and context alone: look for Math.random, the time, or what guards and assignments remember',
  })
}

/** Made plain, and searched once more each time: what a plainer command does without, others may have been there for. */
function madePlain(reduction: Reduction<BareStep>, search: Search): Reduction<BareStep> {
  let now = reduction
  while (now.items.length <= limits.simplifiedCommandsMax) {
    const plain = simplified(now.items, (steps) => showsAll(steps, search), limits.simplifyAttemptsMax)
    now = fewest(plain, search)
    if (now.items.length === plain.length) return now
  }
  return now
}

function showsAll(steps: readonly BareStep[], { shown }: Pick<Search, 'shown'>): boolean {
  return shown(steps)?.steps.length === steps.length
}

/** Commands without what looks like a secret. */
function withoutSecrets(steps: readonly BareStep[]): readonly BareStep[] {
  return steps.map((step) => {
    const value = redactedValue(step.command, redactForOthers)
    return value === step.command ? step : { ...step, command: withoutSecret(value) }
  })
}

function withoutSecret(value: unknown): Command {
  try {
    return parseCommand(value)
  } catch (cause) {
    throw onlyWithSecrets(cause)
  }
}

function onlyWithSecrets(cause?: unknown): WaymarkError {
  return new WaymarkError('NOT_REPRODUCED', {
    message: 'it shows only with a text that looks like a secret, and such texts are not written into tests',
    hint: 'name the problem in another way, or take the secret out of the session with waymark redact',
    ...(cause === undefined ? {} : { cause }),
  })
}

function toldProblem(problem: Problem, { usual }: Shown, predicate: string | null): ShownProblem {
  if (problem.kind === 'state') return { kind: 'state', predicate: predicate ?? '' }
  if (problem.kind === 'change') return { kind: 'change', policy: problem.policy }
  assert(usual !== null, 'a divergence has two sides')
  return { kind: 'divergence', usual }
}
