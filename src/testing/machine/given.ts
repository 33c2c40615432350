/** What may be given to a check of a machine and to its coverage. Anything else is refused before work begins: it would pass, or end, for nothing. */
import type { AnyStateMachine } from 'xstate'
import { usage } from '../usage.ts'
import { machineBounds } from './bounds.ts'
import type { MachineCheckOptions } from './options.ts'
import { namesText, shortTextOf } from './spell.ts'

/** @throws WaymarkError `USAGE` for anything but a machine of XState 5 */
export function checkIsMachine(machine: unknown): void {
  const isMachine =
    isRecord(machine) &&
    isRecord(machine.root) &&
    ['provide', 'transition', 'getInitialSnapshot', 'resolveState'].every((name) => isFunction(machine[name]))
  if (!isMachine)
    throw usage(`this is no machine: ${shortTextOf(machine)}`, 'give a machine that XState 5 made')
}

/** A kind of value that an option takes. */
interface Kind {
  /** In words: `numRuns` is … */
  readonly is: string
  isSound(value: unknown): boolean
  /** What each value of a record is. */
  readonly inside?: Kind
}

const anything: Kind = { is: 'anything', isSound: () => true }
const amount: Kind = {
  is: `a whole number from 1 to ${machineBounds.optionMax}`,
  isSound: (value) => isAmount(value) && value <= machineBounds.optionMax,
}
const seed: Kind = { is: 'a whole number', isSound: Number.isSafeInteger }
const flag: Kind = { is: '`true` or `false`', isSound: (value) => typeof value === 'boolean' }
const names: Kind = {
  is: 'a list of names',
  isSound: (value) => Array.isArray(value) && value.every((name) => typeof name === 'string'),
}
const data: Kind = {
  is: 'a list of data, each an object, or an arbitrary of fast-check',
  isSound: (value) =>
    Array.isArray(value)
      ? value.every(isRecord)
      : isRecord(value) && isFunction(value.map) && isFunction(value.generate),
}
const invariant: Kind = { is: 'a function of the snapshot', isSound: isFunction }
const recordOf = (inside: Kind, is: string): Kind => ({ is, isSound: isRecord, inside })

const table = {
  input: anything,
  events: recordOf(data, 'an object with data for events by their types'),
  invariants: recordOf(invariant, 'an object with functions by their names'),
  seed,
  numRuns: amount,
  lengthMax: amount,
  statesMax: amount,
  stepsMax: amount,
  samplesPerEvent: amount,
  unreachable: names,
  neverTaken: names,
  deadEnds: names,
  afterDone: names,
  cutShort: flag,
} as const satisfies Record<keyof MachineCheckOptions<AnyStateMachine>, Kind>

const kinds: ReadonlyMap<string, Kind> = new Map<string, Kind>(Object.entries(table))

/** @throws WaymarkError `USAGE` for options that nobody has, and for values that cannot be */
export function checkOptions(options: unknown): void {
  if (!isRecord(options))
    throw usage(`options cannot be ${shortTextOf(options)}`, 'options are an object, or left out')
  for (const [name, value] of Object.entries(options)) {
    const kind = kinds.get(name)
    if (kind === undefined)
      throw usage(`there is no option \`${name}\``, `there are: ${namesText([...kinds.keys()], name)}`)
    checkValue(name, value, kind)
  }
}

function checkValue(name: string, value: unknown, kind: Kind): void {
  if (value === undefined) return
  if (!kind.isSound(value))
    throw usage(`\`${name}\` cannot be ${shortTextOf(value)}`, `\`${name}\` is ${kind.is}`)
  if (kind.inside === undefined || !isRecord(value)) return
  for (const [key, inner] of Object.entries(value)) checkValue(`${name}: ${key}`, inner, kind.inside)
}

/** @throws WaymarkError `USAGE` for what is neither a step nor a history */
export function checkRecorded(one: unknown): void {
  const isEvent = (event: unknown): boolean => isRecord(event) && typeof event.type === 'string'
  const isValue = (value: unknown): boolean => typeof value === 'string' || isRecord(value)
  const isSound = Array.isArray(one)
    ? one.every(isEvent)
    : isRecord(one) &&
      isEvent(one.event) &&
      isValue(one.value) &&
      isValue(one.next) &&
      (one.count === undefined || isAmount(one.count)) &&
      (one.context === undefined || isRecord(one.context))
  if (isSound) return
  throw usage(
    `this is neither a recorded step nor a history: ${shortTextOf(one)}`,
    'a step has `value`, `event` and `next`, perhaps a `context`, and a `count` from 1; a history is a list of events, each with a `type`',
  )
}

/** @throws WaymarkError `USAGE` for what nothing can be taken from one by one */
export function checkIterable(recorded: unknown): void {
  const isSound = typeof recorded === 'object' && recorded !== null && Symbol.iterator in recorded
  if (!isSound)
    throw usage(`nothing is recorded in ${shortTextOf(recorded)}`, 'give a list of steps or of histories')
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
