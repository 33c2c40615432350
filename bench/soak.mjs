/**
 * Hours of simulated work of agents on a real SQLite home, within minutes: does memory stay flat, and does the number of open files?
 *
 *   npm run soak                       8 simulated hours
 *   npm run soak -- --hours 2          shorter
 *   npm run soak -- --seed 7 --json    another row of chance; the report as JSON
 *
 * Ends with 1 when memory or open files have grown beyond what is allowed.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { getHeapCodeStatistics } from 'node:v8'
import { seeded } from '../dist/src/kernel/clock.js'
import { forgetParts } from '../dist/src/replay/snapshot/part-cache.js'
import { Waymark } from '../dist/src/session/waymark.js'
import { median } from './figures.mjs'
import { Machines } from './soak-machines.mjs'

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '8' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const hours = Number(values.hours)
const seed = Number(values.seed)
// Three readings are the fewest that have thirds.
if (!(hours >= 0.25) || !Number.isInteger(seed))
  throw new Error('--hours takes a quarter or more, --seed a whole number')
if (typeof globalThis.gc !== 'function')
  throw new Error('memory is measured after a collection: node --expose-gc')

/** How far the median of the last third of the readings may lie above that of the second one. */
const allowed = { heapMiB: 1, rssMiB: 32, files: 0 }
const secondsPerCall = 15
const agents = 4
const machineCount = 3
const windowTokens = 200_000

/** Calls of an agent after which its session ends and another one begins: 40 minutes. All sessions are of one size then, however long this runs. */
const callsPerSession = 160

const settings = { maxParallelSessions: 64 }
const { clock: steps, ids } = seeded(seed)
let nowMs = Date.parse(steps.now())
const clock = { now: () => new Date(nowMs++).toISOString() }

let row = []
function chance() {
  if (row.length === 0) row = [...ids.salt()]
  return row.pop() / 256
}

const counts = {
  commands: 0,
  calls: 0,
  toolCalls: 0,
  compactions: 0,
  checkpoints: 0,
  forks: 0,
  handoffs: 0,
  recoveries: 0,
  reopenings: 0,
  sessions: 0,
  followed: 0,
  machineEvents: 0,
  timersFired: 0,
  promisesKept: 0,
}

/** What one agent is at: a session, and where its work stands in it. */
async function begin(waymark, number) {
  const session = await waymark.createSession({
    title: `agent ${number}`,
    model: 'claude-sonnet-4-5',
    windowTokens,
  })
  counts.sessions += 1
  return { number, session, task: 0, calls: 0, used: 12_000 }
}

async function send(agent, command) {
  counts.commands += 1
  return agent.session.send(command)
}

/** One call of a model with what belongs to it: a prompt now and then, tool calls, tokens, and a task that goes on. */
async function call(agent) {
  const name = `${agent.number}-${agent.session.id.slice(5, 13)}-${agent.calls++}`
  counts.calls += 1
  const taskId = `T${agent.task}`
  const { status } = agent.session.state.tasks[taskId] ?? {}
  if (status === undefined)
    await send(agent, { type: 'task.add', taskId, title: `the ${agent.task}th piece of work` })
  if (status === undefined || status === 'pending') {
    await send(agent, {
      type: 'prompt.submit',
      content: `Do the ${agent.task}th piece of work. ${'Say why. '.repeat(20)}`,
    })
    await send(agent, { type: 'task.start', taskId })
  }
  agent.used += 400 + Math.floor(chance() * 3_000)
  const tokens = { inputTokens: 40, outputTokens: 350, cacheReadTokens: agent.used, cacheCreationTokens: 600 }
  await send(agent, { type: 'usage.record', callId: `msg_${name}`, model: 'claude-sonnet-4-5', ...tokens })
  for (let tool = 0; tool < 2; tool++) {
    const toolCallId = `toolu_${name}_${tool}`
    counts.toolCalls += 1
    await send(agent, { type: 'tool.call', toolCallId, name: tool === 0 ? 'Read' : 'Bash' })
    await send(agent, {
      type: 'tool.return',
      toolCallId,
      outcome: 'ok',
      output: `${toolCallId}: ${'a line of its output\n'.repeat(30)}`,
    })
  }
  await send(agent, { type: 'reply.record', kind: 'text', content: `Done with ${name}.` })
  if (agent.used > windowTokens * 0.82) {
    counts.compactions += 1
    agent.used = 20_000
    await send(agent, { type: 'context.compact', trigger: 'auto', kind: 'full', postTokens: agent.used })
  }
  const now = agent.session.state.tasks[taskId]?.status
  if (now === 'context_switch') await send(agent, { type: 'task.restore-context', taskIds: [taskId] })
  if (now === 'in_progress' && chance() < 0.2) {
    await send(agent, { type: 'task.complete', taskId })
    agent.task += 1
  } else if (now === 'completed') agent.task += 1
}

/** Ends the session and begins the next one, in which the agent goes on with other work. */
async function renew(waymark, agent) {
  await send(agent, { type: 'session.end' })
  Object.assign(agent, await begin(waymark, agent.number))
}

/** Hands the session on and takes it up as the next agent. */
async function handOver(waymark, agent) {
  const fromAgent = agent.session.state.holder ?? 'builder'
  await agent.session.handOff({ fromAgent, toAgent: fromAgent === 'tester' ? 'builder' : 'tester' })
  const taker = await waymark.openSession(agent.session.id)
  await taker.acceptHandoff({ agent: fromAgent === 'tester' ? 'builder' : 'tester' })
  counts.handoffs += 1
  agent.session = taker
}

