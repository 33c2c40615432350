/** Decides which faults of a plan a call meets, and keeps what did happen. One seed and one row of calls give one answer. */
import { seeded } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { checkFault, impossible } from './fault-check.ts'
import type { Fault, FaultPlan, FaultyCall, InjectedFault, StoreFailure } from './fault-plan.ts'

/** A fault that a call is to meet, if it comes so far. */
export interface DueFault<Kind extends Fault = Fault> {
  readonly rule: Rule
  readonly fault: Kind
  readonly call: FaultyCall
  readonly callNumber: number
}

/** A fault of the plan, and how far it has come. */
interface Rule {
  readonly fault: Fault
  readonly calls: ReadonlySet<FaultyCall>
  readonly numbers: ReadonlySet<number> | null
  /** The next number from 0 to 1 of the rule's own row. */
  readonly chance: () => number
  callCount: number
  timesLeft: number
}

export class FaultInjector {
  readonly injected: InjectedFault[] = []
  readonly #rules: readonly Rule[]
  readonly #callCounts = new Map<FaultyCall, number>()
  readonly #tell: (injected: InjectedFault) => void
  #isCalm = false

  constructor({ faults, seed = 1, onInjected }: FaultPlan) {
    this.#rules = faults.map((fault, index) => ruleOf(fault, seed + index * 0x9e3779b1))
    this.#tell = onInjected ?? (() => {})
  }

  /** The faults that the next call of a method is to meet. */
  due(call: FaultyCall): readonly DueFault[] {
    const callNumber = (this.#callCounts.get(call) ?? 0) + 1
    this.#callCounts.set(call, callNumber)
    const met = this.#rules.filter((rule) => rule.calls.has(call)).filter(isMet)
    return met.map((rule) => ({ rule, fault: rule.fault, call, callNumber }))
  }

  /** The call has come to where the fault is: keeps it, unless there are to be no more. */
  happens({ rule, fault, call, callNumber }: DueFault): boolean {
    if (this.#isCalm || rule.timesLeft <= 0) return false
    rule.timesLeft -= 1
    const injected = { fault, call, callNumber }
    this.injected.push(injected)
    this.#tell(injected)
    return true
  }

  calm(): void {
    this.#isCalm = true
  }
}

/** Whether a rule is met by a call, which is its next. Each call takes one number of its row, so that rules do not disturb each other. */
function isMet(rule: Rule): boolean {
  rule.callCount += 1
  if (rule.numbers !== null) return rule.numbers.has(rule.callCount)
  const { probability } = rule.fault
  return probability === undefined || rule.chance() < probability
}

/** @throws WaymarkError `USAGE` for what cannot be meant */
function ruleOf(fault: Fault, seed: number): Rule {
  checkFault(fault)
  const { on, nth, probability, timesMax = Number.POSITIVE_INFINITY } = fault
  const numbers = nth === undefined ? null : [nth].flat()
  if (numbers?.some((number) => !Number.isInteger(number) || number < 1) === true) {
    throw impossible(`calls are counted from 1, not ${numbers.join(', ')}`)
  }
  if (probability !== undefined && !(probability >= 0 && probability <= 1)) {
    throw impossible(`a probability is a number from 0 to 1, not ${probability}`)
  }
  if (numbers !== null && probability !== undefined) {
    throw impossible('a fault happens in numbered calls or with a probability, not both')
  }
  return {
    fault,
    calls: new Set([on].flat()),
    numbers: numbers === null ? null : new Set(numbers),
    chance: chances(seed),
    callCount: 0,
    timesLeft: timesMax,
  }
}

/** Numbers from 0 to 1, 1 excluded. */
function chances(seed: number): () => number {
  const { ids } = seeded(seed)
  return () => {
    const [first = 0, second = 0, third = 0, fourth = 0] = ids.salt()
    return (((first * 256 + second) * 256 + third) * 256 + fourth) / 4_294_967_296
  }
}

const failures: Readonly<Record<StoreFailure, { readonly message: string; readonly hint: string }>> = {
  STORE_BUSY: { message: 'another process has been writing all the time', hint: 'try again' },
  STORE_FULL: { message: 'no room left to write', hint: 'free space on that disk, then send again' },
  STORE_FAILED: { message: 'reading or writing failed: input/output error', hint: 'look after the disk' },
  HOME_NOT_WRITABLE: { message: 'permission to write is missing', hint: 'give yourself write permission' },
}

export function failureOf(code: StoreFailure, { call, callNumber }: DueFault): WaymarkError {
  const { message, hint } = failures[code]
  return new WaymarkError(code, {
    message: `${message} (injected into call ${callNumber} of ${call})`,
    hint,
    details: { injected: true, call, callNumber },
  })
}
