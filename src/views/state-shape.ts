/**
 * What a state can have at all: every name in it, as data. Whoever asks for a place in a state is told at once when there can be none,
 * instead of waiting for something that never comes.
 */
import type { JsonValue } from '../events/json.ts'
import type { SessionState } from '../fold/state.ts'
import { type Json, machine } from './state-shape-machine.ts'

/** A single value, named parts, a table whose keys are ids, or a list. */
export type Shape =
  | 'value'
  | { readonly fields: Readonly<Record<string, Shape>> }
  | { readonly each: Shape }
  | { readonly list: Shape }

/** The shape that a type has; a field that is new in the type does not compile here until it has its place. */
type ShapeOf<T> = [NonNullable<T>] extends [string | number | boolean]
  ? 'value'
  : [NonNullable<JsonValue>] extends [NonNullable<T>]
    ? Json
    : PartsOf<T>

type PartsOf<T> =
  NonNullable<T> extends readonly (infer E)[]
    ? { readonly list: ShapeOf<E> }
    : string extends keyof NonNullable<T>
      ? { readonly each: ShapeOf<NonNullable<T>[keyof NonNullable<T>]> }
      : FieldsOf<NonNullable<T>> | CountsOf<NonNullable<T>>

interface FieldsOf<T> {
  readonly fields: { readonly [K in keyof T]-?: ShapeOf<T[K]> }
}

/** A table of numbers by name is taken as a table, whatever its names are. */
type CountsOf<T> = [NonNullable<T[keyof T]>] extends [number] ? { readonly each: 'value' } : never

const counters = {
  inputTokens: 'value',
  outputTokens: 'value',
  cacheReadTokens: 'value',
  cacheCreationTokens: 'value',
  calls: 'value',
} as const
const content = { fields: { hash: 'value', bytes: 'value', preview: 'value' } } as const
const pointer = { fields: { version: 'value', time: 'value', content } } as const
const bytes = {
  fields: { prompts: 'value', replies: 'value', toolInputs: 'value', toolOutputs: 'value' },
} as const
const names = { list: 'value' } as const
const namedValues = { each: 'value' } as const

const task = {
  fields: {
    id: 'value',
    title: 'value',
    description: 'value',
    parentTaskId: 'value',
    specId: 'value',
    phase: 'value',
    dependsOn: names,
    agent: 'value',
    workSessionId: 'value',
    status: 'value',
    blockedOn: { fields: { kind: 'value', ids: names, detail: 'value' } },
    returnsTo: 'value',
    switchCause: 'value',
    retryable: 'value',
    reason: 'value',
    checkpointId: 'value',
    attempts: 'value',
    addedAt: 'value',
    startedAt: 'value',
    endedAt: 'value',
    runningSince: 'value',
    workedMs: 'value',
  },
} as const satisfies ShapeOf<SessionState['tasks'][string]>

const context = {
  fields: {
    items: {
      each: {
        fields: {
          tag: 'value',
          tier: 'value',
          category: 'value',
          title: 'value',
          content,
          server: 'value',
          tokens: 'value',
          estimated: 'value',
          status: 'value',
          summary: content,
          summaryTokens: 'value',
          summaryWantedPercent: 'value',
          summaryWantedVersion: 'value',
          addedVersion: 'value',
          addedAt: 'value',
        },
      },
    },
    tokensByCategory: { each: 'value' },
    tagsMade: { each: 'value' },
    discarded: 'value',
    archived: 'value',
    savedTokens: 'value',
    overrun: names,
  },
} as const satisfies ShapeOf<SessionState['context']>

const growth = {
  fields: {
    samples: {
      list: { fields: { version: 'value', time: 'value', tokens: 'value', usedTokens: 'value', bytes } },
    },
    pending: bytes,
    pendingItemTokens: 'value',
    interrupted: 'value',
    cutTags: names,
    forecast: {
      fields: {
        phase: 'value',
        tokensToGo: 'value',
        tokensPerReport: 'value',
        reportsToGo: 'value',
        expectedAt: 'value',
        kind: 'value',
        kindPercent: 'value',
        version: 'value',
      },
    },
  },
} as const satisfies ShapeOf<SessionState['growth']>

