/**
 * Goal: the quick ways of the codec give what the plain ones give, and are taken.
 * Method: every event type there is, and random histories, written as rows; decoded row by row and page by page; texts
 * changed at random; compiled schemas against the schemas they were compiled from.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { durableMachine } from '../../src/decide/durable/machine.ts'
import { eventSchemas, eventTypes } from '../../src/events/catalogue.ts'
import { storedEnvelopeShape } from '../../src/events/envelope.ts'
import { upcastersComplete } from '../../src/events/upcast.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { checksumOf, dataSchemaOf, decodeRow, encodeRow, envelopeSchema } from '../../src/log/codec.ts'
import { envelopeGroups, envelopePattern } from '../../src/log/envelope-pattern.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { decodePage, type PackedPage } from '../../src/log/page.ts'
import type { StoredRow } from '../../src/log/port.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { pending, rowsOf, sessionOf, taskAdded } from '../../src/testing/store/samples.ts'
import { everyEvent } from '../corpus/every-event.ts'
import { machineEvents } from '../corpus/machine-events.ts'
import { orderMachine } from '../support/order-machine.ts'

const session = sessionOf('codec')

function packed(rows: readonly StoredRow[], sessionId: string): PackedPage {
  return {
    sessionId,
    firstVersion: rows[0]?.version ?? 1,
    texts: Buffer.from(rows.map(({ envelope, data }) => `${envelope}\n${data}`).join('\n')),
    positions: rows.map(({ position }) => position),
    checksums: rows.map(({ checksum }) => checksum),
  }
}

function rowsFor(events: readonly ReturnType<typeof pending>[]): readonly StoredRow[] {
  let previousHash = ''
  return events.map((event, index) => {
    const { row } = encodeRow(event, {
      sessionId: session,
      version: index + 1,
      position: index + 7,
      previousHash,
    })
    previousHash = row.hash
    return row
  })
}

/** Fits a row's checksum to its changed texts, as somebody would who wants the change to go unnoticed. */
function refitted(row: StoredRow): StoredRow {
  return { ...row, checksum: checksumOf(row.position, row.envelope, row.data) }
}

let corpus: readonly StoredRow[]
let corpusSession: string
let machineCorpus: readonly StoredRow[]
let machineSession: string

beforeAll(async () => {
  const log = new MemoryLog()
  corpusSession = (await play(log, everyEvent, { policies: [] })).sessionId
  corpus = await rowsOf(log, corpusSession)
  const order = durableMachine(orderMachine)
  const options = { policies: [], machine: order }
  machineSession = (await play(log, machineEvents(order), { ...options, seed: 2 })).sessionId
  machineCorpus = await rowsOf(log, machineSession)
})

