/** What a home can be set to do: the settings, what each may be, what it is unless somebody says otherwise, and its names. */
import { z } from 'zod'
import { taskPolicies } from '../events/recovery.ts'
import { contextPreservations, recoveryStrategies } from '../events/session.ts'
import { limits } from '../kernel/limits.ts'

/** Who hands to whom, by the names of agents. An empty registry asks nothing: every agent hands to every other. */
export type AgentRegistry = Readonly<Record<string, { readonly hands_to: readonly string[] }>>

/** The settings of a home, all layers taken together. */
export interface Settings {
  /** Whether sessions are kept on disk, with their memory files; else in memory alone, and forgotten when the home is closed. */
  readonly persistenceEnabled: boolean
  /** Whether checkpoints are taken without being asked for. */
  readonly autoCheckpoint: boolean
  /** Minutes of work after which a checkpoint is due, and how old one may be that a context switch relies on. */
  readonly checkpointIntervalMinutes: number
  /** Minutes of silence after which an open session is set aside with a checkpoint; `null` is never. */
  readonly sessionTimeoutMinutes: number | null
  /** What becomes of a recovered session's context that no longer fits: summarised and dropped by tier, or left as it was. */
  readonly recoveryStrategy: (typeof recoveryStrategies)[number]
  /** What becomes of tasks that were in progress when a session is recovered. */
  readonly recoveryTasks: (typeof taskPolicies)[number]
  /** Percent of the window above which growth is tracked. */
  readonly monitoringThresholdPercent: number
  /** Percent of the window above which context is summarised. */
  readonly warningThresholdPercent: number
  /** Percent of the window above which a checkpoint is taken at once. */
  readonly emergencyThresholdPercent: number
  /** Tokens kept free; `null` is 27.5 % of the window, whatever its size. */
  readonly reserveTokens: number | null
  /** Whether sessions may be forked. */
  readonly forkingEnabled: boolean
  /** Sessions of a home that may be written at a time, by all processes together; sub-agents do not count. */
  readonly maxParallelSessions: number
  /** Whether a session that continues another one begins with what that one knew. */
  readonly autoLoadHistory: boolean
  /** What is carried over a compaction, a fork, a handoff, and into a session that continues another one. */
  readonly contextPreservation: (typeof contextPreservations)[number]
  /** Whether the memory files include a cache of the context: what lies in the window, compressed. */
  readonly cacheEnabled: boolean
  /** Tokens of the window that must be free when a session is handed off; with fewer its context is compressed first. */
  readonly handoffMinimumTokens: number
  /** The agents that may work in sessions, and to whom each may hand them off. */
  readonly agents: AgentRegistry
}

export type SettingName = keyof Settings

const percent = z.number().gt(0).lt(100)
const agentName = z.string().min(1).max(limits.idCharactersMax)

/** What each setting may be. */
export const shapes = {
  persistenceEnabled: z.boolean(),
  autoCheckpoint: z.boolean(),
  checkpointIntervalMinutes: z.number().gt(0).max(limits.checkpointIntervalMinutesMax),
  sessionTimeoutMinutes: z.number().gt(0).max(limits.sessionTimeoutMinutesMax).nullable(),
  recoveryStrategy: z.enum(recoveryStrategies),
  recoveryTasks: z.enum(taskPolicies),
  monitoringThresholdPercent: percent,
  warningThresholdPercent: percent,
  emergencyThresholdPercent: percent,
  reserveTokens: z.int().min(0).max(limits.tokensMax).nullable(),
  forkingEnabled: z.boolean(),
  maxParallelSessions: z.int().min(1).max(limits.parallelSessionsMax),
  autoLoadHistory: z.boolean(),
  contextPreservation: z.enum(contextPreservations),
  cacheEnabled: z.boolean(),
  handoffMinimumTokens: z.int().min(0).max(limits.tokensMax),
  agents: z.record(agentName, z.strictObject({ hands_to: z.array(agentName) })),
} as const satisfies Record<SettingName, z.ZodType>

export const settingsShape: z.ZodType<Settings> = z.strictObject(shapes)

/** The settings of a home where nobody has set anything. */
export const standardSettings: Settings = {
  persistenceEnabled: true,
  autoCheckpoint: true,
  checkpointIntervalMinutes: 10,
  sessionTimeoutMinutes: 60,
  recoveryStrategy: 'progressive_summarization',
  recoveryTasks: 'keep',
  monitoringThresholdPercent: 60,
  warningThresholdPercent: 75,
  emergencyThresholdPercent: 85,
  reserveTokens: null,
  forkingEnabled: true,
  maxParallelSessions: 3,
  autoLoadHistory: true,
  contextPreservation: 'critical_only',
  cacheEnabled: true,
  handoffMinimumTokens: 30_000,
  agents: {},
}

