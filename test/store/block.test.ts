/** Blocks of unusual rows, blocks that are not as they were written, and the two ways of making data of a shape. */
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/kernel/json.ts'
import { wholeEvents } from '../../src/log/block/events.ts'
import type { SealedBlock } from '../../src/log/block/format.ts'
import { unsealedRows } from '../../src/log/block/rows.ts'
import { type ReadRow, sealedBlock } from '../../src/log/block/seal.ts'
import { makerOf, plainMaker, shapedOf } from '../../src/log/block/shape.ts'
import { chainHash, checksumOf, decodeRow } from '../../src/log/codec.ts'
import type { StoredRow } from '../../src/log/port.ts'
import { redactedRow } from '../../src/log/rows.ts'

const sessionId = 'sess_0190a8c0-0000-4000-8000-000000000001'

interface Written {
  readonly type?: string
  readonly schemaVersion?: number
  readonly ignorable?: true
  readonly time?: string
  readonly recordedAt?: string
  readonly actor?: string
  readonly data: string
}

/** Rows of a stream, as a writer of any age may have written them. */
function rowsOf(written: readonly Written[]): readonly ReadRow[] {
  let hash = ''
  return written.map(({ data, ...given }, index) => {
    const version = index + 1
    const envelope = canonicalJson({
      actor: 'user',
      commandId: `c-${version}`,
      id: `0190a8c0-0000-4000-8000-${String(version).padStart(12, '0')}`,
      index: 0,
      recordedAt: '2026-02-03T04:05:06.789Z',
      schemaVersion: 1,
      sessionId,
      time: '2026-02-03T04:05:06.789Z',
      type: 'observation.recorded',
      version,
      ...given,
    })
    const position = version * 3
    const salt = Buffer.alloc(16, version)
    hash = chainHash(hash, envelope, data, salt)
    const row = {
      version,
      position,
      envelope,
      data,
      salt,
      hash,
      checksum: checksumOf(position, envelope, data),
    }
    return { row, event: decodeRow(sessionId, row) }
  })
}

function sealed(read: readonly ReadRow[]): SealedBlock {
  const block = sealedBlock(read)
  if (block === null) throw new Error('the rows were not sealed')
  return block
}

const usual = { data: '{"detail":"a","kind":"k"}' }

describe('a block of unusual rows gives them back', () => {
  it.each<[string, Written]>([
    [
      'an event that only a later Waymark knows',
      { type: 'later.happened', ignorable: true, data: '{"a":[1,{}]}' },
    ],
    ['data of an older shape', { type: 'task.failed', data: '{"reason":"timeout","taskId":"A"}' }],
    ['a year far away', { ...usual, recordedAt: '0001-01-01T00:00:00.000Z' }],
    ['a clock that stepped back', { ...usual, recordedAt: '2020-01-01T00:00:00.000Z' }],
    ['texts of every language', { actor: 'naïve 🦊', data: '{"detail":"日本語 🦊\\u0001","kind":"k"}' }],
    ['white space in its texts', { data: '{ "detail": "a", "kind": "k" }' }],
    ['keys in another order', { data: '{"kind":"k","detail":"a"}' }],
  ])('%s', (_name, unusual) => {
    const read = rowsOf([usual, unusual, usual, unusual])
    expect(unsealedRows(sealed(read))).toEqual(read.map(({ row }) => row))
    const events =
      wholeEvents(sealed(read)) ?? unsealedRows(sealed(read)).map((row) => row && decodeRow(sessionId, row))
    expect(events).toEqual(read.map(({ event }) => event))
  })

  it('with data taken out of them', () => {
    const read = rowsOf([usual, usual, usual]).map(({ row }, index) => {
      const redacted = index === 1 ? redactedRow(sessionId, row, '{"detail":"█","kind":"k"}') : row
      return { row: redacted, event: decodeRow(sessionId, redacted) }
    })
    expect(unsealedRows(sealed(read)).map((row) => row?.salt.length)).toEqual([16, 32, 16])
    expect(unsealedRows(sealed(read))).toEqual(read.map(({ row }) => row))
  })

  it('with more shapes than a block keeps apart', () => {
    const many = Array.from({ length: 400 }, (_, index) => ({
      type: 'later.happened',
      ignorable: true as const,
      data: `{"key${String(index).padStart(3, '0')}":${index}}`,
    }))
    const read = rowsOf(many)
    expect(unsealedRows(sealed(read))).toEqual(read.map(({ row }) => row))
  })
})

describe('a block that is not as it was written', () => {
  const read = rowsOf(Array.from({ length: 20 }, (_, n) => ({ data: `{"detail":"number ${n}","kind":"k"}` })))
  const block = sealed(read)

  function changed(half: keyof SealedBlock, change: (bytes: Buffer) => Buffer): SealedBlock {
    return { ...block, [half]: change(Buffer.from(block[half])) }
  }

  const versions = (
    rows: readonly (StoredRow | null)[],
    isSound: (row: StoredRow) => boolean,
  ): readonly number[] => rows.flatMap((row, index) => (row !== null && isSound(row) ? [] : [index + 1]))

  it('loses no other event than those whose text was changed', () => {
    const text = (bytes: Buffer): Buffer => Buffer.from(bytes.toString().replace('number 7"', 'number X"'))
    const rows = unsealedRows(changed('hot', text), false)
    expect(
      versions(rows, (row) => checksumOf(row.position, row.envelope, row.data) === row.checksum),
    ).toEqual([8])
  })

  it.each(['hot', 'cold', 'hashes', 'salts'] as const)(
    'with its %s cut short, has rows that are missing or not as they were',
    (half) => {
      const rows = unsealedRows(
        changed(half, (bytes) => bytes.subarray(0, Math.floor(bytes.length / 2))),
        false,
      )
      const follows = (row: StoredRow): boolean =>
        row.hash === read[row.version - 1]?.row.hash && row.data === read[row.version - 1]?.row.data
      expect(rows.length === 0 || versions(rows, follows).length > 0).toBe(true)
    },
  )

  it('never answers with a key that is none of an object of its own', () => {
    const header = (bytes: Buffer): Buffer =>
      Buffer.from(bytes.toString().replace('"detail":0', '"__proto__":0'))
    expect(unsealedRows(changed('hot', header))).toEqual([])
    expect(wholeEvents(changed('hot', header))).toBeNull()
  })
})

describe('data of a shape', () => {
  it.each([
    [{ a: 1, b: { c: 'x', d: [1, 2] }, e: {} }],
    ['a text'],
    [{ 'quote"d': { "it's": 1, '\u2028': 2 }, '': 3 }],
    [[]],
  ])('is made alike by the compiled maker and the plain one: %j', (data) => {
    const { shape, values } = shapedOf(data)
    const columns = values.map((value) => [value, value])
    expect(makerOf(shape, columns)?.(1)).toEqual(data)
    expect(plainMaker(shape, columns)(1)).toEqual(data)
  })

  it('leaves out what has no column', () => {
    const { shape } = shapedOf({ a: 1, b: { c: 2 }, d: 3 })
    expect(makerOf(shape, [[1], null, [3]])?.(0)).toEqual({ a: 1, d: 3 })
    expect(makerOf(shape, [null, null, null])).toBeNull()
  })
})
