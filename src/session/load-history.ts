/** What a session that continues another one begins with: the focus, the user, and the context that is to be carried over. */
import type { Command } from '../events/commands.ts'
import type { ContextTier } from '../events/context.ts'
import type { ContextItem } from '../fold/context-state.ts'
import type { DeepReadonly, ReadonlyState } from '../fold/state.ts'

/** Items that are carried over at most: they share one transaction with the session's start. */
const itemsMax = 200

/** Commands that bring the history of `before` into a session that continues it. Texts are shared, not copied. */
export function historyCommands(
  before: ReadonlyState,
  preservation: ReadonlyState['configuration']['contextPreservation'],
): readonly Command[] {
  const { focus, user, project } = before.knowledge
  const { objectives, constraints, scope, nextStep } = focus
  const commands: Command[] = [
    { type: 'focus.change', objectives: [...objectives], constraints: [...constraints], scope, nextStep },
    {
      type: 'user.describe',
      ...(user.language === null ? {} : { language: user.language }),
      ...(user.expertise === null ? {} : { expertise: user.expertise }),
      preferences: { ...user.preferences },
    },
    {
      type: 'project.describe',
      ...(project.name === null ? {} : { name: project.name }),
      ...(project.root === null ? {} : { root: project.root }),
    },
  ]
  const tiers: readonly ContextTier[] = carriedTiers[preservation]
  const carried = Object.values(before.context.items)
    .filter(({ tier }) => tiers.includes(tier))
    .sort((a, b) => rankOfTier[a.tier] - rankOfTier[b.tier] || b.addedVersion - a.addedVersion)
    .slice(0, itemsMax)
  return [...commands, ...carried.flatMap(commandsOfItem)]
}

const rankOfTier = { critical: 0, supporting: 1, temporary: 2 } as const

const carriedTiers = {
  critical_only: ['critical'],
  critical_and_supporting: ['critical', 'supporting'],
  all: ['critical', 'supporting', 'temporary'],
} as const satisfies Record<ReadonlyState['configuration']['contextPreservation'], readonly ContextTier[]>

/** The item again; of one that was summarized only the summary lies in the window, and the original stays readable. */
function commandsOfItem(item: DeepReadonly<ContextItem>): readonly Command[] {
  const { tag, tier, category, title, content, server, tokens, estimated, status, summary } = item
  const added: Command = {
    type: 'context.add',
    tag,
    tier,
    category,
    ...(title === null ? {} : { title }),
    ...(content === null ? {} : { content }),
    ...(server === null ? {} : { server }),
    ...(estimated ? {} : { tokens }),
  }
  if (status === 'deferred') return [added, { type: 'context.defer', tags: [tag], reason: 'it was deferred' }]
  return status === 'summarized' && summary !== null
    ? [added, { type: 'context.summarize', tag, summary }]
    : [added]
}
