/**
 * The shape of the sources as data, and a function for each rule that holds it.
 * Every rule takes the facts of all files and answers with the places that break it.
 */
import { dirname, join } from 'node:path/posix'
import type { SourceFacts, Spot } from './source-facts.ts'

/** Rooms, lowest first: a file imports its own room and those with a lower number. */
export const layers: Readonly<Record<string, number>> = {
  'src/kernel': 0,
  'src/events': 1,
  machines: 2,
  'src/fold': 2,
  'src/configuration': 2,
  'src/decide': 3,
  'src/log': 3,
  'src/views': 3,
  'src/store': 4,
  'src/replay': 4,
  'src/memory': 5,
  'src/bundle': 5,
  'src/repair': 7,
  'src/handoff': 5,
  'src/session': 6,
  'src/import': 7,
  'src/redaction': 7,
  'src/doctor': 7,
  'src/what-if': 7,
  'src/durable': 7,
  'src/cli': 8,
  'src/testing': 8,
  'src/index.ts': 9,
}

/** The only rooms that may import a package. One that is not here is imported nowhere. */
export const homes: Readonly<Record<string, readonly string[]>> = {
  xstate: ['machines', 'src/decide', 'src/durable', 'src/testing'],
  '@xstate/graph': ['src/testing'],
  'fast-check': ['src/testing'],
  immer: ['src/fold'],
  zod: [
    'src/kernel',
    'src/events',
    'src/configuration',
    'src/log',
    'src/memory',
    'src/bundle',
    'src/handoff',
    'src/import',
    'src/what-if',
    'src/cli',
    // Random events are made from their schemas.
    'src/testing',
  ],
  commander: ['src/cli'],
  '@marcbachmann/cel-js': ['src/replay'],
  canonicalize: ['src/kernel'],
  'jsonc-parser': ['src/configuration'],
  uuid: ['src/kernel'],
  'better-sqlite3': ['src/store/sqlite'],
  'node:sqlite': ['src/store/sqlite'],
  // It would get round this table; a module that a user names has to be run where it can be ended.
  'node:module': ['src/store/sqlite', 'src/cli/user-module.ts'],
  'node:crypto': ['src/kernel'],
}

/** Rooms whose answer depends on their arguments alone: no builtin of Node at all. */
const pureRooms: readonly string[] = ['src/events', 'machines', 'src/fold', 'src/decide']

/** Rooms that may run the machines, and not only name their types. */
const machineCallers: readonly string[] = ['machines', 'src/decide', 'src/testing']

/** What a user names is loaded here. */
const userModules = 'src/cli/user-module.ts'

const publicSurfaces: readonly string[] = ['src/index.ts', 'machines/index.ts', 'src/testing/index.ts']

export const fileLinesMax = 400
export const functionLinesMax = 60

/** `path:line what is wrong` */
export type Problem = string

export type Rule = (files: readonly SourceFacts[]) => Problem[]

export const rules = {
  'every file parses': eachFile((file) => spots(file, file.parseErrors, (what) => `does not parse: ${what}`)),
  'a file lives in a room': eachFile((file) =>
    roomOf(file.path) === undefined ? [at(file, 1, 'is in no room')] : [],
  ),
  'relative imports name a source with its extension': relativeImports,
  'a file imports its own room and lower ones only': layering,
  'machines know xstate and the types of events, nothing else': machinesAlone,
  'only decide runs the machines': machinesRunByDecide,
  'each package has its home': packagesAtHome,
  'no import cycles, type-only ones included': cycles,
  'no barrels': eachFile(barrels),
  'time and chance have one door': eachFile((file) =>
    inRoom(file.path, 'src/kernel')
      ? []
      : spots(file, file.timeAndChance, (what) => `${what} outside src/kernel`),
  ),
  'no any, no !': eachFile((file) => spots(file, file.looseTypes, (what) => what)),
  'files and functions stay short': eachFile(sizes),
} satisfies Record<string, Rule>

function relativeImports(files: readonly SourceFacts[]): Problem[] {
  const paths = new Set(files.map((file) => file.path))
  return eachImport(files, (file, specifier) => {
    if (specifier === undefined) return file.path === userModules ? undefined : 'imports a computed name'
    if (!specifier.startsWith('.')) return undefined
    return paths.has(targetOf(file, specifier)) ? undefined : `imports ${specifier}, which is no source here`
  })
}

function layering(files: readonly SourceFacts[]): Problem[] {
  return eachImport(files, (file, specifier) => {
    const own = roomOf(file.path)
    const other = specifier?.startsWith('.') ? roomOf(targetOf(file, specifier)) : undefined
    if (own === undefined || other === undefined || own === other) return undefined
    return (layers[other] ?? 0) < (layers[own] ?? 0)
      ? undefined
      : `${own} imports ${other}, which is not below it`
  })
}

