/**
 * Holds the shape of docs/architecture.md: rooms, homes of packages, doors, sizes.
 * The tables and rules are in support/tidy-rules.ts; a change of shape changes them, the page and a decision together.
 *
 * Goal: no file of src/ and machines/ breaks a rule. Method: parse every one, apply every rule.
 * Sibling: each rule is shown small offending sources and must name the place, so that it cannot pass by being blind.
 * Tests, benches and examples may import what they need. Promises, unused code and style belong to the linters.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { factsOf, type SourceFacts } from './support/source-facts.ts'
import { fileLinesMax, functionLinesMax, homes, layers, type Rule, rules } from './support/tidy-rules.ts'

type RuleName = keyof typeof rules

const root = fileURLToPath(new URL('..', import.meta.url))

function sourcesIn(folder: string): SourceFacts[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => /\.[cm]?[jt]sx?$/.test(path))
    .map((path) => factsOf(path, readFileSync(join(root, path), 'utf8')))
}

describe('the sources', () => {
  const files = [...sourcesIn('src'), ...sourcesIn('machines')]

  it.each(Object.entries<Rule>(rules))('%s', (_, rule) => {
    expect(rule(files)).toEqual([])
  })

  it('are really read: they hold imports and functions', () => {
    if (files.length === 0) return
    expect(files.flatMap((file) => file.imports).length).toBeGreaterThan(0)
    expect(files.flatMap((file) => file.functions).length).toBeGreaterThan(0)
  })

  it('ask only for packages that package.json installs', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const installed = {
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    }
    const packages = Object.keys(homes).filter((name) => !name.startsWith('node:'))
    expect(packages.filter((name) => !(name in installed))).toEqual([])
  })
})

type Sources = Readonly<Record<string, string>>

const ruleNamed = new Map<string, Rule>(Object.entries(rules))

function problemsOf(name: string, sources: Sources): string[] {
  const rule = ruleNamed.get(name)
  if (rule === undefined) throw new Error(`no rule is named "${name}"`)
  return rule(Object.entries(sources).map(([path, text]) => factsOf(path, text)))
}

const lines = (count: number) => '// a line\n'.repeat(count)

/** What is wrong, the sources that are, and the beginning of what the rule must say. */
const offences: Readonly<Record<RuleName, readonly (readonly [string, Sources, string])[]>> = {
  'every file parses': [
    ['a syntax error', { 'src/kernel/a.ts': 'const = 1' }, 'src/kernel/a.ts:1 does not parse'],
  ],
  'a file lives in a room': [
    ['an unknown folder', { 'src/utils/a.ts': '' }, 'src/utils/a.ts:1 is in no room'],
    ['a loose file', { 'src/helpers.ts': '' }, 'src/helpers.ts:1 is in no room'],
    [
      'a folder whose name begins like a room',
      { 'src/kernels/a.ts': '' },
      'src/kernels/a.ts:1 is in no room',
    ],
  ],
  'relative imports name a source with its extension': [
    [
      'no extension',
      { 'src/log/a.ts': "import './b'", 'src/log/b.ts': '' },
      'src/log/a.ts:1 imports ./b, which',
    ],
    [
      'the emitted name',
      { 'src/log/a.ts': "import './b.js'", 'src/log/b.ts': '' },
      'src/log/a.ts:1 imports ./b.js',
    ],
    [
      'out of the sources',
      { 'src/log/a.ts': "import '../../test/a.ts'" },
      'src/log/a.ts:1 imports ../../test/a.ts',
    ],
    [
      'a computed name',
      { 'src/log/a.ts': 'const a = await import(name)' },
      'src/log/a.ts:1 imports a computed',
    ],
  ],
  'a file imports its own room and lower ones only': [
    [
      'upward',
      { 'src/fold/a.ts': "\nimport { b } from '../log/b.ts'" },
      'src/fold/a.ts:2 src/fold imports src/log',
    ],
    [
      'sideways',
      { 'src/log/a.ts': "import { b } from '../decide/b.ts'" },
      'src/log/a.ts:1 src/log imports src/decide',
    ],
    [
      'a type',
      { 'src/kernel/a.ts': "import type { B } from '../events/b.ts'" },
      'src/kernel/a.ts:1 src/kernel imports',
    ],
    [
      'a type in place',
      { 'src/log/a.ts': "type B = import('../cli/b.ts').B" },
      'src/log/a.ts:1 src/log imports src/cli',
    ],
    [
      'an export',
      { 'src/log/a.ts': "export { b } from '../store/b.ts'" },
      'src/log/a.ts:1 src/log imports src/store',
    ],
    [
      'lazily',
      { 'src/log/a.ts': "await import('../store/b.ts')" },
      'src/log/a.ts:1 src/log imports src/store',
    ],
    [
      'the surface',
      { 'src/cli/a.ts': "import { b } from '../index.ts'" },
      'src/cli/a.ts:1 src/cli imports src/index.ts',
    ],
    [
      'over three lines',
      { 'src/log/a.ts': "import {\n  b\n} from '../cli/b.ts'" },
      'src/log/a.ts:1 src/log imports src/cli',
    ],
  ],
  'machines know xstate and the types of events, nothing else': [
    [
      'the kernel',
      { 'machines/a.ts': "import { b } from '../src/kernel/b.ts'" },
      'machines/a.ts:1 imports values of',
    ],
    [
      'values of events',
      { 'machines/a.ts': "import { b } from '../src/events/b.ts'" },
      'machines/a.ts:1 imports values',
    ],
    [
      'another package',
      { 'machines/a.ts': "import { z } from 'zod'" },
      'machines/a.ts:1 imports values of zod',
    ],
  ],
  'only decide runs the machines': [
    [
      'a view that asks a machine',
      { 'src/views/a.ts': "import { taskMachine } from '../../machines/task.ts'" },
      'src/views/a.ts:1 imports ../../machines/task.ts',
    ],
  ],
  'each package has its home': [
    [
      'away from home',
      { 'src/fold/a.ts': "import { createMachine } from 'xstate'" },
      'src/fold/a.ts:1 imports xstate, at',
    ],
    [
      'a part of a package',
      { 'src/log/a.ts': "import { g } from '@xstate/graph/x'" },
      'src/log/a.ts:1 imports @xstate/graph',
    ],
    [
      'a type of it',
      { 'src/views/a.ts': "import type { z } from 'zod'" },
      'src/views/a.ts:1 imports zod, at home in',
    ],
    [
      'a package nobody chose',
      { 'src/cli/a.ts': "import _ from 'lodash'" },
      'src/cli/a.ts:1 imports lodash, which has',
    ],
    [
      'by the side door',
      { 'src/log/a.ts': "process.getBuiltinModule('node:sqlite')" },
      'src/log/a.ts:1 imports node:sqlite',
    ],
    [
      'another adapter',
      { 'src/store/http/a.ts': "await import('better-sqlite3')" },
      'src/store/http/a.ts:1 imports better',
    ],
    [
      'input and output in decide',
      { 'src/decide/a.ts': "import fs from 'node:fs'" },
      'src/decide/a.ts:1 imports node:fs',
    ],
    [
      'itself by its name',
      { 'src/cli/a.ts': "import { open } from 'waymark'" },
      'src/cli/a.ts:1 imports waymark, which',
    ],
  ],
  'no import cycles, type-only ones included': [
    [
      'of types only',
      {
        'src/log/a.ts': "import type { B } from './b.ts'",
        'src/log/b.ts': "import type { C } from './c.ts'",
        'src/log/c.ts': "type A = import('./a.ts').A",
      },
      'src/log/a.ts:1 cycle src/log/a.ts → src/log/b.ts → src/log/c.ts → src/log/a.ts',
    ],
    [
      'of one file',
      { 'src/log/a.ts': "import { a } from './a.ts'" },
      'src/log/a.ts:1 cycle src/log/a.ts → src/log/a.ts',
    ],
  ],
  'no barrels': [
    ['an index', { 'src/fold/index.ts': 'export const a = 1' }, 'src/fold/index.ts:1 is an index'],
    ['passing on', { 'src/fold/a.ts': "\nexport type { B } from './b.ts'" }, 'src/fold/a.ts:2 export … from'],
    [
      'in two steps',
      { 'src/fold/a.ts': "import { b } from './b.ts'\nexport { b }" },
      'src/fold/a.ts:2 export of the imported b',
    ],
    ['all of it', { 'machines/index.ts': "export * from './task.ts'" }, 'machines/index.ts:1 export * hides'],
    [
      'code in the surface',
      { 'src/index.ts': 'export const a = 1' },
      'src/index.ts:1 ExportNamedDeclaration where only',
    ],
  ],
  'time and chance have one door': [
    ['the clock', { 'src/fold/a.ts': 'const now = Date.now()' }, 'src/fold/a.ts:1 Date.now'],
    ['the clock handed on', { 'src/cli/a.ts': 'const clock = { now: Date.now }' }, 'src/cli/a.ts:1 Date.now'],
    ['the clock by text', { 'src/cli/a.ts': "Date['now']()" }, 'src/cli/a.ts:1 Date.now'],
    ['today', { 'src/cli/a.ts': 'const now = new Date()' }, 'src/cli/a.ts:1 new Date()'],
    ['today as text', { 'src/cli/a.ts': 'const now = Date()' }, 'src/cli/a.ts:1 Date()'],
    ['chance', { 'machines/a.ts': 'const a = Math.random()' }, 'machines/a.ts:1 Math.random'],
    ['ids', { 'src/log/a.ts': 'const id = crypto.randomUUID()' }, 'src/log/a.ts:1 randomUUID'],
  ],
  'no any, no !': [
    ['any', { 'src/log/a.ts': 'const a: Record<string, any> = {}' }, 'src/log/a.ts:1 any'],
    ['non-null', { 'src/log/a.ts': 'list[0]!.run()' }, 'src/log/a.ts:1 non-null !'],
    ['definite', { 'src/log/a.ts': 'class A { b!: string }' }, 'src/log/a.ts:1 definite !'],
  ],
  'files and functions stay short': [
    ['a file', { 'src/log/a.ts': lines(fileLinesMax + 1) }, `src/log/a.ts:1 has ${fileLinesMax + 1} lines`],
    [
      'a function',
      { 'src/log/a.ts': `\nfunction f() {\n${lines(functionLinesMax)}}` },
      'src/log/a.ts:2 f has 62 lines',
    ],
    [
      'an arrow',
      { 'src/log/a.ts': `const f = () => {\n${lines(functionLinesMax)}}` },
      'src/log/a.ts:1 f has 62 lines',
    ],
    [
      'a method',
      { 'src/log/a.ts': `class A {\n  f() {\n${lines(functionLinesMax)}}\n}` },
      'src/log/a.ts:2 f has 62 lines',
    ],
  ],
}

