/**
 * The text of docs/events.md: every command and event with its fields, from the schemas, and what the comments beside the
 * schemas say of them. `npm run docs` writes the page.
 */
import { parseSync } from 'vite'
import { z } from 'zod'
import {
  type EventType,
  eventSchemas,
  eventTypes,
  ignorableTypes,
  openedBy,
  schemaVersionOf,
} from '../../src/events/catalogue.ts'
import { type CommandType, commandSchemas, commandTypes } from '../../src/events/commands.ts'
import { commandMetaShape, storedEnvelopeShape } from '../../src/events/envelope.ts'
import {
  checkpointIdShape,
  contentRefShape,
  countedShape,
  idShape,
  lineShape,
  modelShape,
  sessionIdShape,
  textShape,
  timeShape,
  tokensShape,
} from '../../src/events/shapes.ts'
import { textOf } from './example-blocks.ts'

/** As much of JSON Schema as the schemas use. */
interface Schema {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly Schema[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly exclusiveMaximum?: number
}

interface Field {
  readonly name: string
  readonly type: string
  /** `yes`, `no`, or for a field of an object that may be left out, with what it must come. */
  readonly required: string
  readonly schema: Schema
}

function schemaOf(shape: z.ZodType): Schema {
  // The compiler cannot follow zod's own type of JSON Schema into the part that is read here.
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input' }) as Schema & {
    readonly $schema?: string
  }
  return schema
}

/** Shapes that many fields share, by the name the page gives them. */
const named: readonly (readonly [string, z.ZodType, string])[] = [
  ['id', idShape, 'an id the caller chooses'],
  ['session id', sessionIdShape, '`sess_` and a UUID'],
  ['checkpoint id', checkpointIdShape, '`ckpt_` and a UUID'],
  ['line', lineShape, 'one line for people: a title, a reason, a name'],
  ['text', textShape, 'a text small enough to stay inside an event'],
  ['model', modelShape, "a model's name as its provider writes it"],
  ['tokens', tokensShape, 'a count of tokens'],
  ['time', timeShape, 'ISO 8601 in UTC with milliseconds, such as `2026-01-31T12:00:00.000Z`'],
  [
    'content',
    contentRefShape,
    'points to a text in the content store: SHA-256, bytes of UTF-8, and how it begins',
  ],
  [
    'counted',
    countedShape,
    'what of a report is new: one call or none, and the tokens by which the counters rise',
  ],
]

const namesBySchema = new Map(named.map(([name, shape]) => [JSON.stringify(schemaOf(shape)), name]))

function typeOf(schema: Schema): string {
  const name = namesBySchema.get(JSON.stringify(schema))
  if (name !== undefined) return name
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ')
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(code).join(', ')
  if (schema.items !== undefined)
    return `list of ${typeOf(schema.items)}${span('entries', schema.minItems, schema.maxItems)}`
  if (schema.type === 'string')
    return `string${span('characters', schema.minLength, schema.maxLength)}${patternOf(schema)}`
  if (schema.type === 'integer' || schema.type === 'number') return `${schema.type}${range(schema)}`
  return schema.type ?? 'anything'
}

const code = (value: unknown) => `\`${String(value)}\``
const figure = (value: number) => value.toLocaleString('en-US')

function span(unit: string, least: number | undefined, most: number | undefined): string {
  if (least === undefined) return most === undefined ? '' : `, at most ${figure(most)} ${unit}`
  return most === undefined
    ? `, at least ${figure(least)} ${unit}`
    : `, ${figure(least)} to ${figure(most)} ${unit}`
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Schema): string {
  const bounds = [
    minimum === undefined || minimum === Number.MIN_SAFE_INTEGER ? [] : [`from ${figure(minimum)}`],
    exclusiveMinimum === undefined ? [] : [`above ${figure(exclusiveMinimum)}`],
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? [] : [`to ${figure(maximum)}`],
    exclusiveMaximum === undefined ? [] : [`below ${figure(exclusiveMaximum)}`],
  ].flat()
  return bounds.length === 0 ? '' : `, ${bounds.join(' ')}`
}

function patternOf({ format, pattern }: Schema): string {
  if (format !== undefined) return ` (${format})`
  return pattern === undefined ? '' : `, \`${pattern.replaceAll('|', '\\|')}\``
}

