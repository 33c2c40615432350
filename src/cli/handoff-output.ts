/** What the actions of `waymark handoff` print. */
import type { ReadonlyState } from '../fold/state.ts'
import { contextMarkdown } from '../handoff/markdown.ts'
import type { HandoffCompression, HandoffPackage } from '../handoff/package.ts'
import type { HandoffValidation } from '../handoff/validate.ts'
import type { HandoffAcceptance } from '../session/accept-handoff.ts'
import type { HandoffOffer } from '../session/hand-off.ts'
import { countOf, countText, type Fact, namesText, percentText, type Tone, timeText } from '../views/text.ts'
import type { Output } from './output.ts'

type Handoff = ReadonlyState['handoffs'][number]

export async function printOffer(output: Output, offer: HandoffOffer): Promise<void> {
  const { handoffId, sessionId, package: handoff, compression, file } = offer
  if (output.json) {
    await output.document(offer)
    return
  }
  await output.line(handoffId)
  const { expires_at: expiresAt, epoch } = handoff.waymark
  const until = expiresAt === null ? '' : ` until ${timeText(expiresAt)}`
  output.note(`offered to ${handoff.to_agent}${until}, by epoch ${epoch}`)
  if (compression !== null) output.note(compressionText(compression))
  if (file !== null) output.note(`package written to ${file}`)
  output.note(`next: waymark handoff accept ${short(sessionId)} --agent ${handoff.to_agent}`)
}

function compressionText(compression: HandoffCompression): string {
  const { available_tokens_before: before, available_tokens_after: after, enough, skipped } = compression
  const short = `${countText(before)} tokens were available, fewer than ${countText(compression.minimum_tokens)}`
  if (skipped !== null) return `${short}; nothing was compressed: ${skipped}`
  const { discarded, summarized, deferred, archived } = compression
  const what = `${discarded} discarded, ${summarized} summarized, ${deferred} deferred, ${archived} archived`
  return `${short}; compressed: ${what}; ${countText(after)} now${enough ? '' : ', still too few'}`
}

export async function printAcceptance(output: Output, accepted: HandoffAcceptance): Promise<void> {
  if (output.json) {
    await output.document(accepted)
    return
  }
  const { sessionId, agent, epoch, switchedTasks, handoffId } = accepted
  await output.facts([
    { label: 'session', value: sessionId },
    ...(handoffId === null ? [] : [{ label: 'handoff', value: handoffId }]),
    { label: 'holder', value: agent, tone: 'good' },
    { label: 'epoch', value: String(epoch) },
    ...(switchedTasks.length === 0
      ? []
      : [{ label: 'lost their context', value: namesText(switchedTasks), tone: 'warning' } as const]),
  ])
  output.note(
    `next: waymark handoff show ${short(sessionId)} --context, or waymark brief ${short(sessionId)}`,
  )
}

/** A handoff that was answered, or the session where it is not listed any more. */
export async function printEnded(
  output: Output,
  state: ReadonlyState,
  handoffId: string | undefined,
): Promise<void> {
  const { sessionId, version, epoch, holder, status } = state
  const handoff = state.handoffs.find(({ id }) => id === handoffId)
  if (output.json) {
    await output.document({ sessionId, version, epoch, holder, status, handoff: handoff ?? null })
    return
  }
  await output.facts([
    { label: 'session', value: sessionId },
    ...(handoff === undefined
      ? []
      : [{ label: 'handoff', value: `${handoff.id}: ${handoff.status}`, tone: toneOf[handoff.status] }]),
    { label: 'status', value: `${status.replace('_', ' ')}${holder === null ? '' : ` (${holder})`}` },
    { label: 'epoch', value: String(epoch) },
  ])
}

const toneOf: Readonly<Record<Handoff['status'], Tone>> = {
  offered: 'notice',
  accepted: 'good',
  rejected: 'warning',
  expired: 'warning',
  withdrawn: 'quiet',
  done: 'good',
}

