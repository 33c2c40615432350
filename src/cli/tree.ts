/** Sessions and what belongs to them: sub-agents and forks stand below the session they came from. */
import type { Counted } from '../events/shapes.ts'
import { noUsage, type ReadonlyState } from '../fold/state.ts'
import type { StreamInfo } from '../log/port.ts'
import { stateAt, versionAt } from '../replay/at.ts'
import type { Waymark } from '../session/waymark.ts'
import { addUsage } from '../views/lineage.ts'
import { inNaturalOrder } from '../views/text.ts'

export interface Tree {
  /** In the order they began. */
  readonly sessions: readonly StreamInfo[]
  /** The parent in this home, or `null` where there is none or it is not here. */
  parentOf(session: StreamInfo): string | null
  childrenOf(sessionId: string): readonly StreamInfo[]
}

/** All sessions of a home. */
export async function readTree(waymark: Waymark): Promise<Tree> {
  const byId = new Map<string, StreamInfo>()
  for await (const session of waymark.sessions())
    if (session.version > 0) byId.set(session.sessionId, session)
  const sessions = [...byId.values()].sort(inOrderOfBeginning)
  const parentOf = ({ sessionId, summary }: StreamInfo): string | null => {
    const parent = summary?.parentSessionId ?? null
    return parent !== null && parent !== sessionId && byId.has(parent) ? parent : null
  }
  const children = new Map<string, StreamInfo[]>()
  for (const session of sessions) {
    const parent = parentOf(session)
    if (parent === null) continue
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [session])
    else siblings.push(session)
  }
  return { sessions, parentOf, childrenOf: (sessionId) => children.get(sessionId) ?? [] }
}

function inOrderOfBeginning(a: StreamInfo, b: StreamInfo): number {
  const [first, second] = [a.summary?.startedAt ?? '', b.summary?.startedAt ?? '']
  return first < second ? -1 : first > second ? 1 : inNaturalOrder(a.sessionId, b.sessionId)
}

/** All sessions below one, nearest first. What calls itself its own ancestor is met once. */
function descendantsOf(tree: Tree, sessionId: string): readonly StreamInfo[] {
  const met = new Set([sessionId])
  const found: StreamInfo[] = []
  for (let level = tree.childrenOf(sessionId); level.length > 0; ) {
    const fresh = level.filter((child) => !met.has(child.sessionId))
    for (const child of fresh) met.add(child.sessionId)
    found.push(...fresh)
    level = fresh.flatMap((child) => tree.childrenOf(child.sessionId))
  }
  return found
}

/**
 * What a session and all below it have spent. Each counts its own calls only, so the sum counts every call once.
 * With `at`, what they had spent at that time.
 */
export async function treeUsage(waymark: Waymark, state: ReadonlyState, at: string | null): Promise<Counted> {
  const total = noUsage()
  addUsage(total, state.usage)
  for (const child of descendantsOf(await readTree(waymark), state.sessionId)) {
    const usage = at === null ? child.summary?.usage : await usageAt(waymark, child, at)
    if (usage !== undefined) addUsage(total, usage)
  }
  return total
}

/** A fork has spent nothing of its own before its fork point. */
async function usageAt(waymark: Waymark, child: StreamInfo, at: string): Promise<Counted> {
  const version = await versionAt(waymark.log, child.sessionId, at)
  if (version <= (child.forkedFrom?.version ?? 0)) return noUsage()
  return (await stateAt(waymark.log, child.sessionId, version)).usage
}

const shortCharacters = 'sess_'.length + 8

/** Names ids by their beginning, as long as it takes to tell them apart; a name so shortened is accepted by every verb. */
export function shortNames(
  sessions: readonly Pick<StreamInfo, 'sessionId'>[],
): (sessionId: string) => string {
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