/** The fields of an object, those of objects inside it as `outer.inner`. */
function fieldsOf(schema: Schema, prefix = '', within = 'yes'): readonly Field[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, value]) => {
    const required = (schema.required ?? []).includes(key) ? within : 'no'
    const object = [value, ...(value.anyOf ?? [])].find((part) => part.properties !== undefined)
    const name = `${prefix}${key}`
    if (object === undefined || namesBySchema.has(JSON.stringify(object))) {
      return [{ name, type: typeOf(value), required, schema: value }]
    }
    const kind = value === object ? 'object' : 'object or `null`'
    return [
      { name, type: kind, required, schema: value },
      ...fieldsOf(object, `${name}.`, kind === 'object' && required === 'yes' ? 'yes' : `with \`${name}\``),
    ]
  })
}

type Remarks = ReadonlyMap<string, string>

/** The doc comments beside schemas: of a type under its name, of a field under `type.field`. */
export function remarksIn(source: string): Remarks {
  const { program, comments } = parseSync('schemas.ts', source)
  const remarks = new Map<string, string>()
  const constants = new Map<string, string>()
  const before = (start: number): string => {
    const comment = comments.findLast(({ end, type }) => type === 'Block' && end <= start)
    if (comment === undefined || !/^(export)?$/.test(source.slice(comment.end, start).trim())) return ''
    return comment.value
      .replaceAll(/^\s*\*+ ?/gm, '')
      .replaceAll(/\s+/g, ' ')
      .trim()
  }
  const note = (key: string, text: string): void => {
    if (text !== '') remarks.set(key, text)
  }
  const walk = (node: unknown, owner: string): void => {
    if (Array.isArray(node)) for (const child of node) walk(child, owner)
    if (typeof node !== 'object' || node === null || !('type' in node) || !('start' in node)) return
    let inside = owner
    if (node.type === 'VariableDeclaration') {
      const [name = ''] = /^(?:export )?const (\w+)/.exec(source.slice(Number(node.start)))?.slice(1) ?? []
      constants.set(name, before(Number(node.start)))
    }
    if (node.type === 'Property' && 'key' in node && 'value' in node) {
      const key = wordAt(source, node.key)
      const text =
        before(Number(node.start)) || (constants.get(wordAt(source, node.value).replace(/\..*/, '')) ?? '')
      inside = owner === '' || key.includes('.') ? key : `${owner}.${key}`
      note(inside, text)
    }
    for (const child of Object.values(node)) walk(child, inside)
  }
  walk(program, '')
  return remarks
}

/** A key without its quotes; of a value, the name it begins with. */
function wordAt(source: string, node: unknown): string {
  const place = node as { readonly start: number; readonly end: number }
  return /[\w.-]+/.exec(source.slice(place.start, place.end))?.[0] ?? ''
}

const remarks: Remarks = new Map(
  ['session', 'task', 'usage', 'work', 'machine'].flatMap((file) => [
    ...remarksIn(textOf(`src/events/${file}.ts`)),
  ]),
)
/** What the comments say of a field; one inside a shared shape is found by its own name. */
function remarkOf(type: string, field: string): string | undefined {
  const inner = field.includes('.') ? field.slice(field.lastIndexOf('.') + 1) : ''
  return remarks.get(`${type}.${field}`) ?? remarks.get(inner)
}

const envelopeRemarks = remarksIn(textOf('src/events/envelope.ts'))

function table(fields: readonly Field[], remark: (field: string) => string | undefined): string {
  const rows = fields.map(
    ({ name, type, required }) => `| \`${name}\` | ${type} | ${required} | ${remark(name) ?? ''} |`,
  )
  return ['| field | type | required | |', '|---|---|---|---|', ...rows].join('\n')
}

const eventOpenedBy = (command: CommandType) => eventTypes.filter((type) => openedBy[type] === command)

function commandSection(command: CommandType): string {
  const fields = fieldsOf(schemaOf(commandSchemas[command]))
  return [
    `### ${command}`,
    ...(remarks.has(command) ? [remarks.get(command)] : []),
    fields.length === 0 ? 'No fields.' : table(fields, (field) => remarkOf(command, field)),
    ...eventOpenedBy(command).map((type) => eventText(type, fields)),
  ].join('\n\n')
}

