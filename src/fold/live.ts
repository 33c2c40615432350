/**
 * The live runner's short way: for the events that come all day, a table says which parts of the state their recipes change. Those are
 * copied, the recipes run on the copies, and everything else is shared. Events that are not in the table go the long way, which copies
 * whatever it sees changed. A recipe that changed more than its line says would meet a frozen object and throw; a law holds both ways together.
 */
import type { EventType } from '../events/catalogue.ts'
import { copyOfMap, freezeNew, keepKeys, own } from './copies.ts'
import type { AnyEvent } from './recipe.ts'
import type { ReadonlyState, SessionState, Task } from './state.ts'

type Part =
  | 'tasks'
  | 'window'
  | 'usage'
  | 'growth'
  | 'context'
  | 'turns'
  | 'failures'
  | 'talk'
  | 'openCalls'
  | 'earlyResults'
  | 'checkpoints'
  | 'observations'
  | 'history'
  | 'machine'

const task: readonly Part[] = ['tasks', 'history']
const machine: readonly Part[] = ['machine', 'history']

/** The parts that an event of each type may change. */
const partsOf: Readonly<Partial<Record<EventType, readonly Part[]>>> = {
  'task.added': task,
  'task.described': ['tasks'],
  'task.started': task,
  'task.phase-entered': task,
  'task.blocked': task,
  'task.unblocked': task,
  'task.context-switched': ['tasks'],
  'task.context-restored': ['tasks'],
  'task.completed': task,
  'task.failed': task,
  'task.cancelled': task,
  'task.recovered': task,
  'task.warned': ['tasks'],
  'task.relieved': ['tasks'],
  'usage.recorded': ['usage', 'growth', 'window'],
  'context.measured': ['growth', 'window'],
  'budget.phase-changed': ['window', 'history'],
  'budget.forecasted': ['growth'],
  'budget.allocation-overrun': ['context'],
  'budget.allocation-relieved': ['context'],
  'prompt.submitted': ['turns', 'growth', 'talk'],
  'reply.recorded': ['growth', 'talk'],
  'turn.completed': ['turns'],
  'turn.interrupted': ['turns', 'history'],
  'tool.called': ['growth', 'openCalls', 'earlyResults', 'talk'],
  'tool.began': ['openCalls'],
  'tool.returned': ['growth', 'openCalls', 'earlyResults', 'talk'],
  'call.retried': ['failures'],
  'call.failed': ['failures', 'history'],
  'checkpoint.created': ['checkpoints', 'history'],
  'observation.recorded': ['observations'],
  'machine.started': machine,
  'machine.transitioned': machine,
  'machine.event-ignored': machine,
  'machine.effect-settled': machine,
  'machine.timer-fired': machine,
  'machine.timers-resumed': machine,
  'machine.migrated': machine,
  'machine.action-failed': machine,
}

/** How each part is copied: as deep as recipes change it. Entries of large maps are copied where an event names them. */
const copyPart: { readonly [P in Part]: (state: SessionState, events: readonly AnyEvent[]) => void } = {
  tasks: (state, events) => {
    state.tasks = copyOfMap(state.tasks)
    for (const id of namedBy(events, 'taskId', 'taskIds')) {
      const named = own(state.tasks, id)
      if (named !== undefined) state.tasks[id] = { ...named }
    }
  },
  openCalls: (state, events) => {
    state.openCalls = copyOfMap(state.openCalls)
    for (const id of namedBy(events, 'toolCallId')) {
      const named = own(state.openCalls, id)
      if (named !== undefined) state.openCalls[id] = { ...named }
    }
  },
  window: (state) => {
    state.window = { ...state.window }
  },
  usage: (state) => {
    const { usage } = state
    const byModel = Object.fromEntries(Object.entries(usage.byModel).map(([name, of]) => [name, { ...of }]))
    state.usage = { ...usage, inherited: { ...usage.inherited }, byModel }
  },
  growth: (state) => {
    const { growth } = state
    state.growth = { ...growth, samples: [...growth.samples], pending: { ...growth.pending } }
  },
  context: (state) => {
    state.context = { ...state.context }
  },
  turns: (state) => {
    state.turns = { ...state.turns }
  },
  failures: (state) => {
    state.failures = { ...state.failures }
  },
  talk: (state) => {
    const { talk } = state
    state.talk = {
      ...talk,
      prompts: [...talk.prompts],
      replies: [...talk.replies],
      files: [...talk.files],
    }
  },
  earlyResults: (state) => {
    state.earlyResults = [...state.earlyResults]
  },
  checkpoints: (state) => {
    state.checkpoints = [...state.checkpoints]
  },
  observations: (state) => {
    state.observations = { ...state.observations }
  },
  history: (state) => {
    state.history = [...state.history]
  },
  // Each of its recipes puts a new one in its place.
  machine: () => {},
}

/** A copy of `state` in which all that `events` may change is the caller's own; `null` when the table does not know one of them. */
export function ownedFor(state: ReadonlyState, events: readonly AnyEvent[]): Owned | null {
  const parts = new Set<Part>()
  for (const event of events) {
    const changed = 'unknown' in event ? undefined : partsOf[event.type]
    if (changed === undefined || usesServer(event)) return null
    for (const part of changed) parts.add(part)
  }
  // What is shared stays frozen: a recipe that changed it would throw.
  const copy = { ...state } as SessionState
  for (const part of parts) copyPart[part](copy, events)
  return { copy, parts }
}

export interface Owned {
  readonly copy: SessionState
  readonly parts: ReadonlySet<Part>
}

/** Gives the folded copy away: what is new in it is frozen, and what came out the same is the object that it was before. */
export function given(
  before: ReadonlyState,
  { copy, parts }: Owned,
  events: readonly AnyEvent[],
): ReadonlyState {
  const fields = copy as { [P in Part]: unknown }
  for (const part of parts) {
    if (part === 'tasks') freezeTasks(before, copy, new Set(namedBy(events, 'taskId', 'taskIds')))
    else fields[part] = freezeNew(before[part], copy[part])
  }
  return Object.freeze(copy)
}

/** Of thousands of entries, only those that an event names can be new. */
function freezeTasks(before: ReadonlyState, { tasks }: SessionState, ids: ReadonlySet<string>): void {
  const added: string[] = []
  for (const id of ids) {
    const named = own(tasks, id)
    const known = own(before.tasks, id)
    if (named === undefined) continue
    if (known === undefined) added.push(id)
    // What comes back in the place of a task is equal to it.
    tasks[id] = freezeNew(known, named) as Task
  }
  keepKeys(before.tasks, Object.freeze(tasks), added)
}

/** A tool of an MCP server counts as a use of that server, which lies among what is known. */
function usesServer({ type, data }: AnyEvent): boolean {
  return type === 'tool.called' && String(Reflect.get(Object(data), 'name')).startsWith('mcp__')
}

/** The ids that events name in a field of their data, or in a list of it. */
function* namedBy(
  events: readonly AnyEvent[],
  field: string,
  list?: string,
): Generator<string, void, undefined> {
  for (const { data } of events) {
    const fields = data as Readonly<Record<string, unknown>>
    const one = fields[field]
    if (typeof one === 'string') yield one
    const many = list === undefined ? undefined : fields[list]
    if (Array.isArray(many)) yield* many
  }
}
