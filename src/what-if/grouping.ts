/** From batches to steps: each command that came from outside, with the policies' commands that belong to it. */
import { derivedIdOf } from '../kernel/clock.ts'
import { limits } from '../kernel/limits.ts'
import type { ScriptCommand, ScriptStep } from './script-step.ts'

export type Group = Omit<ScriptStep, 'policies'>

interface Open {
  readonly own: ScriptCommand
  readonly before: readonly ScriptCommand[]
  readonly after: ScriptCommand[]
}

/**
 * Takes batches in their order and gives steps as soon as they are complete. A policy's command is known by its id, which is derived from
 * the command that it belongs to; one that a policy sent by itself, such as the end of a long silence, is a step of its own.
 */
export class Grouping {
  /** Batches of policies that may stand before the next command. */
  #waiting: ScriptCommand[] = []
  #open: Open | null = null

  /** The steps that are complete now. */
  next(batch: ScriptCommand): readonly Group[] {
    const name = policyNameOf(batch)
    if (name === null) return this.#begin(batch)
    const done = batch.causationId === null ? [] : this.#settle()
    if (this.#open !== null && followsFrom(batch, name, this.#open.own)) {
      this.#open.after.push(belonging(batch, name, this.#open.own))
      return done
    }
    if (batch.causationId !== null || this.#precedingOf(batch) > 0) return [...done, ...this.#begin(batch)]
    this.#waiting.push(batch)
    const first = this.#waiting.length > limits.policyCommandsMax ? this.#waiting.shift() : undefined
    return first === undefined ? done : [...done, ...this.#replace(first, [])]
  }

  /** What is left at the end. */
  end(): readonly Group[] {
    const done = [...this.#settle(), ...this.#close()]
    return done
  }

  /** Those that wait and belong to nothing are steps of their own. */
  #settle(): readonly Group[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting.flatMap((batch) => this.#replace(batch, []))
  }

  #begin(own: ScriptCommand): readonly Group[] {
    const count = this.#precedingOf(own)
    const before = this.#waiting.splice(this.#waiting.length - count, count)
    const done = this.#settle()
    const belong = before.map((batch) => belonging(batch, policyNameOf(batch) ?? '', own))
    return [...done, ...this.#replace(own, belong)]
  }

  /** How many of those that wait stand before this command. */
  #precedingOf(own: ScriptCommand): number {
    for (let count = this.#waiting.length; count > 0; count--) {
      const run = this.#waiting.slice(-count)
      const isRun = run.every(
        (batch, index) => batch.commandId === idOf(own, policyNameOf(batch) ?? '', `before/${index}`),
      )
      if (isRun) return count
    }
    return 0
  }

  #replace(own: ScriptCommand, before: readonly ScriptCommand[]): readonly Group[] {
    const done = this.#close()
    this.#open = { own, before, after: [] }
    return done
  }

  #close(): readonly Group[] {
    if (this.#open === null) return []
    const { own, before, after } = this.#open
    this.#open = null
    return [{ ...own, policy: null, before, after }]
  }
}

const prefix = 'policy:'

function policyNameOf({ actor }: ScriptCommand): string | null {
  return actor.startsWith(prefix) ? actor.slice(prefix.length) : null
}

function belonging(batch: ScriptCommand, name: string, own: ScriptCommand): ScriptCommand {
  return { ...batch, policy: name, causedBy: own.commandId }
}

/** The id of a policy's command; the same derivation as in `src/session/record.ts`. */
function idOf(own: ScriptCommand, name: string, key: string): string {
  return derivedIdOf(`${own.commandId}/policy/${name}/${key}`)
}

function followsFrom(batch: ScriptCommand, name: string, own: ScriptCommand): boolean {
  if (batch.causationId === null || own.events[own.events.length - 1]?.id !== batch.causationId) return false
  for (let index = 0; index < limits.policyCommandsMax; index++) {
    if (batch.commandId === idOf(own, name, String(index))) return true
  }
  return false
}