describe('a page', () => {
  it('decodes to the events of its rows, all of them the quick way, for every type of event', () => {
    const page = decodePage(packed(corpus, corpusSession))
    expect(page?.events).toEqual(corpus.map((row) => decodeRow(corpusSession, row)))
    expect(page?.plainRows).toBe(0)
    const types = new Set(page?.events.map(({ type }) => type))
    const machine = decodePage(packed(machineCorpus, machineSession))
    expect(machine?.events).toEqual(machineCorpus.map((row) => decodeRow(machineSession, row)))
    expect(machine?.plainRows).toBe(0)
    for (const { type } of machine?.events ?? []) types.add(type)
    expect(eventTypes.filter((type) => !types.has(type))).toEqual(['session.forked'])
  })

  it('law: of any history decodes to the events of its rows', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(40), async (commands) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const rows = await rowsOf(log, sessionId)
        const page = decodePage(packed(rows, sessionId))
        expect(page?.events).toEqual(rows.map((row) => decodeRow(sessionId, row)))
        expect(page?.plainRows).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it('takes unusual rows the plain way, and the others of the page still quickly', () => {
    const rows = rowsFor([
      taskAdded('A'),
      { ...taskAdded('B'), actor: 'the "quoted"' },
      { ...taskAdded('C'), time: '2028-02-29T00:00:00.000Z' },
      { ...pending('task.failed', { taskId: 'A', reason: 'old', retryable: true }), schemaVersion: 1 },
      { ...taskAdded('D'), correlationId: 'a.b.c', causationId: 'x'.repeat(150) },
      { ...taskAdded('E'), actor: 'añadir 日本' },
      pending('observation.recorded', { kind: 'odd' }),
    ])
    const old = rows[3]
    const withoutField = refitted({ ...(old ?? rows[0]), data: '{"reason":"old","taskId":"A"}' } as StoredRow)
    const page = [...rows.slice(0, 3), withoutField, ...rows.slice(4)]
    const decoded = decodePage(packed(page, session))
    expect(decoded?.events).toEqual(page.map((row) => decodeRow(session, row)))
    expect(decoded?.events[3]?.data).toEqual({ taskId: 'A', reason: 'old', retryable: true })
    expect(decoded?.plainRows).toBe(5)
  })

  it('with a damaged row is refused with its version, whichever byte it is', () => {
    const rows = rowsFor([taskAdded('A'), taskAdded('B'), taskAdded('C')])
    const whole = packed(rows, session)
    const first = Buffer.byteLength(`${rows[0]?.envelope}\n${rows[0]?.data}\n`)
    const second = Buffer.byteLength(`${rows[1]?.envelope}\n${rows[1]?.data}`)
    for (let offset = first; offset < first + second; offset += 3) {
      const texts = Buffer.from(whole.texts)
      texts[offset] = (texts[offset] ?? 0) ^ 0x11
      if (texts[offset] === 10) continue
      expect(() => decodePage({ ...whole, texts })).toThrow(
        expect.objectContaining({ details: expect.objectContaining({ version: 2 }) }),
      )
    }
    const positions = whole.positions.map((position, index) => (index === 2 ? position + 2 ** 32 : position))
    expect(() => decodePage({ ...whole, positions })).toThrow(/version 3 is damaged/)
  })

  it('that is not two lines a row is left to the rows', () => {
    const rows = rowsFor([taskAdded('A'), taskAdded('B')])
    const page = packed(rows, session)
    expect(decodePage({ ...page, texts: Buffer.concat([page.texts, Buffer.from('\nmore')]) })).toBeNull()
    expect(
      decodePage({ ...page, texts: page.texts.subarray(0, Buffer.from(page.texts).lastIndexOf(10)) }),
    ).toBeNull()
  })
})

describe('the pattern of envelopes', () => {
  const key = fc.constantFrom(
    ...'actor commandId id index recordedAt schemaVersion sessionId time type version'.split(' '),
  )
  const piece = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom(
      '..',
      '.',
      '"',
      '\\',
      '0',
      '-1',
      'é',
      '\n',
      'Z',
      'x'.repeat(210),
      '2027-02-29',
      '2028-02-29',
      '31',
      '1e3',
    ),
  )
  const change = fc.record({ key, at: fc.nat(60), drop: fc.nat(4), insert: piece })

  it('law: what it accepts, the schema accepts with the same fields, however the text was changed', () => {
    const [row] = rowsFor([{ ...taskAdded('A', 'command.1'), causationId: 'c', correlationId: 'd' }])
    let accepted = 0
    fc.assert(
      fc.property(fc.array(change, { maxLength: 2 }), (changes) => {
        let text = row?.envelope ?? ''
        for (const { key: name, at, drop, insert } of changes) {
          const start = text.indexOf(`"${name}":`) + name.length + 3 + at
          text = text.slice(0, start) + insert + text.slice(start + drop)
        }
        const groups = envelopePattern.exec(text)
        if (groups === null) return
        accepted += 1
        const parsed = storedEnvelopeShape.parse(JSON.parse(text))
        for (const [name, group] of Object.entries(envelopeGroups)) {
          expect(String(groups[group])).toBe(String(parsed[name as keyof typeof parsed]))
        }
      }),
      { numRuns: 5_000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  it('takes nothing for an event of a session that it does not name', () => {
    const rows = rowsFor([taskAdded('A')])
    expect(decodePage(packed(rows, session))?.plainRows).toBe(0)
    for (const other of [sessionOf('other'), '.*', `${session} `]) {
      expect(() => decodePage(packed(rows, other))).toThrow(/is damaged/)
    }
  })
})

describe('compiled schemas', () => {
  it('exist for every shape: none falls back to the parser it came from', () => {
    expect(() => z.compile(storedEnvelopeShape, { strict: true })).not.toThrow()
    for (const type of eventTypes)
      expect(() => z.compile<z.ZodType>(eventSchemas[type], { strict: true })).not.toThrow()
  })

  it('law: agree with the plain ones on every event and on any change of it', () => {
    const changed = fc.record({
      at: fc.nat(),
      value: fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1.5, '', 'x..y', null)),
    })
    fc.assert(
      fc.property(fc.nat(), fc.option(changed), (choice, change) => {
        const row = corpus[choice % corpus.length]
        if (row === undefined) return
        const envelope = withChange(JSON.parse(row.envelope), change)
        expect(resultOf(envelopeSchema(), envelope)).toEqual(resultOf(storedEnvelopeShape, envelope))
        const { type } = decodeRow(corpusSession, row)
        for (const known of eventTypes.filter((name) => name === type)) {
          const data = withChange(JSON.parse(row.data), change)
          expect(resultOf(dataSchemaOf(known), data)).toEqual(resultOf(eventSchemas[known], data))
        }
      }),
      { numRuns: 2_000 },
    )
  })
})

function withChange(object: Record<string, unknown>, change: { at: number; value: unknown } | null): unknown {
  if (change === null) return object
  const keys = [...Object.keys(object), 'extra']
  const key = keys[change.at % keys.length] ?? 'extra'
  return change.at % 5 === 0
    ? Object.fromEntries(Object.entries(object).filter(([name]) => name !== key))
    : { ...object, [key]: change.value }
}

function resultOf(schema: z.ZodType, value: unknown): unknown {
  const result = schema.safeParse(value)
  return result.success ? result.data : result.error.issues.map(({ path, code }) => [path, code])
}

describe('a row', () => {
  const [row] = rowsFor([taskAdded('A')])
  const read = (changes: Partial<StoredRow>) => () =>
    decodeRow(session, refitted({ ...(row as StoredRow), ...changes }))

  it('reads back as it was returned when it was written, and every past shape has its upcaster', () => {
    const event = { ...pending('observation.recorded', { kind: 'k' }), correlationId: 'all' }
    const encoded = encodeRow(event, { sessionId: session, version: 3, position: 9, previousHash: 'p' })
    expect(decodeRow(session, encoded.row)).toEqual(encoded.event)
    expect(encoded.row.envelope).toContain('"ignorable":true')
    expect(upcastersComplete(eventTypes)).toBe(true)
  })

  it('is refused when its texts fit their checksum and say something else than their place', () => {
    expect(read({ version: 2 })).toThrow(/version 2 is damaged/)
    expect(read({ envelope: row?.envelope.replace(session, sessionOf('other')) ?? '' })).toThrow(WaymarkError)
    expect(read({ envelope: '{}' })).toThrow(/envelope/)
    expect(read({ envelope: 'no JSON' })).toThrow(/JSON/)
    expect(read({ data: '{"taskId":"A","title":"t","__proto__":{}}' })).toThrow(/task.added/)
    expect(read({ data: '{"taskId":"A"}' })).toThrow(expect.objectContaining({ code: 'DAMAGED_RECORD' }))
  })

  it('of a later Waymark is passed over when its writer allowed it, and stops the reader otherwise', () => {
    const later = { ...taskAdded('A'), type: 'later.noted' } as unknown as ReturnType<typeof pending>
    const place = { sessionId: session, version: 1, position: 1, previousHash: '' }
    expect(() => encodeRow(later, place)).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT' }))
    expect(encodeRow({ ...later, ignorable: true }, place).event).toMatchObject({
      unknown: true,
      type: 'later.noted',
    })
    const newerShape = { ...taskAdded('A'), schemaVersion: 99 }
    expect(encodeRow({ ...newerShape, ignorable: true }, place).event).toMatchObject({
      unknown: true,
      type: 'task.added',
    })
    expect(() => encodeRow(newerShape, place)).toThrow(expect.objectContaining({ code: 'UNKNOWN_EVENT' }))
  })
})
