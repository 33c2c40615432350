// The main job, for real: a transcript becomes a session, the session is recorded into by a process that is killed, and it
// comes back whole. Everything happens in a new home under the system's folder for temporary files.
// Usage: npm start [-- <your transcript or folder> …]
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
/** Where the user is: npm goes to the package, and says here where it came from. */
const cwd = process.env.INIT_CWD ?? process.cwd()
const command = relative(cwd, here('../../dist/cli/main.js'))
const home = join(mkdtempSync(join(tmpdir(), 'waymark-')), '.moai')
const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}
const env = { ...process.env, WAYMARK_HOME: home, WAYMARK_LAYOUT: 'aligned', ...colour }

/** Acknowledged commands after which the agent is killed, at its next tool call. */
const killedAfter = 20

const strong = (text) => (process.stdout.isTTY ? styleText('bold', text) : text)
const say = (text = '') => console.log(text)
const indent = (text) => text.trimEnd().replaceAll(/^(?=.)/gm, '  ')

function check(holds, what) {
  if (!holds) throw new Error(what)
}

/** Runs the command, and gives what it printed. */
function run(...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  check(status === 0, `waymark ${args.join(' ')} ended with ${status}\n${stdout}${stderr}`)
  return { stdout, stderr }
}

/** Runs the command as a person would type it, and shows both. */
function show(...args) {
  say(strong(`$ waymark ${args.map((arg) => (/[\s*]/.test(arg) ? `'${arg}'` : arg)).join(' ')}`))
  const { stdout, stderr } = run(...args)
  say(`${indent(stdout + stderr)}\n`)
}

const json = (...args) => JSON.parse(run(...args, '--json').stdout)

/** Lets an agent record into the session, kills it in the middle, and gives what it had been told was on disk. */
async function recordUntilKilled(sessionId) {
  const agent = spawn(process.execPath, [here('agent.mjs'), home, sessionId], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise((settle) => agent.once('close', (_code, signal) => settle(signal)))
  const acknowledged = []
  for await (const line of createInterface({ input: agent.stdout })) {
    acknowledged.push(JSON.parse(line))
    if (acknowledged.length > killedAfter && acknowledged.at(-1).type === 'tool.call') agent.kill('SIGKILL')
  }
  check((await ended) === 'SIGKILL', 'the agent ended before it was killed')
  return acknowledged
}

/** Every acknowledged command is in the log, once, at the version that was acknowledged, and no version is missing. */
function checkNothingLost(sessionId, acknowledged) {
  const events = run('export', sessionId)
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  check(
    events.every(({ version }, index) => version === index + 1),
    'the versions have a gap',
  )
  for (const { commandId, version } of acknowledged) {
    const versions = events.filter((event) => event.commandId === commandId).map((event) => event.version)
    check(
      versions.at(-1) === version,
      `${commandId} was acknowledged at version ${version}; the log has it at ${versions.join(', ')}`,
    )
    check(new Set(versions).size === versions.length, `${commandId} is there twice`)
  }
  return events.length
}

async function main(given) {
  const sample = relative(cwd, here('../transcripts'))
  const transcripts = given.length > 0 ? given : [sample]

  say(`${strong('Waymark, the main job.')} The home is new: ${home}\n`)
  say('1. A coding agent wrote a transcript. Import it.\n')
  show('import', ...transcripts)
  const sessions = json('list').filter(({ parentSessionId }) => parentSessionId === null)
  const longest = sessions.toSorted((a, b) => b.version - a.version)[0]
  check(longest !== undefined, 'there is no session in what was imported')
  const { sessionId } = longest
  const name = sessionId.slice(0, 13)

  say('2. It is a session now: tokens, tasks, what was left open.\n')
  show('show', name)

  say('3. Another process works on it, and records each step. SIGKILL ends it in the middle.\n')
  const acknowledged = await recordUntilKilled(sessionId)
  say(
    `  ${acknowledged.length} commands were acknowledged, the last at version ${acknowledged.at(-1).version}.\n`,
  )

  say('4. Come back. Nothing that was acknowledged may be missing, and what was in hand is named.\n')
  show('recover', name)
  const events = checkNothingLost(sessionId, acknowledged)
  say(
    `  All ${acknowledged.length} acknowledged commands are in the log, each once; ${events} events, no gap.\n`,
  )

  say('5. Replay: fold every event again. No model and no tool is called.\n')
  show('replay', name)

  say('6. Verify: is everything as it was written?\n')
  show('verify')

  say('7. The story.\n')
  show('log', name, ...(events > 300 ? ['--after', String(events - 100)] : []))

  say(`${strong('Try next')}, in this home:\n`)
  say(`  export WAYMARK_HOME=${home}`)
  for (const line of [
    'tree',
    `budget ${name}`,
    `show ${name} --at ${Math.floor(events / 2)}`,
    `log ${name} --all`,
    `tasks ${name} --json`,
    'help',
  ]) {
    say(`  node ${command} ${line}`)
  }
  say(`\nOr with a transcript of your own: npm start -- ~/.claude/projects/<project>/<session>.jsonl`)
}

await main(process.argv.slice(2)).catch((error) => {
  console.error(`\nThe main job failed: ${error.message}`)
  process.exitCode = 1
})
