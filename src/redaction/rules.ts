/** What a redaction looks for: fields by their path, texts by a pattern. */
import { eventTypes } from '../events/catalogue.ts'
import { nearest } from '../events/commands.ts'
import {
  allSecrets,
  type Redact,
  redactorOf,
  secretNames,
  secretPatterns,
  secretsNamed,
} from '../events/secrets.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'

/** A field of events: of one type, of all types of a noun, or of all. */
export interface PathRule {
  readonly text: string
  /** An event type, a noun, or `*`. */
  readonly type: string
  /** Names of fields from the outermost inwards; `*` is any one. */
  readonly segments: readonly string[]
  /** The first name may stand at any depth. */
  readonly anywhere: boolean
}

export interface RedactionRules {
  readonly paths: readonly PathRule[]
  /** `null` without a pattern. */
  readonly redact: Redact | null
  /** What the patterns match in a text. */
  readonly matchesIn: (text: string) => readonly string[]
  /** The rules as they are recorded: a pattern of one's own may hold the secret itself, so it is not told. */
  readonly names: readonly string[]
}

/**
 * The rules that paths and patterns mean. A path is `<type>:<field>.<field>` or `*.<field>` for a field of that name wherever it stands; a
 * pattern is the name of a shape, `secrets` for all shapes but `email`, or a regular expression, bare or as `/…/i`.
 *
 * @throws WaymarkError `USAGE`
 */
export function rulesOf(given: {
  readonly paths?: readonly string[]
  readonly patterns?: readonly string[]
}): RedactionRules {
  const { paths = [], patterns = [] } = given
  const count = paths.length + patterns.length
  if (count === 0 || count > limits.redactionRulesMax) {
    throw usage(
      count === 0
        ? 'nothing was said to look for'
        : `at most ${limits.redactionRulesMax} paths and patterns at a time`,
      'name a field with a path, or texts with a pattern',
    )
  }
  const expressions = patterns.flatMap(patternsOf)
  return {
    paths: paths.map(pathOf),
    redact: expressions.length === 0 ? null : redactorOf(expressions),
    matchesIn: (text) => {
      const matches: string[] = []
      redactorOf(expressions, (match) => matches.push(match))(text)
      return matches
    },
    names: [
      ...paths.map((path) => `path ${path}`),
      ...patterns.map((name) => (secretsNamed(name) === null ? 'pattern of one’s own' : `pattern ${name}`)),
    ],
  }
}

function pathOf(text: string): PathRule {
  const [first = '', second, ...rest] = text.split(':')
  const path = second === undefined ? first : second
  const type = second === undefined ? '*' : first
  const segments = path.split('.')
  if (rest.length > 0 || text.length > limits.idCharactersMax || segments.some((segment) => segment === '')) {
    throw usage(`"${text}" is no path`, 'write it as prompt.submitted:content.preview, task:title or *.cwd')
  }
  const isKnown = type === '*' || eventTypes.some((known) => known === type || known.startsWith(`${type}.`))
  if (!isKnown) {
    const near = nearest(type, eventTypes)
    throw usage(
      `no event has the type "${type}"`,
      near.length === 0 ? 'docs/events.md lists the types' : `did you mean ${near.join(' or ')}?`,
    )
  }
  const anywhere = segments.length > 1 && segments[0] === '*'
  return { text, type, segments: anywhere ? segments.slice(1) : segments, anywhere }
}

function patternsOf(text: string): readonly RegExp[] {
  const named = secretsNamed(text)
  if (named !== null) return named.map((name) => secretPatterns[name])
  const [, body, flags] = /^\/(.+)\/([a-z]*)$/s.exec(text) ?? []
  try {
    return [new RegExp(body ?? text, `${flags ?? ''}${flags?.includes('g') === true ? '' : 'g'}`)]
  } catch (cause) {
    throw new WaymarkError('USAGE', {
      message: 'a pattern is neither the name of a shape nor a regular expression',
      hint: `shapes are ${[allSecrets, ...secretNames].join(', ')}`,
      cause,
    })
  }
}

function usage(message: string, hint: string): WaymarkError {
  return new WaymarkError('USAGE', { message, hint })
}

/** Whether a rule is about an event type at all. */
export function concernsType({ type }: PathRule, eventType: string): boolean {
  return type === '*' || type === eventType || eventType.startsWith(`${type}.`)
}

/** Whether a rule means the field at this path. */
export function matches({ segments, anywhere }: PathRule, path: readonly string[]): boolean {
  if (anywhere ? path.length < segments.length : path.length !== segments.length) return false
  const from = path.length - segments.length
  return segments.every((segment, index) => segment === '*' || segment === path[from + index])
}
