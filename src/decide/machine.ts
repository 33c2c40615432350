/**
 * Decisions about a machine of somebody else that runs in this stream. The machine itself is asked where a step leads; what is recorded is
 * that, as JSON. Whether the session's status allows the command has been asked before these run.
 */
import type { EventData } from '../events/catalogue.ts'
import type { CommandType } from '../events/commands.ts'
import type { MachinePath } from '../events/machine.ts'
import { patchBetween } from '../events/patch.ts'
import {
  childAt,
  type MachineStatus,
  type PersistedSnapshot,
  pendingOf,
  valueText,
} from '../fold/machine-state.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { isoOf, timeMaxMs } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { accept, type Decider, type Decision, type DecisionContext, fieldsOf, refuse } from './decision.ts'
import type { Delivery, DurableMachine, RecordedMachine, StepAnswer, StepOutcome } from './durable/port.ts'
import { assertSnapshotFits, invalid, recorded } from './machine-event.ts'

export const decideMachineStart: Decider<'machine.start'> = (state, command, context) => {
  const { machine } = context
  if (machine === undefined) return refuse(state, command.type, notAtHand)
  assertNamed(command, machine)
  const answer = machine.start(command.input, context)
  if (!answer.ok) return refuse(state, command.type, answer.reason, { accepted: answer.accepted })
  const { snapshot, ...rest } = answer.outcome
  assertSnapshotFits(command.machineId, snapshot)
  const data = { ...fieldsOf(command), snapshot, transition: 0, ...askedOf(rest) }
  return recorded(command.machineId, { type: 'machine.started', data })
}

export const decideMachineSend: Decider<'machine.send'> = (state, command, context) =>
  withMachine(state, command.type, context, (running, machine) => {
    if (running.status !== 'active') return refuseEnded(state, command.type, running)
    const { event, to = [] } = command
    const answer = machine.deliver(running, { kind: 'event', event, to }, context)
    if (answer.ok) {
      const data = { ...fieldsOf(command), ...steppedOf(running, answer.outcome) }
      return recorded(running.machineId, { type: 'machine.transitioned', data })
    }
    if (answer.kind === 'unknown-event') {
      if (running.unknownEvents === 'ignore') return accept()
      if (running.unknownEvents === 'record') {
        return recorded(running.machineId, { type: 'machine.event-ignored', data: fieldsOf(command) })
      }
    }
    return refuseOf(state, command.type, running, answer)
  })

export const decideSettleEffect: Decider<'machine.settle-effect'> = (state, command, context) =>
  withMachine(state, command.type, context, (running, machine) => {
    const { effectId, outcome, output, error } = command
    if (pendingOf(running.effects, effectId) === undefined) {
      return refuseOf(state, command.type, running, {
        reason: `effect ${effectId} is not running: it has been settled or stopped`,
        accepted: Object.keys(running.effects).map((id) => `${command.type} ${id}`),
      })
    }
    const delivery: Delivery = { kind: 'effect', effectId, outcome, output, error }
    const answer = machine.deliver(running, delivery, context)
    if (!answer.ok) return refuseOf(state, command.type, running, answer)
    const data = { ...fieldsOf(command), ...steppedOf(running, answer.outcome) }
    return recorded(running.machineId, { type: 'machine.effect-settled', data })
  })

export const decideFireTimer: Decider<'machine.fire-timer'> = (state, command, context) =>
  withMachine(state, command.type, context, (running, machine) => {
    const { timerId } = command
    if (pendingOf(running.timers, timerId) === undefined) {
      return refuseOf(state, command.type, running, {
        reason: `timer ${timerId} is not set: it has fired or was cancelled`,
        accepted: Object.keys(running.timers).map((id) => `${command.type} ${id}`),
      })
    }
    const answer = machine.deliver(running, { kind: 'timer', timerId }, context)
    if (!answer.ok) return refuseOf(state, command.type, running, answer)
    const data = { ...fieldsOf(command), ...steppedOf(running, answer.outcome) }
    return recorded(running.machineId, { type: 'machine.timer-fired', data })
  })

