/**
 * What the README shows happens.
 *
 * Goal: `npm start` and the embedding examples do what they say, and the README shows their real output and code.
 * Method: run them as a reader would, on the built package. Figures, times and ids are not compared.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root, textOf } from './example-blocks.ts'

const readme = textOf('README.md')

function run(
  file: string,
  ...args: readonly string[]
): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, file), ...args], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

/** A line without what differs from run to run. */
function shapeOf(line: string): string {
  return line
    .trim()
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{8,}/g, '#')
    .replaceAll(/\/\S+/g, '/#')
    .replaceAll(/\d[\d,.:-]*/g, '#')
    .replaceAll(/ +/g, ' ')
}

describe('npm start', () => {
  it('does the main job, and the README shows what it prints', { timeout: 120_000 }, () => {
    const { status, stdout, stderr } = run('examples/main-job/run.mjs')
    expect([status, stderr]).toEqual([0, ''])
    const printed = stdout.split('\n').map(shapeOf)
    const shown = (/^```text\n([\s\S]*?)^```$/m.exec(readme)?.[1] ?? '').split('\n').map(shapeOf)
    const lines = shown.filter((line) => line !== '' && line !== '…')
    expect(lines.length).toBeGreaterThan(15)
    let from = 0
    for (const line of lines) {
      const at = printed.findIndex(
        (candidate, index) => index >= from && candidate.startsWith(line.replace(/…$/, '')),
      )
      expect(at, `"${line}" is printed after line ${from}`).toBeGreaterThanOrEqual(0)
      from = at
    }
  })

  it('fails when it cannot do it', { timeout: 60_000 }, () => {
    const { status, stderr } = run('examples/main-job/run.mjs', join(root, 'no-such-transcript.jsonl'))
    expect(status).toBe(1)
    expect(stderr).toContain('The main job failed: waymark import')
  })
})

describe('examples/embed', () => {
  it('runs a task by its machine', () => {
    const { status, stdout } = run('examples/embed/task.mjs')
    expect(status).toBe(0)
    const statuses = ['pending', 'in_progress', 'failed', 'recovered', 'in_progress', 'completed']
    expect(stdout.trim().split('\n')).toEqual(statuses)
  })

  it('tells when the window fills up', () => {
    const { status, stdout } = run('examples/embed/budget.mjs')
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toEqual([
      'half of the window is used: 55 %',
      'warning: 28000 tokens are left',
      'emergency: 86 % is used',
      'checkpoints that a policy took: 2',
    ])
  })

  it('hands a session over', () => {
    const { status, stdout } = run('examples/embed/handoff.mjs')
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toEqual([
      'offered to tester, next: write the tests',
      '# Handoff from spec-builder to tester',
      'tester holds it, epoch 2',
      'spec-builder: STALE_HOLDER',
      'handoff done',
    ])
  })

  it('runs an orchestrator loop on the log', () => {
    const { status, stdout } = run('examples/durable/loop.mjs')
    expect(status).toBe(0)
    expect(stdout.trim().split('\n').slice(-3)).toEqual([
      'done',
      "{ result: 'did: write the code, tests are missing', rounds: 1 }",
      'sent back at version 4; until then its steps were write the code',
    ])
  })

  it('waits for an approval over a stop', () => {
    const { status, stdout } = run('examples/durable/approvals.mjs')
    expect(status).toBe(0)
    const lines = stdout.trim().split('\n')
    expect(lines).toContain('1 reminder is out')
    expect(lines).toContain('approved done')
    expect(stdout).toContain('machine.timers-resumed')
  })

  it('has the task machine inside a machine of somebody else', () => {
    const { status, stdout } = run('examples/durable/parent.mjs')
    expect(status).toBe(0)
    expect(stdout.trim().split('\n')).toEqual([
      'the task is failed after 1 failure',
      'release-3: released, the task is gone',
      'the fork: working, its task is failed',
      'verified with the machine: true',
    ])
  })

  it('is what the README shows', () => {
    const [, code = ''] =
      /^\/\/.*\n\n([\s\S]*)$/.exec(readFileSync(join(root, 'examples/embed/task.mjs'), 'utf8')) ?? []
    expect(code.split('\n').length).toBeGreaterThan(15)
    expect(readme).toContain(`\`\`\`ts\n${code}\`\`\`\n`)
  })
})
