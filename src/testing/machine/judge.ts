/** What one step of a machine says about it: whether it may be trusted when it refuses, accepts, and ends. */
import type { AnyMachineSnapshot, EventObject } from 'xstate'
import { eventWords, type Finding, keyOf, placeWords } from './finding.ts'
import type { Observation, ObservedMachine } from './observe.ts'
import { valueText } from './places.ts'
import { shortTextOf } from './spell.ts'

/**
 * What must hold wherever a machine comes to rest. It holds with `true` or nothing, and does not with `false`, with a string that
 * says why, or when it throws. Any other answer, such as a promise, is no answer, and is told.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: an invariant may be a list of assertions that gives nothing back.
export type Invariant<Snapshot> = (snapshot: Snapshot) => boolean | string | void

export type Invariants = Readonly<Record<string, Invariant<AnyMachineSnapshot>>>

/** All that is found at a place: the invariants that do not hold. */
export function judgePlace(snapshot: AnyMachineSnapshot, invariants: Invariants): readonly Finding[] {
  return Object.entries(invariants).flatMap(([invariant, holds]): readonly Finding[] => {
    const broken = brokenBy(snapshot, holds)
    if (broken === null) return []
    const key = `invariant ${invariant}`
    const text = `"${invariant}" ${broken.verdict} in ${placeWords(snapshot)}${broken.reason === '' ? '' : `: ${broken.reason}`}`
    return [{ check: 'invariants', invariant, key, kind: key, text }]
  })
}

interface Broken {
  readonly verdict: string
  readonly reason: string
}

const notHeld = 'does not hold'

/** Why an invariant does not hold, as far as it says so; `null` when it holds. */
function brokenBy(snapshot: AnyMachineSnapshot, holds: Invariant<AnyMachineSnapshot>): Broken | null {
  try {
    // Whoever writes no types may answer anything.
    const said: unknown = holds(snapshot)
    if (said === true || said === undefined) return null
    if (said === false) return { verdict: notHeld, reason: '' }
    if (typeof said === 'string') return { verdict: notHeld, reason: said }
    return { verdict: `answered ${wrongAnswer(said)}`, reason: answersOfInvariants }
  } catch (error) {
    return { verdict: notHeld, reason: messageOf(error) }
  }
}

const answersOfInvariants =
  'an invariant answers at once, `true` or nothing where it holds, `false` or a string with the reason where it does not'

function wrongAnswer(said: unknown): string {
  const isPromise = typeof said === 'object' && said !== null && 'then' in said
  if (!isPromise) return shortTextOf(said)
  // Nobody waits for it; where it fails, that must not end the process.
  Promise.resolve(said).catch(() => {})
  return 'a promise'
}

/** Whether a machine was stopped because it goes round in circles by itself. XState says so in words alone. */
export function isEndless(error: unknown): boolean {
  return messageOf(error).startsWith('Infinite loop')
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** All that is found of a step. With `asksAgain` the machine is asked again, and whether it `can`. */
export function judgeStep(
  machine: ObservedMachine,
  before: AnyMachineSnapshot,
  event: EventObject,
  seen: Observation,
  asksAgain = true,
): readonly Finding[] {
  const at = (check: Finding['check'], what: string, text: string): readonly Finding[] => {
    const key = `${check} ${what} ${event.type} ${valueText(before.value)}`
    // Events may be declared to lead out of the end: each is a kind of its own.
    const kind = check === 'finals' ? `${check} ${event.type}` : check
    return [{ check, invariant: null, key, kind, text }]
  }
  const told = `${eventWords(event)} in ${placeWords(before)}`
  if (seen.thrown !== null) {
    const { error } = seen.thrown
    const mayNeedData = Object.keys(event).length === 1 && !isEndless(error)
    const hint = mayNeedData ? ' (if the event needs data, give it in `events`)' : ''
    return at('answers', 'thrown', `${told} throws: ${messageOf(error)}${hint}`)
  }
  if (before.status === 'done') {
    if (isUnchanged(before, seen)) return []
    const to =
      seen.snapshot.status === 'done' ? placeWords(seen.snapshot) : `\`${valueText(seen.snapshot.value)}\``
    return at('finals', 'left', `the machine is done, and yet ${told} leads to ${to}`)
  }
  return [
    ...judgeRefusal(before, seen, told).flatMap((text) => at('symmetry', 'changes', text)),
    ...(asksAgain ? judgeAnswers(machine, before, event, seen, told) : []).flatMap((text) =>
      at('symmetry', 'can', text),
    ),
  ]
}

function isUnchanged(before: AnyMachineSnapshot, { snapshot, actions }: Observation): boolean {
  return actions.length === 0 && keyOf(before) === keyOf(snapshot)
}

function judgeRefusal(before: AnyMachineSnapshot, seen: Observation, told: string): readonly string[] {
  if (seen.accepted || isUnchanged(before, seen)) return []
  const { snapshot, actions } = seen
  if (snapshot.status === 'error')
    return [`${told} is not handled: it puts the machine into the status \`error\``]
  const changed = keyOf(before) === keyOf(snapshot) ? '' : `leads to ${placeWords(snapshot)}`
  const acted = actions.length === 0 ? '' : `runs ${actions.join(', ')}`
  return [`${told} is refused, and yet ${[changed, acted].filter((part) => part !== '').join(' and ')}`]
}

/** A refusal or an acceptance must be the same each time it is asked for, in either way of asking. */
function judgeAnswers(
  machine: ObservedMachine,
  before: AnyMachineSnapshot,
  event: EventObject,
  seen: Observation,
  told: string,
): readonly string[] {
  const can = machine.can(before, event)
  const again = machine.step(before, event)
  const canAgain = machine.can(before, event)
  if (again.thrown !== null)
    return [`${told} throws when it is asked again: ${messageOf(again.thrown.error)}`]
  for (const [said, did] of [
    [can, seen],
    [can, again],
    [canAgain, again],
  ] as const) {
    if (said !== did.accepted) {
      const taken = did.taken[0]?.name
      return [
        said === true
          ? `\`can\` says yes to ${told}, and no transition is taken`
          : `\`can\` says no to ${told}, and yet it is accepted${taken === undefined ? '' : `, by \`${taken}\``}`,
      ]
    }
  }
  const [first, second] = [seen, again].map(({ snapshot }) => valueText(snapshot.value))
  return first === second ? [] : [`${told} leads to \`${first}\` once, and to \`${second}\` another time`]
}
