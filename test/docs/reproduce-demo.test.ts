/**
 * Goal: `npm run example:reproduce` does what its page says: a bug planted in a machine becomes a test that fails, and passes once the
 * machine is mended. Method: run it as a reader would, on the built package; vitest runs the written test in the example's own project.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, textOf } from './example-blocks.ts'

describe('examples/reproduce', () => {
  it('cuts a session down to the bug, and its test fails until the machine is mended', {
    timeout: 180_000,
  }, () => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'examples/reproduce/run.mjs')],
      {
        cwd: root,
        encoding: 'utf8',
      },
    )
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(
      /6 of the \d+ commands up to version \d+, those at 1, .*; none of them can be left out/,
    )
    expect(stdout).toContain('this module:   task.unblocked {"taskId":"T1","status":"in_progress"}')
    const [, failing = '', passing = ''] = stdout.split('$ npx vitest run')
    expect(failing).toMatch(/Tests {2}1 failed/)
    expect(failing).toMatch(/- +"status": "token_warning"/)
    expect(passing).toMatch(/Tests {2}1 passed/)
  })

  it('is a command that package.json and the page name', () => {
    expect(textOf('package.json')).toContain('"example:reproduce"')
    expect(textOf('docs/reproduce.md')).toContain('npm run example:reproduce')
  })
})
