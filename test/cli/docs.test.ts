/**
 * docs/cli.md says what the command does. Goal: no verb, option or exit code is missing there, and every example gives what it
 * shows. Method: the page is compared with what commander was told, and its examples are run, one shell for all of them.
 * With WAYMARK_WRITE_DOCS=1 the examples' output is written into the page instead.
 */
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'
import { exitCodes } from '../../src/cli/failure.ts'
import { makeProgram } from '../../src/cli/program.ts'
import { built, makePlace } from './support.ts'

beforeAll(built, 180_000)

const pagePath = fileURLToPath(new URL('../../docs/cli.md', import.meta.url))
const examplesPath = fileURLToPath(new URL('../../examples/transcripts', import.meta.url))
const page = readFileSync(pagePath, 'utf8')
const program = makeProgram(async () => {})

/** The part of the page about a verb: from its heading to the next. */
function sectionOf(verb: string): string {
  const [, section = ''] = page.split(new RegExp(`^### waymark ${verb}\\b(?!s)`, 'm'))
  return section.split(/^#{2,3} /m)[0] ?? ''
}

const sorted = (names: readonly (string | undefined)[]) =>
  names.map(String).sort((a, b) => a.localeCompare(b))

/** Options that the rows of a page's tables begin with. */
function optionsIn(text: string): string[] {
  return [...text.matchAll(/^\| `(-[^`]+)` \|/gm)].map(([, flags = '']) => flags)
}

describe('docs/cli.md', () => {
  it('has each verb, with its arguments, once', () => {
    const documented = [...page.matchAll(/^### waymark (.+)$/gm)].map(([, usage]) => usage)
    const known = program.commands.map((command) =>
      [
        command.name(),
        ...command.registeredArguments.map((argument) => {
          const name = `${argument.name()}${argument.variadic ? '...' : ''}`
          return argument.required ? `<${name}>` : `[${name}]`
        }),
      ].join(' '),
    )
    expect(sorted(documented)).toEqual(sorted(known))
  })

  it.each(program.commands.map((command) => [command.name(), command] as const))(
    'has the options of %s',
    (verb, command) => {
      expect(sorted(optionsIn(sectionOf(verb)))).toEqual(sorted(command.options.map(({ flags }) => flags)))
    },
  )

  it('has the options of all verbs', () => {
    const everywhere = page.split('## Begin')[0] ?? ''
    const known = [...program.options.map(({ flags }) => flags), '-h, --help']
    expect(sorted(optionsIn(everywhere))).toEqual(sorted(known))
  })

  it('has the exit codes', () => {
    const documented = [...page.matchAll(/^\| (\d+) \| /gm)].map(([, code]) => Number(code))
    expect(documented).toEqual(Object.values(exitCodes))
  })

  it('shows what its examples give', { timeout: 120_000 }, async () => {
    const blocks = [...page.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)
    const steps = blocks.map(stepsOf)
    const place = await makePlace({ bare: true })
    cpSync(examplesPath, join(place.folder, 'transcripts'), { recursive: true })
    const answers = runAll(
      steps.flat().map(({ command }) => command),
      place.folder,
      place.userFolder,
    )
    if (process.env.WAYMARK_WRITE_DOCS === '1') {
      let next = 0
      const written = page.replace(/^```console\n[\s\S]*?^```$/gm, (block) => {
        const lines = stepsOf(block.slice('```console\n'.length)).map(
          ({ command }) => `$ ${command}\n${answers[next++]}`,
        )
        return `\`\`\`console\n${lines.join('')}\`\`\``
      })
      writeFileSync(pagePath, written)
      return
    }
    for (const [index, { command, output }] of steps.flat().entries()) {
      expect(`$ ${command}\n${alike(answers[index] ?? '')}`).toBe(`$ ${command}\n${alike(output)}`)
    }
    expect(steps.flat().length).toBeGreaterThan(15)
  })
})

interface Step {
  readonly command: string
  readonly output: string
}

function stepsOf(block: string): Step[] {
  return block
    .replace(/```$/, '')
    .split(/^\$ /m)
    .slice(1)
    .map((text) => {
      const [command = '', ...output] = text.split('\n')
      return { command, output: output.join('\n') }
    })
}

/** Runs the commands one after the other in one shell, as on a terminal, and gives what each prints. */
function runAll(commands: readonly string[], folder: string, userFolder: string): string[] {
  const bin = join(userFolder, 'bin')
  mkdirSync(bin)
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
  writeFileSync(join(bin, 'waymark'), `#!/bin/sh\nexec "${process.execPath}" "${main}" "$@"\n`)
  chmodSync(join(bin, 'waymark'), 0o755)
  const mark = '=== next ==='
  const script = [
    'exec 2>&1',
    ...commands.map((command) => `${command}\nended=$?; echo "${mark}"; (exit $ended)`),
  ].join('\n')
  const printed = execFileSync('bash', ['-c', script], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${bin}:${process.env.PATH ?? ''}`, HOME: userFolder, WAYMARK_LAYOUT: 'aligned' },
  })
  return printed.split(`${mark}\n`).map((text) => text.replaceAll(folder, '/home/you/project'))
}

/** What differs from run to run made the same. */
function alike(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UUID')
    .replace(/sess_[0-9a-f]{8}\b/g, 'sess_SHORT')
    .replace(/\b[0-9a-f]{64}\b/g, 'HASH')
    .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{3}Z)?/g, 'TIME')
    .replace(/\b\d+:\d\d:\d\d\b/g, 'ELAPSED')
    .replace(/\d+(\.\d+)? ms/g, 'DURATION')
}
