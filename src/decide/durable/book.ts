/** What a step asks for, written down while it is made. Nothing here throws: XState would take that for a failure of the machine. */
import type { AnyEventObject } from 'xstate'
import type { MachineEffect, MachineTimer } from '../../events/machine.ts'
import type { WaymarkError } from '../../kernel/errors.ts'
import { type ExecutableAction, type InsideActor, type InsideInspection, keyOf, pathOf } from './inside.ts'
import type { LiveRefs } from './live-step.ts'

export interface BookedTimer {
  readonly timerId: string
  readonly name: string
  readonly source: InsideActor
  readonly target: InsideActor
  readonly event: AnyEventObject
  readonly delay: number
}

export interface BookedAction {
  readonly effectId: string
  readonly actor: InsideActor
  readonly type: string
  /** What is called when the step is over; `system` names actors by their system id. */
  readonly call: Pick<ExecutableAction, 'exec' | 'info' | 'params'> | ((refs: LiveRefs) => unknown)
}

/** What is pending before the step. */
export interface Pending {
  readonly timers: Readonly<
    Record<string, Pick<MachineTimer, 'timerId' | 'name'> & { readonly source: readonly string[] }>
  >
  readonly effects: Readonly<
    Record<string, Pick<MachineEffect, 'effectId'> & { readonly path: readonly string[] }>
  >
}

export class Book {
  readonly transition: number
  /** While a tree is brought back, it says again what it said before: none of it counts. */
  isOpen = false
  /** What stopped the step, beside what XState makes of it. */
  fault: WaymarkError | null = null
  /** The actors that were there before the step, by the key of their path. */
  readonly before = new Map<string, InsideActor>()
  readonly timers: BookedTimer[] = []
  readonly cancelledTimers: string[] = []
  readonly effects = new Map<InsideActor, string>()
  readonly stoppedEffects: string[] = []
  readonly actions: BookedAction[] = []
  readonly deliveries: { readonly to: InsideActor; readonly event: AnyEventObject }[] = []
  readonly emitted: { readonly actor: InsideActor; readonly event: AnyEventObject }[] = []
  readonly inspection: InsideInspection[] = []
  /** What XState last said that the root came to. */
  rootSnapshot: unknown
  readonly #pending: Pending
  #places = 0
  #actors = 0
  #actorsBefore = 0

  constructor(transition: number, pending: Pending) {
    this.transition = transition
    this.#pending = pending
  }

  /** Of a timer, effect or action: they are counted together, in the order they come. */
  #nextId(): string {
    return `${this.transition}:${this.#places++}`
  }

  /** Of an actor that was given none. It has to be another one than in any step before, and the same whenever this step is decided. */
  actorId(): string {
    return this.isOpen ? `x:${this.transition}.${this.#actors++}` : `x:before.${this.#actorsBefore++}`
  }

  setTimer(
    source: InsideActor,
    target: InsideActor,
    event: AnyEventObject,
    delay: number,
    name?: string,
  ): void {
    const timerId = this.#nextId()
    this.timers.push({ timerId, name: name ?? timerId, source, target, event, delay })
  }

  /** The newest of that name, as XState cancels: of two the older one goes on. */
  cancelTimer(source: InsideActor, name: string): void {
    const index = this.timers.findLastIndex((timer) => timer.source === source && timer.name === name)
    if (index !== -1) this.timers.splice(index, 1)
    else {
      const newest = this.#pendingOf(source).findLast((timer) => timer.name === name)
      if (newest !== undefined) this.cancelledTimers.push(newest.timerId)
    }
  }

  cancelTimers(source: InsideActor): void {
    for (let index = this.timers.length - 1; index >= 0; index--) {
      if (this.timers[index]?.source === source) this.timers.splice(index, 1)
    }
    this.cancelledTimers.push(...this.#pendingOf(source).map(({ timerId }) => timerId))
  }

  beginEffect(actor: InsideActor): void {
    if (this.isOpen) this.effects.set(actor, this.#nextId())
  }

  /** One that has not begun to run yet never does. */
  endEffect(actor: InsideActor): void {
    const effectId = this.#effectBefore(actor)
    if (this.effects.delete(actor) || effectId === undefined) return
    if (!this.stoppedEffects.includes(effectId)) this.stoppedEffects.push(effectId)
  }

  effectIdOf(actor: InsideActor): string | undefined {
    return this.effects.get(actor) ?? this.#effectBefore(actor)
  }

  act(actor: InsideActor, type: string, call: BookedAction['call']): void {
    if (this.isOpen) this.actions.push({ effectId: this.#nextId(), actor, type, call })
  }

  /**
   * Lets go of what belongs to actors that are not there any more, though XState has not stopped them: one that another took the place of under its
   * id, or a child of one that failed.
   */
  letGo(isThere: (actor: InsideActor) => boolean): void {
    const gone = [...this.before.values()].filter((actor) => !isThere(actor))
    const begun = [...this.effects.keys()].filter((actor) => !isThere(actor))
    const waiting = this.timers.map(({ source }) => source).filter((actor) => !isThere(actor))
    for (const actor of new Set([...gone, ...begun, ...waiting])) {
      this.cancelTimers(actor)
      this.endEffect(actor)
    }
  }

  #wasBefore(actor: InsideActor): boolean {
    return this.before.get(keyOf(pathOf(actor))) === actor
  }

  #pendingOf(source: InsideActor) {
    if (!this.#wasBefore(source)) return []
    const key = keyOf(pathOf(source))
    return Object.values(this.#pending.timers)
      .filter((timer) => keyOf(timer.source) === key && !this.cancelledTimers.includes(timer.timerId))
      .sort((a, b) => compareStepIds(a.timerId, b.timerId))
  }

  #effectBefore(actor: InsideActor): string | undefined {
    if (!this.#wasBefore(actor)) return undefined
    const key = keyOf(pathOf(actor))
    return Object.values(this.#pending.effects).find((effect) => keyOf(effect.path) === key)?.effectId
  }
}

/** By step, and by place within it: the texts themselves would have `10:0` before `9:0`. */
function compareStepIds(a: string, b: string): number {
  const [stepA = 0, placeA = 0] = a.split(':').map(Number)
  const [stepB = 0, placeB = 0] = b.split(':').map(Number)
  return stepA - stepB || placeA - placeB
}
