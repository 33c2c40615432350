/** The lines of a bundle on disk: blocks out, blocks in. A reader holds one block and never waits, so it can read in a transaction. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { WaymarkError } from '../kernel/errors.ts'
import { memberBytesOf, memberHeadBytes, packMember, unpackMember } from '../kernel/gzip.ts'
import { RunningHash } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import { type BundleLine, type BundlePlace, invalid, lineText } from './format.ts'

/** Writes a bundle beside its place, and puts it there when it is complete. */
export class BlockWriter {
  readonly #path: string
  readonly #file: FileHandle
  readonly #hash = new RunningHash()
  #lines: string[] = []
  #blockBytes = 0
  bytes = 0

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** @throws WaymarkError `ALREADY_EXISTS`; `USAGE` where no file can be made. */
  static async create(path: string): Promise<BlockWriter> {
    const isThere = await open(path, 'r').then(
      async (file) => file.close().then(() => true),
      () => false,
    )
    if (isThere) throw alreadyThere(path)
    const file = await open(partOf(path), 'w', 0o600).catch((cause: unknown) => {
      throw cannotWrite(path, cause)
    })
    return new BlockWriter(path, file)
  }

  /** @throws WaymarkError `LIMIT_REACHED` for a line that no reader would take. */
  async add(line: BundleLine): Promise<void> {
    const text = `${lineText(line)}\n`
    const bytes = Buffer.byteLength(text)
    if (bytes > limits.bundleLineBytesMax) {
      throw new WaymarkError('LIMIT_REACHED', {
        message: `a line for ${line.kind} of ${bytes} bytes; one line of a bundle has at most ${limits.bundleLineBytesMax}`,
      })
    }
    if (this.#blockBytes > 0 && this.#blockBytes + bytes > limits.bundleBlockBytes) await this.#flush()
    this.#lines.push(text)
    this.#blockBytes += bytes
    this.#hash.add(text)
  }

  /** Ends with what `end` makes of the hash over all lines before. */
  async finish(end: (sha256: string) => BundleLine): Promise<void> {
    await this.add(end(this.#hash.digest()))
    await this.#flush()
    await this.#file.sync()
    await this.#file.close()
    await rename(partOf(this.#path), this.#path)
  }

  async abandon(): Promise<void> {
    await this.#file.close()
    await rm(partOf(this.#path), { force: true })
  }

  async #flush(): Promise<void> {
    const member = packMember(Buffer.from(this.#lines.join('')))
    await this.#file.writeFile(member)
    this.bytes += member.length
    this.#lines = []
    this.#blockBytes = 0
  }
}

function partOf(path: string): string {
  return `${path}.part`
}

function cannotWrite(path: string, cause: unknown): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `cannot write a bundle to ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'make the folder first, or name a file where files may be made',
    details: { path },
    cause,
  })
}

function alreadyThere(path: string): WaymarkError {
  return new WaymarkError('ALREADY_EXISTS', {
    message: `${path} is there already`,
    hint: 'name another file, or take it away first',
    details: { path },
  })
}

export interface TextLine {
  readonly text: string
  readonly place: BundlePlace
  /** SHA-256 over all lines before this one; only looked at for the last. */
  readonly hashBefore: () => string
}

/** Whether a file begins as a bundle does. */
export function isBundle(path: string): boolean {
  const file = openSync(path, 'r')
  try {
    return memberBytesOf(bytesAt(file, 0, memberHeadBytes)) !== null
  } finally {
    closeSync(file)
  }
}

/**
 * The lines of a bundle, one block in memory at a time. What follows the last block is not a bundle any more, and is refused.
 *
 * @throws WaymarkError `BUNDLE_INVALID`
 */
export function* linesOf(path: string): Generator<TextLine, void, undefined> {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const hash = new RunningHash()
    let line = 0
    for (let at = 0; at < size; ) {
      const block = readBlock(file, path, at, size, line + 1)
      at += block.bytes
      const lines = block.text.split('\n')
      if (lines.pop() !== '' || lines.length === 0)
        throw invalid({ path, line: line + 1 }, 'a block is cut off')
      for (const text of lines) {
        line += 1
        yield { text, place: { path, line }, hashBefore: () => hash.digest() }
        hash.add(`${text}\n`)
      }
    }
  } finally {
    closeSync(file)
  }
}

function readBlock(
  file: number,
  path: string,
  at: number,
  size: number,
  line: number,
): { readonly text: string; readonly bytes: number } {
  const bytes = memberBytesOf(bytesAt(file, at, memberHeadBytes))
  if (bytes === null) {
    throw invalid(
      { path, line },
      at === 0 ? 'it is not a bundle' : 'what stands there is no block of a bundle',
    )
  }
  if (at + bytes > size) throw invalid({ path, line }, 'the file ends in the middle of a block')
  if (bytes > limits.bundleLineBytesMax)
    throw invalid({ path, line }, `a block of ${bytes} bytes is too large`)
  const unpacked = unpackMember(bytesAt(file, at, bytes), limits.bundleLineBytesMax)
  if (unpacked === null) throw invalid({ path, line }, 'a block is damaged or too large')
  return { text: Buffer.from(unpacked).toString('utf8'), bytes }
}

function bytesAt(file: number, at: number, length: number): Uint8Array {
  const bytes = Buffer.alloc(length)
  const read = readSync(file, bytes, 0, length, at)
  return bytes.subarray(0, read)
}
