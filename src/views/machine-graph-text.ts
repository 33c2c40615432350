/** A machine as Mermaid, for pages that draw it, and as DOT, for Graphviz. */
import { arrowsOf, type MachineGraph } from './machine-graph.ts'

/** Steps that a drawing tells in words. */
const stepsToldMax = 20

const takenStyle = 'fill:#cfe8ff,stroke:#1f6feb,stroke-width:2px'
const takenColour = '#1f6feb'

/** A Mermaid state diagram. With a session, how often each way was taken stands at its arrow, and the states it came through are marked. */
export function machineMermaid(graph: MachineGraph): string {
  const lines = ['stateDiagram-v2', ...remarks(graph).map((remark) => `%% ${remark}`)]
  for (const { from, to, label } of arrowsOf(graph)) {
    const text = mermaidText(label)
    lines.push(`${from ?? '[*]'} --> ${to ?? '[*]'}${text === '' ? '' : `: ${text}`}`)
  }
  for (const { name, now } of graph.states) {
    if ((now ?? 0) > 0) lines.push(`${name}: ${name} (${now} now)`)
  }
  const taken = takenStates(graph)
  if (taken.length > 0) lines.push(`classDef taken ${takenStyle}`, `class ${taken.join(',')} taken`)
  const [first = '', ...others] = lines
  return [first, ...others.map((line) => `  ${line}`)].join('\n')
}

/** A directed graph in DOT. */
export function machineDot(graph: MachineGraph): string {
  const lines = [`digraph ${quoted(graph.machine)} {`, ...remarks(graph).map((remark) => `  // ${remark}`)]
  lines.push(
    '  rankdir=LR',
    '  node [shape=box, style=rounded, fontname="sans-serif"]',
    '  edge [fontname="sans-serif", fontsize=10]',
    `  ${quoted('[*]')} [shape=point, label=""]`,
  )
  const taken = new Set(takenStates(graph))
  for (const { name, final, now } of graph.states) {
    const marks = [
      ...((now ?? 0) > 0 ? [`label=${quoted(`${name} (${now} now)`)}`] : []),
      ...(final ? ['peripheries=2'] : []),
      ...(taken.has(name) ? [`color=${quoted(takenColour)}`, 'penwidth=2'] : []),
    ]
    lines.push(`  ${quoted(name)}${marks.length === 0 ? '' : ` [${marks.join(', ')}]`}`)
  }
  for (const { from, to, label, taken: isTaken } of arrowsOf(graph)) {
    // Final states have a double line; an arrow to nowhere is Mermaid's way to say so.
    if (to === null) continue
    const marks = [
      ...(label === '' ? [] : [`label=${quoted(label)}`]),
      ...(isTaken ? [`color=${quoted(takenColour)}`, 'penwidth=2'] : []),
    ]
    const text = marks.length === 0 ? '' : ` [${marks.join(', ')}]`
    lines.push(`  ${quoted(from ?? '[*]')} -> ${quoted(to)}${text}`)
  }
  return [...lines, '}'].join('\n')
}

function takenStates({ states, transitions, outside, session, initial }: MachineGraph): readonly string[] {
  const used = [...transitions.filter(({ count }) => (count ?? 0) > 0), ...outside]
  const names = new Set(used.flatMap(({ from, to }) => [from, to]))
  if ((session?.begun ?? 0) > 0) names.add(initial)
  return states.map(({ name }) => name).filter((name) => names.has(name))
}

/** What is drawn, and the way in words: of one that went it, as several ways would be told as one. */
function remarks({ machine, session }: MachineGraph): readonly string[] {
  if (session === null) return []
  const { sessionId, version, taskId, steps, stepCount } = session
  const subjects = new Set(steps.map(({ subject }) => subject))
  const about = `the ${machine} machine in ${sessionId}, up to version ${version}${taskId === null ? '' : `, task ${printable(taskId)}`}`
  if (subjects.size !== 1 || stepCount > stepsToldMax || stepCount > steps.length) return [about]
  const first = steps[0]?.from
  const way = [...(first === null || first === undefined ? [] : [first]), ...steps.map(({ to }) => to)]
  return [about, `the way: ${way.join(', ')}`]
}

/** Ids come from anywhere: nothing in them may end the remark they stand in. */
function printable(text: string): string {
  return text.replace(/[^\p{L}\p{N} ._@-]/gu, '?')
}

/** Labels of Mermaid end at a colon, a semicolon or a line end. */
function mermaidText(label: string): string {
  return label.replace(/[:;#\n]/g, ' ')
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, ' ')}"`
}
