// Three processes work through a graph of eight tasks, each task in a session of its own. One of them hands a task off to another, one is
// killed with SIGKILL in the middle of a task, and the others finish. Everything happens in a new home under the system's folder for
// temporary files. Usage: npm run example:graph
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const cwd = process.env.INIT_CWD ?? process.cwd()
const command = relative(cwd, here('../../dist/cli/main.js'))
const home = join(mkdtempSync(join(tmpdir(), 'waymark-')), '.moai')
const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}
const env = { ...process.env, WAYMARK_HOME: home, WAYMARK_LAYOUT: 'aligned', ...colour }

const names = ['ada', 'bob', 'cay']
/** Whoever works on this step of this task is killed, once. */
const killedAt = { task: 'search', step: 2 }

const strong = (text) => (process.stdout.isTTY ? styleText('bold', text) : text)
const say = (text = '') => console.log(text)
const short = (sessionId) => sessionId.slice(0, 13)

function check(holds, what) {
  if (!holds) throw new Error(what)
}

function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd,
    env,
    encoding: 'utf8',
  })
  check(status === 0, `waymark ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`)
  return { stdout, stderr }
}

function show(...args) {
  say(strong(`$ waymark ${args.map((arg) => (/\s/.test(arg) ? `"${arg}"` : arg)).join(' ')}`))
  const { stdout, stderr } = run(...args)
  say(`${(stdout + stderr).trimEnd().replaceAll(/^(?=.)/gm, '  ')}\n`)
}

const eventsOf = (sessionId) =>
  run('export', sessionId)
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line))

/** What a line of a worker says to people; nothing for what only the checks need. */
const story = {
  begins: ({ who, task, session }) => `${who} begins ${task} in ${short(session)}`,
  'goes on': ({ who, task, session, attempt, done, open }) =>
    `${who} goes on with ${task} in ${short(session)}${attempt > 1 ? `, attempt ${attempt}` : ''}: ${done.length} of 3 steps were done${open.length > 0 ? `, left open: ${open.join(', ')}` : ''}`,
  'hands off': ({ who, task, to }) => `${who} hands ${task} off to ${to}`,
  'is refused': ({ who, task, code }) => `${who} may not write into ${task} any more: ${code}`,
  completes: ({ who, task }) => `${who} completes ${task}`,
}

/** Lets the workers work, kills one in the middle, and gives all that they said. */
async function work(sessionId) {
  const said = []
  let killed = null
  const workers = names.map(async (name) => {
    const child = spawn(process.execPath, [here('worker.mjs'), home, sessionId, name], {
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((settle) => child.once('close', (code, signal) => settle(signal ?? code)))
    for await (const line of createInterface({ input: child.stdout })) {
      const news = JSON.parse(line)
      said.push(news)
      const text = story[news.what]?.(news)
      if (text !== undefined) say(`  ${text}`)
      if (
        killed === null &&
        news.what === 'works' &&
        news.task === killedAt.task &&
        news.step === killedAt.step
      ) {
        killed = name
        child.kill('SIGKILL')
        say(`  ${name} is killed with SIGKILL in the middle of step ${news.step} of ${news.task}`)
      }
    }
    return [name, await ended]
  })
  const ends = await Promise.all(workers)
  for (const [name, end] of ends)
    check(end === (name === killed ? 'SIGKILL' : 0), `${name} ended with ${end}`)
  check(killed !== null, 'nobody was killed')
  return { said, killed }
}

/** Every task is completed once, and every step that was said to be on disk is there, where it was said to be. */
function checkNothingLost(sessionId, { said, killed }) {
  const completed = eventsOf(sessionId).filter(({ type }) => type === 'task.completed')
  const tasks = completed.map(({ data }) => data.taskId)
  check(tasks.length === 8 && new Set(tasks).size === 8, `completed were ${tasks.join(', ')}`)
  const recorded = said.filter(({ what }) => what === 'recorded')
  const sessions = new Map()
  for (const { session, version, commandId } of recorded) {
    if (!sessions.has(session)) sessions.set(session, eventsOf(session))
    const found = sessions.get(session).find((event) => event.version === version)
    check(found?.commandId === commandId, `version ${version} of ${session} is not what was acknowledged`)
  }
  for (const events of sessions.values()) {
    const steps = events.filter(({ type }) => type === 'task.completed').map(({ data }) => data.taskId)
    check(steps.join() === 'step-1,step-2,step-3', `the steps of a task were ${steps.join()}`)
  }
  const byKilled = recorded.filter(({ who }) => who === killed).length
  say(
    `  8 tasks are completed, each once. ${recorded.length} commands were acknowledged, ${byKilled} of them to ${killed}:`,
  )
  say('  all of them are in the log, at the version that was acknowledged, and no step was done twice.\n')
}

async function main() {
  say(`${strong('A graph of tasks, worked on by three processes.')} The home is new: ${home}\n`)
  run('init')
  const { sessionId } = JSON.parse(run('new', '--title', 'Accounts', '--json').stdout)
  const name = short(sessionId)

  say('1. The graph: what is ready, and what waits for what.\n')
  run('graph', 'plan', sessionId, here('graph.json'))
  show('graph', name)

  say('2. Three workers. Each claims a task, and works in a session of its own.\n')
  const outcome = await work(sessionId)
  check(
    outcome.said.some(({ what, code }) => what === 'is refused' && code === 'STALE_HOLDER'),
    'nobody was refused',
  )

  say('\n3. What came of it.\n')
  show('graph', name)
  checkNothingLost(sessionId, outcome)
  say('  What the log says of the one that was killed:\n')
  show('log', name, '--type', 'task.failed', '--type', 'task.recovered', '--type', 'task.described')

  say('4. Verify: is everything as it was written?\n')
  show('verify')
  say(`${strong('Try next')}, in this home:\n`)
  say(`  export WAYMARK_HOME=${home}`)
  for (const line of [`tree ${name}`, `log ${name}`, `graph ${name} --mermaid`, `graph ${name} --json`]) {
    say(`  node ${command} ${line}`)
  }
}

await main().catch((error) => {
  console.error(`\nThe graph failed: ${error.message}`)
  process.exitCode = 1
})
