/** A real pseudo-terminal for the command, by `script` of util-linux: keys go in, and what stands on the screen can be read. */
import { execFileSync, spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, type Place } from './support.ts'

/** Why there is no pseudo-terminal to be had here; `null` when there is one. */
export function whyNoTerminal(): string | null {
  try {
    const version = execFileSync('script', ['--version'], { encoding: 'utf8', stdio: 'pipe' })
    return version.includes('util-linux') ? null : `script is not that of util-linux: ${version.trim()}`
  } catch {
    return 'there is no script of util-linux here'
  }
}

export interface TerminalOptions {
  readonly columns?: number
  readonly rows?: number
  readonly environment?: Readonly<Record<string, string>>
}

export interface PlayedScreen {
  /** The lines that stand on the screen now. */
  screen(): readonly string[]
  /** Everything that was written, escapes included. */
  written(): string
  type(keys: string): void
  /** Waits until the screen says something. */
  shows(pattern: RegExp): Promise<readonly string[]>
  /** Makes the terminal another size. */
  resize(columns: number, rows: number): void
  /** Sends a signal to the command itself. */
  signal(name: NodeJS.Signals): void
  readonly ended: Promise<number | null>
}

/** Milliseconds that a screen may take to say something, on a busy machine. */
const waitMs = 20_000

/** Runs `waymark` with arguments in a terminal of its own. */
export function inTerminal(
  place: Place,
  args: readonly string[],
  options: TerminalOptions = {},
): PlayedScreen {
  const { columns = 80, rows = 24, environment = {} } = options
  const words = [process.execPath, command, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`)
  // The shell says where its terminal is and what its id is, and becomes the command.
  const line = `stty rows ${rows} cols ${columns}; echo "at $(tty) $$ end"; exec ${words.join(' ')}`
  const child = spawn('script', ['-qfec', line, '/dev/null'], {
    cwd: place.folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: place.userFolder,
      SHELL: '/bin/sh',
      TERM: 'xterm',
      ...environment,
    },
  })
  let written = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text
  })
  child.stdin.on('error', () => {})
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const said = (): readonly string[] => /at (\S+) (\d+) end/.exec(written)?.slice(1) ?? []
  const screen = (): readonly string[] => screenOf(written)
  return {
    screen,
    written: () => written,
    type: (keys) => void child.stdin.write(keys),
    async shows(pattern) {
      for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 20) {
        if (pattern.test(screen().join('\n'))) return screen()
        await sleep(20)
      }
      throw new Error(`the screen does not show ${pattern}:\n${screen().join('\n')}`)
    },
    resize: (width, height) => {
      const [terminal = ''] = said()
      execFileSync('stty', ['-F', terminal, 'rows', String(height), 'cols', String(width)])
    },
    signal: (name) => {
      const [, id = ''] = said()
      process.kill(Number(id), name)
    },
    ended,
  }
}

/** The last picture, without colours. Each begins at the upper left corner. */
function screenOf(written: string): readonly string[] {
  const corner = '\u001b[H'
  const begin = written.lastIndexOf(corner)
  const picture = begin === -1 ? written : written.slice(begin + corner.length)
  const [shown = ''] = picture.split('\u001b[J')
  return withoutEscapes(shown)
    .split('\n')
    .map((line) => line.replaceAll('\r', ''))
}

/** A text without what moves the cursor or sets colours. */
export function withoutEscapes(text: string): string {
  const [first = '', ...others] = text.split('\u001b[')
  return [first, ...others.map((part) => part.replace(/^[?0-9;]*[A-Za-z]/, ''))].join('')
}
