/** Checks a machine: along all its paths as far as bounds allow, and along random ones. */
import type { AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import { systemIds } from '../../kernel/clock.ts'
import { machineBounds } from './bounds.ts'
import { type Coverage, coverageFrom } from './coverage.ts'
import { type DeadEnd, deadEndsOf } from './dead-ends.ts'
import { checkNames, declaredProblems, isNamed } from './declared.ts'
import { type EventsTried, eventsOf } from './events.ts'
import { type Edge, type Explored, explore } from './explore.ts'
import { type Finding, keyOf, type MachineProblem, problemOf, problemOfWhole } from './finding.ts'
import { checkIsMachine, checkOptions } from './given.ts'
import { isEndless, judgePlace, judgeStep, messageOf } from './judge.ts'
import { type Observation, type ObservedMachine, observed } from './observe.ts'
import type { AnyMachineCheckOptions, MachineCheckOptions } from './options.ts'
import { partProblems } from './part-problems.ts'
import { namesText } from './spell.ts'
import { count, countOffered, emptyTally, type Tally } from './tally.ts'
import { stepKey, type Walked, walk } from './walk.ts'

/** What a check of a machine found. */
export interface MachineReport {
  /** No problem was found. */
  readonly ok: boolean
  readonly problems: readonly MachineProblem[]
  readonly coverage: Coverage
  /** Given again as an option, it makes the same walks. */
  readonly seed: number
}

/**
 * Checks an XState machine of any kind: that every state is reached and every transition taken, that final states are final, that nothing
 * is a dead end, that what `can` says is what happens and a refused event changes nothing, and that your invariants hold. It looks at every
 * path up to the bounds of the options, and at random walks. Nothing of the machine is executed: actions are not run, children are not
 * started, and a time that is over, or a child that is done, is an event that may come.
 *
 * Where a machine is not like this on purpose, declare it, and hear of it when it is so no more. A guard that depends on something
 * outside is found where it answers in two ways while it is looked at.
 *
 * @throws WaymarkError `USAGE` for what is no machine, for options that cannot be, and for names that nothing of the machine has
 *
 * @example
 * ```ts
 * import { createMachine } from 'xstate'
 * const door = createMachine({
 *   id: 'door',
 *   initial: 'open',
 *   states: { open: { on: { close: 'closed' } }, closed: { on: { open: 'open', seal: 'sealed' } }, sealed: {} },
 * })
 * checkMachine(door).problems.map(({ message }) => message.split('\n')[0])
 * // ['`sealed` is a dead end: it is not final, and no event that was tried leads anywhere']
 * checkMachine(door, { deadEnds: ['sealed'] }).ok // true
 *
 * const report = checkMachine(door, { deadEnds: ['sealed'], invariants: { 'never sealed': ({ value }) => value !== 'sealed' } })
 * report.problems[0]?.path.map(({ event }) => event.type) // ['close', 'seal']
 * ```
 */
export function checkMachine<Machine extends AnyStateMachine>(
  machine: Machine,
  options: MachineCheckOptions<Machine> = {},
): MachineReport {
  checkIsMachine(machine)
  checkOptions(options)
  // The types of the user's machine have done their work where the options were written.
  const given = options as AnyMachineCheckOptions
  const seed = given.seed ?? randomSeed()
  const watched = observed(machine)
  const events = eventsOf(
    watched.places,
    { ...given.events },
    {
      seed,
      samplesPerEvent: given.samplesPerEvent ?? machineBounds.samplesPerEvent,
    },
  )
  const eventTypes = events.sources.map(({ type }) => type)
  checkNames(given, watched.places, eventTypes)
  const start = watched.start(given.input)
  const tally = emptyTally(watched.places)
  if (start.thrown !== null) return unstarted(start.thrown.error, tally, seed)
  return reportOf({ machine: watched, events, start, tally, seed, options: given })
}

function randomSeed(): number {
  return new DataView(systemIds.salt().slice().buffer).getInt32(0)
}

function unstarted(error: unknown, tally: Tally, seed: number): MachineReport {
  const hint = isEndless(error) ? '' : ' (if it needs an input, give it in `input`)'
  const message = `the machine does not start: ${messageOf(error)}${hint}`
  const rest = {
    steps: 0,
    refused: 0,
    outside: [],
    outsideCount: 0,
    cutShort: ['the machine does not start'],
  }
  const problems = [
    problemOfWhole('answers', message),
    problemOfWhole('whole', `nothing was looked at: ${message}`),
  ]
  return { ok: false, problems, coverage: coverageFrom(tally, rest), seed }
}

interface Work {
  readonly machine: ObservedMachine
  readonly events: EventsTried
  readonly start: Observation
  readonly tally: Tally
  readonly seed: number
  readonly options: AnyMachineCheckOptions
}

function reportOf(work: Work): MachineReport {
  const { machine, events, start, tally, options } = work
  const explored = explore(machine, events.sources, start.snapshot, {
    statesMax: options.statesMax ?? machineBounds.statesMax,
    stepsMax: options.stepsMax ?? machineBounds.stepsMax,
  })
  count(tally, start)
  for (const { before, event, seen } of explored.edges) {
    count(tally, seen)
    countOffered(tally, before, event)
  }
  const { problems: seen, clean } = problemsOnPaths(work, explored)
  const walked = walksOf(work, new Set(seen.keys()), clean)
  const coverage = coverageFrom(tally, {
    steps: explored.edges.length + walked.steps,
    refused: 0,
    outside: [],
    outsideCount: 0,
    cutShort: explored.cutShort,
  })
  const deadEnds = deadEndsOf(machine.places, explored.edges, explored.cutShort.length === 0)
  const problems = bounded([
    ...wholeProblems(explored.cutShort, options),
    ...partProblems(machine.places, coverage, options),
    ...[...seen.values(), ...walked.problems].filter((one) => !isAfterDone(one, options)),
    ...deadEnds.filter((end) => !isDeclared(end, options)).map((end) => deadEndProblem(end, explored, start)),
    ...unknownProblems(events),
    ...declaredProblems(options, {
      coverage,
      deadEnds,
      afterDone: [...seen.values(), ...walked.problems].flatMap(eventAfterDone),
    }),
  ])
  return { ok: problems.length === 0, problems, coverage, seed: work.seed }
}

function wholeProblems(
  cutShort: readonly string[],
  { cutShort: isDeclaredSo = false }: AnyMachineCheckOptions,
): readonly MachineProblem[] {
  if (cutShort.length === 0 || isDeclaredSo) return []
  const hint = 'raise the bound, or declare `cutShort: true` of a machine that never comes to an end'
  return [problemOfWhole('whole', `not everything was looked at: ${cutShort.join('; ')} (${hint})`)]
}

function unknownProblems({ unknown, known }: EventsTried): readonly MachineProblem[] {
  return unknown.map((type) => {
    const those = known.length === 0 ? 'none at all' : `only these: ${namesText(known, type)}`
    return problemOfWhole(
      'declared',
      `\`events\` has data for \`${type}\`; the machine knows no such event, ${those}`,
    )
  })
}

/** Of each check and each invariant the first problems, and how many more were found: none is hidden by many of another. */
function bounded(problems: readonly MachineProblem[]): readonly MachineProblem[] {
  const { problemsMax } = machineBounds
  const groups = new Map<string, MachineProblem[]>()
  for (const one of problems) {
    const key = one.invariant === null ? one.check : `${one.check} ${one.invariant}`
    const group = groups.get(key) ?? []
    groups.set(key, group)
    group.push(one)
  }
  return [...groups.values()].flatMap((group): readonly MachineProblem[] => {
    const more = group.length - problemsMax
    const [first] = group
    if (first === undefined || more <= 0) return group
    const rest = { ...first, message: `and at least ${more} more like these`, path: [] }
    return [...group.slice(0, problemsMax), rest]
  })
}

interface OnPaths {
  readonly problems: ReadonlyMap<string, MachineProblem>
  /** Events in places that nothing was found of. */
  readonly clean: Set<string>
}

/** What is found along the shortest paths, each thing once, by its key. */
function problemsOnPaths({ machine, start, options }: Work, explored: Explored): OnPaths {
  const clean = new Set<string>()
  const problems = new Map<string, MachineProblem>()
  const pathTo = (snapshot: AnyMachineSnapshot) => explored.paths.get(keyOf(snapshot)) ?? []
  const invariants = options.invariants ?? {}
  const tell = (findings: readonly Finding[], before: AnyMachineSnapshot, edge: Edge | null): void => {
    for (const finding of findings) {
      if (problems.has(finding.key)) continue
      const last = edge === null ? [] : [{ event: edge.event, after: edge.seen.snapshot }]
      problems.set(finding.key, problemOf(finding, start.snapshot, [...pathTo(before), ...last]))
    }
  }
  for (const place of explored.places) tell(judgePlace(place, invariants), place, null)
  for (const edge of [...explored.edges, ...explored.ends]) {
    const findings = judgeStep(machine, edge.before, edge.event, edge.seen)
    tell(findings, edge.before, edge)
    if (findings.length === 0) clean.add(stepKey(edge.before, edge.event))
  }
  return { problems, clean }
}

function walksOf(
  { machine, events, start, tally, seed, options }: Work,
  known: ReadonlySet<string>,
  clean: Set<string>,
): Walked {
  return walk({
    machine,
    sources: events.sources,
    start: start.snapshot,
    invariants: options.invariants ?? {},
    tally,
    seed,
    numRuns: options.numRuns ?? machineBounds.numRuns,
    lengthMax: options.lengthMax ?? machineBounds.lengthMax,
    known,
    clean,
  })
}

function isDeclared(end: DeadEnd, { deadEnds = [] }: AnyMachineCheckOptions): boolean {
  return deadEnds.some((name) => isNamed(end, name))
}

function deadEndProblem({ text, place }: DeadEnd, { paths }: Explored, start: Observation): MachineProblem {
  const finding: Finding = { check: 'dead-ends', invariant: null, key: text, kind: 'dead-ends', text }
  return problemOf(finding, start.snapshot, paths.get(keyOf(place)) ?? [])
}

function eventAfterDone({ check, path }: MachineProblem): readonly string[] {
  return check === 'finals' ? path.slice(-1).map(({ event }) => event.type) : []
}

function isAfterDone(one: MachineProblem, { afterDone = [] }: AnyMachineCheckOptions): boolean {
  return eventAfterDone(one).some((type) => afterDone.includes(type))
}
