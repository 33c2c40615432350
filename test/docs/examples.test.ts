/**
 * Examples are true.
 *
 * Goal: every example of the pages and of the comments compiles in a strict project and gives what it says it gives.
 * Method: cut the blocks out, add the imports that comments leave out, compile them together, run each by itself.
 * Sibling: examples that are false in each possible way are found.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import {
  allExamples,
  type Example,
  examplesOfPage,
  examplesOfSource,
  pages,
  root,
  textOf,
} from './example-blocks.ts'
import { checksOf, moduleOf, runExample } from './run-example.ts'

/** Illustrations that cannot run: at most so many. */
const noRunMax = 2

const examples = allExamples()
const running = examples.filter((example) => example.runs)
const placeOf = ({ file, line }: Example) => `${file}:${line}`

describe('an example', () => {
  it.each(running.map((example) => [placeOf(example), example] as const))(
    'of %s is true',
    async (_, example) => {
      await runExample(example)
    },
  )

  it('is seldom an illustration', () => {
    expect(examples.filter((example) => !example.runs).map(placeOf).length).toBeLessThanOrEqual(noRunMax)
  })

  it('is written as ts, so that it is looked at', () => {
    const others = pages().filter((file) => /^```(js|javascript|typescript|mjs|tsx)\b/m.test(textOf(file)))
    expect(others).toEqual([])
  })

  it('has something to show: most check a value', () => {
    const checks = running.map((example) => checksOf(example).length)
    expect(running.length).toBeGreaterThan(20)
    expect(checks.filter((count) => count > 0).length).toBeGreaterThan(running.length / 2)
  })
})

describe('the examples', () => {
  const folder = mkdtempSync(join(tmpdir(), 'waymark-examples-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('compile in a strict project', { timeout: 60_000 }, async () => {
    expect(await problemsOf(folder, running)).toEqual([])
  })

  it('that do not compile are found', { timeout: 60_000 }, async () => {
    const wrong = pageExample("import { Waymark } from 'waymark'\nconst home: number = Waymark.open()\n")
    expect(await problemsOf(folder, [wrong])).toEqual([
      expect.stringContaining("page.md:1: error TS2322: Type 'Promise<Waymark>'"),
    ])
  })
})

/** Compiles examples as one strict project that has waymark installed, and says what the compiler says of them. */
async function problemsOf(folder: string, compiled: readonly Example[]): Promise<readonly string[]> {
  const names = compiled.map((_, index) => `example-${index}.mts`)
  for (const [index, example] of compiled.entries()) {
    writeFileSync(join(folder, `example-${index}.mts`), await moduleOf(example))
  }
  const compilerOptions = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023'],
    types: ['node'],
    paths: {
      waymark: [join(root, 'src/index.ts')],
      'waymark/machines': [join(root, 'machines/index.ts')],
      'waymark/testing': [join(root, 'src/testing/index.ts')],
    },
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: names }))
  try {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', folder], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    return []
  } catch (error) {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)
    const place = (_: string, index: string) =>
      compiled[Number(index)]?.file.concat(`:${compiled[Number(index)]?.line}`) ?? '?'
    const said = output.split('\n').filter((line) => line.includes('example-'))
    return said.map((line) => line.replace(/^.*example-(\d+)\.mts\(\d+,\d+\)/, place))
  }
}

function pageExample(code: string): Example {
  return { file: 'page.md', line: 1, code, runs: true }
}

describe('a false example', () => {
  const run = async (code: string) => runExample(pageExample(code))

  it.each([
    ['another value', '1 + 1 // 3', /page\.md:1 1 \+ 1/],
    ['another value, with a remark', '1 + 1 // 3 (it is not)', /page\.md:1 1 \+ 1/],
    ['another value, on the next line', '[1, 2].map(String)\n// [1, 2]', /page\.md:1/],
    ['another value of a promise', 'await Promise.resolve(1) // 2', /page\.md:1/],
    ['no error where one is promised', 'Number(1) // throws RangeError', /page\.md:1/],
    ['another error than promised', '(() => { throw new TypeError() })() // throws RangeError', /page\.md:1/],
    ['an error where a value is promised', '(() => { throw new TypeError("broken") })() // 1', /broken/],
    ['an error in the middle', 'const a: undefined = undefined\nString(a.b)\n', /reading 'b'/],
    ['prose where a value belongs', '1 + 1 // gives two', /is no value/],
    ['a name nobody knows', 'nobody() // 1', /nobody is not defined/],
    ['code that does not parse', 'const = 1', /does not parse/],
  ])('is found: %s', async (_, code, said) => {
    await expect(run(code)).rejects.toThrow(said)
  })

  it.each([
    ['a value', '1 + 1 // 2', 1],
    ['a value with a remark', "'a'.repeat(2) // 'aa' (twice)\n'a' // 'a': once", 2],
    ['a value on the next line', '({ a: [1, -1] })\n// { a: [1, -1] }', 1],
    [
      'an error',
      "const f = (): number => { throw new RangeError('no') }\nf() // throws RangeError: always",
      1,
    ],
    [
      'types, imports and prose',
      "// a page\nimport { MemoryLog, type Clock } from 'waymark'\nconst log = new MemoryLog() // empty\nconst clock: Clock | null = null\nclock // null\nawait log.position() // 0",
      2,
    ],
  ])('is not seen where there is none: %s', async (_, code, checks) => {
    expect(await run(code)).toBe(checks)
  })
})

describe('the reading of blocks', () => {
  it('finds them in pages and comments, with their lines and marks', () => {
    const page = 'a\n```ts\none\n```\n```ts no-run\ntwo\n```\n```sh\nthree\n```\n'
    expect(examplesOfPage('p.md', page)).toEqual([
      { file: 'p.md', line: 3, code: 'one\n', runs: true },
      { file: 'p.md', line: 6, code: 'two\n', runs: false },
    ])
    const source =
      '/**\n * @example\n * ```ts\n * one\n *   two\n * ```\n */\nclass A {\n  /**\n   * ```ts\n   * three\n   * ```\n   */\n}'
    expect(examplesOfSource('s.ts', source)).toEqual([
      { file: 's.ts', line: 4, code: 'one\n  two\n', runs: true },
      { file: 's.ts', line: 11, code: 'three\n', runs: true },
    ])
  })
})
