/** The part of state that says what an agent has to know to go on, and where the words of it are. */
import type { MilestoneStatus, SpecStatus } from '../events/knowledge.ts'
import type { ContentRef } from '../events/shapes.ts'

export interface Decision {
  version: number
  time: string
  text: string
  reason: string | null
  taskId: string | null
}

export interface Focus {
  objectives: string[]
  constraints: string[]
  scope: string | null
  nextStep: string | null
  variables: Record<string, string>
}

export interface Spec {
  id: string
  title: string | null
  phase: string | null
  status: SpecStatus
  /** As it was stated; `null` when only its tasks tell. */
  progressPercent: number | null
  /** The newest ones, oldest first. */
  completedSteps: string[]
  nextStep: string | null
  /** Version of its latest change. */
  version: number
}

export interface Milestone {
  id: string
  title: string | null
  specId: string | null
  status: MilestoneStatus
  reachedAt: string | null
  version: number
}

/** An MCP server: described, or seen in the names of tools that were called. */
export interface Server {
  name: string
  tools: string[]
  /** Tokens that the definitions of its tools take, if it was said. */
  toolTokens: number | null
  enabled: boolean
  calls: number
  lastUsedAt: string | null
  /** Version of its latest call or change. */
  version: number
}

/** What is known beside tasks and tokens: decisions, focus, project, user, system. */
export interface KnowledgeState {
  focus: Focus
  /** The newest, oldest first. */
  decisions: Decision[]
  decisionCount: number
  project: { name: string | null; root: string | null }
  specs: Record<string, Spec>
  milestones: Record<string, Milestone>
  user: { language: string | null; expertise: string | null; preferences: Record<string, string> }
  tools: string[]
  permissions: Record<string, string>
  environment: Record<string, string>
  servers: Record<string, Server>
}

/** Points to a text that was typed, answered or written. */
export interface TextPointer {
  version: number
  time: string
  content: ContentRef
}

/** Where the words are that say what a session is about and where it stands. */
export interface TalkState {
  firstPrompt: TextPointer | null
  /** The newest, oldest first. */
  prompts: TextPointer[]
  /** The newest replies in words, oldest first. */
  replies: TextPointer[]
  /** What the latest compaction left of everything before it. */
  summary: TextPointer | null
  /** Files written, the newest last; each once. */
  files: { path: string; version: number; time: string }[]
}

export function noKnowledge(): KnowledgeState {
  return {
    focus: { objectives: [], constraints: [], scope: null, nextStep: null, variables: {} },
    decisions: [],
    decisionCount: 0,
    project: { name: null, root: null },
    specs: {},
    milestones: {},
    user: { language: null, expertise: null, preferences: {} },
    tools: [],
    permissions: {},
    environment: {},
    servers: {},
  }
}

export function noTalk(): TalkState {
  return { firstPrompt: null, prompts: [], replies: [], summary: null, files: [] }
}