/** What an event carries beside the fields of its command. */
function eventText(type: EventType, known: readonly Field[]): string {
  const same = new Set(known.map((field) => JSON.stringify(field)))
  const more = fieldsOf(schemaOf(eventSchemas[type])).filter((field) => !same.has(JSON.stringify(field)))
  const marks = [
    schemaVersionOf(type) === 1
      ? ''
      : ` Its shape is at version ${schemaVersionOf(type)}; older ones are upcast on reading.`,
    ignorableTypes.has(type) ? ' A reader that does not know it may pass over it.' : '',
  ].join('')
  if (more.length === 0) return `Event: **${type}**, with the same fields.${marks}`
  return `Event: **${type}**, with the same fields and these.${marks}\n\n${table(more, (field) => remarkOf(type, field))}`
}

function consequenceSection(type: EventType): string {
  const fields = fieldsOf(schemaOf(eventSchemas[type]))
  return [
    `### ${type}`,
    'A consequence: it follows the event of another command.',
    table(fields, (field) => remarkOf(type, field)),
  ].join('\n\n')
}

function typesTable(): string {
  const rows = named.map(([name, shape, meaning]) => {
    const schema = schemaOf(shape)
    const type =
      schema.properties === undefined
        ? typeWithoutName(schema)
        : Object.entries(schema.properties)
            .map(([key, value]) => `\`${key}\`: ${typeOf(value)}`)
            .join('; ')
    return `| ${name} | ${meaning} | ${type} |`
  })
  return ['| type | what it is | bounds |', '|---|---|---|', ...rows].join('\n')
}

function typeWithoutName(schema: Schema): string {
  // A copy with a foreign key is not found among the names, so its bounds are written out.
  return typeOf({ ...schema, title: '' } as Schema)
}

const intro = `# Commands and events

<!-- Written by npm run docs from the schemas in src/events. Change those, not this page. -->

A **command** is a request to a session; it may be refused. An **event** is a fact; it never changes. A command opens one batch: first the
event that carries everything the command carried, then what follows from it.

A command is a JSON object: its \`type\`, and its fields beside it. Unknown fields are refused, and so are values
outside the bounds below. Whether a command is accepted at a given moment is what [the machines](spec/) decide.`

export function eventsPage(): string {
  const nouns = [...new Set([...commandTypes, ...eventTypes].map(nounOf))]
  const sections = nouns.map((noun) =>
    [
      `## ${noun}`,
      ...commandTypes.filter((type) => nounOf(type) === noun).map(commandSection),
      ...eventTypes
        .filter((type) => openedBy[type] === null && nounOf(type) === noun)
        .map(consequenceSection),
    ].join('\n\n'),
  )
  return `${[
    intro,
    '## Types',
    typesTable(),
    '## What may be said about a command',
    'Beside its content. The library takes these as the second argument of `send`; the command line as fields of the same object. Both also take `expectedVersion`: a version, `no-stream` or `stream-exists`; at any other version the command is refused with `VERSION_CONFLICT`.',
    table(fieldsOf(schemaOf(commandMetaShape)), (field) => envelopeRemarks.get(field)),
    '## What surrounds an event',
    'The envelope, as it is stored. A reader also gets `position`, the place in the whole log.',
    table(fieldsOf(schemaOf(storedEnvelopeShape)), (field) => envelopeWords[field]),
    ...sections,
  ].join('\n\n')}\n`
}

const envelopeWords: Readonly<Record<string, string>> = {
  id: 'UUIDv5 of command id and index: the same command gives the same ids',
  version: 'place in its stream, from 1, without gaps',
  schemaVersion: "version of the shape of this type's data",
  time: 'when it happened, as the source says',
  recordedAt: 'when it was appended',
  actor: 'who asked: `user`, the name of an agent, `policy:<name>`, `import`',
  commandId: 'the command whose batch it belongs to',
  index: 'place in that batch, from 0',
  causationId: 'the event that caused the command',
  correlationId: "the caller's own thread through several commands",
  ignorable: 'set by the writer: a reader that does not know the type may pass over it',
}

function nounOf(type: string): string {
  return type.slice(0, type.indexOf('.'))
}
