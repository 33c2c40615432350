/**
 * Columns of sealed blocks.
 *
 * Goal: a column gives back the values that went in, and reading integers straight from its bytes gives what parsing it as JSON gives.
 * Method: random columns are written and read both ways; then their lines are changed at random places.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  columnLine,
  columnValues,
  integerColumn,
  listedTexts,
  plainColumn,
} from '../../src/log/block/columns.ts'
import { integersIn } from '../../src/log/block/integers.ts'
import { linesOf } from '../../src/log/block/lines.ts'

const texts = fc.constantFrom('ok', 'a text', 'another one', '日本', '')
const values = fc.oneof(
  fc.array(fc.integer({ min: -1_000, max: 1_000 }), { minLength: 1 }),
  fc.array(fc.maxSafeInteger(), { minLength: 1 }),
  fc.array(texts, { minLength: 1 }),
  fc.array(fc.oneof(texts, fc.string()), { minLength: 1 }),
  fc.array(fc.oneof(fc.boolean(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constant(null)), {
    minLength: 1,
  }),
  fc.array(fc.array(fc.nat()), { minLength: 1 }),
)

describe('a column', () => {
  it('law: gives back its values', () => {
    let fast = 0
    fc.assert(
      fc.property(fc.array(values, { minLength: 1, maxLength: 4 }), (columns) => {
        const list = listedTexts(columns)
        const places = new Map(list.map((text, place) => [text, place]))
        const lines = linesOf(Buffer.from(columns.map((column) => columnLine(column, places)).join('\n')))
        for (const [line, column] of columns.entries()) {
          const written: unknown = JSON.parse(JSON.stringify(column))
          expect(columnValues(lines, line, column.length, list)).toEqual(written)
          expect(columnValues(lines, line, column.length + 1, list)).not.toEqual(written)
          if (integerColumn(lines, line, column.length, list) !== null) fast += 1
        }
      }),
    )
    expect(fast).toBeGreaterThan(50)
  })

  it('law: read as integers, it is what JSON says, whatever was changed in it', () => {
    let read = 0
    const change = fc.tuple(fc.nat(), fc.constantFrom(...'0123456789-+,.e []{}":x'.split('')))
    const list = ['nought', 'one', 'two']
    fc.assert(
      fc.property(values, fc.array(change, { maxLength: 2 }), (column, changes) => {
        const characters = columnLine(column).split('')
        for (const [place, character] of changes) characters[place % characters.length] = character
        const lines = linesOf(Buffer.from(characters.join('')))
        const integers = integerColumn(lines, 0, column.length, list)
        if (integers === null) return
        read += 1
        expect(integers).toEqual(plainColumn(JSON.parse(characters.join('')), column.length, list))
      }),
      { numRuns: 2_000 },
    )
    expect(read).toBeGreaterThan(100)
  })

  it.each(['[1,2', '1,2]', '[1,,2]', '[01,2]', '[1,-]', '[,1]', '[1 ,2]', '[1.5,2]', '[1,2]]', '[]', ''])(
    'is no list of two integers: %s',
    (text) => {
      expect(integersIn(Buffer.from(text), 0, text.length, 2)).toBeNull()
    },
  )
})
