/** The way that a session took through a machine, and how often it took each transition: from its log, read once. */
import type { MachineName } from '../decide/machine-shape.ts'
import { isKnown, type RecordedEvent } from '../events/envelope.ts'
import { foldInto, frozen } from '../fold/fold.ts'
import { initialState, type ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import type { MachineStep, MachineUse, UsedTransition } from '../views/machine-graph.ts'
import { streamOf } from './load.ts'
import { type Move, type Watch, watchOf } from './machine-watch.ts'

export interface MachineUseOptions {
  /** Of the task machine: only this task. */
  readonly taskId?: string | undefined
  /** Called after each page that was read. */
  readonly onPage?: (version: number) => void
}

export interface UsedMachine {
  readonly use: MachineUse
  /** The state that the session came to. */
  readonly state: ReadonlyState
}

/**
 * What a session made of a machine. Memory is bounded by the state and by the number of transitions; of the way itself the newest
 * `limits.machineStepsListedMax` steps are kept.
 *
 * @throws SessionNotFound; DamagedRecord
 */
export async function machineUse(
  log: EventLog,
  sessionId: string,
  machine: MachineName,
  { taskId, onPage }: MachineUseOptions = {},
): Promise<UsedMachine> {
  const { version } = await streamOf(log, sessionId)
  const state = initialState(sessionId)
  const watch = watchOf(machine, taskId)
  const tally = new Tally()
  for await (const page of log.read(sessionId, { to: version })) {
    for (const event of page) {
      if (isKnown(event)) look(watch, tally, state, event)
      else foldInto(state, [event])
    }
    onPage?.(state.version)
  }
  for (const move of watch.end()) tally.count(move)
  const { begun, steps, stepCount } = tally
  const use: MachineUse = {
    sessionId,
    version,
    taskId: taskId ?? null,
    begun,
    transitions: tally.transitions,
    now: countsOf(watch.standing(state)),
    steps,
    stepCount,
  }
  return { use, state: frozen(state) }
}

function look(watch: Watch, tally: Tally, state: Parameters<typeof foldInto>[0], event: RecordedEvent): void {
  for (const move of watch.moves(state, event, () => foldInto(state, [event]))) {
    tally.count(move)
    if (move.from !== move.to) tally.list(event, move)
  }
}

class Tally {
  begun = 0
  stepCount = 0
  readonly steps: MachineStep[] = []
  readonly #counts = new Map<string, UsedTransition>()

  get transitions(): readonly UsedTransition[] {
    return [...this.#counts.values()]
  }

  count({ from, event, to }: Move): void {
    if (from === null) {
      this.begun += 1
      return
    }
    const key = `${from} ${event} ${to}`
    this.#counts.set(key, { from, event, to, count: (this.#counts.get(key)?.count ?? 0) + 1 })
  }

  list({ version, time }: RecordedEvent, { subject, from, event, to }: Move): void {
    this.stepCount += 1
    this.steps.push({ version, time, subject, from, event, to })
    if (this.steps.length > limits.machineStepsListedMax) this.steps.shift()
  }
}

function countsOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}
