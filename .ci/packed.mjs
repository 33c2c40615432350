// Packs the package, installs it into an empty project as a stranger would, and uses its command and every export there.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'waymark-packed-'))

// `npm run` tells its children about the project it runs in; the empty project must not hear of it.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|config_local_prefix)/.test(name),
  ),
)

function run(command, args, cwd = project) {
  return execFileSync(command, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function check(holds, what) {
  if (!holds) throw new Error(`packed install: ${what}`)
  console.log(`fine: ${what}`)
}

try {
  const [packed] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', project], root))
  console.log(`${packed.filename}: ${packed.entryCount} files, ${Math.round(packed.unpackedSize / 1000)} kB`)

  const manifest = { name: 'empty', private: true, type: 'module', allowScripts: { 'better-sqlite3': true } }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
  run('npm', ['install', '--no-audit', '--no-fund', `./${packed.filename}`])

  const help = run('npx', ['--no-install', 'waymark', '--help'])
  check(/usage/i.test(help), 'waymark --help prints its usage')

  // waymark/testing needs its optional peers: without them the others must still load.
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = Object.keys(exports).filter((entry) => !entry.endsWith('.json'))
  const namesOf = (entry) => {
    const program = `console.log(Object.keys(await import('waymark${entry.slice(1)}')).length)`
    return Number(run(process.execPath, ['--input-type=module', '--eval', program]))
  }
  for (const entry of entries.filter((name) => name !== './testing')) {
    check(namesOf(entry) > 0, `waymark${entry.slice(1)} exports something`)
  }
  const { devDependencies, peerDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const peers = Object.keys(peerDependencies).map((name) => `${name}@${devDependencies[name]}`)
  run('npm', ['install', '--no-audit', '--no-fund', ...peers])
  check(namesOf('./testing') > 0, 'waymark/testing exports something beside its peers')

  // Only what the package itself brings may be needed to read its types: no @types of ours.
  const uses = entries.map((entry, index) => `import * as entry${index} from 'waymark${entry.slice(1)}'\n`)
  const names = entries.map((_, index) => `entry${index}`).join(', ')
  writeFileSync(join(project, 'types.ts'), `${uses.join('')}export const entries = [${names}]\n`)
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  run(process.execPath, [
    tsc,
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    'types.ts',
  ])
  check(true, 'its types compile in a strict project')

  if (process.versions.node.startsWith('20.')) {
    const program = `import Database from 'better-sqlite3'
      console.log(new Database(':memory:').prepare('select sqlite_version()').pluck().get())`
    check(/^\d/.test(run(process.execPath, ['--input-type=module', '--eval', program])), 'its SQLite opens')
  }
} finally {
  rmSync(project, { recursive: true, force: true })
}
