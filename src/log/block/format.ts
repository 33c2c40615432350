/**
 * Sealed blocks: old events of a stream packed by columns, because a session is replayed often and its old events never change. A block
 * gives back the very rows that went in, byte by byte, or it is not made.
 *
 * It has four parts. `hot` holds what folding looks at, as lines of JSON: the header, a line for each shape, the list of texts, the shape of
 * each event, its time, then a line for each column. `cold` holds everything else in the same form, compressed: who asked and when it was recorded, ids, and
 * the fields that no recipe looks at (`fieldsNotFolded`). `hashes` and `salts` are those of the rows, one after the other.
 */
import type { DataShape } from './shape.ts'

export interface SealedBlock {
  readonly hot: Uint8Array
  readonly cold: Uint8Array
  readonly hashes: Uint8Array
  readonly salts: Uint8Array
}

/** What the first lines of `hot` say. */
export interface BlockHeader {
  readonly format: 1
  readonly sessionId: string
  readonly firstVersion: number
  readonly count: number
  readonly shapes: readonly BlockShape[]
  /** Rows whose salt is not of the usual length, with that length: their data was taken out. */
  readonly salts?: readonly (readonly [number, number])[]
}

/** The first line itself: how many shapes there are, each on a line of its own after this one. */
export type HeaderLine = Omit<BlockHeader, 'shapes'> & { readonly shapes: number }

/** What events of one type have in common. Without a type: rows that are kept as their two texts. */
export interface BlockShape {
  readonly type?: string
  readonly schemaVersion?: number
  readonly ignorable?: true
  readonly data: DataShape
  /** The leaves whose columns are in `cold`. */
  readonly cold?: readonly number[]
}

/** Bytes of a usual salt. */
export const saltBytes = 16

/** Bytes of a hash. */
export const hashBytes = 32

/** Columns of `cold` that each event has, in their order. */
export const coldFields = [
  'position',
  'recordedAt',
  'actor',
  'commandId',
  'index',
  'id',
  'causationId',
  'correlationId',
] as const
export type ColdField = (typeof coldFields)[number]

export function isCold({ cold = [] }: BlockShape, leaf: number): boolean {
  return cold.includes(leaf)
}
