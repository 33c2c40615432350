/**
 * The laws of an event-sourced decider: what makes it safe to keep nothing but events. Each is checked on random histories; one that does not
 * hold is told with its seed and the shortest history that was found.
 */
import fc from 'fast-check'
import { describeHistory } from '../arbitrary/describe.ts'
import type { Check } from '../check.ts'
import { assertWhole, usage } from '../usage.ts'
import { type IsRefusal, refusesByThrowing } from './decider.ts'
import type { DeciderLaws } from './law-options.ts'
import { lawsOf } from './law-table.ts'
import { equal } from './plain.ts'
import { play } from './play.ts'

/**
 * The laws of an event-sourced decider, for any test runner. They hold that `decide` and `evolve` depend on nothing but their arguments and
 * change neither, that a refusal changes nothing, that state is nothing but the fold of the events (whole, in parts, or from a snapshot), and
 * whatever else is said of it: invariants, commands that may be repeated, commands that can be read back.
 *
 * @throws WaymarkError `USAGE` for `runs`, `lengthMax` or a `seed` that cannot be meant
 * @example
 * ```ts
 * import fc from 'fast-check'
 * type Deposited = { type: 'deposited'; amount: number }
 * const laws = deciderLaws({
 *   initialState: () => ({ balance: 0 }),
 *   decide: (command: { type: 'deposit'; amount: number }): Deposited[] => {
 *     if (command.amount <= 0) throw new Error('nothing to deposit')
 *     return [{ type: 'deposited', amount: command.amount }]
 *   },
 *   evolve: ({ balance }, event) => ({ balance: balance + event.amount }),
 *   commands: fc.record({ type: fc.constant('deposit' as const), amount: fc.integer() }),
 *   invariants: { 'the balance never falls below nothing': ({ balance }) => balance >= 0 },
 * })
 * for (const { run } of laws) await run() // with a test runner: test(name, run)
 * laws.length // 10
 * ```
 */
export function deciderLaws<Command, Event, State>(
  options: DeciderLaws<Command, Event, State>,
): readonly Check[] {
  const { commands, lengthMax = 30, isRefusal = refusesByThrowing } = options
  assertOptions(options)
  const histories = fc.array(commands, { maxLength: lengthMax, size: 'max' })
  const laws = lawsOf(options).map(({ name, holds }) => ({
    name,
    run: async () => check(options, name, histories, (sent) => holds(play(options, sent, isRefusal))),
  }))
  return [...laws, someAccepted(options, histories, isRefusal)]
}

const runsStandard = 100

function assertOptions<C, E, S>({
  runs = runsStandard,
  lengthMax = 1,
  seed = 0,
  ...laws
}: DeciderLaws<C, E, S>): void {
  for (const name of ['initialState', 'decide', 'evolve'] as const) {
    if (typeof laws[name] !== 'function')
      throw usage(`there is no \`${name}\``, 'a decider has it as a function')
  }
  if (!(laws.commands instanceof fc.Arbitrary)) {
    throw usage('the commands are not given', 'give `commands` as an arbitrary of fast-check')
  }
  assertWhole('runs', runs, 1)
  assertWhole('lengthMax', lengthMax, 1)
  assertWhole('seed', seed, Number.MIN_SAFE_INTEGER)
}

/** A law that is checked on refusals alone says nothing. */
function someAccepted<Command, Event, State>(
  options: DeciderLaws<Command, Event, State>,
  histories: fc.Arbitrary<readonly Command[]>,
  isRefusal: IsRefusal,
): Check {
  const { runs = runsStandard, seed } = options
  return {
    name: 'the commands are worth something: some are accepted',
    run: async () => {
      const sampled = fc.sample(histories, { numRuns: runs, ...(seed === undefined ? {} : { seed }) })
      const isWorthIt = sampled.some((sent) =>
        play(options, sent, isRefusal).steps.some(({ answer }) => answer.ok && answer.events.length > 0),
      )
      if (!isWorthIt) {
        throw new Error(
          `expected some command to be accepted with events; in ${runs} histories none was, so the other laws were checked on nothing`,
        )
      }
    },
  }
}

function check<Command>(
  options: Pick<DeciderLaws<Command, unknown, unknown>, 'runs' | 'seed' | 'path'>,
  name: string,
  histories: fc.Arbitrary<readonly Command[]>,
  holds: (sent: readonly Command[]) => void,
): void {
  const { details, told } = tried(options, histories, holds)
  if (!details.failed) return
  const { seed } = details
  // What depends on its arguments alone fails in the same way again, in every history that was tried.
  const { told: toldAgain } = tried({ ...options, seed }, histories, holds)
  const again = `{ seed: ${seed}, path: '${details.counterexamplePath ?? ''}' }`
  throw new Error(
    [
      `${name}: this does not hold after`,
      describeHistory(details.counterexample?.[0] ?? []),
      '',
      messageOf(details.errorInstance),
      '',
      `seed ${seed}, shrunk ${details.numShrinks} times; ${equal(told, toldAgain) ? `${again} shows it again` : byChance}`,
    ].join('\n'),
    { cause: details.errorInstance },
  )
}

const byChance =
  'the same commands led to something else when they were run again, so chance, a clock, or a state outside plays a part'

/** What came of the histories, and of each in turn. */
function tried<Command>(
  { runs = runsStandard, seed, path }: Pick<DeciderLaws<Command, unknown, unknown>, 'runs' | 'seed' | 'path'>,
  histories: fc.Arbitrary<readonly Command[]>,
  holds: (sent: readonly Command[]) => void,
): { readonly details: fc.RunDetails<[readonly Command[]]>; readonly told: readonly string[] } {
  const told: string[] = []
  const property = fc.property(histories, (sent) => {
    try {
      holds(sent)
      told.push('')
    } catch (error) {
      told.push(messageOf(error))
      throw error
    }
  })
  const details = fc.check(property, {
    numRuns: runs,
    ...(seed === undefined ? {} : { seed }),
    ...(path === undefined ? {} : { path }),
  })
  return { details, told }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
