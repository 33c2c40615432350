/**
 * Asks the machines again: does each recorded batch still follow from its command and the state before it? What a decision took from
 * outside (ids, the repository, the time) is given from the record. Where a question cannot be asked honestly it is counted as that.
 */
import { decide } from '../../decide/decide.ts'
import { type Decision, type DecisionContext, refuse } from '../../decide/decision.ts'
import type { DurableMachine } from '../../decide/durable/port.ts'
import { type Machines, standardMachines } from '../../decide/machines.ts'
import { commandOf } from '../../events/catalogue.ts'
import type { Command } from '../../events/commands.ts'
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import type { Counters } from '../../events/shapes.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { type ErrorCode, WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import { HeardMachines } from './answers.ts'
import {
  agrees,
  type Batch,
  type BatchOutcome,
  causeOf,
  type Divergence,
  irregularity,
  type MachinesVerdict,
  type NotAskedReason,
  outcomeOf,
  whyNot,
  youngerConsequences,
} from './batch.ts'
import { dependsOnHome, type HomeCalls, impliedBy, ReportedCalls } from './calls.ts'
import { isSameBatch, same } from './difference.ts'

/** Machines that run on the log, to be asked. */
export interface AskedDurable {
  readonly machines: readonly DurableMachine[]
  /** Only about steps that were recorded under their very definition, or about those of other versions as well: what would be different? */
  readonly about: 'own-steps' | 'all-steps'
}

/** Commands that are decided by the machine that runs in the stream. */
const needsMachine: ReadonlySet<string> = new Set<Command['type']>([
  'machine.start',
  'machine.send',
  'machine.settle-effect',
  'machine.fire-timer',
  'machine.migrate',
])

/** What such a machine may come to instead of an answer: it throws, does not end, or does not know the state. */
const saidOfDurable: ReadonlySet<string> = new Set<ErrorCode>([
  'MACHINE_FAILED',
  'MACHINE_INVALID',
  'MACHINE_MISMATCH',
])

function nameOf({ machineVersion, machineHash }: Pick<DurableMachine, 'machineVersion' | 'machineHash'>) {
  return { machineVersion, machineHash }
}

const noDurable: AskedDurable = { machines: [], about: 'own-steps' }

/** Goes through one session, batch by batch: `ask` before its events are folded, `hear` after. */
export class MachinesCheck {
  /** They are not Waymark's own, and may do what they like. */
  readonly areGiven: boolean
  readonly #machines: HeardMachines
  readonly #homeCalls: HomeCalls
  readonly #calls = new ReportedCalls()
  readonly #durable: AskedDurable
  readonly #context: Omit<DecisionContext, 'machine'> & { now: string; machine?: DurableMachine }
  readonly #notAsked = new Map<NotAskedReason, { count: number; version: number }>()
  readonly #divergences: Divergence[] = []
  readonly #outcomes = new Map<string, BatchOutcome>()
  #divergenceCount = 0
  #agreedBatches = 0
  #agreedEvents = 0
  /** The command of the batch that was asked about and agrees so far. */
  #agreeing: Command | null = null
  #homeCall: ((callId: string) => Counters | null) | null = null
  #dataIsGone = false
  #hasAllocations = false

  /** @param durable machines of others that run on the log, asked about their own streams. */
  constructor(machines: Machines, homeCalls: HomeCalls, durable: AskedDurable = noDurable) {
    this.areGiven = machines !== standardMachines
    this.#durable = durable
    this.#machines = new HeardMachines(machines)
    this.#homeCalls = homeCalls
    this.#context = {
      now: '',
      // The record names both: whoever decided it had them, and the command that is read back has them too.
      checkpointId: () => '',
      handoffId: () => '',
      countedCall: (callId, scope) =>
        scope === 'home' ? (this.#homeCall?.(callId) ?? null) : this.#calls.get(callId),
      machines: this.#machines,
    }
  }

