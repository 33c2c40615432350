/**
 * Measures what Waymark promises about speed and memory, as ratios against references in the same run.
 *
 *   npm run bench                       1,000,000 events, 5,000 tasks
 *   npm run bench -- --events 20000     shorter
 *   npm run bench -- --json             the figures as JSON
 *
 * The events are resampled from transcripts: those of WAYMARK_TRANSCRIPTS if it names a folder, else the examples.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { storePathOf } from '../dist/src/session/home.js'
import { Waymark } from '../dist/src/session/waymark.js'
import { measureAppend } from './append.mjs'
import { median } from './figures.mjs'
import { measureReplay, writeJsonLines } from './replay.mjs'
import { material, writeSession } from './resample.mjs'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    tasks: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '5' },
    json: { type: 'boolean', default: false },
  },
})
const eventCount = Number(values.events)
const taskCount = Number(values.tasks)
const rounds = Number(values.rounds)
const root = fileURLToPath(new URL('../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))

function say(text) {
  process.stderr.write(`${text}\n`)
}

function transcripts() {
  const named = process.env.WAYMARK_TRANSCRIPTS
  return named !== undefined && existsSync(named) ? named : join(root, 'examples/transcripts')
}

/** Recovery of a session in fresh processes: median time and memory, less what an idle one takes. */
function recoveryOf(home, sessionId) {
  const runs = []
  for (let round = 0; round < rounds; round++) {
    const output = execFileSync(process.execPath, [
      join(root, 'bench/recovery.mjs'),
      storePathOf(home),
      sessionId,
    ])
    runs.push(JSON.parse(output.toString()))
  }
  return {
    ...runs[0],
    ms: median(runs.map(({ ms }) => ms)),
    memoryMiB: median(runs.map(({ memoryMiB }) => memoryMiB)),
  }
}

async function main() {
  say(`importing ${transcripts()} …`)
  const source = join(folder, 'source')
  execFileSync(process.execPath, [
    join(root, 'dist/cli/main.js'),
    'import',
    transcripts(),
    '--home',
    source,
    '--json',
  ])
  const imported = await Waymark.open({ home: source })
  const events = await material(imported)
  await imported.close()

  say('durable append …')
  const append = await measureAppend(folder, rounds * 2, 100)

  say(`writing ${eventCount} and ${eventCount / 10} events …`)
  const home = join(folder, 'home')
  const waymark = await Waymark.open({ home })
  const long = await writeSession(waymark.log, events, eventCount, taskCount)
  const short = await writeSession(waymark.log, events, eventCount / 10, taskCount)

  say('replay …')
  const lines = join(folder, 'events.ndjson')
  const hash = await writeJsonLines(waymark.log, long.sessionId, lines)
  const replay = await measureReplay(waymark.log, long.sessionId, lines, long.events, hash, rounds)
  await waymark.close()

  say('recovery …')
  const recovery = { long: recoveryOf(home, long.sessionId), short: recoveryOf(home, short.sessionId) }
  const bytes = { store: statSync(storePathOf(home)).size, file: statSync(lines).size }
  report({ append, replay, recovery, bytes, long, short, drawnFrom: events.length })
}

function report({ append, replay, recovery, bytes, long, short, drawnFrom }) {
  const rows = [
    ['durable append through session.send / write + fdatasync', append.alone / append.bare, '1.5 at most'],
    ['the same in bursts of 100, per command', append.burst / append.bare, '-'],
    [
      'replay from the store / JSON.parse of a file of the same events',
      replay.store / replay.file,
      '1.3 at most',
    ],
    ["folding through XState's transition / folding", replay.transition / replay.fold, '-'],
    [
      "folding through XState's transition / replay from the store, reading included",
      replay.transition / replay.store,
      '10 at least',
    ],
    [
      `recovery time, ${long.events} / ${short.events} events`,
      recovery.long.ms / recovery.short.ms,
      '1.2 at most',
    ],
    [`recovery memory, the same`, recovery.long.memoryMiB / recovery.short.memoryMiB, '1.2 at most'],
    ['bytes of both sessions in the store / of the long one as JSON lines', bytes.store / bytes.file, '-'],
  ]
  if (values.json) {
    const figures = { append, replay, recovery, bytes, events: { long, short }, ratios: rows }
    process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`)
    return
  }
  const width = Math.max(...rows.map(([name]) => name.length))
  for (const [name, ratio, aim] of rows) {
    process.stdout.write(`${name.padEnd(width)}  ${ratio.toFixed(2).padStart(7)}  ${aim}\n`)
  }
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  process.stdout.write(
    `\n${long.events} events drawn from ${drawnFrom}, ${taskCount} tasks, Node ${process.version}, `,
  )
  process.stdout.write(`${cpus().length} × ${model}, medians of ${rounds} rounds.\n`)
  const us = (ms) => (ms * 1_000).toFixed(0)
  process.stdout.write(
    `write + fdatasync here: ${us(append.bare)} µs; session.send: ${us(append.alone)} µs.\n`,
  )
  process.stdout.write(
    'Not measured: several writing processes, cold caches, other file systems, forks, events with large data.\n',
  )
}

try {
  await main()
} finally {
  rmSync(folder, { recursive: true, force: true })
}
