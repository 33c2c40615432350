/**
 * The pictures of the machines are drawn from the machines.
 *
 * Goal: no picture in the pages tells another machine than the one that decides. Method: draw each anew, put it in the place of the
 * page's first diagram, compare the page. `npm run docs` writes them.
 */
import { describe, expect, it } from 'vitest'
import { machineNames, machineShape } from '../../src/decide/machine-shape.ts'
import { machineGraph } from '../../src/views/machine-graph.ts'
import { machineMermaid } from '../../src/views/machine-graph-text.ts'
import { textOf } from './example-blocks.ts'

const diagram = /```mermaid\n[\s\S]*?```/

describe('docs/spec', () => {
  it.each(machineNames)('draws the %s machine as it is', async (name) => {
    const page = textOf(`docs/spec/${name}.md`)
    expect(page).toMatch(diagram)
    const drawn = machineMermaid(machineGraph(machineShape(name), null))
    const redrawn = page.replace(diagram, () => `\`\`\`mermaid\n${drawn}\n\`\`\``)
    await expect(redrawn).toMatchFileSnapshot(`../../docs/spec/${name}.md`)
  })
})
