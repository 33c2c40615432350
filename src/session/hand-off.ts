/**
 * Handing a session off: checked first, compressed where it must be, then checkpoint, package and offer in one transaction, so that
 * a crash leaves all of them or none.
 */

import { parseCommand } from '../events/commands.ts'
import { contentOf } from '../events/content.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { agentProblem } from '../handoff/agents.ts'
import {
  type CriticalContext,
  criticalContextOf,
  criticalItems,
  textReferenceOf,
} from '../handoff/critical-context.ts'
import { makePackage } from '../handoff/make.ts'
import { type HandoffCompression, type HandoffPackage, packageText } from '../handoff/package.ts'
import { CommandRefused, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { LogTransaction } from '../log/port.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import type { Surroundings } from '../views/brief/source.ts'
import { brief, textsForBrief } from '../views/brief.ts'
import { readableText } from './brief.ts'
import { surroundingsOf } from './brief-surroundings.ts'
import { compressForHandoff } from './hand-off-compression.ts'
import { type HandoffHolder, noticeExpiry } from './handoff-holder.ts'
import { checkPackagePath, writePackageFile } from './package-file.ts'
import { assertHolder, caughtUp, record } from './record.ts'

export interface HandOffOptions {
  readonly toAgent: string
  /** Who hands it off: the session's holder, also if left out. Anybody may say so of a session that nobody holds by name. */
  readonly fromAgent?: string
  readonly reason?: string
  /** Minutes for which the offer stands; for ever if left out. */
  readonly expiresInMinutes?: number
  /** Where the package is to be written as a file, too. */
  readonly file?: string
}

/** An offer that stands. */
export interface HandoffOffer {
  readonly handoffId: string
  readonly sessionId: string
  /** Version of the offer. */
  readonly version: number
  readonly package: HandoffPackage
  /** What was done to make room first; `null` when there was enough. */
  readonly compression: HandoffCompression | null
  /** The file that was written. */
  readonly file: string | null
}

/** Times that texts are fetched anew because critical items came in between. */
const attemptsMax = 5

export async function handOff(holder: HandoffHolder, options: HandOffOptions): Promise<HandoffOffer> {
  const { host, session } = holder
  checkMinutes(options.expiresInMinutes)
  if (options.file !== undefined) await checkPackagePath(options.file)
  await session.refresh()
  await noticeExpiry(holder)
  const fromAgent = options.fromAgent ?? session.state.holder ?? ''
  checkNames(fromAgent, options.toAgent)
  assertHolder(session.state, holder.epoch)
  assertHeldBy(session.state, fromAgent)
  parseCommand({ type: 'session.hand-off', fromAgent, toAgent: options.toAgent, reason: options.reason })
  const problem = agentProblem(host.settings.agents, fromAgent, options.toAgent)
  if (problem !== null) throw problem
  const compression = await compressForHandoff(holder)
  await holder.refreshRepository()
  const offer = await offered(holder, { ...options, fromAgent }, compression)
  const { file } = options
  if (file !== undefined) await writeOffered(file, offer)
  return { ...offer, file: file ?? null }
}

function checkMinutes(minutes: number | undefined): void {
  if (minutes === undefined || (minutes > 0 && minutes <= limits.handoffMinutesMax)) return
  throw new WaymarkError('USAGE', {
    message: `an offer cannot stand for ${minutes} minutes`,
    hint: `name a number above 0, at most ${limits.handoffMinutesMax}; leave it out for an offer that stands for ever`,
  })
}

function checkNames(fromAgent: string, toAgent: string): void {
  const missing = fromAgent === '' ? 'from_agent' : toAgent === '' ? 'to_agent' : null
  if (missing === null) return
  const hint =
    missing === 'from_agent'
      ? 'nobody holds the session by name: say who hands it off (--from <agent>, fromAgent)'
      : 'say who is to take it (--to <agent>, toAgent)'
  throw new WaymarkError('HANDOFF_INVALID', { message: `Missing required field: ${missing}`, hint })
}

/** The decision asks this too; here before the registry judges, and before room is made. */
function assertHeldBy({ sessionId, holder }: ReadonlyState, fromAgent: string): void {
  if (holder === null || holder === fromAgent) return
  throw new CommandRefused({
    message: `session.hand-off refused: session ${sessionId} is held by ${holder}, not by ${fromAgent}`,
    hint: `its holder alone hands it off: leave --from (fromAgent) out when you are ${holder}, else ask ${holder} for it`,
    details: { sessionId, holder, fromAgent },
  })
}

type Offering = HandOffOptions & { readonly fromAgent: string }
type Offered = Omit<HandoffOffer, 'file'>

/** What a package needs that only a read outside of a transaction gives. */
interface Fetched {
  /** Texts of critical items by their hashes; `null` for one that cannot be read. */
  readonly texts: ReadonlyMap<string, string | null>
  /** Hashes that were looked at; those for which there was no room are not among the texts. */
  readonly seen: ReadonlySet<string>
  readonly briefTexts: ReadonlyMap<string, string>
  readonly around: Surroundings
}

async function offered(
  holder: HandoffHolder,
  options: Offering,
  compression: HandoffCompression | null,
): Promise<Offered> {
  const { host, session } = holder
  for (let attempt = 1; ; attempt++) {
    const known = await session.refresh()
    const fetched = await fetchFor(holder, known)
    const done = await host.log.transact((transaction) => {
      const state = caughtUp(transaction, session.id, known)
      // What was added since has texts that are not at hand; others keep the transaction waiting for none.
      if (attempt < attemptsMax && !hasAllTexts(state, fetched)) return null
      return offerIn(transaction, holder, { state, options, fetched, compression })
    })
    if (done === null) continue
    host.writers?.committed(done.state)
    host.appended(session.id)
    await session.refresh()
    return done.offer
  }
}

async function fetchFor({ host }: HandoffHolder, state: ReadonlyState): Promise<Fetched> {
  const texts = new Map<string, string | null>()
  const seen = new Set<string>()
  let bytesLeft: number = limits.handoffContextBytesMax
  for (const item of criticalItems(state)) {
    const reference = textReferenceOf(item)
    if (reference === null || seen.has(reference.hash)) continue
    seen.add(reference.hash)
    if (reference.bytes > bytesLeft) continue
    bytesLeft -= reference.bytes
    texts.set(reference.hash, await readableText(host.log, reference.hash))
  }
  const around = await surroundingsOf(host.log, state)
  const briefTexts = new Map<string, string>()
  const hashes = [
    ...textsForBrief(state),
    ...(around.predecessor === null ? [] : textsForBrief(around.predecessor.state)),
    ...(around.answered === null ? [] : [around.answered.content.hash]),
  ]
  for (const hash of new Set(hashes)) {
    const text = await readableText(host.log, hash)
    if (text !== null) briefTexts.set(hash, text)
  }
  return { texts, seen, briefTexts, around }
}

function hasAllTexts(state: ReadonlyState, { seen }: Fetched): boolean {
  return criticalItems(state).every((item) => {
    const reference = textReferenceOf(item)
    return reference === null || seen.has(reference.hash)
  })
}

interface OfferingContext {
  readonly state: ReadonlyState
  readonly options: Offering
  readonly fetched: Fetched
  readonly compression: HandoffCompression | null
}

/** Checkpoint, package and offer, all in one transaction. */
function offerIn(
  transaction: LogTransaction,
  holder: HandoffHolder,
  { state: before, options, fetched, compression }: OfferingContext,
): { readonly offer: Offered; readonly state: ReadonlyState } {
  const { host, session, environment, epoch } = holder
  const { fromAgent, toAgent } = options
  const reason = options.reason ?? null
  const state = withCheckpoint(transaction, holder, before, options)
  const timestamp = environment.clock.now()
  const request = { sessionId: session.id, meta: { actor: fromAgent, time: timestamp }, epoch }
  const handoffId = `hoff_${environment.ids.uuid()}`
  const expiresAt = expiryOf(timestamp, options.expiresInMinutes)
  const handoff = makePackage(state, {
    handoffId,
    timestamp,
    fromAgent,
    toAgent,
    reason,
    expiresAt,
    headHash: transaction.stream(session.id)?.hash ?? '',
    context: contextOf(state, fetched),
    compression,
  })
  const { ref, body } = contentOf(packageText(handoff))
  const command = {
    type: 'session.hand-off',
    handoffId,
    fromAgent,
    toAgent,
    ...(reason === null ? {} : { reason }),
    ...(expiresAt === null ? {} : { expiresAt }),
    content: ref,
  } as const
  const recorded = record(transaction, state, { ...request, command, contents: [{ ref, body }] }, environment)
  // Checkpoint and offer are work in the session: they need a place, which is given back at once.
  host.writers?.take(transaction, state)
  host.writers?.take(transaction, recorded.state)
  takeKeyframeIfDue(transaction, recorded.state)
  const { version } = recorded
  const offer = { handoffId, sessionId: session.id, version, package: handoff, compression }
  return { offer, state: recorded.state }
}

/** The state with a checkpoint to come back to; one of this very state is enough. */
function withCheckpoint(
  transaction: LogTransaction,
  { session, environment, epoch }: HandoffHolder,
  state: ReadonlyState,
  { fromAgent, toAgent }: Offering,
): ReadonlyState {
  const newest = state.checkpoints[state.checkpoints.length - 1]
  if (newest !== undefined && newest.version + 1 === state.version) return state
  // Where it may not be offered, the offer itself is to be refused, and say why.
  if (state.status !== 'active' && state.status !== 'suspended') return state
  const reason = `before the handoff to ${toAgent}`.slice(0, limits.lineCharactersMax)
  const command = { type: 'checkpoint.create', trigger: 'handoff', reason } as const
  const request = { sessionId: session.id, command, meta: { actor: fromAgent }, epoch }
  return record(transaction, state, request, environment).state
}

function contextOf(state: ReadonlyState, { texts, briefTexts, around }: Fetched): CriticalContext {
  return criticalContextOf(state, texts, brief(state, briefTexts, around).text)
}

function expiryOf(timestamp: string, minutes: number | undefined): string | null {
  return minutes === undefined ? null : new Date(Date.parse(timestamp) + minutes * 60_000).toISOString()
}

async function writeOffered(file: string, offer: Offered): Promise<void> {
  try {
    await writePackageFile(file, offer.package)
  } catch (cause) {
    throw new WaymarkError('HANDOFF_INVALID', {
      message: `handoff ${offer.handoffId} is offered, but its package could not be written to ${file}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: `waymark handoff show ${offer.sessionId} --json prints the package`,
      details: { handoffId: offer.handoffId, file },
      cause,
    })
  }
}
