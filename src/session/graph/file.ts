/** A graph as a file has it: bytes to nodes, with the place of what is wrong. */
import { notJson } from '../../configuration/document.ts'
import { type GraphSpec, graphInvalid, parseGraph } from '../../events/graph.ts'
import { limits } from '../../kernel/limits.ts'
import { countText } from '../../views/text.ts'

/**
 * Takes the text of a file in as the plan of a graph: JSON, in UTF-8.
 *
 * @throws WaymarkError `GRAPH_INVALID`: too long, no UTF-8, no JSON (with line and column), or not the nodes of a graph
 * @example
 * ```ts
 * readGraph('[{ "id": "api", "title": "Write the API" }]').length // 1
 * readGraph('[{ "id": }]') // throws GRAPH_INVALID
 * ```
 */
export function readGraph(file: string | Uint8Array): readonly GraphSpec[] {
  const size = typeof file === 'string' ? Buffer.byteLength(file) : file.length
  if (size > limits.graphFileBytesMax) {
    throw graphInvalid(`it is longer than ${countText(limits.graphFileBytesMax)} bytes`)
  }
  const text = typeof file === 'string' ? file : decoded(file)
  return parseGraph(jsonOf(text.replace(/^\uFEFF/, '')))
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw graphInvalid('it is not UTF-8')
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const problem = notJson(text)
    const place = problem?.place ?? null
    const at = place === null ? '' : `line ${place.line}, column ${place.column}: `
    throw graphInvalid(`${at}${problem?.what ?? 'it is not JSON'}`, place === null ? {} : { ...place })
  }
}
