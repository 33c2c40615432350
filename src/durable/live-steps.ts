/**
 * What the newest steps asked for, kept from their decision until they are on disk. A step may be decided more than once before it is recorded,
 * or not be recorded at all; the last decision of a number is the one that was.
 */
import type { LiveStep } from '../decide/durable/live-step.ts'

export class LiveSteps {
  readonly #steps = new Map<number, LiveStep>()

  keep(step: LiveStep): void {
    this.#steps.set(step.transition, step)
  }

  /** The step of that number, which is on disk now; those before it are forgotten with it. */
  take(transition: number): LiveStep | null {
    const step = this.#steps.get(transition) ?? null
    for (const kept of this.#steps.keys()) if (kept <= transition) this.#steps.delete(kept)
    return step
  }
}
