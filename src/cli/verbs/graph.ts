import { z } from 'zod'
import { isMachineName, type MachineName, machineNames } from '../../decide/machine-shape.ts'
import { nearest } from '../../events/commands.ts'
import { limits } from '../../kernel/limits.ts'
import type { TaskGraph } from '../../session/graph/task-graph.ts'
import { type Context, interruptible, withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, usageError } from '../failure.ts'
import { printChange, printClaim, printGraph, printMermaid, printReclaimed } from '../graph-output.ts'
import { graphFormats, showMachine } from '../machine-graph.ts'
import { readPlan } from '../plan-file.ts'
import { sessionArgument, textOption, tokensOption, verb } from '../verb.ts'

const minutesOption = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'a number of minutes is written as 60 or 0.5')
  .transform(Number)

const shape = z.strictObject({
  action: sessionArgument,
  session: sessionArgument.optional(),
  what: textOption.optional(),
  agent: textOption.optional(),
  result: textOption.optional(),
  reason: textOption.optional(),
  retryable: z.boolean().optional(),
  wait: z.boolean().optional(),
  silent: minutesOption.optional(),
  model: textOption.optional(),
  window: tokensOption.optional(),
  commandId: textOption.optional(),
  mermaid: z.boolean().optional(),
  format: z.enum(graphFormats, `a format is one of ${graphFormats.join(', ')}`).optional(),
  task: textOption.optional(),
})

type Input = z.infer<typeof shape>
type Name = Exclude<keyof Input, 'action' | 'session'>
type Given = Input & { readonly session: string }

interface Action {
  readonly needs: readonly Name[]
  readonly takes: readonly Name[]
  readonly run: (input: Given, context: Context) => Promise<ExitCode>
}

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['show', { needs: [], takes: ['mermaid', 'silent'], run: show }],
  ['plan', { needs: ['what'], takes: [], run: plan }],
  ['claim', { needs: ['agent'], takes: ['what', 'wait', 'model', 'window', 'commandId'], run: claim }],
  ['complete', { needs: ['what'], takes: ['result', 'agent'], run: complete }],
  ['fail', { needs: ['what', 'reason'], takes: ['retryable', 'agent'], run: fail }],
  ['release', { needs: ['what'], takes: ['reason', 'agent'], run: release }],
  ['retry', { needs: ['what'], takes: [], run: retry }],
  ['take-over', { needs: ['what', 'agent'], takes: [], run: takeOver }],
  ['reclaim', { needs: [], takes: ['silent', 'agent'], run: reclaim }],
])

export const graph = verb(shape, async (input, context) => {
  // Machines go before sessions: one whose native id is the name of a machine is shown by `graph show`.
  if (isMachineName(input.action)) return machine(input, input.action, context)
  // A session alone is shown.
  const given: Given =
    input.session === undefined
      ? { ...input, action: 'show', session: input.action }
      : { ...input, session: input.session }
  const action = actions.get(given.action)
  if (action === undefined || actions.has(given.session)) throw unknownAction(input)
  const missing = action.needs.find((name) => given[name] === undefined)
  if (missing !== undefined) throw takesOther(`graph ${given.action} needs ${shown(missing, given.action)}`)
  const allowed: readonly string[] = ['action', 'session', ...action.needs, ...action.takes]
  const other = Object.entries(given).find(([name, value]) => value !== undefined && !allowed.includes(name))
  if (other !== undefined) throw takesOther(takesNo(other[0], given.action))
  return action.run(given, context)
})

async function machine(input: Input, name: MachineName, context: Context): Promise<ExitCode> {
  const other = Object.entries(input).find(([key, value]) => value !== undefined && !machineTakes.has(key))
  if (other !== undefined) throw takesOther(takesNo(other[0], name))
  const { session, task, format } = input
  return showMachine({ machine: name, session, task, format }, context)
}

const machineTakes: ReadonlySet<string> = new Set(['action', 'session', 'task', 'format'])

function unknownAction({ action, session }: Input): Error {
  const names = [...machineNames, ...actions.keys()]
  if (session === undefined || actions.has(session)) {
    return usageError(`graph ${action} needs a session`, 'waymark help graph says what each takes')
  }
  return usageError(
    `unknown action "${action.slice(0, limits.idCharactersMax)}"`,
    `did you mean ${nearest(action, names).join(' or ')}? There are ${names.join(', ')}`,
  )
}

function takesOther(what: string): Error {
  return usageError(what, 'waymark help graph says what each takes')
}

function takesNo(name: string, action: string): string {
  return name === 'what'
    ? `graph ${action} takes nothing after the session`
    : `graph ${action} takes no ${shown(name, action)}`
}