export interface Key {
  /** Where it stands below `session` in the file. */
  readonly name: string
  readonly variable: string
  /** What it may be, in words that follow "it takes". */
  readonly takes: string
  readonly about: string
}

const trueOrFalse = 'true or false'
const percentText = 'a number above 0 and below 100'

const named = (name: string, takes: string, about: string): Key => ({
  name,
  variable: `WAYMARK_${name.slice(name.indexOf('.') + 1).toUpperCase()}`,
  takes,
  about,
})

/** How each setting is written, in the order in which it is shown. */
export const keys: Readonly<Record<SettingName, Key>> = {
  persistenceEnabled: named(
    'persistence_enabled',
    trueOrFalse,
    'Whether sessions are kept on disk, with their memory files; else in memory alone.',
  ),
  autoCheckpoint: named(
    'auto_checkpoint',
    trueOrFalse,
    'Whether checkpoints are taken without being asked for.',
  ),
  checkpointIntervalMinutes: named(
    'checkpoint_interval_minutes',
    `a number above 0, at most ${limits.checkpointIntervalMinutesMax}`,
    'Minutes of work after which a checkpoint is due, and how old one may be that a context switch relies on.',
  ),
  sessionTimeoutMinutes: named(
    'session_timeout_minutes',
    `a number above 0, at most ${limits.sessionTimeoutMinutesMax}, or null`,
    'Minutes of silence after which an open session is set aside with a checkpoint; the next command wakes it. null is never.',
  ),
  recoveryStrategy: named(
    'recovery_strategy',
    oneOf(recoveryStrategies),
    "What becomes of a recovered session's context that no longer fits: summarised and dropped by tier, or left as it was.",
  ),
  recoveryTasks: named(
    'recovery_tasks',
    oneOf(taskPolicies),
    'What becomes of tasks in progress when a session is recovered: they stay so, wait for a person, or are started again.',
  ),
  monitoringThresholdPercent: named(
    'context_budget.monitoring_threshold_percent',
    percentText,
    'Percent of the window above which growth is tracked. Below the warning threshold.',
  ),
  warningThresholdPercent: named(
    'context_budget.warning_threshold_percent',
    percentText,
    'Percent of the window above which context is summarised. Below the emergency threshold.',
  ),
  emergencyThresholdPercent: named(
    'context_budget.emergency_threshold_percent',
    percentText,
    'Percent of the window above which a checkpoint is taken at once.',
  ),
  reserveTokens: named(
    'context_budget.reserve_tokens',
    'a whole number of tokens from 0, or null',
    'Tokens of the window that are kept free; null is 27.5 % of it. Less than the window.',
  ),
  forkingEnabled: named('forking_enabled', trueOrFalse, 'Whether sessions may be forked.'),
  maxParallelSessions: named(
    'max_parallel_sessions',
    `a whole number from 1 to ${limits.parallelSessionsMax}`,
    'Sessions of a home that may be written at a time, by all processes together; sub-agents do not count.',
  ),
  autoLoadHistory: named(
    'auto_load_history',
    trueOrFalse,
    'Whether a session that continues another one begins with what that one knew.',
  ),
  contextPreservation: named(
    'context_preservation',
    oneOf(contextPreservations),
    'What is carried over a compaction, a fork, a handoff, and into a session that continues another one.',
  ),
  cacheEnabled: named(
    'cache_enabled',
    trueOrFalse,
    'Whether the memory files include a cache of the context: what lies in the window, compressed.',
  ),
  handoffMinimumTokens: named(
    'handoff_minimum_tokens',
    'a whole number of tokens from 0',
    'Tokens of the window that must be free when a session is handed off; with fewer its context is compressed first.',
  ),
  agents: named(
    'agents',
    'an object of agents, each with those it hands to: {"spec-builder":{"hands_to":["tester"]}}',
    'The agents that may work in sessions, and to whom each may hand them off. An empty object allows all.',
  ),
}

// The table has one entry for each setting, and no other.
export const settingNames = Object.keys(keys) as SettingName[]

const settingOf: ReadonlyMap<string, SettingName> = new Map(
  settingNames.map((setting) => [keys[setting].name, setting]),
)

/** The setting that a name below `session` means, such as `context_budget.reserve_tokens`. */
export function settingNamed(name: string): SettingName | undefined {
  return settingOf.get(name)
}

function oneOf(words: readonly string[]): string {
  return words.map((word) => `"${word}"`).join(' or ')
}
