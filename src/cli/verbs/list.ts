import { z } from 'zod'
import { kindOf } from '../../fold/kinds.ts'
import type { StreamInfo } from '../../log/port.ts'
import { timeText, toneOfPhase } from '../../views/text.ts'
import { withWaymark } from '../context.ts'
import { exitCodes, homeText } from '../failure.ts'
import type { Cell } from '../layout.ts'
import { kindCells, kindColumns, statusCell, titleCell } from '../stream-cells.ts'
import { readTree, shortNames, type Tree } from '../tree.ts'
import { verb } from '../verb.ts'

const columns = ['session', 'status', 'phase', 'version', 'calls', 'last event', 'title'] as const

const shape = z.strictObject({ all: z.boolean().optional() })

export const list = verb(shape, async ({ all = false }, context) => {
  const { home, output } = context
  const tree = await withWaymark(context, 'read', readTree)
  if (output.json) {
    await output.document(tree.sessions.map((session) => sessionJson(session, tree)))
    return exitCodes.fine
  }
  const shown = tree.sessions.filter((session) => all || tree.parentOf(session) === null)
  const nameOf = output.aligned ? shortNames(tree.sessions) : (sessionId: string) => sessionId
  if (shown.length > 0 || !output.aligned) {
    await output.table({
      columns: output.aligned ? columns : [...columns, ...kindColumns],
      rows: shown.map((session) => sessionCells(session, nameOf, output.aligned)),
    })
  }
  const hidden = tree.sessions.length - shown.length
  if (tree.sessions.length === 0)
    output.note(`no sessions in ${homeText(home)}; waymark new or waymark import makes some`)
  if (hidden > 0)
    output.note(`${hidden} more below these: --all lists them, waymark tree shows where they belong`)
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
    kind: kindOf(summary ?? {}),
    machine: summary?.machine ?? null,
  }
}

function sessionCells(
  { sessionId, version, summary }: StreamInfo,
  nameOf: (sessionId: string) => string,
  forPeople: boolean,
): readonly Cell[] {
  const { phase = 'normal', lastEventAt = null } = summary ?? {}
  const named = summary ?? { status: 'active', title: null, nativeId: null }
  return [
    nameOf(sessionId),
    statusCell(named),
    { text: phase, tone: toneOfPhase[phase] },
    version,
    summary?.usage.calls ?? 0,
    lastEventAt === null || !forPeople ? lastEventAt : timeText(lastEventAt),
    ...(forPeople ? [titleCell(named)] : [named.title, ...kindCells(named)]),
  ]
}
