/** A reproduction written down as a test for vitest. The text is JavaScript and TypeScript alike. */
import { oneLine } from '../events/content.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { waymarkVersion } from '../kernel/version.ts'
import { type StateChange, stateDiff } from '../views/state-diff.ts'
import type { BareStep, Outcome, PlayedBare } from './play-commands.ts'
import { withoutMade } from './problem.ts'
import { isSameValue } from './same.ts'

/** What the test is about. */
export type ShownProblem =
  | { readonly kind: 'state'; readonly predicate: string }
  | { readonly kind: 'change'; readonly policy: string | null }
  | { readonly kind: 'divergence'; readonly usual: PlayedBare }

export interface TestFacts {
  readonly sessionId: string
  /** Version at which the problem shows in the session. */
  readonly version: number
  /** Newest version of the session when it was read, and its chain hash. */
  readonly head: { readonly version: number; readonly hash: string }
  /** Commands that the session had up to that version. */
  readonly commandsBefore: number
  readonly isMinimal: boolean
  readonly steps: readonly BareStep[]
  readonly last: PlayedBare
  readonly seed: number
  readonly policies: 'standard' | 'none'
  readonly problem: ShownProblem
  /** The module of machines as the test imports it: `./machines.mjs`. */
  readonly machines: string | null
}

/** Columns of a line of code; longer ones are broken. */
const columnsMax = 110
/** Places of a state that are told; of more, the first. */
const changesMax = 12
/** Characters of a value in a comment. */
const valueCharactersMax = 60

export function testFileOf(facts: TestFacts): string {
  const { problem, machines } = facts
  const names = problem.kind === 'state' ? 'parsePredicate, playCommands' : 'playCommands'
  return [
    ...commentsOf(facts).map((line) => (line === '' ? '//' : `// ${line}`)),
    "import { expect, test } from 'vitest'",
    `import { ${names} } from 'waymark'`,
    ...(machines === null ? [] : machinesLines(machines)),
    '',
    '/** Of the clock and the ids. */',
    `const seed = ${facts.seed}`,
    '',
    'const commands = [',
    ...facts.steps.map((step) => `  ${literal(dataOf(step), 2)},`),
    ']',
    '',
    ...bodyOf(facts),
    '',
  ]
    .join('\n')
    .replace(unseen, escaped)
}

/** Signs that are not seen, or turn the line round them: in texts and comments alike they are written as what they are. */
const unseen = /[\p{Cf}\p{Zl}\p{Zp}]/gu

function escaped(sign: string): string {
  const code = (sign.codePointAt(0) ?? 0).toString(16)
  return code.length > 4 ? `\\u{${code}}` : `\\u${code.padStart(4, '0')}`
}

function machinesLines(path: string): readonly string[] {
  const line = `import * as machines from ${literal(path)}`
  return /\.[cm]?js$/.test(path) ? ['// @ts-ignore: a module of JavaScript has no types', line] : [line]
}

/** A command as it stands in the file: its time first, where it has one. */
export function dataOf({ command, time }: BareStep): object {
  return time === null ? command : { time, ...command }
}

function commentsOf(facts: TestFacts): readonly string[] {
  const { sessionId, version, head, steps, commandsBefore, isMinimal, last, problem, machines } = facts
  const least = isMinimal ? 'none of them can be left out' : 'fewer may do: the search came to its bound'
  return [
    `Cut by waymark ${waymarkVersion} out of session ${sessionId}, version ${version}`,
    `(newest version then: ${head.version}, hash ${head.hash}).`,
    `${steps.length} of the ${commandsBefore} commands up to there are left; ${least}.`,
    '',
    ...problemLines(problem, last, machines),
    '',
    ...changeLines(problem, last),
    '',
    'This test fails for as long as the problem is there, and passes once it is mended.',
  ].map((line) => line.trimEnd())
}

function problemLines(
  problem: ShownProblem,
  { step, outcome }: PlayedBare,
  machines: string | null,
): readonly string[] {
  const { type } = step.command
  const by = machines === null ? '' : ` under the machines of ${oneLine(machines)}`
  switch (problem.kind) {
    case 'state':
      return [
        `The problem: after the last command, ${type}${by}, it holds that`,
        '',
        `  ${oneLine(problem.predicate)}`,
        '',
        'and before it, it does not.',
      ]
    case 'change': {
      const policy = problem.policy === null ? '' : `, by way of the policy ${oneLine(problem.policy)}`
      return [`The problem: the last command, ${type}${by}, makes the change that it made there${policy}.`]
    }
    case 'divergence':
      return [
        `The problem: ${oneLine(machines ?? 'the given machines')} decides the last command, ${type}, otherwise than Waymark's own machines.`,
        `  Waymark's own: ${answerText(problem.usual.outcome)}`,
        `  this module:   ${answerText(outcome)}`,
      ]
  }
}

function answerText({ answer, reason, events, byPolicies }: Outcome): string {
  if (answer !== 'accepted') return oneLine(`${answer}: ${reason ?? ''}`, columnsMax)
  const all = [...events, ...byPolicies].map(({ type, data }) => `${type} ${JSON.stringify(data)}`)
  return oneLine(all.length === 0 ? 'accepted, and nothing to add' : all.join(', '), 4 * columnsMax)
}

