/** A batch of lines as steps, and the cursor after it. Depends on its arguments alone, and changes none of them. */

import { contentOf } from '../events/content.ts'
import { type Redact, redactedValue } from '../events/secrets.ts'
import { sha256 } from '../kernel/hash.ts'
import { type Cursor, withDamage } from './cursor.ts'
import type { Line, LineBatch } from './lines.ts'
import type { Step } from './step.ts'
import { finishMemory, type Memory, readRecord } from './translator.ts'
import { isObject, type LineValues, valuesOf } from './values.ts'

export interface Translated {
  readonly steps: readonly Step[]
  /** Where reading goes on. */
  readonly cursor: Cursor
  /** What is true of the file as it is now: an unfinished last line counts, though reading goes on before it. */
  readonly report: Cursor
}

const tooLong: LineValues = { objects: [], damage: 'longer than a line may be' }

/** @param redact takes secrets out of everything that is read, before anything is made of it; `null` leaves it as it is. */
export function translateBatch(before: Cursor, batch: LineBatch, redact: Redact | null = null): Translated {
  const memory = structuredClone(before.memory)
  const steps: Step[] = []
  let cursor: Cursor = { ...before, memory }
  for (const line of batch.lines) {
    const values = readValues(line, redact)
    const read: ReadLine = { line, values, bytes: redactedBytes(line.bytes, redact) }
    if (!line.terminated && values.damage !== null) return unfinished(cursor, read, steps)
    cursor = takeLine(cursor, read, steps, 'damaged-line')
  }
  if (batch.last) finishMemory(cursor.memory, Math.max(1, cursor.lines), steps)
  return { steps, cursor, report: cursor }
}

/** A line, what it holds, and its bytes as they may be kept. */
interface ReadLine {
  readonly line: Line
  readonly values: LineValues
  readonly bytes: Uint8Array
}

function readValues(line: Line, redact: Redact | null): LineValues {
  if (line.tooLong) return tooLong
  const values = valuesOf(textOf(line.bytes))
  if (redact === null) return values
  const objects = values.objects.map((object) => redactedValue(object, redact)).filter(isObject)
  return { ...values, objects }
}

function redactedBytes(bytes: Uint8Array, redact: Redact | null): Uint8Array {
  if (redact === null) return bytes
  const text = textOf(bytes)
  const redacted = redact(text)
  return redacted === text ? bytes : Buffer.from(redacted)
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function takeLine(cursor: Cursor, { line, values, bytes }: ReadLine, steps: Step[], kind: string): Cursor {
  for (const record of values.objects) readRecord(cursor.memory, record, line.number, steps)
  const read: Cursor = {
    ...cursor,
    offset: cursor.offset + line.size,
    lines: line.number,
    openLine: !line.terminated,
    tail: null,
  }
  if (values.damage === null) return read
  finishStart(cursor.memory, line.number, steps)
  steps.push(damageStep(cursor.memory, line, { reason: values.damage, kind, bytes }))
  return withDamage(read, { line: line.number, reason: values.damage })
}

/**
 * The last line has no end and cannot be read: perhaps it is still being written. It is reported and kept as it is now,
 * and what can be read of it is told; but the memory and the place to go on are those before it.
 */
function unfinished(cursor: Cursor, read: ReadLine, steps: Step[]): Translated {
  const { line } = read
  finishMemory(cursor.memory, Math.max(1, cursor.lines), steps)
  const aside: Cursor = { ...cursor, memory: structuredClone(cursor.memory) }
  const report = takeLine(aside, read, steps, 'unfinished-line')
  finishMemory(report.memory, line.number, steps)
  return { steps, cursor: { ...cursor, tail: sha256(line.bytes) }, report }
}

/** A session begins before the first thing said of it, even when that is damage. */
function finishStart(memory: Memory, line: number, steps: Step[]): void {
  if (!memory.started) finishMemory(memory, line, steps)
}

function damageStep(
  memory: Memory,
  line: Line,
  { reason, kind, bytes }: { readonly reason: string; readonly kind: string; readonly bytes: Uint8Array },
): Step {
  const content = contentOf(bytes)
  return {
    sessionId: memory.sessionId,
    key: `${kind}/${line.number}/${sha256(line.bytes)}`,
    time: memory.lastTime,
    line: line.number,
    intent: { type: 'observation.record', kind, detail: reason, content: content.ref, line: line.number },
    contents: [content],
  }
}
