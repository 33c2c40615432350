/** Random values that a schema accepts, readable ones before others: ids from small pools, short lists, small numbers. */
import fc from 'fast-check'
import { z } from 'zod'

/** Texts that are tried wherever a text belongs; those that fit its pattern are used. */
const texts: readonly string[] = [
  'A',
  'B',
  'SPEC-001',
  'constructor',
  'a short text',
  '',
  'claude-sonnet-4-5',
  '@CONFIG-001',
  '@constructor',
  'sess_00000000-0000-4000-8000-000000000009',
  'ckpt_00000000-0000-4000-8000-000000000001',
  'ckpt_00000000-0000-4000-8000-000000000002',
  'hoff_00000000-0000-4000-8000-000000000001',
  'reco_00000000-0000-4000-8000-000000000001',
  '2026-01-01T00:00:00.000Z',
  '2026-01-02T00:00:00.000Z',
  'a'.repeat(64),
  'f'.repeat(64),
]

/** Items of a list and names of an object at most, whatever the schema allows. */
const itemsMax = 3
/** Texts of the pool that are used in one place. */
const choicesMax = 5
/** Numbers that have no bound of their own; more is allowed, and nothing to read. */
const numberMax = 300_000

/** As much of JSON Schema as schemas of plain data come to. */
interface Shape {
  readonly type?: string | readonly string[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Shape[]
  readonly oneOf?: readonly Shape[]
  readonly allOf?: readonly Shape[]
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | Shape
  readonly propertyNames?: Shape
  readonly items?: Shape
  readonly minItems?: number
  readonly maxItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

/** Values that `schema` accepts, its refinements included. They are plain data. */
export function schemaArbitrary<Schema extends z.ZodType>(schema: Schema): fc.Arbitrary<z.output<Schema>> {
  // JSON Schema is what the compiler knows of it: each part is looked at before it is used.
  const shape = z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as Shape
  return shapeArbitrary(shape)
    .map((value) => schema.safeParse(value))
    .filter((parsed) => parsed.success)
    .map((parsed) => parsed.data as z.output<Schema>)
}

function shapeArbitrary(shape: Shape): fc.Arbitrary<unknown> {
  if ('const' in shape) return fc.constant(shape.const)
  if (shape.enum !== undefined) return fc.constantFrom(...shape.enum)
  const choices = shape.anyOf ?? shape.oneOf
  if (choices !== undefined) return fc.oneof(...choices.map(shapeArbitrary))
  const types = [shape.type ?? []].flat()
  const known = types.flatMap((type) => arbitraryOfType[type] ?? [])
  return known.length === 0 ? fc.jsonValue({ maxDepth: 1 }) : fc.oneof(...known.map((of) => of(shape)))
}

const arbitraryOfType: Readonly<Record<string, (shape: Shape) => fc.Arbitrary<unknown>>> = {
  null: () => fc.constant(null),
  boolean: () => fc.boolean(),
  string: textArbitrary,
  integer: ({ minimum = 0, maximum = numberMax }) =>
    fc.integer({ min: minimum, max: Math.max(minimum, Math.min(maximum, numberMax)) }),
  number: numberArbitrary,
  array: ({ items = {}, minItems = 0, maxItems = itemsMax }) =>
    fc.array(shapeArbitrary(items), {
      minLength: minItems,
      maxLength: Math.max(minItems, Math.min(maxItems, itemsMax)),
    }),
  object: objectArbitrary,
}

function textArbitrary({ pattern, minLength = 0, maxLength = 100 }: Shape): fc.Arbitrary<string> {
  const fits = (text: string): boolean =>
    text.length >= minLength &&
    text.length <= maxLength &&
    (pattern === undefined || new RegExp(pattern, 'u').test(text))
  const known = texts.filter(fits).slice(0, choicesMax)
  if (known.length > 0 && pattern !== undefined) return fc.constantFrom(...known)
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern))
  const any = fc.string({ minLength, maxLength: Math.min(maxLength, Math.max(minLength, 12)) })
  return known.length === 0 ? any : fc.oneof(fc.constantFrom(...known), any)
}

function numberArbitrary(shape: Shape): fc.Arbitrary<number> {
  const min = shape.exclusiveMinimum ?? shape.minimum ?? 0
  const max = Math.min(shape.exclusiveMaximum ?? shape.maximum ?? numberMax, numberMax)
  // Quarters are fractions as good as any; where a bound is left out, the schema itself says so.
  return fc.integer({ min: Math.ceil(min * 4), max: Math.floor(max * 4) }).map((quarters) => quarters / 4)
}

function objectArbitrary(shape: Shape): fc.Arbitrary<unknown> {
  const { properties, required = [], additionalProperties, propertyNames } = shape
  if (properties === undefined && typeof additionalProperties === 'object') {
    const names = textArbitrary({ type: 'string', ...propertyNames })
    return fc.dictionary(names, shapeArbitrary(additionalProperties), {
      maxKeys: itemsMax,
      noNullPrototype: true,
    })
  }
  const fields = Object.entries(properties ?? {}).map(
    ([name, inner]) => [name, shapeArbitrary(inner)] as const,
  )
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true })
}