function machinesAlone(files: readonly SourceFacts[]): Problem[] {
  return eachImport(files, (file, specifier, typeOnly) => {
    if (!inRoom(file.path, 'machines') || specifier === undefined) return undefined
    const target = specifier.startsWith('.') ? targetOf(file, specifier) : specifier
    const allowed =
      target === 'xstate' || inRoom(target, 'machines') || (typeOnly && inRoom(target, 'src/events'))
    return allowed ? undefined : `imports ${typeOnly ? 'types' : 'values'} of ${specifier}`
  })
}

function machinesRunByDecide(files: readonly SourceFacts[]): Problem[] {
  return eachImport(files, (file, specifier, typeOnly) => {
    if (!specifier?.startsWith('.') || !inRoom(targetOf(file, specifier), 'machines')) return undefined
    const allowed = typeOnly || machineCallers.some((room) => inRoom(file.path, room))
    return allowed ? undefined : `imports ${specifier}, and is not src/decide`
  })
}

function packagesAtHome(files: readonly SourceFacts[]): Problem[] {
  return eachImport(files, (file, specifier) => {
    if (specifier === undefined || specifier.startsWith('.')) return undefined
    const name = packageOf(specifier)
    const home = homes[name]
    if (home !== undefined) {
      const atHome = home.some((room) => inRoom(file.path, room))
      return atHome ? undefined : `imports ${name}, at home in ${home.join(', ')}`
    }
    if (!name.startsWith('node:')) return `imports ${name}, which has no home`
    return pureRooms.some((room) => inRoom(file.path, room)) ? `imports ${name} in a pure room` : undefined
  })
}

function cycles(files: readonly SourceFacts[]): Problem[] {
  const targets = new Map(
    files.map((file) => [
      file.path,
      file.imports.flatMap(({ specifier }) =>
        specifier?.startsWith('.') ? [targetOf(file, specifier)] : [],
      ),
    ]),
  )
  const problems: Problem[] = []
  const done = new Set<string>()
  const follow = (path: string, trail: readonly string[]) => {
    const seenAt = trail.indexOf(path)
    if (seenAt !== -1) problems.push(`${path}:1 cycle ${[...trail.slice(seenAt), path].join(' → ')}`)
    if (seenAt !== -1 || done.has(path)) return
    for (const target of targets.get(path) ?? []) follow(target, [...trail, path])
    done.add(path)
  }
  for (const path of targets.keys()) follow(path, [])
  return problems
}

function barrels(file: SourceFacts): Problem[] {
  const stars = spots(file, file.starExports, () => 'export * hides what is exported')
  if (file.path === 'src/index.ts') {
    return [
      ...stars,
      ...spots(file, file.otherStatements, (what) => `${what} where only named re-exports belong`),
    ]
  }
  if (publicSurfaces.includes(file.path)) return stars
  const isIndex = file.path.endsWith('/index.ts') ? [at(file, 1, 'is an index where none belongs')] : []
  return [...isIndex, ...stars, ...spots(file, file.reexports, (what) => what)]
}

function sizes(file: SourceFacts): Problem[] {
  const long = file.functions.filter((found) => found.lines > functionLinesMax)
  return [
    ...(file.lines > fileLinesMax ? [at(file, 1, `has ${file.lines} lines, at most ${fileLinesMax}`)] : []),
    ...long.map(({ name, line, lines }) =>
      at(file, line, `${name} has ${lines} lines, at most ${functionLinesMax}`),
    ),
  ]
}

function eachFile(check: (file: SourceFacts) => Problem[]): Rule {
  return (files) => files.flatMap((file) => [...new Set(check(file))])
}

function eachImport(
  files: readonly SourceFacts[],
  check: (file: SourceFacts, specifier: string | undefined, typeOnly: boolean) => string | undefined,
): Problem[] {
  return files.flatMap((file) =>
    file.imports.flatMap(({ specifier, typeOnly, line }) => {
      const problem = check(file, specifier, typeOnly)
      return problem === undefined ? [] : [at(file, line, problem)]
    }),
  )
}

function spots(file: SourceFacts, found: readonly Spot[], say: (what: string) => string): Problem[] {
  return found.map(({ line, what }) => at(file, line, say(what)))
}

function at(file: SourceFacts, line: number, problem: string): Problem {
  return `${file.path}:${line} ${problem}`
}

function targetOf(file: SourceFacts, specifier: string): string {
  return join(dirname(file.path), specifier)
}

function roomOf(path: string): string | undefined {
  return Object.keys(layers).find((room) => inRoom(path, room))
}

function inRoom(path: string, room: string): boolean {
  return path === room || path.startsWith(`${room}/`)
}

/** `zod` of `zod/v4`, `@xstate/graph` of `@xstate/graph`, `node:fs` of `node:fs/promises`. */
function packageOf(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}
