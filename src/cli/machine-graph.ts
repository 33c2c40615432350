/** `waymark graph task|budget|session|handoff|recovery`: the machines, and the way that a session took through them. */
import { type MachineName, machineShape } from '../decide/machine-shape.ts'
import { nearest } from '../events/commands.ts'
import { limits } from '../kernel/limits.ts'
import { machineUse } from '../replay/machine-path.ts'
import { type MachineGraph, machineGraph } from '../views/machine-graph.ts'
import { machineDot, machineMermaid } from '../views/machine-graph-text.ts'
import { countOf, countText } from '../views/text.ts'
import { type Context, withWaymark } from './context.ts'
import { type ExitCode, exitCodes, usageError } from './failure.ts'

export const graphFormats = ['mermaid', 'dot', 'json'] as const
export type GraphFormat = (typeof graphFormats)[number]

export interface MachineGraphInput {
  readonly machine: MachineName
  readonly session?: string | undefined
  readonly task?: string | undefined
  readonly format?: GraphFormat | undefined
}

export async function showMachine(input: MachineGraphInput, context: Context): Promise<ExitCode> {
  const { output } = context
  const { machine, session, task, format } = input
  if (task !== undefined && machine !== 'task')
    throw usageError(`graph ${machine} takes no --task`, 'graph task does, with --session')
  if (task !== undefined && session === undefined)
    throw usageError('graph task --task needs a session', 'name it with --session')
  const graph =
    session === undefined
      ? machineGraph(machineShape(machine), null)
      : await usedGraph({ machine, session, task }, context)
  if (format === 'json' || (output.json && format === undefined)) await output.document(graph)
  else {
    const text = textOf[format ?? 'mermaid'](graph)
    if (output.json)
      await output.document({ machine, format, sessionId: graph.session?.sessionId ?? null, text })
    else await output.text(text)
  }
  tellUse(graph, context)
  return exitCodes.fine
}

const textOf: Readonly<Record<'mermaid' | 'dot', (graph: MachineGraph) => string>> = {
  mermaid: machineMermaid,
  dot: machineDot,
}

async function usedGraph(
  {
    machine,
    session,
    task: taskId,
  }: { readonly machine: MachineName; readonly session: string; readonly task?: string | undefined },
  context: Context,
): Promise<MachineGraph> {
  return withWaymark(context, 'read', async (waymark) => {
    const sessionId = await waymark.resolve(session)
    const onPage = (version: number): void => context.output.progress(`read ${countOf(version, 'event')}`)
    const { use, state } = await machineUse(waymark.log, sessionId, machine, { taskId, onPage })
    if (taskId !== undefined && use.begun === 0 && use.stepCount === 0) {
      throw usageError(
        `session ${sessionId} has no task "${taskId.slice(0, limits.idCharactersMax)}"`,
        taskHint(taskId, Object.keys(state.tasks)),
      )
    }
    return machineGraph(machineShape(machine, state.configuration), use)
  })
}

function taskHint(taskId: string, known: readonly string[]): string {
  const near = known.length === 0 ? [] : nearest(taskId, known)
  return near.length === 0
    ? 'it has no tasks at all'
    : `did you mean ${near.join(' or ')}? waymark tasks lists them`
}

/** How much of the machine the session used, for people. */
function tellUse({ session, transitions }: MachineGraph, { output }: Context): void {
  if (session === null) return
  const used = transitions.filter(({ count }) => (count ?? 0) > 0).length
  const taken = transitions.reduce((sum, { count }) => sum + (count ?? 0), 0)
  output.note(
    `${countOf(taken, 'step')} on ${countText(used)} of ${countOf(transitions.length, 'transition')}`,
  )
}
