/** Where in a session a problem shows first: the commands up to there, and what is to be shown again. */
import type { Machines } from '../decide/machines.ts'
import { isKnown } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { streamOf } from '../replay/load.ts'
import { type Predicate, parsePredicate } from '../replay/predicate/predicate.ts'
import { standardPolicies } from '../session/policy.ts'
import { CountedCalls } from './counted-calls.ts'
import { type Outcome, plainEvent, playOne } from './play-commands.ts'
import { changeProblem, divergenceOf, type Problem } from './problem.ts'
import { isSameValue } from './same.ts'
import { openScript, type RecordedStep } from './script.ts'
import {
  commandsOfStep,
  eventsOfStep,
  lastVersionOf,
  type ScriptCommand,
  type ScriptStep,
} from './script-step.ts'

export interface Asked {
  readonly when?: string
  readonly version?: number
  readonly machines?: Machines
}

export interface Found {
  readonly sessionId: string
  /** The commands from the first one to the one that shows it; to the newest one where that is for other machines to say. */
  readonly steps: readonly ScriptStep[]
  readonly problem: Problem
  /** The same where what policies asked for is played as commands like others. */
  readonly alone?: Problem
  /** The predicate as it was written, where there is one. */
  readonly predicate: string | null
}

/** @throws WaymarkError `NOT_REPRODUCED`, `USAGE`, `VERSION_NOT_FOUND`, and what reading the session throws */
export async function findProblem(log: EventLog, sessionId: string, asked: Asked): Promise<Found> {
  const { when, version, machines } = asked
  if (when !== undefined && version !== undefined)
    throw oneQuestion('both a predicate and a version are given')
  if (when !== undefined) return findState(log, sessionId, when, machines)
  if (version !== undefined) return findChange(log, sessionId, version, machines)
  if (machines !== undefined) return findDivergence(log, sessionId)
  throw oneQuestion('it is not said what is to be shown')
}

function oneQuestion(message: string): WaymarkError {
  return new WaymarkError('USAGE', {
    message,
    hint: "name the problem by a predicate, --when 'window.percent > 75', or by the version of a change, --version 12",
  })
}

/** The first step after which a predicate holds; with other machines, the commands are to say where. */
async function findState(
  log: EventLog,
  sessionId: string,
  when: string,
  machines: Machines | undefined,
): Promise<Found> {
  const predicate = parsePredicate(when)
  const parts = partsOf(when)
  const { start, steps: open } = await openScript(log, sessionId, { after: 0 })
  if (predicate.holds(start)) {
    throw new WaymarkError('NOT_REPRODUCED', {
      message: `it holds from the beginning, in the empty session before its first command: ${when}`,
      hint: 'nothing brings it about; ask for what is not so at first, such as taskCount > 0 && …',
      details: { sessionId, predicate: when },
    })
  }
  const problem: Problem = { kind: 'state', holds: (played) => predicate.holds(played.after) }
  const steps: ScriptStep[] = []
  let nearest = { version: 0, held: 0 }
  for await (const { step, after } of open) {
    take(steps, step, sessionId)
    if (machines === undefined && predicate.holds(after)) return found(sessionId, steps, problem, when)
    const held = parts.filter((part) => part.holds(after)).length
    if (held > nearest.held) nearest = { version: after.version, held }
  }
  if (machines !== undefined) return found(sessionId, steps, problem, when)
  throw neverHolds(sessionId, when, parts, nearest)
}

function neverHolds(
  sessionId: string,
  when: string,
  parts: readonly Predicate[],
  nearest: { readonly version: number; readonly held: number },
): WaymarkError {
  const near =
    parts.length > 1 && nearest.held > 0
      ? `; nearest is version ${nearest.version}, where ${nearest.held} of its ${parts.length} parts hold`
      : ''
  return new WaymarkError('NOT_REPRODUCED', {
    message: `it holds at no version of session ${sessionId}: ${when}${near}`,
    hint:
      near === ''
        ? `waymark log ${sessionId} tells what happened, waymark show ${sessionId} --at <version> the state there`
        : `waymark show ${sessionId} --at ${nearest.version} tells the state there`,
    details: { sessionId, predicate: when, ...(near === '' ? {} : { nearestVersion: nearest.version }) },
  })
}

