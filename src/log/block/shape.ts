/**
 * Shapes: what the data of several events has in common. A shape is an object like theirs, with the number of a column in the place of each
 * value; together with a row of columns it gives the data back, its keys in the same order.
 */

/** An object with numbers of columns at its leaves, or one number for data that stands in one column as it is. */
export type DataShape = number | { readonly [key: string]: DataShape }

export interface Shaped {
  readonly shape: DataShape
  /** What stands at the leaves, in the order of their numbers. */
  readonly values: readonly unknown[]
  /** The name of each leaf: `input.bytes`. */
  readonly paths: readonly string[]
}

/** Data with more leaves than this stands in one column: its columns would hold one value each. */
const leavesMax = 48

/** Takes data apart into its shape and the values at its leaves. Arrays and empty objects are leaves. */
export function shapedOf(data: unknown): Shaped {
  const values: unknown[] = []
  const paths: string[] = []
  const visit = (value: unknown, path: string): DataShape => {
    if (isObject(value)) {
      const shape: Record<string, DataShape> = {}
      for (const [key, part] of Object.entries(value))
        shape[key] = visit(part, path === '' ? key : `${path}.${key}`)
      return shape
    }
    values.push(value)
    paths.push(path)
    return values.length - 1
  }
  const shape = visit(data, '')
  return values.length <= leavesMax ? { shape, values, paths } : wholeOf(data)
}

/** Data as one leaf. */
export function wholeOf(data: unknown): Shaped {
  return { shape: 0, values: [data], paths: [''] }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length > 0
}

/** The values at each leaf of a shape, event by event. `null` for a leaf that is to be left out. */
export type LeafColumns = readonly (readonly unknown[] | null)[]

/** Makes the data of the event in a row. */
export type DataMaker = (row: number) => unknown

/** Makes a maker of the columns of a block. */
export type MakerOfColumns = (columns: LeafColumns) => DataMaker

/** A function that makes data of a shape; `null` when all its leaves are left out. */
export function makerOf(shape: DataShape, columns: LeafColumns): DataMaker | null {
  return makerFor(shape, (leaf) => (columns[leaf] ?? null) !== null)?.(columns) ?? null
}

/** The same for any columns of which those of the kept leaves are there. */
export function makerFor(shape: DataShape, isKept: (leaf: number) => boolean): MakerOfColumns | null {
  const kept = keptPart(shape, isKept)
  if (kept === null) return null
  try {
    return compiledMaker(kept)
  } catch (error) {
    // A process may forbid code that is made from text.
    if (!(error instanceof EvalError)) throw error
    return (columns) => plainMaker(kept, columns)
  }
}

/** The part of a shape whose leaves are kept. */
function keptPart(shape: DataShape, isKept: (leaf: number) => boolean): DataShape | null {
  if (typeof shape === 'number') return isKept(shape) ? shape : null
  const kept: Record<string, DataShape> = {}
  for (const [key, part] of Object.entries(shape)) {
    const keptOfIt = keptPart(part, isKept)
    if (keptOfIt !== null) kept[key] = keptOfIt
  }
  return Object.keys(kept).length > 0 || Object.keys(shape).length === 0 ? kept : null
}

/** The plain twin of a compiled maker. */
export function plainMaker(shape: DataShape, columns: LeafColumns): DataMaker {
  if (typeof shape === 'number') return (row) => columns[shape]?.[row]
  const parts = Object.entries(shape).map(([key, part]) => [key, plainMaker(part, columns)] as const)
  return (row) => Object.fromEntries(parts.map(([key, maker]) => [key, maker(row)]))
}

const compiled = new Map<string, MakerOfColumns>()

/** Shapes that are kept compiled; a session has a few dozen. */
const compiledMax = 4_096

/**
 * A maker as one object literal: a fifth of the cost of setting key by key. Keys are quoted
 * as JSON, and what is not a key is a number, so no text of a block is ever run.
 */
function compiledMaker(shape: DataShape): MakerOfColumns {
  const text = literalOf(shape)
  let maker = compiled.get(text)
  if (maker === undefined) {
    if (compiled.size >= compiledMax) compiled.clear()
    // The text is a function of the type that it is taken for.
    // oxlint-disable-next-line typescript/no-implied-eval -- nothing of a block is run: keys are quoted, the rest are numbers
    maker = new Function('columns', makerText(text, leavesIn(shape))) as MakerOfColumns
    compiled.set(text, maker)
  }
  return maker
}

function makerText(literal: string, leaves: readonly number[]): string {
  const taken = leaves.map((leaf) => `const c${leaf} = columns[${leaf}]`).join('\n')
  return `${taken}\nreturn (row) => (${literal})`
}

function literalOf(shape: DataShape): string {
  if (typeof shape === 'number') return `c${Math.trunc(shape)}[row]`
  return `{${Object.entries(shape)
    .map(([key, part]) => `${JSON.stringify(key)}:${literalOf(part)}`)
    .join(',')}}`
}

function leavesIn(shape: DataShape): readonly number[] {
  return typeof shape === 'number' ? [Math.trunc(shape)] : Object.values(shape).flatMap(leavesIn)
}

/** How many leaves a shape has; `null` when it is none. In a literal, `__proto__` would be no key. */
export function leavesOf(shape: unknown): number | null {
  const leaves: number[] = []
  const visit = (part: unknown): boolean => {
    if (typeof part === 'number') return leaves.push(part) > 0
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return false
    return !Object.hasOwn(part, '__proto__') && Object.values(part).every(visit)
  }
  return visit(shape) && leaves.every((leaf, index) => leaf === index) ? leaves.length : null
}
