/** The machine that runs in a stream, as layers, panels and briefs tell of it: where it is, what it knows, what it waits for. */
import { type PersistedSnapshot, valueText } from '../fold/machine-state.ts'
import type { DeepReadonly, RecordedMachine } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { gap, wholeAt } from './cut.ts'

type Json = DeepReadonly<PersistedSnapshot>[string]

/** Where a machine is, and what it waits for. */
export interface MachineView {
  readonly machineId: string
  readonly machineVersion: string | null
  readonly status: RecordedMachine['status']
  /** Its state value, in one line. */
  readonly value: string
  /** Its context, as the log holds it; `null` where it has none. */
  readonly context: Json
  /** Steps it has made, its start among them. */
  readonly transitions: number
  /** Timers that are set, the next one first. */
  readonly timers: readonly { readonly timerId: string; readonly name: string; readonly dueAt: string }[]
  /** Effects that run, oldest first. */
  readonly effects: readonly { readonly effectId: string; readonly src: string; readonly since: number }[]
  /** Actors that are part of its state, each followed by its own; effects that run are not among them. */
  readonly children: readonly MachineChildView[]
  readonly ignoredEvents: number
  readonly failedActions: number
}

/** An actor below a machine. */
export interface MachineChildView {
  /** Ids from the machine downwards, joined by points. */
  readonly path: string
  readonly src: string | null
  readonly status: string
  /** Its state value in one line; of an actor without states its context, as JSON. `null` where it has neither. */
  readonly value: string | null
}

export function machineView(machine: RecordedMachine): MachineView {
  const { machineId, machineVersion, status, snapshot, transitions, ignoredEvents, failedActions } = machine
  const timers = Object.values(machine.timers)
    .map(({ timerId, name, dueAt }) => ({ timerId, name, dueAt }))
    .sort((a, b) => (a.dueAt < b.dueAt ? -1 : Number(a.dueAt > b.dueAt)))
  const effects = Object.values(machine.effects)
    .map(({ effectId, src, since }) => ({ effectId, src, since }))
    .sort((a, b) => a.since - b.since)
  const running = new Set(Object.values(machine.effects).map(({ path }) => path.join('.')))
  return {
    machineId,
    machineVersion,
    status,
    value: valueText(snapshot.value),
    context: snapshot.context ?? null,
    transitions,
    timers,
    effects,
    children: childrenOf(snapshot, []).filter(({ path }) => !running.has(path)),
    ignoredEvents,
    failedActions,
  }
}

/** `order 1, active: paid` */
export function machineText({
  machineId,
  machineVersion,
  status,
  value,
}: Pick<MachineView, 'machineId' | 'machineVersion' | 'status' | 'value'>): string {
  return `${machineId}${machineVersion === null ? '' : ` ${machineVersion}`}, ${status}: ${value}`
}

/** The context by its names, one line each: `paid = 30`. */
export function contextTexts(context: Json): readonly string[] {
  if (context === null) return []
  if (typeof context !== 'object' || Array.isArray(context)) return [jsonText(context)]
  return Object.entries(context).map(([name, value]) => `${name} = ${jsonText(value)}`)
}

/** JSON, cut to what stands on a line. */
function jsonText(value: unknown): string {
  const text = JSON.stringify(value) ?? ''
  const { previewCharactersMax } = limits
  return text.length <= previewCharactersMax
    ? text
    : `${text.slice(0, wholeAt(text, previewCharactersMax - 1))}${gap}`
}

/** What XState persists of the actors below one. A log may hold anything: what is no snapshot is passed over. */
function childrenOf(
  snapshot: Readonly<Record<string, unknown>>,
  path: readonly string[],
): MachineChildView[] {
  if (path.length >= limits.machineDepthMax) return []
  return Object.entries(objectOf(snapshot.children)).flatMap(([id, entry]) => {
    const child = objectOf(entry)
    const inner = objectOf(child.snapshot)
    const { status = 'active', value, context } = inner
    const shown = value === undefined ? context : value
    return [
      {
        path: [...path, id].join('.'),
        src: typeof child.src === 'string' ? child.src : null,
        status: String(status),
        value: shown === undefined ? null : value === undefined ? jsonText(shown) : valueText(shown),
      },
      ...childrenOf(inner, [...path, id]),
    ]
  })
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