/** The state before and after, where it changes; for two machines, where they part. */
function changeLines(problem: ShownProblem, last: PlayedBare): readonly string[] {
  if (problem.kind === 'divergence') {
    const { changes, changeCount } = stateDiff(problem.usual.after, last.after)
    if (changeCount === 0) return ['The state after it is the same by both.']
    return [
      "The state after it by Waymark's own machines → by this module:",
      ...listed(changes, changeCount),
      '',
      "The state before it → after it by Waymark's own machines:",
      ...changesOf(last.before, problem.usual.after),
    ]
  }
  return ['The state before the last command → after it:', ...changesOf(last.before, last.after)]
}

function changesOf(before: ReadonlyState, after: ReadonlyState): readonly string[] {
  const { changes, changeCount } = stateDiff(before, after)
  return changeCount === 0 ? ['  nothing but its version'] : listed(changes, changeCount)
}

function listed(changes: readonly StateChange[], changeCount: number): readonly string[] {
  const rows = changes.slice(0, changesMax)
  const width = Math.max(0, ...rows.map(({ path }) => path.length))
  const more = changeCount - rows.length
  return [
    ...rows.map((change) => `  ${change.path.padEnd(width)}  ${valuesOf(change)}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ]
}

function valuesOf({ kind, before, after }: StateChange): string {
  const [was, is] = [before, after].map((value) => oneLine(JSON.stringify(value), valueCharactersMax))
  if (kind === 'added') return `added: ${is}`
  return kind === 'removed' ? `removed: ${was}` : `${was} → ${is}`
}

function bodyOf(facts: TestFacts): readonly string[] {
  const { problem, last, policies, machines } = facts
  const { type } = last.step.command
  const options = [
    'seed',
    ...(policies === 'none' ? ['policies: []'] : []),
    ...(machines === null ? [] : ['machines']),
  ].join(', ')
  const wayThere = '  // The way to the last command; where this fails, something else has changed.'
  const play = (names: string) => `  const { ${names} } = playCommands(commands, { ${options} })`
  const way = [wayThere, '  expect(refused).toEqual([])']
  switch (problem.kind) {
    case 'state':
      return [
        `const predicate = parsePredicate(${literal(problem.predicate)})`,
        '',
        `test(${literal(`it does not hold after ${type}: ${oneLine(problem.predicate)}`)}, () => {`,
        play('refused, before, state'),
        ...way,
        '  expect(predicate.holds(before)).toBe(false)',
        '  expect(predicate.holds(state)).toBe(false)',
        '})',
      ]
    case 'change':
      return [
        '/** What the last command comes to while the problem is there. */',
        `const change = ${literal(changeOf(problem, last.outcome), 0, 'const change = '.length)}`,
        '',
        `test(${literal(`${type} does not make this change`)}, () => {`,
        play('refused, outcome'),
        ...way,
        problem.policy === null
          ? '  expect(outcome.events).not.toMatchObject(change)'
          : `  const made = outcome.byPolicies.filter(({ policy }) => policy === ${literal(problem.policy)})`,
        ...(problem.policy === null ? [] : ['  expect(made).not.toMatchObject(change)']),
        '})',
      ]
    case 'divergence':
      return [
        "/** What the last command comes to by Waymark's own machines. */",
        `const expected = ${literal(expectedOf(problem.usual.outcome, last.outcome), 0, 'const expected = '.length)}`,
        '',
        `test(${literal(`${type} comes to what it should`)}, () => {`,
        play('refused, outcome'),
        ...way,
        '  expect(outcome).toMatchObject(expected)',
        '})',
      ]
  }
}

/** The change as this play of the commands makes it, without what another play may have otherwise and still make it. */
function changeOf(
  { policy }: Extract<ShownProblem, { kind: 'change' }>,
  { events, byPolicies }: Outcome,
): unknown {
  return withoutMade(policy === null ? events : byPolicies.filter((event) => event.policy === policy))
}

/** What is expected of the last command; of policies only where the difference is theirs. */
function expectedOf(usual: Outcome, given: Outcome): unknown {
  const { answer, events, byPolicies } = usual
  const isOwn = answer !== given.answer || !isSameValue(events, given.events)
  return isOwn ? { answer, events } : { answer, byPolicies }
}

/** A JSON value as source: on one line where it fits behind `before` characters, else broken at its outermost fields. */
function literal(value: unknown, indent = 0, before = indent): string {
  const flat = flatLiteral(value)
  if (before + flat.length + 1 <= columnsMax || typeof value !== 'object' || value === null) return flat
  const pad = ' '.repeat(indent)
  if (Array.isArray(value)) {
    return `[\n${value.map((item) => `${pad}  ${literal(item, indent + 2)},\n`).join('')}${pad}]`
  }
  const fields = Object.entries(value).filter(([, item]) => item !== undefined)
  const lines = fields.map(([key, item]) => {
    const name = nameLiteral(key)
    return `${pad}  ${name}: ${literal(item, indent + 2, indent + name.length + 4)},\n`
  })
  return `{\n${lines.join('')}${pad}}`
}

function flatLiteral(value: unknown): string {
  if (typeof value === 'string') return textLiteral(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(flatLiteral).join(', ')}]`
  const fields = Object.entries(value).filter(([, item]) => item !== undefined)
  if (fields.length === 0) return '{}'
  return `{ ${fields.map(([key, item]) => `${nameLiteral(key)}: ${flatLiteral(item)}`).join(', ')} }`
}

/** In single quotes, unless that would need a backslash. */
function textLiteral(text: string): string {
  const quoted = JSON.stringify(text)
  const isPlain = !text.includes("'") && quoted === `"${text.replaceAll('"', '\\"')}"`
  return isPlain ? `'${text}'` : quoted
}

function nameLiteral(key: string): string {
  return /^[A-Za-z_]\w*$/.test(key) ? key : textLiteral(key)
}