/** The home is closed and opened again, as by a process that comes back, and every session recovered. */
async function comeBack(home, waymark, team, machines) {
  await machines.stop()
  await waymark.close()
  const opened = await Waymark.open({ home, clock, ids, settings })
  await machines.begin(opened, machineCount)
  counts.reopenings += 1
  for (const agent of team) {
    await opened.recover(agent.session.id)
    counts.recoveries += 1
    agent.session = await opened.openSession(agent.session.id)
  }
  return opened
}

/** Follows the log for as long as a home is open, from where it was. */
function follow(waymark, from) {
  const stop = new AbortController()
  let position = from
  const done = (async () => {
    for await (const event of waymark.events({ afterPosition: from, signal: stop.signal })) {
      position = event.position
      counts.followed += 1
    }
  })()
  return async () => {
    stop.abort()
    await done
    return position
  }
}

function openFiles() {
  return readdirSync('/proc/self/fd').length
}

/**
 * Memory after two collections: the first one lets go of what finalizers held. Two things are left out of the heap: the cache of unpacked parts of
 * snapshots, which fills up to a bound of its own for hours, and code, which V8 compiles better and better for as long.
 */
async function reading(simulatedHours) {
  forgetParts()
  for (let round = 0; round < 2; round++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, rss, external } = process.memoryUsage()
  const { code_and_metadata_size: machineCode, bytecode_and_metadata_size: bytecode } =
    getHeapCodeStatistics()
  const mebibytes = (bytes) => Math.round((bytes / 1_048_576) * 100) / 100
  return {
    simulatedHours,
    heapMiB: mebibytes(heapUsed - machineCode - bytecode),
    codeMiB: mebibytes(machineCode + bytecode),
    externalMiB: mebibytes(external),
    rssMiB: mebibytes(rss),
    files: openFiles(),
  }
}

/** By how much a figure grows in a simulated hour: the line through the readings after the first third. */
function slope(readings, name) {
  const x = readings.map(({ simulatedHours }) => simulatedHours)
  const y = readings.map((each) => each[name])
  const mean = (numbers) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length
  const [meanX, meanY] = [mean(x), mean(y)]
  const above = x.reduce((sum, at, index) => sum + (at - meanX) * (y[index] - meanY), 0)
  const below = x.reduce((sum, at) => sum + (at - meanX) ** 2, 0)
  return below === 0 ? 0 : above / below
}

function verdict(readings) {
  const third = Math.floor(readings.length / 3)
  const [middle, last] = [readings.slice(third, third * 2), readings.slice(third * 2)]
  return Object.keys(allowed).map((name) => {
    const [before, after] = [middle, last].map((part) => median(part.map((each) => each[name])))
    const grown = Math.round((after - before) * 100) / 100
    const perHour = Math.round(slope(readings.slice(third), name) * 1_000) / 1_000
    return { name, before, after, grown, allowed: allowed[name], perHour, ok: grown <= allowed[name] }
  })
}

async function soak(home) {
  const startedMs = performance.now()
  const readings = []
  let waymark = await Waymark.open({ home, clock, ids, settings })
  let stop = follow(waymark, 0)
  const team = []
  const machines = new Machines(counts)
  await machines.begin(waymark, machineCount)
  for (let number = 1; number <= agents; number++) team.push(await begin(waymark, number))
  const callsPerHour = 3_600 / secondsPerCall
  for (let round = 1; round <= hours * callsPerHour; round++) {
    for (const agent of team) await call(agent)
    await machines.round(secondsPerCall * 1_000, chance)
    nowMs += secondsPerCall * 1_000
    if (round % 40 === 0)
      for (const { session } of team)
        counts.checkpoints += Number((await session.checkpoint({ phase: 'GREEN' })) !== null)
    if (round % 60 === 0) {
      const fork = await team[round % agents].session.fork()
      counts.forks += 1
      await fork.send({ type: 'session.end' })
    }
    for (const agent of team)
      if ((round + agent.number * (callsPerSession / agents)) % callsPerSession === 0)
        await renew(waymark, agent)
    if (round % 80 === 0) await handOver(waymark, team[(round / 80) % agents])
    if (round % 20 === 0) {
      const position = await stop()
      waymark = await comeBack(home, waymark, team, machines)
      readings.push(await reading(round / callsPerHour))
      stop = follow(waymark, position)
    }
  }
  await stop()
  await machines.stop()
  const { ok } = await waymark.verify()
  const events = await waymark.log.position()
  await waymark.close()
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10
  return { hours, seed, seconds, events, ...counts, verified: ok, verdict: verdict(readings), readings }
}

function told(report) {
  const { hours: simulated, seconds, events, commands, verified } = report
  const lines = report.verdict.map(
    ({ name, before, after, grown, allowed: most, perHour, ok }) =>
      `${ok ? 'flat ' : 'GROWS'}  ${name.padEnd(8)} ${before} → ${after}, ${grown} more where ${most} is allowed; ${perHour} an hour`,
  )
  const work = Object.keys(counts)
    .map((name) => `${report[name]} ${name}`)
    .join(', ')
  return [
    `${simulated} simulated hours in ${seconds} s: ${events} events of ${commands} commands, ${verified ? 'verified' : 'NOT VERIFIED'}`,
    work,
    ...lines,
  ].join('\n')
}

const folder = mkdtempSync(join(tmpdir(), 'waymark-soak-'))
try {
  const report = await soak(join(folder, '.moai'))
  process.stdout.write(values.json ? `${JSON.stringify(report, null, 2)}\n` : `${told(report)}\n`)
  process.exitCode = report.verified && report.verdict.every(({ ok }) => ok) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
