/** A process that is asked one thing after the other, while a test lets its disk fail or its clock jump. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { projectRoot } from '../support/processes.ts'

const answerShape = z.union([
  z.object({ ok: z.unknown() }),
  z.object({
    error: z.object({
      name: z.string(),
      code: z.string().nullable(),
      message: z.string(),
      hint: z.string().nullable(),
    }),
  }),
])

/** What the process threw. */
class RemoteError extends Error {
  readonly code: string | null
  readonly hint: string | null
  constructor(error: { name: string; code: string | null; message: string; hint: string | null }) {
    super(error.message)
    this.name = error.name
    this.code = error.code
    this.hint = error.hint
  }
}

export interface Remote {
  /** @throws RemoteError */
  ask(what: string, about?: Readonly<Record<string, unknown>>): Promise<unknown>
  kill(): Promise<void>
  /** Lets it end. Gives what it wrote to stderr. */
  end(): Promise<string>
}

/** Starts `workers/serve.mjs`, by a program that starts it where one is given. */
export function startRemote(
  home: string,
  environment: Readonly<Record<string, string>> = {},
  by: readonly string[] = [],
): Remote {
  const serve = [process.execPath, join(projectRoot, 'test/support/workers/serve.mjs'), home]
  const [program = '', ...args] = [...by, ...serve]
  const child = spawn(program, args, { env: { ...process.env, ...environment } })
  const ended = endOf(child)
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    ask: async (what, about = {}) => {
      child.stdin.write(`${JSON.stringify({ ask: what, ...about })}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`the process has ended: ${await ended}`)
      const answer = answerShape.parse(JSON.parse(value))
      if ('error' in answer) throw new RemoteError(answer.error)
      return answer.ok
    },
    kill: async () => {
      child.kill('SIGKILL')
      await ended
    },
    end: async () => {
      child.stdin.end()
      return ended
    },
  }
}

async function endOf(child: ChildProcess): Promise<string> {
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  return stderr
}

/** The kind of error that Waymark throws for a fault: with a code from a list, and with what to do. */
export async function expectFault(
  asked: Promise<unknown>,
  codes: readonly string[],
  when: string,
): Promise<void> {
  const error = await asked.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof RemoteError))
    throw new Error(`${when}: ${codes.join(' or ')} was expected, got ${String(error)}`)
  const { name, code, hint, message } = error
  const isTold =
    codes.includes(code ?? '') && hint !== null && ['WaymarkError', 'DamagedRecord'].includes(name)
  if (!isTold)
    throw new Error(`${when}: ${codes.join(' or ')} was expected, got ${name} ${code}: ${message} (${hint})`)
}

/** How a file system of its own can be had here for one process and those it starts, or why it cannot. */
export const ownMounts = findOwnMounts()

function findOwnMounts(): { readonly by: readonly string[] } | { readonly missing: string } {
  for (const flags of [['-m'], ['-Urm']]) {
    try {
      execFileSync('unshare', [...flags, 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', '/mnt'], {
        stdio: 'pipe',
      })
      return { by: ['unshare', ...flags] }
    } catch {}
  }
  return { missing: 'no file system can be mounted here' }
}
