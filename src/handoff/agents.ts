/** Who may hand a session to whom, by the registry of agents in the settings. */
import type { AgentRegistry } from '../configuration/settings.ts'
import { nearest } from '../events/commands.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'

/** Agents that a registry knows: those that hand on, and those that are handed to. */
function agentsIn(registry: AgentRegistry): readonly string[] {
  const named = Object.entries(registry).flatMap(([name, { hands_to }]) => [name, ...hands_to])
  return [...new Set(named)].sort()
}

/** What stands against a handoff between two agents, or `null`. An empty registry has nothing against any. */
export function agentProblem(registry: AgentRegistry, from: string, to: string): WaymarkError | null {
  const known = agentsIn(registry)
  if (known.length === 0) return null
  for (const name of [from, to]) {
    if (!known.includes(name)) return unknownAgent(name, known)
  }
  const receivers = Object.hasOwn(registry, from) ? (registry[from]?.hands_to ?? []) : []
  if (receivers.includes(to)) return null
  const allowed = receivers.length === 0 ? 'it hands to nobody' : `it hands to ${listed(receivers)}`
  return new WaymarkError('AGENTS_INCOMPATIBLE', {
    message: `agents cannot cooperate: ${shown(from)} does not hand sessions to ${shown(to)}; ${allowed}`,
    hint: 'session.agents in the settings says who hands to whom; waymark config agents shows it',
    details: { from, to, receivers },
  })
}

function unknownAgent(name: string, known: readonly string[]): WaymarkError {
  return new WaymarkError('AGENT_UNKNOWN', {
    message: `unknown agent "${shown(name)}"`,
    hint: `did you mean ${nearest(name, known).join(' or ')}? session.agents in the settings names the agents`,
    details: { agent: name, nearest: nearest(name, known) },
  })
}

const listedMax = 10

function listed(names: readonly string[]): string {
  const more = names.length > listedMax ? ` and ${names.length - listedMax} more` : ''
  return `${names.slice(0, listedMax).join(', ')}${more}`
}

function shown(name: string): string {
  return name.length <= limits.idCharactersMax ? name : `${name.slice(0, limits.idCharactersMax)}…`
}
