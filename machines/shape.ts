/** What a machine is, as plain data: for drawing it, and for counting which of its ways were taken. */

export interface MachineShape {
  readonly name: string
  readonly initial: string
  /** The event by which it begins, for a machine that is there before its first event; else `null`. */
  readonly begins: string | null
  readonly states: readonly MachineState[]
  readonly transitions: readonly MachineTransition[]
}

export interface MachineState {
  readonly name: string
  readonly final: boolean
}

/** One way from a state by an event. Of several for one event the first whose guard holds is taken. */
export interface MachineTransition {
  readonly from: string
  readonly event: string
  /** When it is taken, in plain words; `null` for always. */
  readonly guard: string | null
  readonly to: string
}
