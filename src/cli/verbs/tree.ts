import { z } from 'zod'
import type { StreamInfo } from '../../log/port.ts'
import { type LineageNode, lineageOf, type MergeView } from '../../views/lineage.ts'
import { withWaymark } from '../context.ts'
import { exitCodes, homeText } from '../failure.ts'
import type { Cell } from '../layout.ts'
import { kindCells, kindColumns, statusCell, titleCell } from '../stream-cells.ts'
import { shortNames } from '../tree.ts'
import { sessionArgument, verb } from '../verb.ts'

export const tree = verb(
  z.strictObject({ session: sessionArgument.optional() }),
  async ({ session }, context) => {
    const { home, output } = context
    const nodes = await withWaymark(context, 'read', async (waymark) => {
      const named = session === undefined ? undefined : await waymark.resolve(session)
      const sessions: StreamInfo[] = []
      for await (const stream of waymark.sessions()) sessions.push(stream)
      return lineageOf(sessions, named)
    })
    if (output.json) {
      await output.document(nodes)
      return exitCodes.fine
    }
    const nameOf = output.aligned ? shortNames(nodes) : (sessionId: string) => sessionId
    if (nodes.length > 0 || !output.aligned) {
      await output.table({
        columns: [
          'session',
          ...(output.aligned ? [] : ['parent']),
          'is',
          'at',
          'status',
          'version',
          'calls',
          'inherited',
          'in all',
          'merges',
          'title',
          ...(output.aligned ? [] : kindColumns),
        ],
        rows: nodes.map((node) => cellsOf(node, nameOf, output.aligned)),
      })
    }
    if (nodes.length === 0) {
      output.note(`no sessions in ${homeText(home)}; waymark new or waymark import makes some`)
    }
    return exitCodes.fine
  },
)

/** Levels by which a session is shown further in; deeper ones stand at the last. */
const indentLevelsMax = 20

function cellsOf(
  node: LineageNode,
  nameOf: (sessionId: string) => string,
  forPeople: boolean,
): readonly Cell[] {
  const { sessionId, kind, depth, atVersion, version, usage, inherited, total } = node
  const merged = (merges: readonly MergeView[], sign: string): readonly string[] =>
    merges.map((merge) => `${sign} ${nameOf(merge.sessionId)} at ${merge.sourceVersion}`)
  return [
    `${forPeople ? '  '.repeat(Math.min(depth, indentLevelsMax)) : ''}${nameOf(sessionId)}`,
    ...(forPeople ? [] : [node.parentSessionId ?? '']),
    { text: kind, tone: 'quiet' },
    atVersion,
    statusCell(node),
    version,
    usage.calls,
    inherited.calls,
    total.calls,
    [...merged(node.merges, 'of'), ...merged(node.mergedInto, 'into')].join(', '),
    ...(forPeople ? [titleCell(node)] : [node.title, ...kindCells(node)]),
  ]
}