const knowledge = {
  fields: {
    focus: {
      fields: {
        objectives: names,
        constraints: names,
        scope: 'value',
        nextStep: 'value',
        variables: namedValues,
      },
    },
    decisions: {
      list: { fields: { version: 'value', time: 'value', text: 'value', reason: 'value', taskId: 'value' } },
    },
    decisionCount: 'value',
    project: { fields: { name: 'value', root: 'value' } },
    specs: {
      each: {
        fields: {
          id: 'value',
          title: 'value',
          phase: 'value',
          status: 'value',
          progressPercent: 'value',
          completedSteps: names,
          nextStep: 'value',
          version: 'value',
        },
      },
    },
    milestones: {
      each: {
        fields: {
          id: 'value',
          title: 'value',
          specId: 'value',
          status: 'value',
          reachedAt: 'value',
          version: 'value',
        },
      },
    },
    user: { fields: { language: 'value', expertise: 'value', preferences: namedValues } },
    tools: names,
    permissions: namedValues,
    environment: namedValues,
    servers: {
      each: {
        fields: {
          name: 'value',
          tools: names,
          toolTokens: 'value',
          enabled: 'value',
          calls: 'value',
          lastUsedAt: 'value',
          version: 'value',
        },
      },
    },
  },
} as const satisfies ShapeOf<SessionState['knowledge']>

const branch = {
  recovery: {
    fields: {
      id: 'value',
      status: 'value',
      startedAt: 'value',
      version: 'value',
      checkpointId: 'value',
      taskPolicy: 'value',
      steps: {
        list: { fields: { step: 'value', outcome: 'value', detail: 'value', lines: names, time: 'value' } },
      },
      endedAt: 'value',
      reason: 'value',
    },
  },
  handoffs: {
    list: {
      fields: {
        id: 'value',
        fromAgent: 'value',
        toAgent: 'value',
        status: 'value',
        offeredAt: 'value',
        version: 'value',
        expiresAt: 'value',
        endedAt: 'value',
        reason: 'value',
        content,
        epoch: 'value',
      },
    },
  },
  merges: {
    list: {
      fields: {
        sessionId: 'value',
        sourceVersion: 'value',
        version: 'value',
        time: 'value',
        conflictCount: 'value',
      },
    },
  },
  redactions: 'value',
} as const

const work = {
  openCalls: {
    each: {
      fields: {
        name: 'value',
        version: 'value',
        time: 'value',
        childSessionId: 'value',
        begunAt: 'value',
        writes: 'value',
      },
    },
  },
  openCallCount: 'value',
  toolBegins: 'value',
  forgottenCalls: 'value',
  earlyResults: names,
  checkpoints: {
    list: {
      fields: {
        id: 'value',
        version: 'value',
        time: 'value',
        trigger: 'value',
        reason: 'value',
        phase: 'value',
        gitHead: 'value',
        gitBranch: 'value',
        gitDirty: 'value',
        usedTokens: 'value',
        availableTokens: 'value',
        archived: 'value',
      },
    },
  },
  checkpointCount: 'value',
} as const

/** Everything that a state has. */
export const stateShape = {
  fields: {
    sessionId: 'value',
    version: 'value',
    status: 'value',
    epoch: 'value',
    holder: 'value',
    offeredTo: 'value',
    endReason: 'value',
    tool: 'value',
    nativeId: 'value',
    parentSessionId: 'value',
    forkedAt: 'value',
    continuesSessionId: 'value',
    continuesVersion: 'value',
    title: 'value',
    model: 'value',
    cwd: 'value',
    gitBranch: 'value',
    toolVersion: 'value',
    permissionMode: 'value',
    startedAt: 'value',
    lastEventAt: 'value',
    configuration: {
      fields: {
        monitoringThresholdPercent: 'value',
        warningThresholdPercent: 'value',
        emergencyThresholdPercent: 'value',
        hysteresisPercent: 'value',
        reserveTokens: 'value',
        autoCheckpoint: 'value',
        checkpointIntervalMinutes: 'value',
        sessionTimeoutMinutes: 'value',
        recoveryStrategy: 'value',
        contextPreservation: 'value',
        forkingEnabled: 'value',
      },
    },
    window: {
      fields: {
        totalTokens: 'value',
        totalSource: 'value',
        usedTokens: 'value',
        availableTokens: 'value',
        percent: 'value',
        phase: 'value',
        peakTokens: 'value',
        estimated: 'value',
        phaseSince: 'value',
      },
    },
    usage: {
      fields: {
        ...counters,
        inherited: { fields: counters },
        byModel: { each: { fields: counters } },
        estimatedCalls: 'value',
      },
    },
    compactions: 'value',
    turns: { fields: { prompts: 'value', completed: 'value', interrupted: 'value' } },
    failures: { fields: { retries: 'value', givenUp: 'value', last: 'value' } },
    tasks: { each: task },
    taskCount: 'value',
    ...work,
    recoveries: 'value',
    recoveredFrom: 'value',
    ...branch,
    context,
    growth,
    knowledge,
    talk: {
      fields: {
        firstPrompt: pointer,
        prompts: { list: pointer },
        replies: { list: pointer },
        summary: pointer,
        files: { list: { fields: { path: 'value', version: 'value', time: 'value' } } },
      },
    },
    history: { list: { fields: { version: 'value', time: 'value', text: 'value' } } },
    observations: { each: 'value' },
    machine,
  },
} as const satisfies ShapeOf<SessionState>
