/** Handoffs that nobody takes up, and packages with which nobody could. */
import { offeredHandoff } from '../fold/handoff.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { packageOf } from '../session/accept-handoff.ts'
import { countOf, durationText, timeText } from '../views/text.ts'
import { bounds } from './bounds.ts'
import type { SessionContext } from './check.ts'
import type { Found } from './finding.ts'

export async function handoffFailed(context: SessionContext): Promise<readonly Found[]> {
  const { summary, sessionId } = context.stream
  if (summary?.status !== 'handed_off') return []
  const state = await context.state()
  const offer = offeredHandoff(state)
  if (offer === undefined) return []
  const broken = await packageProblem(context, offer)
  if (broken !== null) {
    const proposal = `waymark handoff withdraw ${sessionId}, then offer it again`
    return [{ severity: 'problem', subject: sessionId, message: broken, proposal }]
  }
  const waitedMs = context.nowMs - Date.parse(offer.offeredAt)
  const isOver = offer.expiresAt !== null && Date.parse(offer.expiresAt) <= context.nowMs
  if (!isOver && waitedMs < bounds.handoffMinutes * 60_000) return []
  const offered = `offered to ${offer.toAgent} since ${timeText(offer.offeredAt)} (${durationText(waitedMs)})`
  const until = isOver && offer.expiresAt !== null ? `, until ${timeText(offer.expiresAt)}` : ''
  return [
    {
      severity: 'warning',
      subject: sessionId,
      message: `${offered}${until}, ${contentsText(state, offer)}`,
      proposal: isOver
        ? `waymark handoff expire ${sessionId} to go on with its holder; then offer it again`
        : `waymark handoff accept ${sessionId} --agent ${quoted(offer.toAgent)} to take it over; waymark handoff withdraw ${sessionId} to withdraw the offer`,
    },
  ]
}

type Handoff = ReadonlyState['handoffs'][number]

/** What is wrong with the package of an offer, or `null`. */
async function packageProblem({ log, stream }: SessionContext, offer: Handoff): Promise<string | null> {
  try {
    await packageOf(log, stream.sessionId, offer)
    return null
  } catch (error) {
    if (error instanceof WaymarkError) return `offered to ${offer.toAgent}: ${error.message}`
    throw error
  }
}

/** What the other agent gets to begin with. */
function contentsText({ checkpoints, tasks, openCalls }: ReadonlyState, { content }: Handoff): string {
  const newest = checkpoints[checkpoints.length - 1]
  const checkpoint =
    newest === undefined ? 'without a checkpoint' : `with a checkpoint of version ${newest.version}`
  const open = Object.values(tasks).filter(({ endedAt }) => endedAt === null).length
  const calls = `${countOf(Object.keys(openCalls).length, 'call')} without a result`
  const handoff = content === null ? ', and no package' : ''
  return `${checkpoint}, ${countOf(open, 'open task')}, ${calls}${handoff}`
}

/** A name as one word of a shell. */
function quoted(name: string): string {
  return /^[\w.:@-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`
}
