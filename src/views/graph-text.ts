/** A graph as people read it: a drawing in plain text, and Mermaid for pages that draw it. */
import type { GraphNode, GraphView, NodeStanding } from './graph.ts'
import { namesText, type Tone } from './text.ts'

export interface GraphLine {
  readonly text: string
  readonly tone: Tone
}

export const toneOfStanding: Readonly<Record<NodeStanding, Tone>> = {
  ready: 'strong',
  running: 'notice',
  blocked: 'warning',
  waiting: 'quiet',
  'held-up': 'warning',
  failed: 'bad',
  cancelled: 'quiet',
  completed: 'good',
}

const signOf: Readonly<Record<NodeStanding, string>> = {
  ready: '○',
  running: '▶',
  blocked: '‖',
  waiting: '·',
  'held-up': '!',
  failed: '✗',
  cancelled: '-',
  completed: '✓',
}

const remarkOf: Readonly<Record<NodeStanding, (node: GraphNode) => string>> = {
  ready: ({ attempts }) => (attempts > 0 ? `ready again, after ${attemptsText(attempts)}` : 'ready'),
  running: (node) => `running${byWhom(node)}`,
  blocked: ({ reason }) => `blocked: ${reason ?? 'no reason given'}`,
  waiting: ({ waitsFor }) => `waits for ${namesText(waitsFor)}`,
  'held-up': ({ heldUpBy }) => `held up by ${namesText(heldUpBy)}`,
  failed: ({ reason, retryable }) =>
    `failed: ${reason ?? 'no reason given'}${retryable === true ? ', can be retried' : ''}`,
  cancelled: () => 'cancelled',
  completed: (node) => `completed${byWhom(node)}`,
}

/** What there is to say of a node beside its title. */
export function nodeRemark(node: GraphNode): string {
  return remarkOf[node.standing](node)
}

/** Characters of `sess_` and as much of the id as people type. */
const shortIdCharacters = 13

function byWhom({ agent, workSessionId, attempts }: GraphNode): string {
  const again = attempts > 1 ? `, attempt ${attempts}` : ''
  const where = workSessionId === null ? '' : ` in ${workSessionId.slice(0, shortIdCharacters)}`
  return `${agent === null ? '' : ` by ${agent}`}${where}${again}`
}

function attemptsText(attempts: number): string {
  return attempts === 1 ? 'one attempt' : `${attempts} attempts`
}

/** Names of dependencies that one line of the drawing shows. */
const arrowsMax = 6

/**
 * The graph level by level, one line a node: its sign, its id, what it comes after, and where it stands.
 *
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'api', title: 'Write the API' })
 * graphLines(graphOf(session.state)).map(({ text }) => text) // ['level 1', '  ○ api: Write the API (ready)']
 * ```
 */
export function graphLines(view: GraphView): readonly GraphLine[] {
  const lines: GraphLine[] = []
  let level = 0
  for (const node of view.nodes) {
    if (node.level !== level) {
      level = node.level
      lines.push({ text: `level ${level}`, tone: 'quiet' })
    }
    const after = node.dependsOn.length === 0 ? '' : ` ← ${namesText(node.dependsOn, arrowsMax)}`
    const title = node.title === node.id ? '' : `: ${node.title}`
    const text = `  ${signOf[node.standing]} ${node.id}${title}${after} (${nodeRemark(node)})`
    lines.push({ text, tone: toneOfStanding[node.standing] })
  }
  return lines
}

const mermaidStyles: Readonly<Record<NodeStanding, string>> = {
  ready: 'fill:#ffffff,stroke:#333333,stroke-width:2px',
  running: 'fill:#cfe8ff,stroke:#1f6feb',
  blocked: 'fill:#fff3c4,stroke:#9a6700',
  waiting: 'fill:#f6f8fa,stroke:#8c959f',
  'held-up': 'fill:#fff3c4,stroke:#9a6700,stroke-dasharray:4',
  failed: 'fill:#ffd7d5,stroke:#cf222e',
  cancelled: 'fill:#f6f8fa,stroke:#8c959f,stroke-dasharray:4',
  completed: 'fill:#d4f8d4,stroke:#1a7f37',
}

/** The graph as a Mermaid flowchart: an arrow from each node to those that wait for it. */
export function graphMermaid({ nodes }: GraphView): string {
  const names = new Map(nodes.map(({ id }, index) => [id, `n${index}`]))
  const lines = ['flowchart LR']
  for (const node of nodes) {
    const title = node.title === node.id ? '' : `<br>${mermaidText(node.title)}`
    lines.push(`  ${names.get(node.id)}["${mermaidText(node.id)}${title}"]:::${classOf(node.standing)}`)
  }
  for (const { id, dependsOn } of nodes) {
    for (const other of dependsOn) {
      if (names.has(other)) lines.push(`  ${names.get(other)} --> ${names.get(id)}`)
    }
  }
  const used = [...new Set(nodes.map(({ standing }) => standing))].sort()
  for (const standing of used) lines.push(`  classDef ${classOf(standing)} ${mermaidStyles[standing]}`)
  return lines.join('\n')
}

function classOf(standing: NodeStanding): string {
  return standing.replace('-', '')
}

/** What Mermaid would read as its own signs, and what would break a line, as character references. */
function mermaidText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:;!?/()+=_@-]/gu, (sign) => `#${sign.codePointAt(0) ?? 63};`)
}
