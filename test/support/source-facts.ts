/**
 * What a TypeScript source says about itself: its imports of every kind, re-exports, functions and loose types.
 * Read from the syntax tree of the parser that Vite ships (TypeScript 7 has no API in JavaScript), so that
 * comments, strings and unusual line breaks cannot fool the rules built on it.
 */
import { parseSync } from 'vite'

export type ImportFact = {
  /** As written; `undefined` when it is computed at run time. */
  readonly specifier: string | undefined
  readonly typeOnly: boolean
  readonly line: number
}

export type FunctionFact = { readonly name: string; readonly line: number; readonly lines: number }

/** A place in a file and the words to report it with. */
export type Spot = { readonly line: number; readonly what: string }

export type SourceFacts = {
  readonly path: string
  readonly lines: number
  readonly imports: readonly ImportFact[]
  readonly functions: readonly FunctionFact[]
  /** `export … from`, and exports of something imported. */
  readonly reexports: readonly Spot[]
  readonly starExports: readonly Spot[]
  /** Top-level statements other than `export … from`. */
  readonly otherStatements: readonly Spot[]
  readonly looseTypes: readonly Spot[]
  /** Reads of the clock and sources of chance. */
  readonly timeAndChance: readonly Spot[]
  readonly parseErrors: readonly Spot[]
}

