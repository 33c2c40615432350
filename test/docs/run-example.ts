/**
 * Makes a module of an example, and runs it.
 *
 * What a comment behind an expression says is checked: `expression // value`. The value is written as a JavaScript
 * literal; a remark may follow in brackets or after a colon. It may stand on the next line. `// throws CODE` says that the
 * expression fails with an error of that code or name. Comments anywhere else are prose.
 */
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import { parseSync, transformWithOxc } from 'vite'
import { expect } from 'vitest'
import { type Example, root } from './example-blocks.ts'
import { prelude, preludeNames } from './prelude.ts'

type Node = {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

interface Comment {
  readonly type: string
  readonly value: string
  readonly start: number
  readonly end: number
}

/** What an example promises of one expression. */
interface Check {
  readonly start: number
  readonly end: number
  readonly expression: string
  readonly expected: { readonly value: string } | { readonly throws: string }
}

/** What an example prints is for its reader, not for whoever runs the tests. */
const quiet = { log: () => {} }

const preludePath = join(root, 'test/docs/prelude.ts')

/** The example with the imports it left out, as TypeScript. */
export async function moduleOf(example: Example, code = example.code): Promise<string> {
  const used = namesIn(example.code)
  const missing = new Set(used.read.filter((name) => !used.declared.has(name)))
  const lines: string[] = []
  for (const path of scopesOf(example)) {
    const exported = Object.keys(await import(/* @vite-ignore */ path)).filter((name) => missing.delete(name))
    if (exported.length > 0) lines.push(`import { ${exported.join(', ')} } from '${path}'`)
  }
  const prepared = preludeNames.filter((name) => missing.has(name))
  if (prepared.length > 0 && isSource(example)) {
    lines.push(
      `import { ${prelude.name} } from '${preludePath}'`,
      `const { ${prepared.join(', ')} } = await ${prelude.name}()`,
    )
  }
  return `${lines.join(';')};${code}\nexport {}\n`
}

/** Runs an example and gives the number of its checks; throws when one does not hold. */
export async function runExample(example: Example): Promise<number> {
  const checks = checksOf(example)
  const { code } = await transformWithOxc(await moduleOf(example, withChecks(example, checks)), 'example.ts')
  const run: unknown = runInThisContext(`(async ($import, $check, console) => {${withoutImports(code)}\n})`)
  if (typeof run !== 'function') throw new TypeError('an example compiles to a function')
  let checked = 0
  const check = async (place: string, expected: Check['expected'], evaluate: () => Promise<unknown>) => {
    checked += 1
    const what = await evaluate().then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    )
    if ('throws' in expected)
      return expect('error' in what ? namesOfError(what.error) : 'no error', place).toContain(expected.throws)
    if ('error' in what) throw what.error
    return expect(what.value, place).toEqual(runInThisContext(`(${expected.value})`))
  }
  await run(async (path: string) => import(/* @vite-ignore */ path), check, quiet)
  expect(checked, `${example.file}:${example.line} ran all its checks`).toBe(checks.length)
  return checked
}

function isSource(example: Example): boolean {
  return example.file.endsWith('.ts')
}

/** Modules whose names an example may use without an import, nearest first; none for a page. */
function scopesOf(example: Example): readonly string[] {
  return isSource(example)
    ? [example.file, 'machines/index.ts', 'src/index.ts'].map((path) => join(root, path))
    : []
}

/** What the comments of an example promise. */
export function checksOf(example: Example): readonly Check[] {
  const { code } = example
  const { program, comments } = parsed(example)
  const lines: readonly Comment[] = comments.filter((comment) => comment.type === 'Line')
  return nodesIn(program.body).flatMap((statement) => {
    if (statement.type !== 'ExpressionStatement') return []
    const comment = lines.find(({ start }) => start >= statement.end)
    const between = comment === undefined ? '' : code.slice(statement.end, comment.start)
    if (comment === undefined || between.trim() !== '' || between.split('\n').length > 2) return []
    const expected = expectationOf(comment.value.trim())
    if (expected === null) {
      if (between.includes('\n')) return []
      throw new SyntaxError(
        `${example.file}:${example.line}: "// ${comment.value.trim()}" is no value; write prose above the line`,
      )
    }
    const expression = code.slice(statement.start, statement.end).replace(/;$/, '')
    return [{ start: statement.start, end: comment.end, expression, expected }]
  })
}

