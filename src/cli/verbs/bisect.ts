import { z } from 'zod'
import { limits } from '../../kernel/limits.ts'
import type { Bisection } from '../../replay/bisect/bisection.ts'
import { type Predicate, parsePredicate } from '../../replay/predicate/predicate.ts'
import { countOf, countText, type Fact, timeText } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes, usageError } from '../failure.ts'
import type { Output } from '../output.ts'
import { loadPredicate } from '../predicate-module.ts'
import { printStateDiff } from '../state-diff-output.ts'
import { sessionArgument, textOption, verb, versionOption } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  predicate: z.string().optional(),
  module: textOption.optional(),
  from: versionOption.optional(),
  to: versionOption.optional(),
  scan: z.boolean().optional(),
})

export const bisect = verb(
  shape,
  async ({ session, predicate: text, module, from, to, scan = false }, context) => {
    const { output } = context
    const predicate = await predicateOf(text, module)
    const found = await withWaymark(context, 'read', async (waymark) =>
      waymark.bisect(session, predicate, {
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        scan,
        onProgress: (version) => output.progress(`looking: version ${version}`),
      }),
    )
    if (output.json) await output.document(found)
    else await print(output, found, predicate)
    return found.outcome === 'found' ? exitCodes.fine : exitCodes.problem
  },
)

async function predicateOf(text: string | undefined, module: string | undefined): Promise<Predicate> {
  if (text !== undefined && module === undefined) return parsePredicate(text)
  if (text === undefined && module !== undefined) return loadPredicate(module)
  throw usageError(
    text === undefined ? 'bisect needs a predicate' : 'bisect takes a predicate or a module, not both',
    `waymark bisect 3f2a 'window.percent > 75', or --module <file>`,
  )
}

async function print(output: Output, found: Bisection, predicate: Predicate): Promise<void> {
  const { scan, events, changes } = found
  await output.facts([
    { label: 'session', value: found.sessionId },
    { label: 'predicate', value: found.predicate },
    ...answerFacts(found),
    { label: 'looked at', value: looksText(found) },
    { label: 'monotone', value: monotoneText(found) },
  ])
  if (scan !== null && scan.flips.length > 0) {
    await output.table({
      section: 'turns',
      columns: ['version', 'holds'],
      rows: scan.flips.map(({ version, holds }) => [version, yesOrNo(holds)]),
    })
    if (scan.flipCount > scan.flips.length) output.note(`the first ${countText(limits.flipsListedMax)} turns`)
  }
  if (events.length > 0) {
    await output.table({
      section: 'events',
      columns: ['time', 'version', 'type', 'what'],
      rows: events.map(({ time, version, type, text, tone }) => [
        output.aligned ? timeText(time) : time,
        version,
        type,
        { text, tone },
      ]),
    })
  }
  if (changes !== null) await printStateDiff(output, changes)
  for (const line of nextLines(found, predicate)) output.note(line)
}

function answerFacts({ outcome, version, before, from, to, monotone }: Bisection): readonly Fact[] {
  if (outcome === 'found') {
    return [
      { label: 'holds from', value: `version ${version}; not yet at version ${before}`, tone: 'strong' },
    ]
  }
  const range = `version ${from} to ${to}`
  const value = {
    'not-held':
      monotone === null ? `neither at version ${from} nor at version ${to}` : `at no version, ${range}`,
    'held-before':
      monotone === false
        ? `at version ${from} already, and no more at version ${to}`
        : `at version ${from} already`,
  }[outcome]
  return [{ label: 'holds', value, tone: 'warning' }]
}

function looksText({ scan, probes, from, to }: Bisection): string {
  if (scan !== null) return `all ${countText(scan.looks)} ends of batches, in one reading`
  const shown = probes.map(({ version, holds }) => `${version} ${yesOrNo(holds)}`).join(', ')
  return `${countText(probes.length)} of ${countOf(to - from + 1, 'version')}: ${shown}`
}

function monotoneText({ scan, monotone, outcome, probes }: Bisection): string {
  if (scan !== null) {
    return monotone === true
      ? 'yes, every version was looked at'
      : `no, it turns ${countOf(scan.flipCount, 'time')}`
  }
  if (monotone === false) return 'not from no to yes: it holds at the beginning and not at the end'
  const looks = `as far as ${countOf(probes.length, 'look')} saw`
  return outcome === 'found' ? `${looks}; it may turn between them` : looks
}

function nextLines(found: Bisection, predicate: Predicate): string[] {
  const { sessionId, outcome, version, before, scan, from, to } = found
  const id = sessionId.slice(0, shortIdCharacters)
  if (outcome === 'found') {
    return [
      `next: waymark show ${id} --at ${version}; waymark diff ${id}@${before} @${version}`,
      ...(scan === null ? ['--scan looks at every version and tells all at which it turns'] : []),
    ]
  }
  if (scan !== null)
    return outcome === 'held-before' && scan.flipCount === 0 ? ['it holds at every version'] : []
  if (outcome === 'not-held') return ['--scan looks at every version: it may hold in between']
  if (found.monotone === null || predicate.isExpression !== true) {
    return ['--scan looks at every version; --from begins later']
  }
  const range = `${from === 0 ? '' : ` --from ${from}`} --to ${to}`
  const opposite = `!(${predicate.text})`.replaceAll("'", "'\\''")
  return [`next: waymark bisect ${id} '${opposite}'${range} finds where it ceases to hold`]
}

function yesOrNo(holds: boolean): string {
  return holds ? 'yes' : 'no'
}

/** Enough of an id to be typed, and in a home of thousands to be the only one. */
const shortIdCharacters = 'sess_'.length + 8
