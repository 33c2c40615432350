/** Room made before a session is handed off, when too little of its window is free: by the means that policies have, and told. */
import { currentWindowOf } from '../fold/growth.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { HandoffCompression } from '../handoff/package.ts'
import { CommandRefused } from '../kernel/errors.ts'
import { commandsBeforeHandoff } from './context-policy.ts'
import type { HandoffHolder } from './handoff-holder.ts'

const actor = 'policy:compress-before-handoff'

/** What was done, and what that gave; `null` when there is enough room as it is. */
export async function compressForHandoff(holder: HandoffHolder): Promise<HandoffCompression | null> {
  const { session, host } = holder
  const before = session.state
  const minimumTokens = host.settings.handoffMinimumTokens
  if (currentWindowOf(before).availableTokens >= minimumTokens) return null
  const skipped = whySkipped(before)
  if (skipped !== null) return told(before, before, minimumTokens, skipped)
  const commands = commandsBeforeHandoff(before)
  if (commands.length === 0) {
    return told(before, before, minimumTokens, 'there is nothing in the context that could be left out')
  }
  // Sent in one turn, they share one transaction. One that does not fit any more stands in the way of no other.
  await Promise.all(commands.map((command) => session.send(command, { actor }).catch(unlessRefused)))
  await session.settled()
  return told(before, session.state, minimumTokens, null)
}

function whySkipped({ status, configuration }: ReadonlyState): string | null {
  if (status !== 'active') return `the session is ${status.replace('_', ' ')}`
  return configuration.contextPreservation === 'all'
    ? 'context_preservation is "all": everything is carried over'
    : null
}

function told(
  before: ReadonlyState,
  after: ReadonlyState,
  minimumTokens: number,
  skipped: string | null,
): HandoffCompression {
  const { availableTokens } = currentWindowOf(after)
  const rise = (status: 'summarized' | 'deferred'): number =>
    Object.values(after.context.items).filter(
      (item) =>
        item.status === status &&
        Object.hasOwn(before.context.items, item.tag) &&
        before.context.items[item.tag] !== item,
    ).length
  return {
    minimum_tokens: minimumTokens,
    available_tokens_before: currentWindowOf(before).availableTokens,
    available_tokens_after: availableTokens,
    enough: availableTokens >= minimumTokens,
    discarded: after.context.discarded - before.context.discarded,
    summarized: rise('summarized'),
    deferred: rise('deferred'),
    archived: after.context.archived - before.context.archived,
    skipped,
  }
}

function unlessRefused(error: unknown): void {
  if (!(error instanceof CommandRefused)) throw error
}
