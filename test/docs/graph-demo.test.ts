/**
 * Goal: `npm run example:graph` does what its page says: three processes finish a graph though one hands a task off and one is killed.
 * Method: run it as a reader would, on the built package. It fails by itself when a task is not completed once, when something that was
 * acknowledged is not in the log, or when `verify` finds anything; here its story is read as well.
 */
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, textOf } from './example-blocks.ts'

describe('examples/graph', () => {
  it('is worked to its end by three processes, of which one is killed', { timeout: 180_000 }, () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'examples/graph/run.mjs')], {
      cwd: root,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([0, ''])
    const killed = /(\w+) is killed with SIGKILL in the middle of step 2 of search/.exec(stdout)?.[1]
    expect(['ada', 'bob', 'cay']).toContain(killed)
    const after = stdout.slice(stdout.indexOf('is killed'))
    const resumed = /(\w+) goes on with search in sess_\w+, attempt 2: 1 of 3 steps were done/.exec(
      after,
    )?.[1]
    expect(resumed).not.toBe(killed)
    const offer = /(\w+) hands page off to (\w+)/.exec(stdout)
    expect(stdout).toContain(`${offer?.[2]} goes on with page`)
    expect(stdout).toContain(`${offer?.[1]} may not write into page any more: STALE_HOLDER`)
    expect(stdout).toContain(`Draw the page of an account ← schema (completed by ${offer?.[2]} in`)
    expect(stdout).toContain(`task search failed: the process of ${killed} is gone`)
    expect(stdout).toContain('8 tasks are completed, each once')
    expect(stdout).toMatch(/everything is as it was written: \d+ sessions/)
  })

  it('is a command that package.json and the page name', () => {
    expect(textOf('package.json')).toContain('"example:graph"')
    expect(textOf('docs/graphs.md')).toContain('npm run example:graph')
  })
})
