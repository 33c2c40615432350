/** What the actions of `waymark graph` print. */
import type { Claim } from '../session/graph/options.ts'
import type { Reclaimed } from '../session/graph/settle.ts'
import type { GraphWorker } from '../session/graph/workers.ts'
import type { GraphView } from '../views/graph.ts'
import { graphLines, graphMermaid, nodeRemark, toneOfStanding } from '../views/graph-text.ts'
import { countOf, namesText } from '../views/text.ts'
import type { Output } from './output.ts'

export interface GraphShown {
  readonly view: GraphView
  readonly workers: readonly GraphWorker[]
}

export async function printGraph(output: Output, { view, workers }: GraphShown): Promise<void> {
  if (output.json) {
    await output.document({ ...view, workers })
    return
  }
  if (output.aligned) {
    for (const { text, tone } of graphLines(view)) await output.line([{ text, tone }])
  } else {
    await output.table({
      columns: ['task', 'standing', 'level', 'agent', 'work session', 'waits for', 'title', 'remark'],
      rows: view.nodes.map((node) => [
        node.id,
        { text: node.standing, tone: toneOfStanding[node.standing] },
        node.level,
        node.agent,
        node.workSessionId,
        node.waitsFor.join(','),
        node.title,
        nodeRemark(node),
      ]),
    })
  }
  output.note(`tasks: ${countsText(view)}`)
  if (view.criticalPath.length > 1) {
    const path = namesText(view.criticalPath, criticalShownMax)
    output.note(`longest way to the end: ${countOf(view.criticalPath.length, 'task')}: ${path}`)
  }
  for (const { taskId, holder, offeredTo, loss } of workers) {
    const node = view.nodes.find(({ id }) => id === taskId)
    if (holder !== null && node?.agent !== null && node?.agent !== holder)
      output.note(`${taskId} was handed off to ${holder}`)
    if (offeredTo !== null) output.note(`${taskId} waits for ${offeredTo}, who it was handed off to`)
    if (loss !== null)
      output.note(`${taskId}: ${loss}; waymark graph reclaim ${short(view.sessionId)} takes it back`)
  }
}

/** Tasks of the longest way that are named. */
const criticalShownMax = 8

/** A flowchart for pages; under `--json` as one string. */
export async function printMermaid(output: Output, view: GraphView): Promise<void> {
  const mermaid = graphMermaid(view)
  if (output.json) await output.document({ sessionId: view.sessionId, version: view.version, mermaid })
  else await output.text(mermaid)
}

/** `1 ready, 2 running, 4 waiting` */
function countsText({ counts }: GraphView): string {
  const found = Object.entries(counts).filter(([, count]) => count > 0)
  return found.length === 0 ? 'none' : found.map(([standing, count]) => `${count} ${standing}`).join(', ')
}

export async function printClaim(output: Output, claim: Claim | null, view: GraphView): Promise<void> {
  if (output.json) {
    await output.document({
      sessionId: view.sessionId,
      task: claim?.task ?? null,
      workSessionId: claim?.session.id ?? null,
      epoch: claim?.session.state.epoch ?? null,
      resumed: claim?.resumed ?? false,
      brief: claim?.brief ?? null,
      counts: view.counts,
    })
    return
  }
  if (claim === null) {
    output.note(`nothing is ready: ${countsText(view)}`)
    return
  }
  const { task, session, resumed } = claim
  await output.table({
    columns: ['task', 'work session', 'title'],
    rows: [[task.id, session.id, task.title]],
  })
  if (resumed) output.note(`it was started before, and its session goes on: attempt ${task.attempts}`)
  output.note(
    `next: waymark brief ${short(session.id)}, then waymark graph complete ${short(view.sessionId)} ${task.id} --result <text>`,
  )
}

/** Where the graph stands after a task of it changed. */
export async function printChange(output: Output, taskId: string, view: GraphView): Promise<void> {
  const { sessionId, ready, counts, finished, nodes } = view
  if (output.json) {
    await output.document({ sessionId, taskId, ready, counts, finished })
    return
  }
  const node = nodes.find(({ id }) => id === taskId)
  if (node !== undefined) {
    await output.line([{ text: `${node.id}: ${nodeRemark(node)}`, tone: toneOfStanding[node.standing] }])
  }
  output.note(finished ? 'everything is completed or cancelled' : `tasks: ${countsText(view)}`)
}

export async function printReclaimed(
  output: Output,
  reclaimed: readonly Reclaimed[],
  view: GraphView,
): Promise<void> {
  if (output.json) {
    await output.document({ sessionId: view.sessionId, reclaimed, ready: view.ready, counts: view.counts })
    return
  }
  if (reclaimed.length > 0) {
    await output.table({
      columns: ['task', 'agent', 'work session', 'reason', 'now'],
      rows: reclaimed.map(({ taskId, agent, workSessionId, reason, ready }) => [
        taskId,
        agent,
        workSessionId,
        reason,
        ready ? { text: 'ready', tone: 'good' } : { text: 'failed: it was started too often', tone: 'bad' },
      ]),
    })
  }
  output.note(reclaimed.length === 0 ? 'every worker is there' : `tasks: ${countsText(view)}`)
}

function short(sessionId: string): string {
  return sessionId.slice(0, 'sess_'.length + 8)
}
