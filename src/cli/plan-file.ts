/** The plan of a graph, from a file or from stdin: read no further than such a file may be long. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { type GraphSpec, graphInvalid } from '../events/graph.ts'
import { limits } from '../kernel/limits.ts'
import { readGraph } from '../session/graph/file.ts'
import { countText } from '../views/text.ts'
import { usageError } from './failure.ts'

/** Reads the plan that a path names; `-` is stdin. */
export async function readPlan(path: string): Promise<readonly GraphSpec[]> {
  if (path === '-') return readGraph(await bytesOf(process.stdin))
  try {
    return readGraph(await bytesOf(createReadStream(path)))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT')
      throw usageError(`there is no file ${path}`, 'name a file with a graph, or - for stdin')
    if (code === 'EISDIR') throw usageError(`${path} is a folder`, 'name a file with a graph, or - for stdin')
    throw error
  }
}

async function bytesOf(stream: Readable): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    size += bytes.length
    if (size > limits.graphFileBytesMax) {
      throw graphInvalid(`it is longer than ${countText(limits.graphFileBytesMax)} bytes`)
    }
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}