describe.each(Object.entries(offences))('"%s" catches', (name, cases) => {
  it.each(cases)('%s', (_, sources, said) => {
    expect(problemsOf(name, sources).filter((problem) => problem.startsWith(said))).not.toEqual([])
  })
})

describe('what is in order', () => {
  const orderly: Sources = {
    'src/kernel/clock.ts':
      "import { v4 } from 'uuid'\nexport const now = () => new Date().toISOString() + v4()\n",
    'src/events/task.ts':
      "import { z } from 'zod'\nexport const Task = z.object({})\nexport type Task = z.infer<typeof Task>\n",
    'machines/task.ts':
      "import { setup } from 'xstate'\nimport type { Task } from '../src/events/task.ts'\nexport const make = setup\n",
    'machines/index.ts': "export { make } from './task.ts'\n",
    'src/decide/task.ts': "import { make } from '../../machines/task.ts'\nexport const decide = make\n",
    'src/views/when.ts':
      "export const day = (time: string) => new Date(time).getTime() + Date.parse('2026-01-01')\n",
    'src/views/text.ts':
      "// Date.now(), any, import '../cli/a.ts'\nexport const text = 'Math.random() ! any'\n",
    'src/store/sqlite/driver.ts': "export const load = () => import('better-sqlite3')\n",
    'src/index.ts':
      "export { decide } from './decide/task.ts'\nexport type { Task } from './events/task.ts'\n",
    'src/log/long.ts': lines(fileLinesMax),
    'src/log/function.ts': `export function f() {\n${lines(functionLinesMax - 2)}}\n`,
  }

  it.each(Object.keys(rules))('passes "%s"', (name) => {
    expect(problemsOf(name, orderly)).toEqual([])
  })

  it('is placed by lines of text, whatever its letters weigh in bytes', () => {
    const { imports } = factsOf('src/log/a.ts', "// ünïcödé 🧭🧭🧭🧭\n'🧭'\nimport './b.ts'\n")
    expect(imports).toEqual([{ specifier: './b.ts', typeOnly: false, line: 3 }])
  })

  it('is a source in any room of the table', () => {
    const everywhere = Object.keys(layers).map((room) => (room.endsWith('.ts') ? room : `${room}/a.ts`))
    expect(
      problemsOf('a file lives in a room', Object.fromEntries(everywhere.map((path) => [path, '']))).length,
    ).toBe(0)
  })
})