/** Handoffs of a session, oldest first. */
export async function printHandoffs(output: Output, state: ReadonlyState, now: string): Promise<void> {
  const rows = state.handoffs.map((handoff) => ({ ...handoff, isOver: isOver(handoff, now) }))
  if (output.json) {
    await output.document(rows)
    return
  }
  await output.table({
    columns: ['handoff', 'from', 'to', 'status', 'offered', 'until', 'epoch', 'reason'],
    rows: rows.map((row) => [
      row.id,
      row.fromAgent,
      row.toAgent,
      { text: row.isOver ? 'offered, its time is over' : row.status, tone: toneOf[row.status] },
      output.aligned ? timeText(row.offeredAt) : row.offeredAt,
      row.expiresAt === null || !output.aligned ? row.expiresAt : timeText(row.expiresAt),
      row.epoch,
      row.reason,
    ]),
  })
}

function isOver({ status, expiresAt }: Handoff, now: string): boolean {
  return status === 'offered' && expiresAt !== null && expiresAt <= now
}

export async function printPackage(output: Output, handoff: HandoffPackage): Promise<void> {
  if (output.json) await output.document(handoff)
  else await output.facts(packageFacts(handoff))
}

function packageFacts(handoff: HandoffPackage): readonly Fact[] {
  const { session_context: about, task_context: work, context_snapshot: snapshot, waymark } = handoff
  const { compression } = waymark
  return [
    { label: 'handoff', value: handoff.handoff_id },
    { label: 'from', value: handoff.from_agent },
    { label: 'to', value: handoff.to_agent },
    { label: 'session', value: `${about.session_id}, version ${countText(waymark.session_version)}` },
    { label: 'made', value: timeText(handoff.timestamp) },
    ...optional('until', waymark.expires_at === null ? null : timeText(waymark.expires_at)),
    ...optional('reason', waymark.reason),
    ...optional('model', about.model),
    {
      label: 'window',
      value: `${percentText(about.context_position)} used, ${countText(about.available_tokens)} tokens available`,
    },
    ...(compression === null
      ? []
      : [
          {
            label: 'compression',
            value: compressionText(compression),
            tone: compression.enough ? 'notice' : 'warning',
          } as const,
        ]),
    ...optional('SPEC', work.spec_id),
    ...optional('phase', work.current_phase),
    ...optional('completed', work.completed_steps.length === 0 ? null : namesText(work.completed_steps)),
    ...optional('next step', work.next_step),
    ...work.constraints.map((value): Fact => ({ label: 'constraint', value })),
    { label: 'open tasks', value: countText(waymark.open_todos) },
    { label: 'checkpoints', value: countText(snapshot.session_checkpoints.length) },
    { label: 'hash', value: waymark.package_hash, tone: 'quiet' },
  ]
}

function optional(label: string, value: string | null): readonly Fact[] {
  return value === null ? [] : [{ label, value }]
}

export async function printValidation(
  output: Output,
  validation: HandoffValidation,
  wantsContext: boolean,
): Promise<void> {
  const { ok, problems, notes, package: handoff, context } = validation
  if (output.json) {
    const critical = wantsContext && ok ? { context } : {}
    await output.document({ ok, problems, notes, package: handoff, ...critical })
    return
  }
  if (wantsContext && ok && handoff !== null && context !== null) {
    await output.text(contextMarkdown(handoff, context))
  } else {
    await output.facts([
      { label: 'valid', value: ok ? 'yes' : 'no', tone: ok ? 'good' : 'bad' },
      ...problems.map(({ message }): Fact => ({ label: 'problem', value: message, tone: 'bad' })),
      ...notes.map((value): Fact => ({ label: 'note', value, tone: 'warning' })),
      ...(handoff === null ? [] : packageFacts(handoff)),
      ...(context === null ? [] : [{ label: 'critical', value: countOf(context.items.length, 'item') }]),
    ])
  }
}

export async function printReceived(
  output: Output,
  state: ReadonlyState,
  leftOut: readonly string[],
): Promise<void> {
  const { sessionId, version, continuesSessionId, continuesVersion, holder } = state
  if (output.json) {
    await output.document({ sessionId, version, continuesSessionId, continuesVersion, holder, leftOut })
    return
  }
  await output.line(sessionId)
  output.note(`takes ${continuesSessionId ?? ''} further from version ${continuesVersion ?? 0}`)
  for (const message of leftOut) output.warn(`left out: ${message}`)
}

function short(sessionId: string): string {
  return sessionId.slice(0, 'sess_'.length + 8)
}
