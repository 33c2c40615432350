/**
 * Measures what Waymark promises about speed and size, as ratios against references in the same run, and prints one table.
 *
 *   npm run bench                                   1,000,000 events, 5,000 tasks, everything
 *   npm run bench -- --events 20000 --rounds 3      shorter
 *   npm run bench -- --only replay --only emmett    parts of it
 *   npm run bench -- --json                         the rows as JSON; --markdown for a page
 *   npm run bench -- --baseline                     keeps the ratios for later runs to compare with
 *
 * The events are resampled from transcripts: those of WAYMARK_TRANSCRIPTS if it names a folder, else the examples.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import * as append from './append.mjs'
import { differences, readBaseline, writeBaseline } from './baseline.mjs'
import { countText } from './figures.mjs'
import * as machines from './machines.mjs'
import * as past from './past.mjs'
import * as castore from './peers/castore.mjs'
import * as emmett from './peers/emmett.mjs'
import * as langgraph from './peers/langgraph.mjs'
import * as xstate from './peers/xstate.mjs'
import * as recovery from './recovery.mjs'
import * as replay from './replay.mjs'
import { importMaterial, sessionMaker } from './sessions.mjs'
import { finishedRow, markdownText, tableText } from './table.mjs'
import * as verify from './verify.mjs'

/** What is measured, in this order. A part that names packages is left out where they are not installed. */
const parts = { append, replay, recovery, past, verify, machines, xstate, emmett, castore, langgraph }
const installLine = 'npm ci --prefix bench'

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '1000000' },
    tasks: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true, default: [] },
    'no-peers': { type: 'boolean', default: false },
    baseline: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
})

function wholeNumber(name) {
  const number = Number(values[name])
  if (!Number.isInteger(number) || number < 1) throw new Error(`--${name} takes a whole number from 1 on`)
  return number
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

/** The parts that are wanted; peers only where they are installed and wanted. */
function chosenParts() {
  for (const name of values.only) {
    if (!(name in parts))
      throw new Error(`no part is named ${name}: there are ${Object.keys(parts).join(', ')}`)
  }
  const wanted = Object.entries(parts).filter(
    ([name]) => values.only.length === 0 || values.only.includes(name),
  )
  const missing = wanted.filter(([, { packages = [] }]) => packages.length > 0 && !areThere(packages))
  const leftOut = missing.map(([name]) => name)
  return { chosen: wanted.filter(([name]) => !leftOut.includes(name)), leftOut }
}

function areThere(packages) {
  if (values['no-peers']) return false
  const { resolve } = createRequire(import.meta.url)
  return packages.every((name) => {
    try {
      return resolve(name) !== ''
    } catch {
      return false
    }
  })
}

async function main(folder) {
  const started = performance.now()
  const { chosen, leftOut } = chosenParts()
  const place = {
    folder,
    say,
    eventCount: wholeNumber('events'),
    taskCount: wholeNumber('tasks'),
    rounds: wholeNumber('rounds'),
  }
  const events = await importMaterial(folder, say)
  const session = sessionMaker({ ...place, events })
  const baseline = readBaseline()
  const rows = []
  for (const [name, part] of chosen) {
    say(`measuring ${name} …`)
    try {
      for (const row of await part.measure({ ...place, session })) rows.push(finishedRow(name, row, baseline))
    } catch (error) {
      // The other parts still say what they measured.
      say(`${name} failed: ${error instanceof Error ? error.stack : String(error)}`)
      process.exitCode = 1
    }
  }
  const conditions = conditionsOf(place, events.length)
  const seconds = (performance.now() - started) / 1_000
  if (values.baseline) writeBaseline(conditions, rows)
  report({ conditions, rows, leftOut, seconds, baseline })
}

function conditionsOf({ eventCount, taskCount, rounds }, drawnFrom) {
  const { model = 'unknown processor' } = cpus()[0] ?? {}
  return {
    events: eventCount,
    tasks: taskCount,
    rounds,
    drawnFrom,
    node: process.version,
    machine: `${process.platform} ${process.arch}, ${cpus().length} × ${model.trim()}`,
  }
}

function report({ conditions, rows, leftOut, seconds, baseline }) {
  const install = leftOut.length === 0 ? null : installLine
  if (values.json) {
    const document = { conditions, rows, leftOut, install, seconds: Math.round(seconds) }
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`)
    return
  }
  process.stdout.write(values.markdown ? markdownText(rows) : tableText(rows))
  const lines = [
    ...(install === null
      ? []
      : [`not measured without their packages: ${leftOut.join(', ')}; ${install} installs them`]),
    '',
    `${countText(conditions.events)} events drawn from ${conditions.drawnFrom}, ${countText(conditions.tasks)} tasks, medians of ${conditions.rounds} rounds in turn, ${seconds.toFixed(0)} s in all.`,
    `Node ${conditions.node}, ${conditions.machine}.`,
    baselineText(baseline, conditions),
    'What is not measured: bench/README.md.',
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}

function baselineText(baseline, conditions) {
  if (values.baseline) return 'These ratios are the baseline now: bench/baseline.json.'
  if (baseline === null) return 'No baseline to compare with: --baseline keeps one.'
  const other = differences(baseline, conditions)
  return other.length === 0
    ? 'The change is against the baseline, measured under the same conditions.'
    : `The change is against a baseline measured under other conditions: ${other.join('; ')}.`
}

// What packages print of themselves does not belong to the data.
console.log = console.error
const folder = mkdtempSync(join(tmpdir(), 'waymark-bench-'))
try {
  await main(folder)
} catch (error) {
  say(error instanceof Error ? (error.stack ?? error.message) : String(error))
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
