/** Child processes for tests that need real ones: started, read line by line, killed, waited for. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const projectRoot = fileURLToPath(new URL('../../', import.meta.url))

/** A folder for one test, and the way to take it away again. */
export async function temporaryHome(): Promise<{
  readonly home: string
  readonly remove: () => Promise<void>
}> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-test-'))
  return { home: join(folder, '.moai'), remove: async () => rm(folder, { recursive: true, force: true }) }
}

export interface Worker {
  readonly child: ChildProcess
  /** Lines printed so far. */
  readonly lines: readonly string[]
  /** Resolves with exit code or signal when the process has ended and everything it printed was read. */
  readonly ended: Promise<{
    readonly code: number | null
    readonly signal: NodeJS.Signals | null
    readonly stderr: string
  }>
}

/** Starts one of `test/support/workers`. It runs on the built package, as a user's program would. */
export function startWorker(name: string, ...args: readonly string[]): Worker {
  return startWorkerWith({}, name, ...args)
}

/** The same, with variables added to its environment. */
export function startWorkerWith(
  environment: Readonly<Record<string, string>>,
  name: string,
  ...args: readonly string[]
): Worker {
  const child = spawn(process.execPath, [join(projectRoot, 'test/support/workers', name), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  })
  const lines: string[] = []
  let rest = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const pieces = (rest + text).split('\n')
    rest = pieces.pop() ?? ''
    lines.push(...pieces)
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>(
    (resolve, reject) => {
      child.on('error', reject)
      child.on('close', (code, signal) => resolve({ code, signal, stderr }))
    },
  )
  return { child, lines, ended }
}

/** Waits until a condition holds, looking every few milliseconds; fails after a time with what it waited for. */
export async function until(condition: () => boolean, whatFor: string, timeoutMs = 20_000): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > timeoutMs) throw new Error(`waited ${timeoutMs} ms for ${whatFor}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
