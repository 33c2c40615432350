/**
 * XState's inspection protocol over a machine that is run on the log: viewers made for XState's own actors watch it, and see one actor however many
 * processes have run it.
 */
import type { AnyEventObject, AnyMachineSnapshot, InspectionEvent } from 'xstate'
import type { LiveInspection } from '../decide/durable/live-step.ts'
import type { MachinePath } from '../events/machine.ts'
import { warn } from '../session/warning.ts'
import type { Refs } from './refs.ts'

export type InspectObserver =
  | ((event: InspectionEvent) => void)
  | { readonly next?: (event: InspectionEvent) => void }

export class Inspection {
  readonly #observer: InspectObserver
  readonly #refs: Refs
  readonly #rootId: string
  readonly #known = new Set<string>()

  constructor(observer: InspectObserver, refs: Refs) {
    this.#observer = observer
    this.#refs = refs
    this.#rootId = refs.refOf([]).sessionId
  }

  /** Makes root and children known, with what they are now. */
  begin(snapshot: AnyMachineSnapshot): void {
    this.#makeKnown([])
    this.#makeChildrenKnown([], snapshot)
    this.changed({ type: 'xstate.init' }, snapshot)
  }

  /** What XState said of a step, about the stand-ins. */
  step(inspection: readonly LiveInspection[]): void {
    for (const { type, path, source, rest } of inspection) {
      if (type === '@xstate.actor') this.#makeKnown(path)
      else this.#tell({ type, ...this.#about(path), ...sourceRef(source, this.#refs), ...rest })
    }
  }

  /** A step that another process made: all that is known of it here is what it was sent and what it led to. */
  changed(event: AnyEventObject, snapshot: AnyMachineSnapshot): void {
    this.#makeChildrenKnown([], snapshot)
    this.#tell({ type: '@xstate.event', ...this.#about([]), sourceRef: undefined, event })
    this.#tell({ type: '@xstate.snapshot', ...this.#about([]), event, snapshot })
  }

  #makeKnown(path: MachinePath): void {
    const ref = this.#refs.refOf(path)
    if (this.#known.has(ref.sessionId)) return
    this.#known.add(ref.sessionId)
    this.#tell({ type: '@xstate.actor', ...this.#about(path) })
  }

  #makeChildrenKnown(path: MachinePath, snapshot: unknown): void {
    const children =
      typeof snapshot === 'object' && snapshot !== null ? Reflect.get(snapshot, 'children') : {}
    for (const id of Object.keys(children ?? {})) {
      const child = [...path, id]
      this.#makeKnown(child)
      this.#makeChildrenKnown(child, this.#refs.refOf(child).getSnapshot())
    }
  }

  #about(path: MachinePath): { readonly actorRef: unknown; readonly rootId: string } {
    return { actorRef: this.#refs.refOf(path), rootId: this.#rootId }
  }

  #tell(event: object): void {
    // The stand-ins are what viewers look at of an actor.
    const told = event as InspectionEvent
    try {
      if (typeof this.#observer === 'function') this.#observer(told)
      else this.#observer.next?.(told)
    } catch (error) {
      warn('WAYMARK_MACHINE', error)
    }
  }
}

function sourceRef(source: MachinePath | null, refs: Refs): { readonly sourceRef?: unknown } {
  return source === null ? {} : { sourceRef: refs.refOf(source) }
}
