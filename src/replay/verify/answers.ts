/** What machines answered while a batch was decided, and whether its events lead where they said. */
import type { Answer, AskedTask, Machines, TaskQuestion } from '../../decide/machines.ts'
import type { CommandType } from '../../events/commands.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import { type ReadonlyState, taskOf } from '../../fold/state.ts'
import type { Difference } from './difference.ts'

/** Machines that pass every question on and remember the answers since `begin`. */
export class HeardMachines implements Machines {
  readonly #machines: Machines
  /** A machine said no. */
  refused = false
  #session: string | null = null
  #handoff: string | null = null
  #recovery: string | null = null
  readonly #tasks = new Map<string, string>()

  constructor(machines: Machines) {
    this.#machines = machines
  }

  /** Forgets what was answered before. */
  begin(): void {
    this.refused = false
    this.#session = null
    this.#handoff = null
    this.#recovery = null
    if (this.#tasks.size > 0) this.#tasks.clear()
  }

  session(state: ReadonlyState, command: CommandType): ReturnType<Machines['session']> {
    const answer = this.#machines.session(state, command)
    this.#session = this.#heard(answer)
    return answer
  }

  task(task: AskedTask, question: TaskQuestion): ReturnType<Machines['task']> {
    const answer = this.#machines.task(task, question)
    const status = this.#heard(answer)
    if (status !== null) this.#tasks.set(task.id, status)
    return answer
  }

  acceptedByTask(task: AskedTask): readonly string[] {
    return this.#machines.acceptedByTask(task)
  }

  budget(...question: Parameters<Machines['budget']>): ReturnType<Machines['budget']> {
    return this.#machines.budget(...question)
  }

  handoff(...question: Parameters<Machines['handoff']>): ReturnType<Machines['handoff']> {
    const answer = this.#machines.handoff(...question)
    this.#handoff = this.#heard(answer)
    return answer
  }

  recovery(...question: Parameters<Machines['recovery']>): ReturnType<Machines['recovery']> {
    const answer = this.#machines.recovery(...question)
    this.#recovery = this.#heard(answer)
    return answer
  }

  /** Where the task that was asked about last goes. */
  get lastTask(): string | null {
    return [...this.#tasks.values()].at(-1) ?? null
  }

  #heard(answer: Answer<string>): string | null {
    if (!answer.ok) this.refused = true
    return answer.ok ? answer.status : null
  }

  /**
   * Where a batch has led in another direction than a machine said, in the state after it. What an event says by itself has been compared
   * before; this is for the events whose type alone says where they lead.
   */
  elsewhere(batch: readonly LoggedEvent[], after: ReadonlyState): Difference | null {
    if (this.#session !== null && this.#session !== after.status) {
      return { path: 'status', recorded: after.status, now: this.#session }
    }
    for (const [taskId, status] of this.#tasks) {
      const recorded = taskOf(after, taskId)?.status ?? null
      if (recorded !== status) return { path: `tasks.${taskId}.status`, recorded, now: status }
    }
    if (this.#handoff !== null) {
      const { id = null, status = null } = handoffOf(batch, after) ?? {}
      if (status !== this.#handoff) {
        return { path: `handoffs.${id}.status`, recorded: status, now: this.#handoff }
      }
    }
    const recovery = after.recovery?.status ?? null
    if (this.#recovery !== null && recovery !== this.#recovery) {
      return { path: 'recovery.status', recorded: recovery, now: this.#recovery }
    }
    return null
  }
}

/** The handoff that a batch is about: the one it names, else the newest. */
function handoffOf(
  [first]: readonly LoggedEvent[],
  { handoffs }: ReadonlyState,
): { readonly id: string; readonly status: string } | undefined {
  const named: unknown = Reflect.get(Object(first?.data), 'handoffId')
  return handoffs.find(({ id }) => id === named) ?? handoffs[handoffs.length - 1]
}