export const decideResumeTimers: Decider<'machine.resume-timers'> = (state, command, { now }) => {
  const running = state.machine
  if (running === undefined) return refuse(state, command.type, noMachine)
  const timers = Object.values(running.timers)
  if (timers.length === 0) return accept()
  const { policy, stoppedAt } = command
  const dueAts = timers.map(({ timerId, dueAt, delayMs }) => {
    if (policy === 'elapsed') return { timerId, dueAt }
    const leftMs = policy === 'restart' ? delayMs : Math.max(0, Date.parse(dueAt) - Date.parse(stoppedAt))
    return { timerId, dueAt: later(now, leftMs) }
  })
  return accept({ type: 'machine.timers-resumed', data: { ...fieldsOf(command), timers: dueAts } })
}

export const decideMigrate: Decider<'machine.migrate'> = (state, command, context) => {
  const running = state.machine
  const { machine } = context
  if (running === undefined) return refuse(state, command.type, noMachine)
  if (machine === undefined) return refuseOf(state, command.type, running, { reason: notAtHand })
  assertNamed(command, machine)
  if (command.fromVersion !== running.machineVersion) {
    const reason = `it was recorded by version ${running.machineVersion ?? 'none'}, not ${command.fromVersion ?? 'none'}`
    return refuseOf(state, command.type, running, { reason })
  }
  const { type: _type, fromVersion: _from, ...named } = command
  const fields = Object.entries(named).filter(([, value]) => value !== undefined)
  const migrated: RecordedMachine = { ...running, ...Object.fromEntries(fields) }
  const isSame = fields.every(([name, value]) => value === Reflect.get(running, name))
  if (isSame) return accept()
  assertSnapshotFits(command.machineId, migrated.snapshot)
  // A machine that does not have the state says so now, and not when it is sent the next event.
  machine.snapshotOf(migrated)
  return recorded(command.machineId, {
    type: 'machine.migrated',
    data: { ...fieldsOf(command), ...leftBehind(running, migrated.snapshot) },
  })
}

/** Timers and effects whose actors are not there after a migration: they would fire into nothing, or run for nobody. */
function leftBehind(running: RecordedMachine, snapshot: RecordedMachine['snapshot']) {
  const timers = Object.values(running.timers).filter(
    ({ source, target }) => !hasActor(snapshot, source) || !hasActor(snapshot, target),
  )
  const effects = Object.values(running.effects).filter(({ path }) => !hasActor(snapshot, path))
  return {
    ...(timers.length === 0 ? {} : { cancelledTimers: timers.map(({ timerId }) => timerId) }),
    ...(effects.length === 0 ? {} : { stoppedEffects: effects.map(({ effectId }) => effectId) }),
  }
}

function hasActor(snapshot: unknown, path: MachinePath): boolean {
  const actor: unknown =
    path.length === 0 ? snapshot : Reflect.get(Object(childAt(snapshot, path)), 'snapshot')
  return Reflect.get(Object(actor), 'status') === 'active'
}

export const decideReportFailure: Decider<'machine.report-failure'> = (state, command) =>
  state.machine === undefined
    ? refuse(state, command.type, noMachine)
    : recorded(state.machine.machineId, { type: 'machine.action-failed', data: fieldsOf(command) })

const noMachine = 'no machine runs in it: it was not begun with machine.start'
const notAtHand = 'it needs the machine at hand: open it with durable()'

/** Asks with the machine that the state was recorded by. @throws WaymarkError `MACHINE_MISMATCH` for another one */
function withMachine(
  state: ReadonlyState,
  command: CommandType,
  { machine }: DecisionContext,
  decide: (running: RecordedMachine, machine: DurableMachine) => Decision,
): Decision {
  const running = state.machine
  if (running === undefined) return refuse(state, command, noMachine)
  if (machine === undefined) return refuseOf(state, command, running, { reason: notAtHand })
  // Somebody with a newer machine may have migrated it meanwhile: an older one must not go on from there.
  assertNamed(running, machine)
  return decide(running, machine)
}

