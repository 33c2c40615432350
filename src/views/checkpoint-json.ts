/** A checkpoint as other tools read it, in snake case; its snapshot stands beside it, in a file of its own. */
import { allocationBasisOf, reserveTokensOf } from '../fold/allocation.ts'
import type { ReadonlyState } from '../fold/state.ts'

type Checkpoint = ReadonlyState['checkpoints'][number]

export interface CheckpointJson {
  readonly checkpoint_id: string
  readonly timestamp: string
  /** The phase of work it stands at, such as RED, GREEN or REFACTOR. */
  readonly phase: string | null
  readonly token_usage: { readonly used: number; readonly available: number }
  readonly session_id: string
  /** Tokens of the window that were to stay free. */
  readonly recovery_tokens_reserved: number
}

/**
 * A checkpoint as JSON. The reserve is that of the window at the checkpoint, under the configuration of `state`; `reserved` goes
 * before it when the state at the checkpoint is at hand.
 *
 * @example
 * ```ts
 * await session.checkpoint({ phase: 'GREEN' })
 * const [newest] = session.state.checkpoints.slice(-1)
 * newest && checkpointJson(session.state, newest).phase // 'GREEN'
 * ```
 */
export function checkpointJson(
  state: ReadonlyState,
  { id, time, phase, usedTokens, availableTokens }: Checkpoint,
  reserved?: number,
): CheckpointJson {
  const then = { ...allocationBasisOf(state), totalTokens: usedTokens + availableTokens, usedTokens }
  return {
    checkpoint_id: id,
    timestamp: time,
    phase,
    token_usage: { used: usedTokens, available: availableTokens },
    session_id: state.sessionId,
    recovery_tokens_reserved: reserved ?? reserveTokensOf(then),
  }
}
