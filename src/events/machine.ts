/**
 * Machines of other people, run on the log: what they are sent, and what each step of theirs led to. A step is recorded with its result, the
 * state value and a patch of the rest, so that reading it back needs no machine. XState's own words are kept inside `snapshot` and `event`.
 */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { jsonShape } from './json.ts'
import { patchShape } from './patch.ts'
import { idShape, lineShape, timeShape } from './shapes.ts'

/** What becomes of an event that the machine has no transition for where it is. */
export const unknownEventPolicies = ['refuse', 'record', 'ignore'] as const
export type UnknownEventPolicy = (typeof unknownEventPolicies)[number]

/**
 * What becomes of timers after a stop: `elapsed` counts the time in between (what is overdue fires at once), `remaining` goes on with what was
 * left, `restart` begins each anew.
 */
export const timerPolicies = ['elapsed', 'remaining', 'restart'] as const
export type TimerPolicy = (typeof timerPolicies)[number]

/** Ids of children from the root downwards; empty for the root itself. */
const pathShape = z.array(lineShape.min(1)).max(limits.machineDepthMax)

/** `<transition>:<place in it>`, from the machine's first step on. */
const stepIdShape = z.string().regex(/^\d{1,15}:\d{1,6}$/, 'an id of a step is <transition>:<place>')

/** A state value of XState: a name, or names within names. */
const stateValueShape = jsonShape

/** An event of the machine: a type, and what else it carries, as JSON. */
const machineEventShape = z
  .object({ type: z.string().min(1).max(limits.lineCharactersMax) })
  .catchall(jsonShape)

const snapshotShape = z.record(z.string(), jsonShape)

const timerShape = z.strictObject({
  timerId: stepIdShape,
  /** The name under which the machine can cancel it. */
  name: z.string().max(limits.lineCharactersMax),
  source: pathShape,
  target: pathShape,
  event: machineEventShape,
  delayMs: z.number().min(0),
  dueAt: timeShape,
})

const effectShape = z.strictObject({
  effectId: stepIdShape,
  path: pathShape,
  src: z.string().max(limits.lineCharactersMax),
  input: jsonShape.optional(),
})

const actionShape = z.strictObject({ effectId: stepIdShape, path: pathShape, type: lineShape })

const stepIds = z.array(stepIdShape).max(limits.machineStepItemsMax)
/** What a step asks for beside the state it leads to. */
const asked = {
  /** Counts the machine's steps from 0, its start. */
  transition: z.int().min(0),
  timers: z.array(timerShape).max(limits.machineStepItemsMax).optional(),
  cancelledTimers: stepIds.optional(),
  effects: z.array(effectShape).max(limits.machineStepItemsMax).optional(),
  stoppedEffects: stepIds.optional(),
  actions: z.array(actionShape).max(limits.machineStepItemsMax).optional(),
}

const stepped = { value: stateValueShape, patch: patchShape.optional(), ...asked }

const machineNamed = {
  machineId: lineShape.min(1),
  /** The version that the machine says it has; `null` when it says none. */
  machineVersion: lineShape.nullable(),
  /** SHA-256 of its definition. */
  machineHash: z.string().regex(/^[0-9a-f]{64}$/),
}

/** What was thrown. */
const errorShape = z.strictObject({
  /** What kind of error it says it is. */
  name: lineShape,
  message: z.string().max(limits.textCharactersMax),
  /** What the error carried beside name and message, as far as it is JSON. */
  data: z.record(z.string(), jsonShape).optional(),
  /** What was thrown, where it was no error. */
  value: jsonShape.optional(),
})

export const machineCommands = {
  /** Begins the stream of a machine. `durable()` sends it, and what follows here: each but `machine.resume-timers` and `machine.report-failure` needs the machine at hand. */
  'machine.start': z.strictObject({
    ...machineNamed,
    /** What its author calls it; it is found by this name. */
    nativeId: idShape,
    title: lineShape.optional(),
    input: jsonShape.optional(),
    unknownEvents: z.enum(unknownEventPolicies),
    timerPolicy: z.enum(timerPolicies),
  }),
  /** Sends the machine, or the child at `to`, an event. */
  'machine.send': z.strictObject({ event: machineEventShape, to: pathShape.optional() }),
  /** An effect has come to its end. */
  'machine.settle-effect': z.strictObject({
    effectId: stepIdShape,
    outcome: z.enum(['done', 'error']),
    output: jsonShape.optional(),
    error: errorShape.optional(),
  }),
  /** The time of a timer has come. */
  'machine.fire-timer': z.strictObject({ timerId: stepIdShape }),
  /** Decides once, after a stop, when each timer is due. */
  'machine.resume-timers': z.strictObject({
    policy: z.enum(timerPolicies),
    /** When the machine was last known to run. */
    stoppedAt: timeShape,
  }),
  /** From here on another version of the machine goes on. */
  'machine.migrate': z.strictObject({
    ...machineNamed,
    fromVersion: lineShape.nullable(),
    /** What the old snapshot was turned into; left out where it stays as it is. */
    snapshot: snapshotShape.optional(),
    /** Settings that its author changed since. */
    unknownEvents: z.enum(unknownEventPolicies).optional(),
    timerPolicy: z.enum(timerPolicies).optional(),
  }),
  /** An action threw, after the step that asked for it. */
  'machine.report-failure': z.strictObject({ effectId: stepIdShape, action: lineShape, error: errorShape }),
}

export const machineEvents = {
  'machine.started': machineCommands['machine.start'].extend({ snapshot: snapshotShape, ...asked }),
  'machine.transitioned': machineCommands['machine.send'].extend(stepped),
  'machine.event-ignored': machineCommands['machine.send'],
  'machine.effect-settled': machineCommands['machine.settle-effect'].extend(stepped),
  'machine.timer-fired': machineCommands['machine.fire-timer'].extend(stepped),
  'machine.timers-resumed': machineCommands['machine.resume-timers'].extend({
    timers: z.array(z.strictObject({ timerId: stepIdShape, dueAt: timeShape })).max(limits.machineTimersMax),
  }),
  'machine.migrated': machineCommands['machine.migrate'].extend({
    /** Timers and effects of actors that the new state does not have. */
    cancelledTimers: stepIds.optional(),
    stoppedEffects: stepIds.optional(),
  }),
  'machine.action-failed': machineCommands['machine.report-failure'],
}

export type MachineTimer = z.infer<typeof timerShape>
export type MachineEffect = z.infer<typeof effectShape>
export type MachineAction = z.infer<typeof actionShape>
export type MachineFailure = z.infer<typeof errorShape>
export type MachinePath = readonly string[]
