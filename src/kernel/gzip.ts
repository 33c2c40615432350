/**
 * Gzip in members that each say how long they are (RFC 1952, an extra field as in BGZF): `gzip -dc` reads such a file as any other, and
 * a reader of ours takes it piece by piece, without a stream and without holding more than a piece.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { crc32 } from './hash.ts'

const trailerBytes = 8
/** Magic, deflate, flag of an extra field, no time, no operating system, then the extra field: 8 bytes, of which 4 hold the length. */
const head = Uint8Array.of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 8, 0, 0x57, 0x4d, 4, 0)

/** Bytes at the head of a member that tell its length. */
export const memberHeadBytes = head.length + 4

/** Bytes as one member. */
export function packMember(bytes: Uint8Array): Uint8Array {
  const packed = deflateRawSync(bytes, { level: 6 })
  const member = Buffer.alloc(memberHeadBytes + packed.length + trailerBytes)
  member.set(head)
  member.writeUInt32LE(member.length, head.length)
  member.set(packed, memberHeadBytes)
  member.writeUInt32LE(crc32(bytes), member.length - 8)
  member.writeUInt32LE(bytes.length, member.length - 4)
  return member
}

/** The length of the member that begins with these bytes; `null` when no such member begins here. */
export function memberBytesOf(start: Uint8Array): number | null {
  if (start.length < memberHeadBytes || !head.every((byte, index) => start[index] === byte)) return null
  const bytes = Buffer.from(start.buffer, start.byteOffset, start.byteLength).readUInt32LE(head.length)
  return bytes > memberHeadBytes + trailerBytes ? bytes : null
}

/** What a member holds; `null` when it is damaged or holds more than `bytesMax`. */
export function unpackMember(member: Uint8Array, bytesMax: number): Uint8Array | null {
  const all = Buffer.from(member.buffer, member.byteOffset, member.byteLength)
  const expected = { crc: all.readUInt32LE(all.length - 8), bytes: all.readUInt32LE(all.length - 4) }
  if (expected.bytes > bytesMax) return null
  try {
    const packed = all.subarray(memberHeadBytes, all.length - trailerBytes)
    const bytes = inflateRawSync(packed, { maxOutputLength: Math.max(expected.bytes, 1) })
    return bytes.length === expected.bytes && crc32(bytes) === expected.crc ? bytes : null
  } catch {
    return null
  }
}
