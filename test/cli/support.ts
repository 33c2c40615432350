/** Runs the real command in places of its own: a temporary folder to stand in, a temporary home folder of the user. */
import { execFileSync, spawn } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { z } from 'zod'
import { parseCommand } from '../../src/events/commands.ts'
import { type SessionOptions, Waymark } from '../../src/session/waymark.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
/** The built command. */
export const command = join(root, 'dist/cli/main.js')

/** Milliseconds that a build by another test file may take. */
const buildWaitMs = 120_000

/** Builds the command when it is not there or older than its sources; test files that come at once build once. */
export async function built(): Promise<void> {
  const lock = join(tmpdir(), `waymark-build-${root.replaceAll(/[^A-Za-z0-9]+/g, '-')}`)
  for (let waitedMs = 0; !isBuilt(); waitedMs += 200) {
    try {
      mkdirSync(lock)
    } catch {
      if (waitedMs > buildWaitMs) rmdirSync(lock)
      await sleep(200)
      continue
    }
    try {
      execFileSync(process.execPath, [join(root, 'node_modules/vite/bin/vite.js'), 'build'], {
        cwd: root,
        stdio: 'pipe',
      })
    } finally {
      rmdirSync(lock)
    }
  }
}

function isBuilt(): boolean {
  if (!existsSync(command)) return false
  const builtMs = statSync(command).mtimeMs
  return ['src', 'machines'].every((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ts') && !path.startsWith('testing'))
      .every((path) => statSync(join(root, folder, path)).mtimeMs <= builtMs),
  )
}

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface Place {
  /** The folder the command is run in. */
  readonly folder: string
  /** The home that `init` makes there. */
  readonly home: string
  /** What the operating system says is the user's home folder. */
  readonly userFolder: string
  run(args: readonly string[], options?: RunOptions): Promise<Ended>
  start(args: readonly string[], options?: RunOptions): Running
  /** Runs with `--json`, expects success, and takes the answer in. */
  json<S extends z.ZodType>(shape: S, ...args: string[]): Promise<z.infer<S>>
  /** Works with the home through the library: another process than the command, and quicker. */
  library<T>(work: (waymark: Waymark) => Promise<T>): Promise<T>
  /** Begins a session through the library and gives its id. */
  session(options?: SessionOptions): Promise<string>
  /** Records commands through the library. */
  send(sessionId: string, ...commands: readonly object[]): Promise<void>
}

/** A command that goes on running. */
export interface Running {
  readonly ended: Promise<Ended>
  stdout(): string
  write(text: string): void
  closeInput(): void
  kill(signal: NodeJS.Signals): void
  /** Waits until stdout holds so many lines. */
  lines(count: number): Promise<readonly string[]>
  /** Closes the reading end of stdout once a line has come, as `head -1` does. */
  endedAfterFirstLine(): Promise<Omit<Ended, 'stdout'>>
}

/** A temporary place; with a home unless it is to be bare. */
export async function makePlace(options: { readonly bare?: boolean } = {}): Promise<Place> {
  await built()
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'waymark-cli-')))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const folder = join(base, 'project')
  const userFolder = join(base, 'user')
  for (const path of [folder, userFolder]) mkdirSync(path)
  const place: Place = {
    folder,
    home: join(folder, '.moai'),
    userFolder,
    start: (args, runOptions = {}) => start(place, args, runOptions),
    run: (args, runOptions = {}) => {
      const running = start(place, args, runOptions)
      running.closeInput()
      return running.ended
    },
    json: async (shape, ...args) => {
      const { code, stdout, stderr } = await place.run([...args, '--json'])
      if (code !== 0) throw new Error(`waymark ${args.join(' ')} ended with ${code}: ${stderr}`)
      return shape.parse(JSON.parse(stdout))
    },
    library: async (work) => {
      const waymark = await Waymark.open({ home: place.home })
      try {
        return await work(waymark)
      } finally {
        await waymark.close()
      }
    },
    session: (about) => place.library(async (waymark) => (await waymark.createSession(about)).id),
    send: (sessionId, ...commands) =>
      place.library(async (waymark) => {
        const session = await waymark.openSession(sessionId)
        await Promise.all(commands.map((command) => session.send(parseCommand(command))))
      }),
  }
  if (options.bare !== true) await place.library(async () => {})
  return place
}

function start(place: Place, args: readonly string[], { input, cwd, environment = {} }: RunOptions): Running {
  const { PATH = '', SystemRoot, ELECTRON_RUN_AS_NODE: _unused } = process.env
  const child = spawn(process.execPath, [command, ...args], {
    cwd: cwd ?? place.folder,
    env: {
      PATH,
      HOME: place.userFolder,
      ...(SystemRoot === undefined ? {} : { SystemRoot }),
      ...environment,
    },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  // A command that ends before it has read its input closes the pipe.
  child.stdin.on('error', () => {})
  if (input !== undefined) child.stdin.write(input)
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
  return {
    ended,
    endedAfterFirstLine: async () => {
      while (!stdout.includes('\n')) await sleep(1)
      child.stdout.destroy()
      const { code } = await ended
      return { code, stderr }
    },
    stdout: () => stdout,
    write: (text) => void child.stdin.write(text),
    closeInput: () => void child.stdin.end(),
    kill: (signal) => void child.kill(signal),
    lines: async (count) => {
      for (;;) {
        const lines = stdout.split('\n').slice(0, -1)
        if (lines.length >= count) return lines
        if (child.exitCode !== null)
          throw new Error(`ended with ${child.exitCode} before line ${count}: ${stderr}`)
        await sleep(10)
      }
    },
  }
}

/** Objects of a stream of JSON, one a line. */
export function ndjson<S extends z.ZodType>(shape: S, text: string): z.infer<S>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => shape.parse(JSON.parse(line)))
}