/** The parts of `a && b && c`, to say how near a state comes. Those that cannot be asked alone are left out. */
function partsOf(text: string): readonly Predicate[] {
  const pieces: string[] = []
  let [depth, quote, start] = [0, '', 0]
  for (let index = 0; index < text.length; index++) {
    const sign = text.charAt(index)
    if (quote !== '') {
      if (sign === '\\') index += 1
      else if (sign === quote) quote = ''
    } else if (sign === '"' || sign === "'") quote = sign
    else if ('([{'.includes(sign)) depth += 1
    else if (')]}'.includes(sign)) depth -= 1
    else if (depth === 0 && text.startsWith('&&', index)) {
      pieces.push(text.slice(start, index))
      start = index + 2
    }
  }
  return [...pieces, text.slice(start)].flatMap((piece) => {
    try {
      return [parsePredicate(piece.trim())]
    } catch {
      return []
    }
  })
}

/** The batch that holds a version: its change, or what other machines make of its command. */
async function findChange(
  log: EventLog,
  sessionId: string,
  version: number,
  machines: Machines | undefined,
): Promise<Found> {
  const { version: newest } = await streamOf(log, sessionId)
  if (version < 1 || version > newest) {
    throw new WaymarkError('VERSION_NOT_FOUND', {
      message: `session ${sessionId} has no change at version ${version}`,
      hint: `its versions are 1 to ${newest}`,
      details: { sessionId, version, newest },
    })
  }
  const steps: ScriptStep[] = []
  const calls = new CountedCalls()
  const { steps: open } = await openScript(log, sessionId, { after: 0, to: version })
  for await (const recorded of open) {
    const { step } = recorded
    take(steps, step, sessionId)
    if (lastVersionOf(step) < version) {
      const all = eventsOfStep(step)
      calls.note(all, all)
      continue
    }
    const batch = commandsOfStep(step).find((one) => one.lastVersion >= version) ?? step
    const diverging = machines === undefined ? null : divergenceAt(recorded, machines, calls)
    if (diverging !== null) return found(sessionId, steps, diverging, null)
    return {
      ...found(sessionId, steps, changeOf(batch, step.version, batch.policy), null),
      alone: changeOf(batch, batch.version, null),
    }
  }
  throw new RangeError(`version ${version} lies in no step`)
}

function changeOf({ events }: ScriptCommand, version: number, policy: string | null): Problem {
  return changeProblem(version, policy, events.filter(isKnown).map(plainEvent))
}

/** What machines make of a recorded command, where that is not what was recorded; `null` where it is the same. */
function divergenceAt(
  { step, before }: RecordedStep,
  machines: Machines,
  calls: CountedCalls,
): Problem | null {
  if (step.command === null) return null
  const recorded = recordedOutcome(step)
  const policies = step.policies === 'asked' ? standardPolicies : []
  const rules = { machines, policies, countedCall: calls.answer.bind(calls) }
  const own = { ...step, command: step.command }
  const { outcome } = playOne(before, own, rules, [...step.before, ...step.after])
  if (isSameValue({ ...outcome, reason: null }, recorded)) return null
  return { kind: 'divergence', target: divergenceOf(step.version, recorded, outcome) }
}

function recordedOutcome({ before, after, events, policies }: ScriptStep): Outcome {
  const asked = policies === 'asked' ? [...before, ...after] : []
  const byPolicies = asked.flatMap((one) =>
    one.events.map((event) => ({ policy: one.policy ?? '', ...plainEvent(event) })),
  )
  return { answer: 'accepted', reason: null, events: events.map(plainEvent), byPolicies }
}

/** All commands: where machines part from Waymark's own is found by playing them. */
async function findDivergence(log: EventLog, sessionId: string): Promise<Found> {
  const steps: ScriptStep[] = []
  const { steps: open } = await openScript(log, sessionId, { after: 0 })
  for await (const { step } of open) take(steps, step, sessionId)
  return found(sessionId, steps, { kind: 'divergence', target: null }, null)
}

function take(steps: ScriptStep[], step: ScriptStep, sessionId: string): void {
  if (steps.length >= limits.scriptStepsMax) {
    throw new WaymarkError('LIMIT_REACHED', {
      message: `session ${sessionId} has more than ${limits.scriptStepsMax} commands before the problem shows`,
      hint: 'waymark bisect finds where it begins; a fork from shortly before it has the rest to itself',
      details: { sessionId, limit: limits.scriptStepsMax },
    })
  }
  steps.push(step)
}

function found(
  sessionId: string,
  steps: readonly ScriptStep[],
  problem: Problem,
  predicate: string | null,
): Found {
  return { sessionId, steps, problem, predicate }
}
