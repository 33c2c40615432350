/**
 * Where examples stand: the ```ts blocks of the pages, and those of the comments in the sources.
 * A block marked `no-run` is an illustration: it is counted, and neither compiled nor run.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../../', import.meta.url))

export interface Example {
  /** Relative to the project, with `/`. */
  readonly file: string
  /** Line of the first line of code. */
  readonly line: number
  readonly code: string
  readonly runs: boolean
}

/** All pages people read, relative to the project. */
export function pages(): readonly string[] {
  return ['README.md', 'CHANGELOG.md', ...filesIn('docs', '.md')]
}

/** All sources with comments that are shown to users. */
export function sources(): readonly string[] {
  return [...filesIn('src', '.ts'), ...filesIn('machines', '.ts')]
}

export function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8')
}

function filesIn(folder: string, extension: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter((path) => path.endsWith(extension))
    .sort()
}

/** The examples of a page. */
export function examplesOfPage(file: string, text: string): readonly Example[] {
  return found(file, text, /^```ts( no-run)?\n([\s\S]*?)^```$/gm, (code) => code)
}

/** The examples in the comments of a source. */
export function examplesOfSource(file: string, text: string): readonly Example[] {
  return found(file, text, /^ *\* ```ts( no-run)?\n([\s\S]*?)^ *\* ```$/gm, (code) =>
    code.replaceAll(/^ *\* ?/gm, ''),
  )
}

function found(
  file: string,
  text: string,
  fence: RegExp,
  strip: (code: string) => string,
): readonly Example[] {
  return [...text.matchAll(fence)].map((block) => ({
    file,
    line: text.slice(0, block.index).split('\n').length + 1,
    code: strip(block[2] ?? ''),
    runs: block[1] === undefined,
  }))
}

export function allExamples(): readonly Example[] {
  return [
    ...pages().flatMap((file) => examplesOfPage(file, textOf(file))),
    ...sources().flatMap((file) => examplesOfSource(file, textOf(file))),
  ]
}
