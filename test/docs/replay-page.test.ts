/**
 * What docs/replay.md shows is what the command shows.
 *
 * Goal: the screen and the picture on the page are real. Method: the sample transcript is imported, the player's screen is drawn at one of its
 * places, and its tasks' way through their machine; both are put into the page, and the page compared. `npm run docs` writes them.
 */
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { emptyBar, marked } from '../../src/cli/player/bar.ts'
import { beginning } from '../../src/cli/player/model.ts'
import { playerLines } from '../../src/cli/player/view.ts'
import { machineShape } from '../../src/decide/machine-shape.ts'
import { budgetPhases } from '../../src/events/usage.ts'
import { importFiles } from '../../src/import/import.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { machineUse } from '../../src/replay/machine-path.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { machineGraph } from '../../src/views/machine-graph.ts'
import { machineMermaid } from '../../src/views/machine-graph-text.ts'
import { root, textOf } from './example-blocks.ts'

async function sample() {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log })
  await importFiles(log, waymark.environment, [join(root, 'examples/transcripts')])
  let sessionId = ''
  for await (const { sessionId: id, summary } of waymark.sessions()) {
    if (summary?.parentSessionId === null) sessionId = id
  }
  return { log, session: await waymark.openSession(sessionId) }
}

describe('docs/replay.md', () => {
  it('shows the screen of the player and the way of the tasks as they are', async () => {
    const { log, session } = await sample()
    const stepper = await session.stepper()
    let bar = emptyBar(stepper.newest)
    while ((await stepper.next()) !== null) {
      const { from, version, state } = stepper.here
      bar = marked(bar, from + 1, version, budgetPhases.indexOf(state.window.phase))
    }
    await stepper.to(0)
    await stepper.nextChangeOf('window.phase')
    await stepper.nextChangeOf('window.phase')
    const about = { title: null, newest: stepper.newest, speed: 4, playing: true }
    const lines = playerLines(beginning(stepper.here, about), bar, { columns: 100, rows: 26 })
    const screen = lines
      .map((line) =>
        line
          .map(({ text }) => text)
          .join('')
          .trimEnd(),
      )
      .join('\n')
    const { use } = await machineUse(log, session.id, 'task')
    const drawn = machineMermaid(machineGraph(machineShape('task'), use))
    expect(screen).toContain('budget')
    expect(bar.places).not.toContain(null)
    expect(drawn).toContain('×')
    const page = textOf('docs/replay.md')
      .replace(/```text\n[\s\S]*?```/, () => `\`\`\`text\n${screen}\n\`\`\``)
      .replace(/```mermaid\n[\s\S]*?```/, () => `\`\`\`mermaid\n${drawn}\n\`\`\``)
    await expect(page).toMatchFileSnapshot('../../docs/replay.md')
  })
})
