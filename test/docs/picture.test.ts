/**
 * docs/timeline.svg is what the command prints.
 *
 * Goal: the picture is real. Method: import the sample transcript into a new home, draw what `waymark log` prints, compare.
 * `npm run docs` writes it.
 */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot, temporaryHome } from '../support/processes.ts'
import { runsOf, terminalPicture } from './picture.ts'

/** Lines that fit on a page. */
const linesMax = 32

describe('docs/timeline.svg', () => {
  it('is what waymark log prints of the sample', async () => {
    const { home, remove } = await temporaryHome()
    const env = { ...process.env, WAYMARK_HOME: home, WAYMARK_LAYOUT: 'aligned', FORCE_COLOR: '1' }
    const waymark = (...args: readonly string[]) =>
      execFileSync(process.execPath, [join(projectRoot, 'dist/cli/main.js'), ...args], {
        env,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      })
    waymark('import', join(projectRoot, 'examples/transcripts'))
    const sessions: readonly { readonly sessionId: string; readonly parentSessionId: string | null }[] =
      JSON.parse(waymark('list', '--json'))
    const session = sessions.find(({ parentSessionId }) => parentSessionId === null)
    const name = session?.sessionId.slice(0, 13) ?? ''
    const lines = waymark('log', name).trimEnd().split('\n').slice(0, linesMax)
    await remove()
    expect(lines.length).toBeGreaterThan(10)
    await expect(terminalPicture(`waymark log ${name}`, lines)).toMatchFileSnapshot('../../docs/timeline.svg')
  })
})

describe('the drawing', () => {
  it('keeps text and colours, and leaves no control character', () => {
    expect(runsOf('a\u001b[2mb\u001b[22m \u001b[1m\u001b[31mc\u001b[39m\u001b[22m')).toEqual([
      { text: 'a', style: '' },
      { text: 'b', style: ' fill="#8b949e"' },
      { text: ' ', style: '' },
      { text: 'c', style: ' fill="#ff7b72" font-weight="bold"' },
    ])
    const svg = terminalPicture('waymark log x', ['<a> & \u001b[32mb\u001b[39m', 'x'.repeat(300)])
    expect(svg).toContain('<tspan>&lt;a&gt; &amp; </tspan><tspan fill="#7ee787">b</tspan>')
    expect(svg).toContain(`${'x'.repeat(117)}…`)
    expect(svg).not.toContain('\u001b')
  })
})
