/** The text of a file that others write too, or why there is none. */
import { readFile, stat } from 'node:fs/promises'
import { limits } from '../kernel/limits.ts'
import type { Place } from './document.ts'

interface Unreadable {
  readonly place: Place | null
  readonly what: string
  readonly right: string
}

export type FileText = { readonly text: string } | Unreadable

/** Reads a whole file; `null` when there is none. */
export async function textOf(file: string): Promise<FileText | null> {
  try {
    // Looked at before it is opened: opening a pipe would wait for a writer.
    const found = await stat(file)
    if (!found.isFile()) {
      const what = found.isDirectory() ? 'is a folder' : 'is not a file'
      return { place: null, what, right: 'put a file in its place, or nothing' }
    }
    if (found.size > limits.configurationBytesMax) return tooLarge(found.size)
    const bytes = await readFile(file)
    return bytes.length > limits.configurationBytesMax ? tooLarge(bytes.length) : decoded(bytes)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : null
    if (code === 'ENOENT' || code === 'ENOTDIR') return null
    const reason = cause instanceof Error ? cause.message : String(cause)
    return { place: null, what: `cannot be read: ${reason}`, right: 'give yourself permission to read it' }
  }
}

function tooLarge(bytes: number): Unreadable {
  return {
    place: null,
    what: `has ${bytes} bytes; at most ${limits.configurationBytesMax} are read`,
    right: 'make it smaller: sections of other tools count too',
  }
}

const byteOrderMark = '\u{feff}'
const replacement = '\u{fffd}'

function decoded(bytes: Buffer): FileText {
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const start = { line: 1, column: 1 }
  if (text.startsWith(byteOrderMark)) {
    const right = 'save it as UTF-8 without a byte order mark'
    return { place: start, what: 'begins with a byte order mark', right }
  }
  // Bytes that were not UTF-8 have become replacement characters, and do not come back.
  if (!Buffer.from(text).equals(bytes)) {
    const before = text.slice(0, text.indexOf(replacement)).split(/\r\n|\r|\n/)
    const place = { line: before.length, column: (before.at(-1) ?? '').length + 1 }
    return { place, what: 'is not UTF-8', right: 'save it as UTF-8' }
  }
  return text.trim() === ''
    ? { place: start, what: 'is empty', right: 'put {} into it, or remove it' }
    : { text }
}
