/** A batch of lines as steps, and the cursor after it. Depends on its arguments alone, and changes none of them. */

import { contentOf } from '../events/content.ts'
import { sha256 } from '../kernel/hash.ts'
import { type Cursor, withDamage } from './cursor.ts'
import type { Line, LineBatch } from './lines.ts'
import type { Step } from './step.ts'
import { finishMemory, type Memory, readRecord } from './translator.ts'
import { type LineValues, valuesOf } from './values.ts'

export interface Translated {
  readonly steps: readonly Step[]
  /** Where reading goes on. */
  readonly cursor: Cursor
  /** What is true of the file as it is now: an unfinished last line counts, though reading goes on before it. */
  readonly report: Cursor
}

const tooLong: LineValues = { objects: [], damage: 'longer than a line may be' }

export function translateBatch(before: Cursor, batch: LineBatch): Translated {
  const memory = structuredClone(before.memory)
  const steps: Step[] = []
  let cursor: Cursor = { ...before, memory }
  for (const line of batch.lines) {
    const values = readValues(line)
    if (!line.terminated && values.damage !== null) return unfinished(cursor, line, values, steps)
    cursor = takeLine(cursor, line, values, steps, 'damaged-line')
  }
  if (batch.last) finishMemory(cursor.memory, Math.max(1, cursor.lines), steps)
  return { steps, cursor, report: cursor }
}

function readValues(line: Line): LineValues {
  if (line.tooLong) return tooLong
  return valuesOf(
    Buffer.from(line.bytes.buffer, line.bytes.byteOffset, line.bytes.byteLength).toString('utf8'),
  )
}

function takeLine(cursor: Cursor, line: Line, values: LineValues, steps: Step[], kind: string): Cursor {
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
  steps.push(damageStep(cursor.memory, line, values.damage, kind))
  return withDamage(read, { line: line.number, reason: values.damage })
}

/**
 * The last line has no end and cannot be read: perhaps it is still being written. It is reported and kept as it is now,
 * and what can be read of it is told; but the memory and the place to go on are those before it.
 */
function unfinished(cursor: Cursor, line: Line, values: LineValues, steps: Step[]): Translated {
  finishMemory(cursor.memory, Math.max(1, cursor.lines), steps)
  const aside: Cursor = { ...cursor, memory: structuredClone(cursor.memory) }
  const report = takeLine(aside, line, values, steps, 'unfinished-line')
  finishMemory(report.memory, line.number, steps)
  return { steps, cursor: { ...cursor, tail: sha256(line.bytes) }, report }
}

/** A session begins before the first thing said of it, even when that is damage. */
function finishStart(memory: Memory, line: number, steps: Step[]): void {
  if (!memory.started) finishMemory(memory, line, steps)
}

function damageStep(memory: Memory, line: Line, reason: string, kind: string): Step {
  const content = contentOf(line.bytes)
  return {
    sessionId: memory.sessionId,
    key: `${kind}/${line.number}/${sha256(line.bytes)}`,
    time: memory.lastTime,
    line: line.number,
    intent: { type: 'observation.record', kind, detail: reason, content: content.ref, line: line.number },
    contents: [content],
  }
}
