/**
 * Questions about a state that are answered with yes or no: expressions of a small language (CEL), and functions. An expression reaches the
 * state and nothing else: no globals, no prototypes, no functions of JavaScript.
 */
import {
  TypeError as CheckError,
  Environment,
  EvaluationError,
  ParseError,
  type ParseResult,
} from '@marcbachmann/cel-js'
import type { ReadonlyState } from '../../fold/state.ts'
import { withinTime } from '../../kernel/bounded.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import { stateShape } from '../../views/state-shape.ts'
import { checkNames, isTimeless, type NameProblem, namesLike } from './names.ts'
import { givenState } from './state.ts'

/** A question about a state. Ask it of as many states as you like: it remembers nothing. */
export interface Predicate {
  /** As it was written: the expression, or what the function is called. */
  readonly text: string
  /** @throws WaymarkError `PREDICATE_INVALID` when there is no answer: it threw, ran long, or came to something else than yes or no. */
  holds(state: ReadonlyState): boolean
  /** Made of an expression: it cannot change a state, nor keep it. */
  readonly isExpression?: true
}

const arithmetic = new Map<string, (a: number, b: number) => number>([
  ['+', (a, b) => a + b],
  ['-', (a, b) => a - b],
  ['*', (a, b) => a * b],
  ['/', (a, b) => a / b],
  ['%', (a, b) => a % b],
])

/** Made when it is first needed: that takes longer than most verbs. */
let environment: Environment | null = null

/**
 * Reads an expression over the state, such as `tasks["SPEC-001"].status == "failed"` or `window.percent > 75`. Its names are checked
 * here, so that a slip of the finger is told at once. What is not there yet in a state (a task that is added later, a value that is `null`)
 * does not hold, unless the expression asks for that with `has(…)`, `in` or `== null`.
 *
 * @throws WaymarkError `PREDICATE_INVALID` with the place: not an expression, an unknown name, or one that never comes to yes or no.
 * @example
 * ```ts
 * const predicate = parsePredicate('tasks.exists(id, tasks[id].status == "failed")')
 * predicate.holds(session.state) // false
 * parsePredicate('widow.percent > 75') // throws PREDICATE_INVALID
 * ```
 */
export function parsePredicate(text: string): Predicate {
  const run = parsed(text)
  const problem = checkNames(run.ast, text)
  if (problem !== null) throw invalid(text, problem)
  const { valid, type = 'dyn', error } = run.check()
  if (!valid) throw invalid(text, problemOf(error))
  if (type !== 'bool' && type !== 'dyn') {
    throw invalid(text, {
      message: `it comes to a ${type}, not to yes or no`,
      hint: 'compare it with something: window.percent > 75',
    })
  }
  const answer = (state: ReadonlyState): unknown => {
    try {
      return run(givenState(state))
    } catch (error) {
      if (isNotThere(error)) return false
      throw unanswered(text, state, error instanceof EvaluationError ? error.summary : String(error))
    }
  }
  const isShort = isTimeless(run.ast)
  return {
    text,
    isExpression: true,
    holds: (state) => {
      const value = isShort ? answer(state) : timed(text, state, answer)
      // A value such as `retryable` is true, false, or not known yet.
      if (value === null) return false
      return answerOf(text, state, value)
    },
  }
}

/**
 * A predicate of a function of yours. It gets the frozen state and answers `true` or `false`, at once: a promise is refused, and one that
 * takes longer than `limits.predicateWaitMs` is ended.
 *
 * @example
 * ```ts
 * const crowded = predicateOf('crowded', (state) => state.taskCount > 10)
 * crowded.holds(session.state) // false
 * ```
 */
export function predicateOf(name: string, test: (state: ReadonlyState) => unknown): Predicate {
  return {
    text: name,
    holds: (state) => answerOf(name, state, timed(name, state, test)),
  }
}

/** What may be given where a predicate is wanted: one made before, an expression, or a function. */
export type PredicateLike = Predicate | string | ((state: ReadonlyState) => boolean)

export function predicateFrom(given: PredicateLike): Predicate {
  if (typeof given === 'string') return parsePredicate(given)
  return typeof given === 'function' ? predicateOf(given.name || 'the function', given) : given
}

function parsed(text: string): ParseResult {
  if (text.trim() === '') {
    throw invalid(text, { message: 'it is empty', hint: 'write it as window.percent > 75' })
  }
  if (text.length > limits.predicateCharactersMax) {
    throw invalid(text, {
      message: `it has ${text.length} characters, at most ${limits.predicateCharactersMax}`,
      hint: 'write a longer one as a function in a module',
    })
  }
  try {
    environment ??= makeEnvironment()
    return environment.parse(text)
  } catch (error) {
    throw invalid(text, problemOf(error))
  }
}