function expectationOf(comment: string): Check['expected'] | null {
  const thrown = /^throws (\w+)/.exec(comment)?.[1]
  if (thrown !== undefined) return { throws: thrown }
  const shorter = [...comment.matchAll(/ \(|: /g)].map(({ index }) => comment.slice(0, index))
  const value = [comment, ...shorter].find(isLiteral)
  return value === undefined ? null : { value }
}

const literalTypes = new Set([
  'Literal',
  'ArrayExpression',
  'ObjectExpression',
  'Property',
  'UnaryExpression',
  'ParenthesizedExpression',
  'Identifier',
])
const literalNames = new Set(['undefined', 'NaN', 'Infinity'])

/** A value written out: literals, arrays and objects of them. */
function isLiteral(text: string): boolean {
  const { program, errors } = parseSync('value.js', `(${text})`)
  const statement = errors.length === 0 && isNode(program) ? nodesIn(program.body) : []
  const written = statement[0]?.expression
  const plain = (value: unknown): boolean => {
    if (!isNode(value) || !literalTypes.has(value.type)) return false
    if (value.type === 'Identifier') return literalNames.has(String(value.name))
    if (value.type === 'Property') return plain(value.value)
    return [value.expression, value.argument, ...nodesIn(value.elements), ...nodesIn(value.properties)].every(
      (part) => part === undefined || plain(part),
    )
  }
  return statement.length === 1 && plain(written)
}

function withChecks(example: Example, checks: readonly Check[]): string {
  let code = example.code
  for (const { start, end, expression, expected } of checks.toReversed()) {
    const place = `${example.file}:${example.line} ${expression}`
    const call = `;await $check(${JSON.stringify(place)}, ${JSON.stringify(expected)}, async () => (${expression}));`
    code = code.slice(0, start) + call + code.slice(end)
  }
  return code
}

/** JavaScript with its imports turned into calls of `$import`, so that it runs inside a function. */
function withoutImports(code: string): string {
  let script = code
  const { program } = parseSync('example.js', code)
  const statements = isNode(program) ? nodesIn(program.body) : []
  for (const statement of statements.toReversed()) {
    if (!/^(Import|Export)/.test(statement.type)) continue
    const names = nodesIn(statement.specifiers).map((specifier) => {
      const local = textOfName(specifier.local)
      const imported =
        specifier.type === 'ImportDefaultSpecifier' ? 'default' : textOfName(specifier.imported)
      return imported === local ? local : `${imported}: ${local}`
    })
    const source = isNode(statement.source) ? JSON.stringify(statement.source.value) : ''
    const replacement = names.length === 0 ? '' : `const { ${names.join(', ')} } = await $import(${source});`
    script = script.slice(0, statement.start) + replacement + script.slice(statement.end)
  }
  return script
}

/** Names an example reads, and those it makes itself. */
function namesIn(code: string): { readonly read: readonly string[]; readonly declared: ReadonlySet<string> } {
  const { program } = parseSync('example.ts', code)
  const read = new Set<string>()
  const declared = new Set<string>()
  const walk = (node: Node): void => {
    if (node.type === 'Identifier') read.add(String(node.name))
    const made = /Declarat|Specifier$/.test(node.type) ? [node.id, node.local] : []
    for (const name of made.flatMap((target) => (isNode(target) ? identifiersIn(target) : [])))
      declared.add(name)
    for (const child of childrenOf(node)) walk(child)
  }
  if (isNode(program)) walk(program)
  return { read: [...read], declared }
}

function identifiersIn(node: Node): readonly string[] {
  return node.type === 'Identifier' ? [String(node.name)] : childrenOf(node).flatMap(identifiersIn)
}

function parsed(example: Example): { readonly program: Node; readonly comments: readonly Comment[] } {
  const { program, comments, errors } = parseSync('example.ts', example.code)
  const [error] = errors
  if (error !== undefined || !isNode(program)) {
    throw new SyntaxError(`${example.file}:${example.line} does not parse: ${error?.message}`)
  }
  return { program, comments }
}

function namesOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? `${error.name} ${String(error.code)}` : error.name
}

function childrenOf(node: Node): readonly Node[] {
  return Object.values(node).flatMap((value) => (isNode(value) ? [value] : nodesIn(value)))
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

function nodesIn(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

function textOfName(node: unknown): string {
  return isNode(node) ? String(node.name) : ''
}