type Node = {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

type Draft = {
  [Key in keyof SourceFacts]: SourceFacts[Key] extends readonly (infer Item)[] ? Item[] : SourceFacts[Key]
}

type LineAt = (node: Node) => number

export function factsOf(path: string, text: string): SourceFacts {
  const parsed = parseSync(path, text)
  const facts: Draft = {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports: [],
    functions: [],
    reexports: [],
    starExports: [],
    otherStatements: [],
    looseTypes: [],
    timeAndChance: [],
    parseErrors: parsed.errors.map((error) => ({ line: 1, what: error.message })),
  }
  const program: unknown = parsed.program
  if (!isNode(program)) return facts
  const lineAt = lineFinder(text)
  noteStatements(program, facts, lineAt)
  walk(program, undefined, (node, parent) => {
    noteImport(node, facts, lineAt)
    noteFunction(node, parent, facts, lineAt)
    noteLooseType(node, facts, lineAt)
    noteTimeAndChance(node, facts, lineAt)
  })
  return facts
}

function noteStatements(program: Node, facts: Draft, lineAt: LineAt): void {
  const imported = new Set<string>()
  for (const statement of nodesIn(program.body)) {
    if (statement.type === 'ImportDeclaration') {
      for (const specifier of nodesIn(statement.specifiers)) imported.add(nameOf(specifier.local))
    }
  }
  for (const statement of nodesIn(program.body)) {
    const line = lineAt(statement)
    const fromElsewhere = isNode(statement.source) && statement.type !== 'ImportDeclaration'
    if (!fromElsewhere) facts.otherStatements.push({ line, what: statement.type })
    if (statement.type === 'ExportAllDeclaration') facts.starExports.push({ line, what: 'export *' })
    if (fromElsewhere)
      facts.reexports.push({ line, what: `export … from '${textOf(statement.source) ?? ''}'` })
    if (statement.type !== 'ExportNamedDeclaration' || fromElsewhere) continue
    for (const specifier of nodesIn(statement.specifiers)) {
      const name = nameOf(specifier.local)
      if (imported.has(name)) facts.reexports.push({ line, what: `export of the imported ${name}` })
    }
  }
}

const importCalls = new Set(['require', 'getBuiltinModule', 'importActual', 'importMock'])

function noteImport(node: Node, facts: Draft, lineAt: LineAt): void {
  const note = (source: unknown, typeOnly: boolean) =>
    facts.imports.push({ specifier: textOf(source), typeOnly, line: lineAt(node) })
  switch (node.type) {
    case 'ImportDeclaration':
      // `import { type X }` keeps the import at run time (verbatimModuleSyntax): only `import type` is a type's.
      note(node.source, node.importKind === 'type')
      break
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      if (isNode(node.source)) note(node.source, node.exportKind === 'type')
      break
    case 'TSImportType':
      note(node.source, true)
      break
    case 'TSExternalModuleReference':
      note(node.expression, false)
      break
    case 'ImportExpression':
      note(node.source, false)
      break
    case 'CallExpression':
      if (importCalls.has(calledName(node))) note(nodesIn(node.arguments)[0], false)
      break
  }
}

const functionTypes = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

function noteFunction(node: Node, parent: Node | undefined, facts: Draft, lineAt: LineAt): void {
  if (!functionTypes.has(node.type)) return
  const line = lineAt(node)
  const lastLine = lineAt({ ...node, start: node.end - 1 })
  const name = nameOf(node.id) || nameOf(parent?.id) || nameOf(parent?.key) || 'anonymous function'
  facts.functions.push({ name, line, lines: lastLine - line + 1 })
}

function noteLooseType(node: Node, facts: Draft, lineAt: LineAt): void {
  const line = lineAt(node)
  if (node.type === 'TSAnyKeyword') facts.looseTypes.push({ line, what: 'any' })
  if (node.type === 'TSNonNullExpression') facts.looseTypes.push({ line, what: 'non-null !' })
  if (node.definite === true) facts.looseTypes.push({ line, what: 'definite !' })
}

const chanceNames = new Set(['randomUUID', 'randomBytes', 'randomInt', 'randomFillSync', 'getRandomValues'])

function noteTimeAndChance(node: Node, facts: Draft, lineAt: LineAt): void {
  const note = (what: string) => facts.timeAndChance.push({ line: lineAt(node), what })
  if (node.type === 'MemberExpression') {
    const member = `${nameOf(node.object)}.${memberName(node)}`
    if (member === 'Date.now' || member === 'Math.random') note(member)
  }
  if (node.type === 'NewExpression' && calledName(node) === 'Date' && nodesIn(node.arguments).length === 0) {
    note('new Date()')
  }
  if (node.type === 'CallExpression' && isIdentifier(node.callee) && calledName(node) === 'Date')
    note('Date()')
  const name = node.type === 'Identifier' ? nameOf(node) : node.type === 'Literal' ? textOf(node) : undefined
  if (name !== undefined && chanceNames.has(name)) note(name)
}

function walk(
  node: Node,
  parent: Node | undefined,
  visit: (node: Node, parent: Node | undefined) => void,
): void {
  visit(node, parent)
  for (const value of Object.values(node)) {
    if (isNode(value)) walk(value, node, visit)
    else for (const child of nodesIn(value)) walk(child, node, visit)
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function nodesIn(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

function isIdentifier(value: unknown): value is Node {
  return isNode(value) && value.type === 'Identifier'
}

function nameOf(value: unknown): string {
  return isNode(value) && typeof value.name === 'string' ? value.name : ''
}

/** The text of a string literal, or of a template without holes. */
function textOf(value: unknown): string | undefined {
  if (!isNode(value)) return undefined
  if (value.type === 'Literal') return typeof value.value === 'string' ? value.value : undefined
  const [only, ...others] = nodesIn(value.quasis)
  if (value.type !== 'TemplateLiteral' || only === undefined || others.length > 0) return undefined
  const cooked =
    typeof only.value === 'object' && only.value !== null && 'cooked' in only.value ? only.value.cooked : ''
  return typeof cooked === 'string' ? cooked : undefined
}

function memberName(member: Node): string {
  return member.computed === true ? (textOf(member.property) ?? '') : nameOf(member.property)
}

/** `f` of `f(…)`, `new f(…)` and `object.f(…)`. */
function calledName(call: Node): string {
  if (!isNode(call.callee)) return ''
  return call.callee.type === 'MemberExpression' ? memberName(call.callee) : nameOf(call.callee)
}

function lineFinder(text: string): LineAt {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return ({ start }) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= start) low = middle
      else high = middle
    }
    return low + 1
  }
}