  /** What a fork inherits: asked about where it was recorded, and known here. */
  inherit(event: LoggedEvent): void {
    this.#note(event)
  }

  #note(event: LoggedEvent): void {
    if (event.type === 'usage.recorded') this.#calls.add(event)
    else if (youngerConsequences.has(event.type)) this.#hasAllocations = true
  }

  /** Data was taken out of something that a fork inherits. */
  inheritRedacted(): void {
    this.#dataIsGone = true
  }

  /** Whether `ask` needs to know what other sessions reported. */
  static needsHome({ events }: Batch): boolean {
    return dependsOnHome(events[0])
  }

  /** @param isLast the stream ends here: one that was cut off, as a fork's parent in another home is, may end within a batch. */
  ask(batch: Batch, before: ReadonlyState, isLast: boolean): void {
    this.#agreeing = null
    this.#machines.begin()
    if (batch.isRedacted) this.#dataIsGone = true
    const [first] = batch.events
    const impossible = whyNot(batch)
    if (first === undefined) return
    if (impossible !== null) this.skip(impossible, first.version)
    else this.#askAbout(batch.events, first, before, isLast)
  }

  /** Compares what the machines answered with where the batch has led; its events are folded now. */
  hear({ events }: Batch, after: ReadonlyState): void {
    for (const event of events) this.#note(event)
    const command = this.#agreeing
    const [first] = events
    if (command === null || first === undefined) return
    const difference = this.#machines.elsewhere(events, after)
    if (difference === null) {
      this.#agreedBatches += 1
      this.#agreedEvents += events.length
    } else this.#diverges(events, first, command.type, { outcome: 'goes-elsewhere', difference })
  }

  skip(reason: NotAskedReason, version: number, count = 1): void {
    const known = this.#notAsked.get(reason)
    if (known === undefined) this.#notAsked.set(reason, { count, version })
    else known.count += count
  }

  verdict(): MachinesVerdict {
    return {
      batches: this.#agreedBatches + this.#divergenceCount,
      agreedEvents: this.#agreedEvents,
      divergenceCount: this.#divergenceCount,
      divergences: this.#divergences,
      outcomes: [...this.#outcomes.values()],
      notAsked: [...this.#notAsked].map(([reason, { count, version }]) => ({ reason, count, version })),
    }
  }

  #askAbout(
    events: readonly LoggedEvent[],
    first: LoggedEvent,
    before: ReadonlyState,
    isLast: boolean,
  ): void {
    const command = isKnown(first) ? commandOf(first) : null
    const gap = irregularity(events)
    if (command === null || gap !== null) {
      const difference = gap ?? { path: '[0].type', recorded: first.type, now: null }
      this.#diverges(events, first, command?.type ?? 'none', { outcome: 'other-events', difference })
      return
    }
    const missing = this.#missingMachine(command, before)
    if (missing !== null) {
      this.skip(missing, first.version)
      return
    }
    const decision = this.#decided(command, first, before, (callId) =>
      this.#homeCalls.before(callId, first.position),
    )
    if (decision === null) {
      this.#impossible(events, first, command)
      return
    }
    const isSame = agrees(decision, events, command)
    const reason = isSame ? null : this.#whyUncertain(events, first, command, before, decision, isLast)
    if (reason !== null) {
      this.skip(reason, first.version)
      return
    }
    if (isSame) {
      this.#agreeing = command
      return
    }
    const { refused } = this.#machines
    const isSteady = this.#isSteady(decision, () =>
      this.#decided(command, first, before, (callId) => this.#homeCalls.before(callId, first.position)),
    )
    const found = outcomeOf(decision, events)
    const cause = isSteady ? causeOf(events, found, refused) : 'machine-unsteady'
    this.#diverges(events, first, command.type, found, cause)
  }

  /** Takes up the machine that a command is for, if it needs one; says why it cannot be asked. */
  #missingMachine(command: Command, before: ReadonlyState): NotAskedReason | null {
    delete this.#context.machine
    if (!needsMachine.has(command.type)) return null
    const recorded = 'machineId' in command ? command : before.machine
    const { machines, about } = this.#durable
    const named = machines.filter(({ machineId }) => machineId === recorded?.machineId)
    const machine = named.find(({ machineHash }) => machineHash === recorded?.machineHash) ?? named[0]
    if (machine === undefined) return 'machine-not-given'
    if (recorded === undefined || machine.machineHash === recorded.machineHash)
      this.#context.machine = machine
    else if (about === 'own-steps') return 'other-machine-version'
    // It is asked in the place of the machine that recorded it: under that one's name.
    else this.#context.machine = { ...machine, ...nameOf(recorded) }
    return null
  }

  /** Whether machines of others, asked again, answer the same. */
  #isSteady(decision: Decision, again: () => Decision | null): boolean {
    const isOurs = !this.areGiven && this.#context.machine === undefined
    if (isOurs || this.#divergences.length >= limits.divergencesListedMax) return true
    return Array.from({ length: limits.machineAskedAgain }, again).every((other) => same(decision, other))
  }

  /** Why a batch that does not agree proves nothing; `null` when it does. */
  #whyUncertain(
    events: readonly LoggedEvent[],
    first: LoggedEvent,
    command: Command,
    before: ReadonlyState,
    decision: Decision,
    isLast: boolean,
  ): NotAskedReason | null {
    if (dependsOnHome(first)) {
      const implied = impliedBy(first.data)
      const another = this.#decided(command, first, before, () => implied)
      if (another !== null && agrees(another, events, command)) return 'counted-in-another-home'
    }
    if (!decision.ok) return null
    if (decision.events.length === 0 && this.#dataIsGone) return 'after-data-taken-out'
    const older = decision.events.filter(({ type }) => !youngerConsequences.has(type))
    if (!this.#hasAllocations && isSameBatch(events, older)) return 'older-than-allocations'
    const isCut = isLast && decision.events.length > events.length
    return isCut && isSameBatch(events, decision.events.slice(0, events.length)) ? 'incomplete-batch' : null
  }

  /** The decision now; `null` when a machine leads where no event could. */
  #decided(
    command: Command,
    first: LoggedEvent,
    before: ReadonlyState,
    homeCall: (callId: string) => Counters | null,
  ): Decision | null {
    this.#machines.begin()
    this.#context.now = first.time
    this.#homeCall = homeCall
    try {
      return decide(before, command, this.#context)
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      if (typeof error.details.status === 'string') return null
      if (!saidOfDurable.has(error.code)) throw error
      return refuse(before, command.type, error.message)
    }
  }

  /** A machine leads where no event of the batch's type can: what it said stands against what was recorded. */
  #impossible(events: readonly LoggedEvent[], first: LoggedEvent, command: Command): void {
    const recorded: unknown = Reflect.get(Object(first.data), 'status') ?? null
    const difference = { path: '[0].data.status', recorded, now: this.#machines.lastTask }
    this.#diverges(events, first, command.type, { outcome: 'goes-elsewhere', difference })
  }

  #diverges(
    events: readonly LoggedEvent[],
    { version, commandId }: LoggedEvent,
    command: string,
    found: Pick<Divergence, 'outcome' | 'difference'>,
    cause = causeOf(events, found, this.#machines.refused),
  ): void {
    this.#divergenceCount += 1
    const { outcome } = found
    const key = `${command} ${outcome}`
    const known = this.#outcomes.get(key)
    const entry = { command, outcome, count: (known?.count ?? 0) + 1 }
    this.#outcomes.set(key, { ...entry, version: known?.version ?? version })
    if (this.#divergences.length >= limits.divergencesListedMax) return
    this.#divergences.push({ version, command, commandId, cause, ...found })
  }
}
