/**
 * Named points at which a process can be killed. A run that is left alone tells which calls there are; each is a point or two, and
 * a test kills a process of its own at each that it chose.
 */
import { readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import { type CallKind, type Fate, interposerIn } from './interposer.ts'
import type { Worker } from './processes.ts'

/** A way for a process to die. */
interface Death {
  readonly name: string
  /** Which of the calls it is, counted from 1. */
  readonly at: number
  readonly fate: Fate
  readonly path: string
}

type Named = Pick<Death, 'name' | 'fate'>

const around = (what: string): readonly Named[] => [
  { name: `before ${what}`, fate: 'kill-before' },
  { name: `after ${what}`, fate: 'kill-after' },
]

/** The calls at which processes are killed. */
const pointCalls = ['write', 'fsync', 'truncate', 'rename', 'unlink'] as const satisfies readonly CallKind[]

const deaths: Readonly<Record<(typeof pointCalls)[number], readonly Named[]>> = {
  write: [
    { name: 'before a write', fate: 'kill-before' },
    { name: 'in the middle of a write', fate: 'tear' },
  ],
  fsync: [
    { name: 'between write and fsync', fate: 'kill-before' },
    { name: 'after an fsync, before anybody is told', fate: 'kill-after' },
  ],
  truncate: around('a truncation'),
  rename: around('a rename'),
  unlink: around('the end of a file'),
}

function isPointCall(call: string): call is keyof typeof deaths {
  return Object.hasOwn(deaths, call)
}

/** All deaths that the calls of a run make possible. */
function deathsIn(trace: string): readonly Death[] {
  return readFileSync(trace, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [number = '', call = '', ...path] = line.split(' ')
      const named = isPointCall(call) ? deaths[call] : []
      return named.map((death) => ({ ...death, at: Number(number), path: path.join(' ') }))
    })
}

/**
 * The deaths that a run's trace makes possible: of each name so many, evenly chosen over the run, or every one with
 * `WAYMARK_CRASH_POINTS=all`.
 */
function chosenDeaths(trace: string, perNameMax: number): readonly Death[] {
  const all = deathsIn(trace)
  if (process.env.WAYMARK_CRASH_POINTS === 'all') return all
  return [...new Set(all.map(({ name }) => name))].flatMap((name) => {
    const same = all.filter((death) => death.name === name)
    const count = Math.min(perNameMax, same.length)
    const places = Array.from({ length: count }, (_, n) => Math.floor(((n + 0.5) * same.length) / count))
    return places.flatMap((place) => same.slice(place, place + 1))
  })
}

/** Two at a time: a process that starts keeps one core busy. */
async function inPairs<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const next = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all([next(), next()])
}

/** The files of a home's log. */
export const storeFiles = '*/waymark.db*'

/** What a killed process left behind. */
interface Killed {
  readonly home: string
  readonly death: Death
  readonly lines: readonly string[]
}

interface PointsOptions {
  /** The home that each process gets a copy of. */
  readonly original: string
  /** Calls about paths like this are points. */
  readonly files: string
  /** Deaths of each name, unless all are wanted. */
  readonly perNameMax: number
}

/**
 * Runs a worker on copies of a home: once alone, then once for each death, and hands over what each left behind.
 *
 * @returns the deaths that were chosen.
 */
export async function killedAtPoints(
  { original, files, perNameMax }: PointsOptions,
  start: (home: string, environment: Readonly<Record<string, string>>) => Worker,
  look: (killed: Killed) => Promise<void>,
): Promise<readonly Death[]> {
  const folder = dirname(original)
  const trace = join(folder, 'trace')
  const copyFor = async (name: string): Promise<string> => {
    const home = join(folder, name, '.moai')
    await cp(original, home, { recursive: true })
    return home
  }
  const alone = interposerIn(folder)
  alone.order({ path: files, calls: pointCalls, trace })
  expect(await start(await copyFor('alone'), alone.environment).ended).toMatchObject({ code: 0, stderr: '' })
  const deaths = chosenDeaths(trace, perNameMax)
  await inPairs(deaths, async (death) => {
    const { name, at, fate } = death
    const home = await copyFor(`${name}-${at}`)
    const killer = interposerIn(folder)
    killer.order({ path: files, calls: pointCalls, at, fate })
    const worker = start(home, killer.environment)
    const { signal, stderr } = await worker.ended
    expect([name, at, signal, stderr]).toEqual([name, at, 'SIGKILL', ''])
    await look({ home, death, lines: worker.lines })
  })
  return deaths
}
