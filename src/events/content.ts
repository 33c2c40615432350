/** Texts on their way into the content store: an event keeps a reference, the store keeps the text, once. */
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import { type Command, parseCommand } from './commands.ts'
import type { ContentRef } from './shapes.ts'

/** A text, and the reference that an event keeps of it. */
export interface Content {
  readonly ref: ContentRef
  readonly body: string | Uint8Array
}

/** Fields of commands that refer to a text. */
const textFields = ['content', 'input', 'output', 'summary'] as const
type TextField = (typeof textFields)[number]

/** A command in which a text may stand where a reference belongs; sending it stores the text. */
export type Sending<C extends Command = Command> = C extends Command
  ? { readonly [K in keyof C]: K extends TextField ? C[K] | string : C[K] }
  : never

/** Characters looked at for a preview: enough for its length after white space has been drawn together. */
const previewSourceFactor = 8

/** A text without half surrogate pairs, which canonical JSON does not know. */
export function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, '\uFFFD')
}

/** A text on one line for people: white space and control characters become single blanks, the rest is cut. */
export function oneLine(text: string, charactersMax: number = limits.lineCharactersMax): string {
  const source = text.slice(0, charactersMax * previewSourceFactor)
  const line = wellFormed(source.replace(/[\s\p{Cc}]+/gu, ' ').trim())
  if (line.length <= charactersMax) return line
  return `${line.slice(0, charactersMax - 1).replace(/[\uD800-\uDBFF]$/, '')}…`
}

/** A text made ready for the content store. What is longer than a stored text may be is cut. */
export function contentOf(body: string | Uint8Array): Content {
  const all = typeof body === 'string' ? Buffer.from(body) : body
  const bytes = all.subarray(0, limits.contentBytesMax)
  const start = typeof body === 'string' ? body : Buffer.from(bytes.subarray(0, 4_096)).toString('utf8')
  const preview = oneLine(start, limits.previewCharactersMax)
  return { ref: { hash: sha256(bytes), bytes: bytes.length, preview }, body: bytes === all ? body : bytes }
}

/**
 * Takes an untrusted value in as a command. A text that stands where a reference belongs is taken out, and the reference left in
 * its place.
 *
 * @throws WaymarkError `COMMAND_INVALID`
 * @example
 * ```ts
 * const { command, contents } = parseSending({ type: 'prompt.submit', content: 'Write the first test.' })
 * command.type // 'prompt.submit'
 * contents.map(({ ref }) => ref.bytes) // [21]
 * ```
 */
export function parseSending(input: unknown): {
  readonly command: Command
  readonly contents: readonly Content[]
} {
  if (typeof input !== 'object' || input === null || isMachines(input)) {
    return { command: parseCommand(input), contents: [] }
  }
  const contents: Content[] = []
  const fields = { ...input }
  for (const field of textFields) {
    const value: unknown = Object.hasOwn(fields, field) ? Reflect.get(fields, field) : undefined
    if (typeof value !== 'string') continue
    const content = contentOf(wellFormed(value))
    contents.push(content)
    Reflect.set(fields, field, content.ref)
  }
  return { command: parseCommand(contents.length === 0 ? input : fields), contents }
}

/** A machine's input and output are values of its own: a text among them is no text of the session's. */
function isMachines(input: object): boolean {
  const type: unknown = Reflect.get(input, 'type')
  return typeof type === 'string' && type.startsWith('machine.')
}
