/** How events about focus, decisions, project, user and system change state. */
import type { FoldableEvent } from '../events/envelope.ts'
import { limits } from '../kernel/limits.ts'
import type { Server, Spec } from './knowledge-state.ts'
import { note, type Recipes } from './recipe.ts'
import type { SessionState } from './state.ts'

export const knowledgeRecipes: Pick<
  Recipes,
  | 'focus.changed'
  | 'decision.recorded'
  | 'project.described'
  | 'spec.updated'
  | 'milestone.updated'
  | 'user.described'
  | 'system.described'
  | 'server.described'
> = {
  'focus.changed': ({ knowledge: { focus } }, { data }) => {
    if (data.objectives !== undefined) focus.objectives = data.objectives
    if (data.constraints !== undefined) focus.constraints = data.constraints
    if (data.scope !== undefined) focus.scope = data.scope
    if (data.nextStep !== undefined) focus.nextStep = data.nextStep
    apply(focus.variables, data.variables)
  },
  'decision.recorded': (state, { data, time, version }) => {
    const { decisions } = state.knowledge
    decisions.push({
      version,
      time,
      text: data.text,
      reason: data.reason ?? null,
      taskId: data.taskId ?? null,
    })
    if (decisions.length > limits.decisionsMax) decisions.shift()
    state.knowledge.decisionCount += 1
    note(state, version, time, `decided: ${data.text}`)
  },
  'project.described': ({ knowledge: { project } }, { data }) => {
    if (data.name !== undefined) project.name = data.name
    if (data.root !== undefined) project.root = data.root
  },
  'spec.updated': updateSpec,
  'milestone.updated': (state, { data, time, version }) => {
    const { milestones } = state.knowledge
    const known = Object.hasOwn(milestones, data.milestoneId) ? milestones[data.milestoneId] : undefined
    const milestone = known ?? {
      id: data.milestoneId,
      title: null,
      specId: null,
      status: 'planned' as const,
      reachedAt: null,
      version,
    }
    milestone.version = version
    if (data.title !== undefined) milestone.title = data.title
    if (data.specId !== undefined) milestone.specId = data.specId
    if (data.status !== undefined && data.status !== milestone.status) {
      milestone.status = data.status
      milestone.reachedAt = data.status === 'reached' ? time : null
      note(state, version, time, `milestone ${data.milestoneId} ${data.status}`)
    }
    keep(milestones, data.milestoneId, milestone)
  },
  'user.described': ({ knowledge: { user } }, { data }) => {
    if (data.language !== undefined) user.language = data.language
    if (data.expertise !== undefined) user.expertise = data.expertise
    apply(user.preferences, data.preferences)
  },
  'system.described': ({ knowledge }, { data }) => {
    if (data.tools !== undefined) knowledge.tools = data.tools
    apply(knowledge.permissions, data.permissions)
    apply(knowledge.environment, data.environment)
  },
  'server.described': (state, { data, version }) => {
    changeServer(state, data.server, version, (server) => {
      if (data.tools !== undefined) server.tools = data.tools
      if (data.toolTokens !== undefined) server.toolTokens = data.toolTokens
      if (data.enabled !== undefined) server.enabled = data.enabled
    })
  },
}

function updateSpec(state: SessionState, { data, time, version }: FoldableEvent<'spec.updated'>): void {
  const { specs } = state.knowledge
  const known = Object.hasOwn(specs, data.specId) ? specs[data.specId] : undefined
  const spec = known ?? newSpec(data.specId, version)
  spec.version = version
  if (data.title !== undefined) spec.title = data.title
  if (data.phase !== undefined) spec.phase = data.phase
  if (data.progressPercent !== undefined) spec.progressPercent = data.progressPercent
  if (data.nextStep !== undefined) spec.nextStep = data.nextStep
  if (data.status !== undefined) spec.status = data.status
  if (data.completedStep !== undefined && !spec.completedSteps.includes(data.completedStep)) {
    spec.completedSteps.push(data.completedStep)
    if (spec.completedSteps.length > limits.completedStepsMax) spec.completedSteps.shift()
  }
  keep(specs, data.specId, spec)
  if (data.phase !== undefined) note(state, version, time, `${data.specId} enters ${data.phase}`)
}

function newSpec(id: string, version: number): Spec {
  return {
    id,
    title: null,
    phase: null,
    status: 'active',
    progressPercent: null,
    completedSteps: [],
    nextStep: null,
    version,
  }
}

/** A tool was called: if it belongs to an MCP server (`mcp__<server>__<tool>`), the server was used. */
export function noteServerUse(state: SessionState, toolName: string, time: string, version: number): void {
  const name = serverOfTool(toolName)
  if (name === null) return
  changeServer(state, name, version, (server) => {
    server.calls += 1
    server.lastUsedAt = time
  })
}

const toolOfServer = /^mcp__(.+?)__(.+)$/

/** The MCP server that a tool belongs to, by its name; `null` for a tool of the agent itself. */
export function serverOfTool(toolName: string): string | null {
  // Most tools are the agent's own: two letters say so sooner than the pattern does.
  if (!toolName.startsWith('mcp__')) return null
  return toolOfServer.exec(toolName)?.[1]?.slice(0, limits.idCharactersMax) ?? null
}

function changeServer(
  state: SessionState,
  name: string,
  version: number,
  change: (server: Server) => void,
): void {
  const { servers } = state.knowledge
  const known = Object.hasOwn(servers, name) ? servers[name] : undefined
  const server = known ?? {
    name,
    tools: [],
    toolTokens: null,
    enabled: true,
    calls: 0,
    lastUsedAt: null,
    version,
  }
  server.version = version
  change(server)
  keep(servers, name, server)
}

/** Puts a value under its name; the one changed longest ago gives way when there are too many. */
function keep<T extends { version: number }>(all: Record<string, T>, name: string, value: T): void {
  all[name] = value
  const names = Object.keys(all)
  if (names.length <= limits.specsMax) return
  const oldest = names.reduce((a, b) => ((all[a]?.version ?? 0) <= (all[b]?.version ?? 0) ? a : b))
  delete all[oldest]
}

/** Sets and takes away named values; names beyond the bound are not taken. */
function apply(
  values: Record<string, string>,
  changes: Readonly<Record<string, string | null>> | undefined,
): void {
  for (const [name, value] of Object.entries(changes ?? {})) {
    if (value === null) delete values[name]
    else if (Object.hasOwn(values, name) || Object.keys(values).length < limits.namedValuesMax) {
      values[name] = value
    }
  }
}
