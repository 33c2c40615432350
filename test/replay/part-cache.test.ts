/** Goal: what is kept of snapshots is bounded, however many are read. Method: more parts than there is room for, each of which counts its readings. */
import { beforeEach, expect, it } from 'vitest'
import { compress } from '../../src/kernel/compress.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import type { SnapshotPart } from '../../src/log/port.ts'
import { forgetParts, readPart } from '../../src/replay/snapshot/part-cache.ts'

const partBytes = 65_536

/** A part of about as many bytes, and how often it was read. */
function countedPart(number: number): { readonly part: SnapshotPart; readonly readings: () => number } {
  const bytes = Buffer.from(JSON.stringify({ number, text: 'x'.repeat(partBytes) }))
  const packed = compress(bytes)
  let count = 0
  const body = (): Uint8Array => {
    count += 1
    return packed
  }
  return { part: { hash: sha256(bytes), body }, readings: () => count }
}

beforeEach(forgetParts)

it('keeps what was used lately, and lets go of the rest', () => {
  const room = Math.floor(limits.partsCachedBytesMax / partBytes)
  const parts = Array.from({ length: room + 5 }, (_, number) => countedPart(number))
  for (const { part } of parts) expect(readPart(part)).not.toBeNull()
  const [oldest, newest] = [parts[0], parts.at(-1)]
  if (oldest === undefined || newest === undefined) throw new Error('there are parts')
  readPart(newest.part)
  expect(newest.readings()).toBe(1)
  readPart(oldest.part)
  expect(oldest.readings()).toBe(2)
})

it('reads again what it was told to forget', () => {
  const { part, readings } = countedPart(1)
  readPart(part)
  readPart(part)
  expect(readings()).toBe(1)
  forgetParts()
  readPart(part)
  expect(readings()).toBe(2)
})
