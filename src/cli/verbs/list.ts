import { z } from 'zod'
import type { StreamInfo } from '../../log/port.ts'
import { timeText, toneOfPhase } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes, homeText } from '../failure.ts'
import type { Cell } from '../layout.ts'
import { readTree, type Tree } from '../tree.ts'
import { verb } from '../verb.ts'

const shape = z.strictObject({ all: z.boolean().optional(), tree: z.boolean().optional() })

export const list = verb(shape, async ({ all = false, tree: asTree = false }, context) => {
  const { home, output } = context
  const tree = await withWaymark(context, 'read', readTree)
  if (output.json) {
    await output.document(tree.sessions.map((session) => sessionJson(session, tree)))
    return exitCodes.fine
  }
  const rows = asTree ? nested(tree) : tree.sessions.map((session) => ({ session, depth: 0 }))
  const shown = all || asTree ? rows : rows.filter(({ session }) => tree.parentOf(session) === null)
  const nameOf = output.aligned ? shortNames(tree.sessions) : (sessionId: string) => sessionId
  if (shown.length > 0 || !output.aligned) {
    await output.table({
      columns: ['session', 'status', 'phase', 'version', 'calls', 'last event', 'title'],
      rows: shown.map(({ session, depth }) => sessionCells(session, depth, nameOf, output.aligned)),
    })
  }
  const hidden = tree.sessions.length - shown.length
  if (tree.sessions.length === 0)
    output.note(`no sessions in ${homeText(home)}; waymark new or waymark import makes some`)
  if (hidden > 0) output.note(`${hidden} more below these: --tree or --all shows them`)
  return exitCodes.fine
})

function sessionJson(session: StreamInfo, tree: Tree) {
  const { sessionId, version, summary } = session
  return {
    sessionId,
    nativeId: summary?.nativeId ?? null,
    parentSessionId: tree.parentOf(session),
    title: summary?.title ?? null,
    status: summary?.status ?? 'active',
    version,
    startedAt: summary?.startedAt ?? null,
    lastEventAt: summary?.lastEventAt ?? null,
    model: summary?.model ?? null,
    phase: summary?.phase ?? 'normal',
    usage: summary?.usage ?? null,
  }
}

function sessionCells(
  { sessionId, version, summary }: StreamInfo,
  depth: number,
  nameOf: (sessionId: string) => string,
  forPeople: boolean,
): readonly Cell[] {
  const { status = 'active', phase = 'normal', title = null, lastEventAt = null } = summary ?? {}
  return [
    `${forPeople ? '  '.repeat(depth) : ''}${nameOf(sessionId)}`,
    { text: status, tone: status === 'active' ? 'good' : 'quiet' },
    { text: phase, tone: toneOfPhase[phase] },
    version,
    summary?.usage.calls ?? 0,
    lastEventAt === null || !forPeople ? lastEventAt : timeText(lastEventAt),
    title === null && forPeople ? { text: summary?.nativeId ?? '', tone: 'quiet' } : title,
  ]
}

interface Row {
  readonly session: StreamInfo
  readonly depth: number
}

/** Each session followed by what is below it. Sessions that are each other's ancestors have no top: they come last. */
function nested(tree: Tree): readonly Row[] {
  const rows: Row[] = []
  const waiting: Row[] = tree.sessions
    .filter((session) => tree.parentOf(session) === null)
    .map((session) => ({ session, depth: 0 }))
    .reverse()
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    rows.push(next)
    const depth = next.depth + 1
    for (const session of [...tree.childrenOf(next.session.sessionId)].reverse())
      waiting.push({ session, depth })
  }
  const placed = new Set(rows.map(({ session }) => session.sessionId))
  return [
    ...rows,
    ...tree.sessions
      .filter(({ sessionId }) => !placed.has(sessionId))
      .map((session) => ({ session, depth: 0 })),
  ]
}

const shortCharacters = 'sess_'.length + 8

/** Names ids by their beginning, as long as it takes to tell them apart; a name so shortened is accepted by every verb. */
function shortNames(sessions: readonly StreamInfo[]): (sessionId: string) => string {
  const count = new Map<string, number>()
  for (const { sessionId } of sessions) {
    const short = sessionId.slice(0, shortCharacters)
    count.set(short, (count.get(short) ?? 0) + 1)
  }
  return (sessionId) => {
    const short = sessionId.slice(0, shortCharacters)
    return count.get(short) === 1 ? short : sessionId
  }
}