function timed(name: string, state: ReadonlyState, work: (state: ReadonlyState) => unknown): unknown {
  let result: ReturnType<typeof withinTime<unknown>>
  try {
    result = withinTime(limits.predicateWaitMs, () => work(state))
  } catch (error) {
    if (error instanceof WaymarkError) throw error
    throw unanswered(name, state, `it threw ${error instanceof Error ? error.message : String(error)}`, error)
  }
  if (result.done) return result.value
  throw unanswered(name, state, `it took longer than ${limits.predicateWaitMs} milliseconds`)
}

function answerOf(name: string, state: ReadonlyState, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  if (value instanceof Promise) {
    // Nobody waits for it: what becomes of it is not to end the process.
    value.catch(() => {})
    throw unanswered(name, state, 'it answered with a promise; it has to answer at once')
  }
  const what = value === undefined ? 'nothing; is a return missing?' : kindNames[typeof value]
  throw unanswered(name, state, `it answered with ${what}, not with true or false`)
}

const kindNames = {
  string: 'a string',
  number: 'a number',
  bigint: 'a number',
  boolean: 'yes or no',
  symbol: 'a symbol',
  undefined: 'nothing',
  object: 'an object',
  function: 'a function',
} as const

function makeEnvironment(): Environment {
  const made = new Environment({
    limits: { maxAstNodes: limits.predicateNodesMax, maxDepth: limits.predicateLevelsMax },
  })
  for (const name of Object.keys(stateShape.fields)) made.registerVariable(name, 'dyn')
  // Numbers of a state are doubles, those of an expression are ints: people may add them up all the same.
  for (const [left, right] of [
    ['double', 'int'],
    ['int', 'double'],
  ]) {
    for (const [sign, reckon] of arithmetic) {
      made.registerOperator(`${left} ${sign} ${right}`, (a: unknown, b: unknown) =>
        reckon(Number(a), Number(b)),
      )
    }
  }
  return made.registerOperator('double % double', (a: number, b: number) => a % b)
}

/** Whether the answer fails only because something is not there yet: no such task, no third checkpoint, a value still `null`. */
function isNotThere(error: unknown): boolean {
  if (!(error instanceof EvaluationError)) return false
  if (error.code === 'no_such_key' || error.code === 'index_out_of_bounds') return true
  return nullCodes.has(error.code) && /\bnull\b/.test(error.summary)
}

const nullCodes: ReadonlySet<string> = new Set([
  'no_such_overload',
  'no_matching_overload',
  'invalid_condition_type',
  'invalid_logical_operand',
])

function problemOf(error: unknown): NameProblem {
  if (!(error instanceof ParseError || error instanceof CheckError)) {
    return { message: error instanceof Error ? error.message : String(error), hint: null }
  }
  const unknown = /^Unknown variable: (.+)$/.exec(error.summary)?.[1]
  const hint =
    unknown === undefined
      ? (hintOf[error.code] ?? null)
      : `did you mean ${namesLike(unknown, Object.keys(stateShape.fields)).join(' or ')}?`
  return {
    message: unknown === undefined ? error.summary : `a state has no ${unknown}`,
    hint,
    ...(error.range === undefined ? {} : { start: error.range.start }),
  }
}

const hintOf: Readonly<Record<string, string>> = {
  invalid_macro_argument: 'has(tasks.A) asks for a name; for other ids write "A-1" in tasks',
}

function invalid(text: string, { message, hint, start }: NameProblem): WaymarkError {
  const shown = text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text
  const column = start === undefined ? null : start + 1
  const place = column === null ? '' : ` at character ${column}`
  return new WaymarkError('PREDICATE_INVALID', {
    message: `the predicate ${shown} cannot be used: ${message}${place}`,
    hint: hint ?? 'write it as tasks["SPEC-001"].status == "failed" or window.percent > 75',
    details: { predicate: text.slice(0, limits.lineCharactersMax), character: column },
  })
}

function unanswered(
  name: string,
  { sessionId, version }: ReadonlyState,
  what: string,
  cause?: unknown,
): WaymarkError {
  return new WaymarkError('PREDICATE_INVALID', {
    message: `the predicate ${name.slice(0, shownCharactersMax)} has no answer at version ${version}: ${what}`,
    hint: 'a predicate answers true or false for every state of a session, in no time',
    details: { sessionId, version, predicate: name.slice(0, limits.lineCharactersMax) },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Characters of a predicate that an error quotes. */
const shownCharactersMax = 200
