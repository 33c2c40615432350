/** Taking a session over: its package checked first, then the offer accepted. From then on whoever held it writes no more. */
import { handoffIdShape } from '../events/shapes.ts'
import { offeredHandoff } from '../fold/handoff.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { agentProblem } from '../handoff/agents.ts'
import { type HandoffPackage, packageText } from '../handoff/package.ts'
import { readHandoff } from '../handoff/validate.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/hash.ts'
import type { EventLog } from '../log/port.ts'
import { redactionOfText } from '../replay/redactions.ts'
import type { HandoffHolder } from './handoff-holder.ts'

export interface AcceptOptions {
  readonly agent: string
  /** Which offer; the one that stands if left out. */
  readonly handoffId?: string
  /** The package as it came, to be compared with the one that was offered: bytes or text of its file, or its value. */
  readonly package?: string | Uint8Array | object
}

export interface HandoffAcceptance {
  readonly sessionId: string
  readonly handoffId: string | null
  readonly agent: string
  /** The fencing number that begins now; who writes under an older one is refused. */
  readonly epoch: number
  readonly version: number
  /** Tasks that lost their context: to be restored before work on them goes on. */
  readonly switchedTasks: readonly string[]
  /** `null` for an offer that was made without one. */
  readonly package: HandoffPackage | null
}

type Handoff = ReadonlyState['handoffs'][number]

export async function acceptHandoff(
  { host, session }: HandoffHolder,
  { agent, handoffId, package: given }: AcceptOptions,
): Promise<HandoffAcceptance> {
  const before = await session.refresh()
  const handoff = handoffNamed(before, handoffId)
  const stored = handoff?.status === 'offered' ? await packageOf(host.log, session.id, handoff) : null
  if (given !== undefined) checkGiven(given, handoff, before)
  const from = handoff?.fromAgent ?? null
  const problem =
    handoff?.status === 'offered' && from !== null ? agentProblem(host.settings.agents, from, agent) : null
  if (problem !== null) throw problem
  const id = handoffId ?? handoff?.id
  // Offers of a time when handoffs had no ids are named by their version, which no command knows.
  const named = id !== undefined && (handoffId !== undefined || handoffIdShape.safeParse(id).success)
  const command = { type: 'session.take-over', agent, ...(named ? { handoffId: id } : {}) } as const
  const { version } = await session.send(command, { actor: agent })
  const { state } = session
  return {
    sessionId: session.id,
    handoffId: handoff?.id ?? null,
    agent,
    epoch: state.epoch,
    version,
    switchedTasks: switchedTasks(before, state),
    package: stored,
  }
}

/** The handoff of that id; without one, the offer that stands, else the newest. */
export function handoffNamed(state: ReadonlyState, handoffId?: string): Handoff | undefined {
  if (handoffId !== undefined) return state.handoffs.find(({ id }) => id === handoffId)
  return offeredHandoff(state) ?? state.handoffs[state.handoffs.length - 1]
}

/**
 * The package that went with a handoff; `null` for one that was offered without.
 *
 * @throws WaymarkError `HANDOFF_INVALID` when it cannot be read any more, was redacted, or is not what was stored.
 */
export async function packageOf(
  log: EventLog,
  sessionId: string,
  { id, content, status }: Pick<Handoff, 'id' | 'content' | 'status'>,
): Promise<HandoffPackage | null> {
  if (content === null) return null
  const bytes = await storedBytes(log, content.hash)
  if (bytes === null) {
    throw new WaymarkError('HANDOFF_INVALID', {
      message: `the package of handoff ${id} cannot be read: its text is missing or damaged`,
      hint: 'waymark handoff withdraw, then offer it again',
      details: { handoffId: id, hash: content.hash },
    })
  }
  if (isTakenOut(bytes, content.hash)) {
    const version = await redactionOfText(log, sessionId, content.hash)
    throw new WaymarkError('HANDOFF_INVALID', {
      message: `handoff ${id}: its package was redacted${version === null ? '' : ` at version ${version}`}`,
      hint:
        status === 'offered'
          ? `withdraw it and offer again: waymark handoff withdraw ${sessionId}`
          : 'what was taken out is gone for good',
      details: { handoffId: id, hash: content.hash, version },
    })
  }
  return readHandoff(bytes).package
}

/** The log has compared a text with its hash: another one stands where something was taken out. */
function isTakenOut(bytes: Uint8Array, hash: string): boolean {
  return sha256(bytes) !== hash
}

/**
 * The offer of a session that stands, when its package is redacted; `undefined` else.
 *
 * @param taken texts that are about to be taken out
 */
export async function offerWithoutPackage(
  log: EventLog,
  state: ReadonlyState,
  taken: ReadonlySet<string>,
): Promise<Handoff | undefined> {
  const offer = offeredHandoff(state)
  if (offer === undefined || offer.content === null) return undefined
  const { hash } = offer.content
  const bytes = taken.has(hash) ? null : await storedBytes(log, hash)
  return taken.has(hash) || (bytes !== null && isTakenOut(bytes, hash)) ? offer : undefined
}

async function storedBytes(log: EventLog, hash: string): Promise<Uint8Array | null> {
  try {
    return await log.content(hash)
  } catch (error) {
    if (error instanceof DamagedRecord) return null
    throw error
  }
}

/** A package that came by another way is the one that was offered, or is not accepted. */
function checkGiven(
  given: string | Uint8Array | object,
  handoff: Handoff | undefined,
  state: ReadonlyState,
): void {
  const read = readHandoff(given).package
  const reason =
    read.session_context.session_id !== state.sessionId
      ? `it is of session ${read.session_context.session_id}`
      : read.handoff_id !== handoff?.id
        ? `it is of handoff ${read.handoff_id}, and ${handoff?.id ?? 'none'} is offered`
        : handoff.content !== null && sha256(packageText(read)) !== handoff.content.hash
          ? 'it says something else than what was offered'
          : null
  if (reason === null) return
  throw new WaymarkError('HANDOFF_INVALID', {
    message: `the package is not the one that was offered: ${reason}`,
    hint: 'waymark handoff show <session> --json prints the one that was offered',
    details: { handoffId: read.handoff_id, offered: handoff?.id ?? null },
  })
}

function switchedTasks(before: ReadonlyState, after: ReadonlyState): readonly string[] {
  return Object.values(after.tasks)
    .filter(
      ({ id, status, switchCause }) =>
        status === 'context_switch' &&
        switchCause === 'handoff' &&
        before.tasks[id]?.status !== 'context_switch',
    )
    .map(({ id }) => id)
    .sort()
}