function shown(name: string, action: string): string {
  if (name === 'what') return action === 'plan' ? 'a file, or - for stdin' : 'the id of a task'
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

async function withGraph<T>(
  { session }: Given,
  context: Context,
  mode: 'read' | 'write',
  work: (graph: TaskGraph) => Promise<T>,
): Promise<T> {
  return withWaymark(context, mode, async (waymark) => work(await waymark.graph(session)))
}

/** Changes one task, and says where the graph stands then. */
async function change(
  input: Given,
  context: Context,
  work: (graph: TaskGraph, taskId: string) => Promise<unknown>,
): Promise<ExitCode> {
  const { what = '' } = input
  const view = await withGraph(input, context, 'write', async (open) => {
    await work(open, what)
    return open.view()
  })
  await printChange(context.output, what, view)
  return exitCodes.fine
}

async function show(input: Given, context: Context): Promise<ExitCode> {
  const { mermaid = false } = input
  const view = await withGraph(input, context, 'read', async (open) => ({
    view: await open.view(),
    workers: mermaid ? [] : await open.workers(silenceOf(input)),
  }))
  if (mermaid) await printMermaid(context.output, view.view)
  else await printGraph(context.output, view)
  return exitCodes.fine
}

async function plan(input: Given, context: Context): Promise<ExitCode> {
  const { output } = context
  // Read before the home is opened: what cannot be understood leaves everything as it was.
  const specs = await readPlan(input.what ?? '-')
  const { added, present, sessionId } = await withGraph(input, context, 'write', async (open) => ({
    ...(await open.plan(specs)),
    sessionId: open.sessionId,
  }))
  if (output.json) await output.document({ sessionId, added, present })
  else {
    if (added.length > 0) await output.table({ columns: ['added'], rows: added.map((id) => [id]) })
    if (present.length > 0) output.note(`${present.length} were there already and stay as they are`)
  }
  return exitCodes.fine
}

async function claim(input: Given, context: Context): Promise<ExitCode> {
  const { agent = '', what, wait = false, model, window, commandId } = input
  const work = {
    ...(model === undefined ? {} : { model }),
    ...(window === undefined ? {} : { windowTokens: window }),
  }
  // The command ends when the work begins: the claim cannot last as long as its process.
  const options = { agent, tied: false, work }
  return interruptible(async (signal) =>
    withGraph(input, context, 'write', async (open) => {
      const named = {
        ...(what === undefined ? {} : { taskId: what }),
        ...(commandId === undefined ? {} : { commandId }),
      }
      let claimed = await open.claim({ ...options, ...named })
      if (claimed === null && wait) {
        for await (const next of open.claims({ ...options, signal })) {
          claimed = next
          break
        }
      }
      await printClaim(context.output, claimed, await open.view())
      return exitCodes.fine
    }),
  )
}

async function complete(input: Given, context: Context): Promise<ExitCode> {
  const { result } = input
  return change(input, context, (open, taskId) =>
    open.complete(taskId, { ...agentOf(input), ...(result === undefined ? {} : { result }) }),
  )
}

async function fail(input: Given, context: Context): Promise<ExitCode> {
  const { reason = '', retryable = false } = input
  return change(input, context, (open, taskId) => open.fail(taskId, { ...agentOf(input), reason, retryable }))
}

async function release(input: Given, context: Context): Promise<ExitCode> {
  const { reason } = input
  return change(input, context, (open, taskId) =>
    open.release(taskId, { ...agentOf(input), ...(reason === undefined ? {} : { reason }) }),
  )
}

async function retry(input: Given, context: Context): Promise<ExitCode> {
  return change(input, context, (open, taskId) => open.retry(taskId))
}

async function takeOver(input: Given, context: Context): Promise<ExitCode> {
  const { agent = '' } = input
  return change(input, context, (open, taskId) => open.takeOver(taskId, { agent, tied: false }))
}

async function reclaim(input: Given, context: Context): Promise<ExitCode> {
  const { agent } = input
  const actor = agent === undefined ? {} : { actor: agent }
  const { reclaimed, view } = await withGraph(input, context, 'write', async (open) => ({
    reclaimed: await open.reclaim({ ...silenceOf(input), ...actor }),
    view: await open.view(),
  }))
  await printReclaimed(context.output, reclaimed, view)
  return exitCodes.fine
}

function agentOf({ agent }: Given): { readonly agent?: string } {
  return agent === undefined ? {} : { agent }
}

function silenceOf({ silent }: Given): { readonly silentMs?: number } {
  return silent === undefined ? {} : { silentMs: silent * 60_000 }
}
