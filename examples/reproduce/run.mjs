// From a log to a test: a machine with a bug is tried on a session that was recorded before, the session is cut down to the commands that
// show it, and the test that comes of it fails until the machine is mended. Everything happens in a new project under the system's folder
// for temporary files. Usage: npm run example:reproduce
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { styleText } from 'node:util'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'waymark-reproduce-'))
const env = { ...process.env, WAYMARK_LAYOUT: 'aligned', NO_COLOR: '1' }
delete env.WAYMARK_HOME

const strong = (text) => (process.stdout.isTTY ? styleText('bold', text) : text)
const say = (text = '') => console.log(text)

/** A project in which Waymark, XState and vitest are installed. */
mkdirSync(join(project, 'node_modules'))
symlinkSync(here('../..'), join(project, 'node_modules/waymark'), 'dir')
for (const name of ['vitest', 'xstate'])
  symlinkSync(here(`../../node_modules/${name}`), join(project, 'node_modules', name), 'dir')

function run(line, script, args, { input = '', code = 0 } = {}) {
  say(strong(`$ ${line}`))
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    cwd: project,
    env,
    input,
    encoding: 'utf8',
  })
  if (status !== code) throw new Error(`${line} ended with ${status}\n${stdout}${stderr}`)
  return { stdout, stderr }
}

const waymark = (...args) => run(`waymark ${args.join(' ')}`, here('../../dist/cli/main.js'), args)
const show = (text) => say(`${text.trimEnd().replaceAll(/^(?=.)/gm, '  ')}\n`)

/** A day's work: tasks begin, wait for somebody, and go on, while the window fills up. */
function* work() {
  for (let task = 1; task <= 12; task++) {
    const taskId = `SPEC-${String(task).padStart(3, '0')}`
    yield { type: 'task.add', taskId, title: `Part ${task} of the sign-in`, description: 'As it was agreed.' }
    yield { type: 'task.start', taskId, agent: 'ada' }
    yield { type: 'tool.call', toolCallId: `toolu_${task}`, name: 'Bash', target: 'npm test' }
    yield { type: 'tool.return', toolCallId: `toolu_${task}`, outcome: 'ok' }
    yield { type: 'task.block', taskId, on: { kind: 'input', detail: 'Which provider?' } }
    yield {
      type: 'usage.record',
      callId: `msg_${task}`,
      model: 'claude-sonnet-4-5',
      inputTokens: 900,
      outputTokens: 1_200,
      cacheReadTokens: 16_000 * task,
      cacheCreationTokens: 400,
    }
    yield { type: 'task.unblock', taskId }
    yield { type: 'task.complete', taskId }
  }
}

say(`In ${project}, with Waymark's own machines, somebody works for a day.\n`)
show(waymark('init').stdout)
const session = waymark('new', '--title', 'Sign-in', '--window', '200k').stdout.trim()
show(session)
const lines = [...work()].map((command) => JSON.stringify(command)).join('\n')
const sent = run('waymark send … -', here('../../dist/cli/main.js'), ['send', session, '-', '--json'], {
  input: lines,
})
show(`${sent.stdout.trim().split('\n').length} commands recorded`)

say('The team changes the task machine, and tries it on what was recorded before it ships.\n')
copyFileSync(here('machines.mjs'), join(project, 'machines.mjs'))
const cut = waymark('reproduce', session, '--machines', './machines.mjs', '--out', 'unblock.test.mjs')
show(cut.stdout + cut.stderr)
say(strong('$ cat unblock.test.mjs'))
show(readFileSync(join(project, 'unblock.test.mjs'), 'utf8'))

const vitest = (code) => {
  const script = join(project, 'node_modules/vitest/vitest.mjs')
  const { stdout, stderr } = run('npx vitest run', script, ['run', '--root', project], { code })
  const told = `${stdout}${stderr}`
    .split('\n')
    .filter((line) => /^\s*(?:[✓×❯]|[-+] {3,}["A-Z]|Tests )/.test(line))
  show(told.join('\n'))
}

say('The test fails for as long as the bug is there.\n')
vitest(1)
say('With the machine mended, it passes.\n')
copyFileSync(here('machines-mended.mjs'), join(project, 'machines.mjs'))
vitest(0)
