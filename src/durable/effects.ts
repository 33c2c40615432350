/**
 * The effects of a machine in this process: promises, callbacks, observables that it invoked or spawned. Each is run from its first step until it
 * settles or is stopped; one that a stop of the process cut off is run again. Its outcome is recorded under its id, once.
 */
import {
  type AnyActorLogic,
  type AnyActorRef,
  type AnyEventObject,
  createActor,
  fromTransition,
} from 'xstate'
import type { RecordedMachine } from '../fold/state.ts'

/** An effect that is to run. */
export type RunningEffect = RecordedMachine['effects'][string]

/** How an effect ended. */
export type Settlement =
  | { readonly outcome: 'done'; readonly output: unknown }
  | { readonly outcome: 'error'; readonly error: unknown }

export interface EffectHost {
  /** Names the effect's key: the same for each run of it, in whatever process. */
  keyOf(effectId: string): string
  effectOf(effectId: string): { readonly logic: AnyActorLogic; readonly input: unknown }
  settle(effectId: string, settlement: Settlement): void
  /** An event that the effect sends to the actor that invoked it. */
  heard(effect: RunningEffect, event: AnyEventObject): void
  /** A value that the effect has come to, where its parent wants to hear of each. */
  came(effect: RunningEffect, value: unknown): void
}

const keys = new WeakMap<object, string>()

/**
 * The key of an effect that a durable machine runs, from within it: the same each time it is run, so that what it does outside can be done once.
 * `null` for an actor that no durable machine runs.
 *
 * @example
 * ```ts
 * // within a promise of the machine: fromPromise(({ input, self }) => charge(input, effectKeyOf(self)))
 * effectKeyOf(createActor(doorMachine)) // null
 * ```
 */
export function effectKeyOf(self: object): string | null {
  return keys.get(self) ?? null
}

interface Running {
  readonly ref: AnyActorRef
  readonly stop: () => void
}

export class Effects {
  readonly #host: EffectHost
  readonly #running = new Map<string, Running>()

  constructor(host: EffectHost) {
    this.#host = host
  }

  /** Runs what is pending and not running, and stops what runs and is not pending any more. */
  reconcile({ effects }: Pick<RecordedMachine, 'effects'>): void {
    for (const [effectId, running] of this.#running) {
      if (effects[effectId] === undefined) this.#stop(effectId, running)
    }
    for (const effect of Object.values(effects)) if (!this.#running.has(effect.effectId)) this.#run(effect)
  }

  deliver(effectId: string, event: AnyEventObject): void {
    this.#running.get(effectId)?.ref.send(event)
  }

  clear(): void {
    for (const [effectId, running] of this.#running) this.#stop(effectId, running)
  }

  /** The effect is a child of a parent of its own, to which all that it says comes. */
  #run(effect: RunningEffect): void {
    const { effectId, path } = effect
    const id = path.at(-1) ?? effectId
    let isStopped = false
    const parent = createActor(
      fromTransition((state: null, event: AnyEventObject) => {
        if (!isStopped) this.#heard(effect, id, event)
        return state
      }, null),
    )
    parent.subscribe({ error: () => {} })
    const start = (): void => {
      const { logic, input } = this.#host.effectOf(effectId)
      const ref = createActor(logic, { id, input, parent })
      keys.set(ref, this.#host.keyOf(effectId))
      ref.subscribe({ next: (snapshot) => this.#came(effect, snapshot), error: () => {} })
      const stop = (): void => {
        isStopped = true
        parent.stop()
        Reflect.apply(Reflect.get(ref, '_stop'), ref, [])
      }
      this.#running.set(effectId, { ref, stop })
      parent.start()
      ref.start()
    }
    try {
      start()
    } catch (error) {
      // It is told once; whoever brings the machine back tries again.
      if (!this.#running.has(effectId))
        this.#running.set(effectId, { ref: parent, stop: () => parent.stop() })
      this.#host.settle(effectId, { outcome: 'error', error })
    }
  }

  #heard(effect: RunningEffect, id: string, event: AnyEventObject): void {
    const { effectId } = effect
    if (event.type === `xstate.done.actor.${id}`) {
      this.#host.settle(effectId, { outcome: 'done', output: Reflect.get(event, 'output') })
    } else if (event.type === `xstate.error.actor.${id}`) {
      this.#host.settle(effectId, { outcome: 'error', error: Reflect.get(event, 'error') })
    } else this.#host.heard(effect, event)
  }

  /** Observables alone have a context while they go on: the value that came last. */
  #came(effect: RunningEffect, snapshot: unknown): void {
    if (typeof snapshot !== 'object' || snapshot === null || !this.#running.has(effect.effectId)) return
    const value: unknown = Reflect.get(snapshot, 'context')
    if (Reflect.get(snapshot, 'status') === 'active' && value !== undefined) this.#host.came(effect, value)
  }

  #stop(effectId: string, { stop }: Running): void {
    this.#running.delete(effectId)
    stop()
  }
}
