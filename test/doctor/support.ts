/** A healthy home in a place of its own, ways to damage it for real, and examinations that look at nothing else of this machine. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Examination, type ExaminationOptions, examine } from '../../src/doctor/examine.ts'
import type { Finding } from '../../src/doctor/finding.ts'
import { parseCommand } from '../../src/events/commands.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import { type SessionOptions, Waymark } from '../../src/session/waymark.ts'
import { standardDriver } from '../store/files.ts'
import { projectRoot } from '../support/processes.ts'

export interface Place {
  readonly folder: string
  readonly userFolder: string
  readonly home: string
  /** Where the sessions lie. */
  readonly sessions: string
  readonly store: string
  /** The session that is there from the beginning, sound and with nothing open. */
  readonly sessionId: string
  readonly library: <T>(work: (waymark: Waymark) => Promise<T>, options?: OpenOptions) => Promise<T>
  readonly session: (options?: SessionOptions) => Promise<string>
  readonly send: (sessionId: string, ...commands: readonly object[]) => Promise<void>
  readonly examine: (options?: ExaminationOptions) => Promise<Examination>
  readonly tamper: (sql: string) => Promise<void>
  readonly git: (...args: readonly string[]) => string
}

export async function makePlace(): Promise<Place> {
  const base = realpathSync(mkdtempSync(join(tmpdir(), 'waymark-doctor-')))
  onTestFinished(() => rmSync(base, { recursive: true, force: true }))
  const [folder, userFolder] = [join(base, 'project'), join(base, 'user')]
  for (const path of [folder, userFolder]) mkdirSync(path)
  const home = join(folder, '.moai')
  const sessions = join(home, 'sessions')
  const store = join(sessions, 'waymark.db')
  const library: Place['library'] = async (work, options = {}) => {
    const waymark = await Waymark.open({ home, ...options })
    try {
      return await work(waymark)
    } finally {
      await waymark.close()
    }
  }
  const sessionId = await library(async (waymark) => {
    const session = await waymark.createSession({ title: 'sound' })
    await session.send({ type: 'task.add', taskId: 'T-1', title: 'first' })
    await session.send({ type: 'prompt.submit', content: 'What is to be done?' })
    await session.checkpoint()
    return session.id
  })
  return {
    folder,
    userFolder,
    home,
    sessions,
    store,
    sessionId,
    library,
    session: (about) => library(async (waymark) => (await waymark.createSession(about)).id),
    send: (id, ...commands) =>
      library(async (waymark) => {
        const session = await waymark.openSession(id)
        for (const command of commands) await session.send(parseCommand(command))
      }),
    examine: (options) => examine({ folder, userFolder, environment: {}, ...options }),
    tamper: async (sql) => {
      const connection = (await standardDriver()).open(store, 'read-write')
      connection.exec('PRAGMA foreign_keys = OFF')
      connection.exec(sql)
      connection.close()
    },
    git: (...args) => execFileSync('git', [...args], { cwd: folder, encoding: 'utf8', env: gitEnvironment }),
  }
}

const gitEnvironment = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  GIT_AUTHOR_NAME: 'n',
  GIT_AUTHOR_EMAIL: 'e',
  GIT_COMMITTER_NAME: 'n',
  GIT_COMMITTER_EMAIL: 'e',
}

export function ofCode({ findings }: Examination, code: string): readonly Finding[] {
  return findings.filter((finding) => finding.code === code)
}

/** A clock that stands so many minutes after now. */
export function later(minutes: number) {
  return { now: () => new Date(Date.now() + minutes * 60_000).toISOString() }
}

/** A process that has a session open, after it has sent commands to it. */
export async function hanging(
  { home }: Place,
  sessionId: string,
  commands: readonly object[],
): Promise<{ readonly child: ChildProcess; readonly kill: () => Promise<void> }> {
  const script = join(projectRoot, 'test/doctor/workers/hang.mjs')
  const child = spawn(process.execPath, [script, home, sessionId, JSON.stringify(commands)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = new Promise<void>((resolve) => {
    child.on('close', () => resolve())
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', () => resolve())
    child.on('exit', (code) => reject(new Error(`the worker ended with ${code}`)))
  })
  return {
    child,
    kill: async () => {
      child.kill('SIGKILL')
      await closed
    },
  }
}

/** The id of a process that has ended. */
export function idOfGoneProcess(): number {
  return Number(
    execFileSync(process.execPath, ['-e', 'process.stdout.write(String(process.pid))'], { encoding: 'utf8' }),
  )
}