type Named = Pick<DurableMachine, 'machineId' | 'machineVersion' | 'machineHash'>

function assertNamed(recordedBy: Named, { machineId, machineVersion, machineHash }: Named): void {
  const isSame =
    recordedBy.machineId === machineId &&
    recordedBy.machineVersion === machineVersion &&
    recordedBy.machineHash === machineHash
  if (isSame) return
  const text = (named: Named): string =>
    `${named.machineId} version ${named.machineVersion ?? 'none'} (${named.machineHash.slice(0, 12)})`
  throw new WaymarkError('MACHINE_MISMATCH', {
    message: `recorded by machine ${text(recordedBy)}, and the one at hand is ${text({ machineId, machineVersion, machineHash })}`,
    hint: 'open it with the machine that recorded it, or give migrate, which leads from one version to the next',
    details: { recorded: recordedBy.machineHash, given: machineHash },
  })
}

const endedReasons: Readonly<Record<Exclude<MachineStatus, 'active'>, string>> = {
  done: 'it has reached its final state',
  error: 'it has ended with an error',
  stopped: 'it was stopped',
}

function refuseEnded(state: ReadonlyState, command: CommandType, running: RecordedMachine): Decision {
  const reason = running.status === 'active' ? '' : endedReasons[running.status]
  return refuseOf(state, command, running, { reason })
}

function refuseOf(
  state: ReadonlyState,
  command: CommandType,
  running: RecordedMachine,
  {
    reason,
    accepted = [],
  }: Partial<Pick<Extract<StepAnswer, { ok: false }>, 'accepted'>> & { reason: string },
): Decision {
  const status = valueText(running.snapshot.value)
  return refuse(state, command, reason, {
    subject: `machine ${running.machineId}`,
    status,
    accepted: accepted.slice(0, acceptedMax),
  })
}

/** A refusal is read by people: a thousand timers are not listed. */
const acceptedMax = 50

/** What a step's event says beside its command: where it led, as a change of where it was. */
function steppedOf(running: RecordedMachine, outcome: StepOutcome): SteppedData {
  const { snapshot, ...rest } = outcome
  assertSnapshotFits(running.machineId, snapshot)
  assertTimersFit(running, rest)
  const { value: _before, ...before } = running.snapshot
  const { value = null, ...after } = snapshot
  // Both are JSON: the one as it was read, the other as it was made.
  const patch = patchBetween(before as PersistedSnapshot, after)
  return {
    value,
    ...(patch.length === 0 ? {} : { patch }),
    transition: running.transitions,
    ...askedOf(rest),
  }
}

type SteppedData = Omit<EventData<'machine.timer-fired'>, 'timerId'>
type Asked = Omit<StepOutcome, 'snapshot'>
type AskedData = Omit<SteppedData, 'value' | 'patch' | 'transition'>

function assertTimersFit(running: RecordedMachine, { timers, cancelledTimers }: Asked): void {
  const count = Object.keys(running.timers).length + timers.length - cancelledTimers.length
  if (timers.length === 0 || count <= limits.machineTimersMax) return
  throw invalid(running.machineId, `it would have ${count} timers set, more than ${limits.machineTimersMax}`)
}

/** `now` and so many milliseconds, up to the last moment that can be written. */
function later(now: string, ms: number): string {
  return isoOf(Math.min(Date.parse(now) + Math.round(ms), timeMaxMs))
}

/** Lists that hold nothing are left out. */
function askedOf({ timers, cancelledTimers, effects, stoppedEffects, actions }: Asked): AskedData {
  return {
    ...(timers.length === 0 ? {} : { timers: [...timers] }),
    ...(cancelledTimers.length === 0 ? {} : { cancelledTimers: [...cancelledTimers] }),
    ...(effects.length === 0 ? {} : { effects: [...effects] }),
    ...(stoppedEffects.length === 0 ? {} : { stoppedEffects: [...stoppedEffects] }),
    ...(actions.length === 0 ? {} : { actions: [...actions] }),
  }
}
