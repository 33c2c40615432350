/** A graph of tasks as it is planned: what a file of it holds. */
import { z } from 'zod'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { idShape, lineShape, textShape } from './shapes.ts'

const graphSpecShape = z.strictObject({
  /** Becomes the task's id. */
  id: idShape,
  title: lineShape.min(1),
  description: textShape.optional(),
  /** Ids of the tasks it comes after: of this graph, or of the session already. */
  dependsOn: z.array(idShape).max(limits.taskDependenciesMax).optional(),
  /** The SPEC it belongs to. */
  specId: idShape.optional(),
})

/** A node of a graph, as it is planned. */
export type GraphSpec = Readonly<Omit<z.infer<typeof graphSpecShape>, 'dependsOn'>> & {
  readonly dependsOn?: readonly string[] | undefined
}

const graphSpecsShape = z.array(graphSpecShape).min(1).max(limits.tasksMax)

const hint = 'a graph is a JSON array: [{ "id": "api", "title": "Write the API", "dependsOn": ["schema"] }]'

/**
 * Takes an untrusted value in as the plan of a graph.
 *
 * @throws WaymarkError `GRAPH_INVALID`, with the place of the first problem
 * @example
 * ```ts
 * parseGraph([{ id: 'api', title: 'Write the API' }]).map(({ id }) => id) // ['api']
 * parseGraph([{ id: 'api' }]) // throws GRAPH_INVALID
 * ```
 */
export function parseGraph(input: unknown): readonly GraphSpec[] {
  if (Array.isArray(input) && input.length > limits.tasksMax) {
    throw graphInvalid(`it has ${input.length} nodes, and a session holds ${limits.tasksMax} tasks`)
  }
  const parsed = graphSpecsShape.safeParse(input)
  if (parsed.success) return parsed.data
  const [problem] = parsed.error.issues
  const at = placeOf(input, problem?.path ?? [])
  throw graphInvalid(`${at}${problem?.message ?? 'not a graph'}`, { path: problem?.path ?? [] })
}

/** The graph cannot be planned as it stands; nothing has been appended. */
export function graphInvalid(what: string, details: Readonly<Record<string, unknown>> = {}): WaymarkError {
  return new WaymarkError('GRAPH_INVALID', { message: `the graph cannot be planned: ${what}`, hint, details })
}

/** `entry 3 ("api"), dependsOn.0: ` */
function placeOf(input: unknown, path: readonly PropertyKey[]): string {
  const [index, ...rest] = path
  if (typeof index !== 'number') return ''
  const entry: unknown = Array.isArray(input) ? input[index] : undefined
  const id: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'id') : undefined
  const named = typeof id === 'string' && id.length <= limits.idCharactersMax ? ` ("${id}")` : ''
  const field = rest.length === 0 ? '' : `, ${rest.map(String).join('.')}`
  return `entry ${index + 1}${named}${field}: `
}
