/** Shapes as they stand in blocks, one on each line. The same ones come again in each block of a session, so each is read and compiled once. */
import { z } from 'zod'
import { type EventType, isEventType, schemaVersionOf } from '../../events/catalogue.ts'
import { type BlockShape, isCold } from './format.ts'
import { type DataShape, leavesOf, type MakerOfColumns, makerFor } from './shape.ts'

export interface KnownShape {
  readonly shape: BlockShape
  /** How many columns its data has. */
  readonly leaves: number
  /** The type of its events, if they have the shape of today and need not be read the plain way. */
  readonly type: EventType | null
  /** Makes the part of its data that folding looks at; `null` when there is nothing of it. */
  readonly folded: MakerOfColumns | null
}

const shapeSchema = z.strictObject({
  type: z.string().optional(),
  schemaVersion: z.int().optional(),
  ignorable: z.literal(true).optional(),
  data: z.custom<DataShape>((value) => leavesOf(value) !== null),
  cold: z.array(z.int()).optional(),
})

const known = new Map<string, KnownShape>()

/** A session has a few dozen. */
const knownMax = 4_096

/** The shape of a line; `null` when it is none. */
export function knownShape(line: string): KnownShape | null {
  const before = known.get(line)
  if (before !== undefined) return before
  const read = readShape(line)
  if (read === null) return null
  if (known.size >= knownMax) known.clear()
  known.set(line, read)
  return read
}

function readShape(line: string): KnownShape | null {
  const parsed = shapeSchema.safeParse(parsedJson(line))
  if (!parsed.success) return null
  // A shape without an optional key and one with `undefined` there are the same to every reader.
  const shape = parsed.data as BlockShape
  const { type = '', schemaVersion, data } = shape
  return {
    shape,
    leaves: leavesOf(data) ?? 0,
    type: isEventType(type) && schemaVersion === schemaVersionOf(type) ? type : null,
    folded: makerFor(data, (leaf) => !isCold(shape, leaf)),
  }
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
