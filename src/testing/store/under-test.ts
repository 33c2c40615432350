/** What a check is given, and what it says of itself. */
import type { EventLog } from '../../log/port.ts'

/** Where a store keeps itself, so that a check can copy it and tear the end off. */
export interface StoreFiles {
  /** The folder that holds all of the store and nothing else. */
  readonly folder: string
  /** The file in it that the newest events were written to, by its path in the folder. Asked for after each transaction. */
  readonly newest: () => string
  /** Opens the store that lies in another folder: a copy of this one. */
  readonly open: (folder: string) => Promise<EventLog>
}

/** What not every store has. */
export const storeNeeds = ['several handles', 'files'] as const
export type StoreNeed = (typeof storeNeeds)[number]

/** The store that a check has to itself, empty at first. */
export interface StoreUnderTest {
  readonly log: EventLog
  /** Another handle on the same events; it is closed when the check is over. */
  readonly again: () => Promise<EventLog>
  readonly files: () => StoreFiles
  /** How many places a torn tail is cut at. */
  readonly tearsMax: number
}

export interface StoreCheck {
  readonly name: string
  readonly needs?: StoreNeed
  readonly run: (store: StoreUnderTest) => Promise<void>
}

/** Checks of one kind, under names that begin with it. */
export function group(kind: string, checks: readonly StoreCheck[]): readonly StoreCheck[] {
  return checks.map((check) => ({ ...check, name: `${kind}: ${check.name}` }))
}
