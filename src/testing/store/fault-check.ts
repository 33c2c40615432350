/** Whether a plan of faults can be meant: the compiler does not look at plans of programs without types. */
import type { WaymarkError } from '../../kernel/errors.ts'
import { usage } from '../usage.ts'
import type { Fault, FaultMoment, FaultyCall, StoreFailure, WakeFault } from './fault-plan.ts'

/** Every call, by name, so that the compiler misses none. */
const calls: Readonly<Record<FaultyCall, true>> = {
  transact: true,
  stream: true,
  streams: true,
  read: true,
  readToFold: true,
  chainHash: true,
  rows: true,
  rowsToCheck: true,
  readAll: true,
  position: true,
  changed: true,
  snapshots: true,
  content: true,
  auditContents: true,
  auditIndexes: true,
  orphanedEvents: true,
  bookmark: true,
  compact: true,
}

const codes: Readonly<Record<StoreFailure, true>> = {
  STORE_BUSY: true,
  STORE_FULL: true,
  STORE_FAILED: true,
  HOME_NOT_WRITABLE: true,
}
const moments: Readonly<Record<FaultMoment, true>> = { before: true, within: true, after: true }
const wakings: Readonly<Record<WakeFault['how'], true>> = { early: true, late: true, never: true }

type FieldCheck = (value: unknown) => string | null

const oneOf =
  (known: Readonly<Record<string, true>>): FieldCheck =>
  (value) =>
    typeof value === 'string' && Object.hasOwn(known, value)
      ? null
      : `is one of ${Object.keys(known).join(', ')}`
const someOf =
  (known: Readonly<Record<string, true>>): FieldCheck =>
  (value) => {
    const named: readonly unknown[] = Array.isArray(value) ? value : [value]
    return named.length > 0 && named.every((name) => oneOf(known)(name) === null)
      ? null
      : `is one or several of ${Object.keys(known).join(', ')}`
  }
const atLeast =
  (least: number): FieldCheck =>
  (value) =>
    typeof value === 'number' && value >= least ? null : `is a number, ${least} or more`
const leftOutOr =
  (check: FieldCheck): FieldCheck =>
  (value) =>
    value === undefined ? null : check(value)

type FieldChecks = Readonly<Record<string, FieldCheck>>

/** What each kind of fault may say besides. */
const fieldsOf: { readonly [Kind in Fault['fault']]: FieldChecks } = {
  fail: { code: oneOf(codes), when: leftOutOr(oneOf(moments)), afterItems: leftOutOr(atLeast(0)) },
  crash: { when: leftOutOr(oneOf(moments)) },
  close: {},
  delay: { delayMs: atLeast(0) },
  again: { on: someOf({ transact: true }) },
  damage: { version: atLeast(1) },
  wake: { on: someOf({ changed: true }), how: oneOf(wakings), delayMs: leftOutOr(atLeast(0)) },
}

/** @throws WaymarkError `USAGE` for a fault that names what is not there */
export function checkFault(fault: Fault): void {
  const kinds = Object.keys(fieldsOf)
  if (!kinds.includes(fault.fault)) {
    throw impossible(`there is no fault "${String(fault.fault)}": it is one of ${kinds.join(', ')}`)
  }
  const checks = { on: someOf(calls), timesMax: leftOutOr(atLeast(0)), ...fieldsOf[fault.fault] }
  for (const [name, check] of Object.entries(checks)) {
    const value: unknown = Reflect.get(fault, name)
    const wrong = check(value)
    if (wrong !== null) {
      throw impossible(`\`${name}\` of a fault "${fault.fault}" cannot be ${String(value)}: it ${wrong}`)
    }
  }
}

/** @throws WaymarkError `USAGE` for a plan without a list of faults */
export function checkPlan(plan: unknown): void {
  if (typeof plan === 'object' && plan !== null && 'faults' in plan && Array.isArray(plan.faults)) return
  throw impossible('a plan has a list of faults, which may be empty')
}

export function impossible(message: string): WaymarkError {
  return usage(message, 'mend the plan of faults')
}
