import { constants, existsSync } from 'node:fs'
import { access, writeFile } from 'node:fs/promises'
import { dirname, relative, resolve } from 'node:path'
import { z } from 'zod'
import { WaymarkError } from '../../kernel/errors.ts'
import { countOf, countText, durationText } from '../../views/text.ts'
import { type Reproduction, reproduce } from '../../what-if/reproduce.ts'
import { type Context, withWaymark } from '../context.ts'
import { exitCodes, usageError } from '../failure.ts'
import { loadMachines } from '../machines-module.ts'
import type { Output } from '../output.ts'
import { sessionArgument, textOption, verb, versionOption } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument,
  // How long it may be is for the language of predicates to say.
  when: z.string().optional(),
  version: versionOption.optional(),
  machines: textOption.optional(),
  out: textOption.optional(),
  force: z.boolean().optional(),
  seed: z
    .string()
    .regex(/^\d{1,9}$/, 'a seed is a whole number from 0')
    .transform(Number)
    .optional(),
})
type Input = z.infer<typeof shape>

export const reproduceVerb = verb(shape, async (input, context) => {
  const { out, force = false } = input
  const { output } = context
  if (out === undefined && force) throw usageError('--force goes with --out', 'name the file: --out <file>')
  if (out !== undefined) {
    checkName(out)
    await mayWrite(out, force)
  }
  const found = await search(input, context)
  if (out !== undefined) await write(out, found.test, force)
  if (output.json) {
    const { test, ...facts } = found
    await output.document({ ...facts, file: out ?? null, test: out === undefined ? test : null })
    return exitCodes.fine
  }
  if (out === undefined) await output.text(found.test)
  else await output.line(out)
  notes(output, found)
  output.note(out === undefined ? 'next: --out <file> writes it' : `next: npx vitest run ${out}`)
  return exitCodes.fine
})

async function search(input: Input, context: Context): Promise<Reproduction> {
  const { session, when, version, machines: module, out, seed } = input
  const machines = module === undefined ? undefined : await loadMachines(module)
  return withWaymark(context, 'read', async (waymark) =>
    reproduce(waymark, session, {
      ...(when === undefined ? {} : { when }),
      ...(version === undefined ? {} : { version }),
      ...(seed === undefined ? {} : { seed }),
      ...(machines === undefined || module === undefined
        ? {}
        : { machines, machinesImport: importOf(module, out) }),
      onProgress: ({ attempts, left, of }) =>
        context.output.progress(
          `${countOf(attempts, 'attempt')}: ${countText(left)} of ${countText(of)} commands left`,
        ),
    }),
  )
}

/** The module as a test in that place names it; printed, the test is taken to lie in this folder. */
function importOf(module: string, out: string | undefined): string {
  const folder = out === undefined ? resolve('.') : dirname(resolve(out))
  const path = relative(folder, resolve(module)).replaceAll('\\', '/')
  return path.startsWith('../') ? path : `./${path}`
}

/** Names that vitest takes for tests, as it comes. */
const testName = /\.(?:test|spec)\.[cm]?[jt]sx?$/

function checkName(path: string): void {
  if (testName.test(path)) return
  throw usageError(
    `${path} is no name by which vitest finds a test`,
    'name it as problem.test.mjs, problem.test.ts, or with .js, .mts in their place, or .spec for .test',
  )
}

/** Told before the search, which may take its time. */
async function mayWrite(path: string, isForced: boolean): Promise<void> {
  if (!isForced && existsSync(path)) throw isThere(path)
  await access(dirname(resolve(path)), constants.W_OK).catch((cause: unknown) => {
    throw notWritable(path, cause)
  })
}

async function write(path: string, text: string, isForced: boolean): Promise<void> {
  try {
    await writeFile(path, text, { flag: isForced ? 'w' : 'wx' })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') throw isThere(path)
    throw notWritable(path, cause)
  }
}

function notWritable(path: string, cause: unknown): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `cannot write ${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: 'name a file in a folder that is there and that you may write into; without --out the test is printed',
    details: { path },
    cause,
  })
}

function isThere(path: string): WaymarkError {
  return new WaymarkError('ALREADY_EXISTS', {
    message: `${path} is there already`,
    hint: 'name another file, or add --force to write over it',
    details: { path },
  })
}

function notes(output: Output, found: Reproduction): void {
  const { commands, commandsBefore, version, versions, isMinimal, attempts, durationMs, redacted } = found
  output.note(
    `${countText(commands.length)} of the ${countOf(commandsBefore, 'command')} up to version ${version}, those at ${rangesText(versions)}; ${
      isMinimal ? 'none of them can be left out' : 'fewer may do'
    }; ${countOf(attempts, 'attempt')} in ${durationText(durationMs)}`,
  )
  if (found.policies === 'none')
    output.note('played without policies: where any had asked for something, that stands among the commands')
  if (redacted) output.note('what looked like a secret was taken out')
}

/** A few one by one, many as ranges: `1, 4 to 9, 12`. */
function rangesText(versions: readonly number[]): string {
  if (versions.length <= rangesMax) return versions.join(', ')
  const ranges: (readonly [number, number])[] = []
  for (const version of versions) {
    const [first, last] = ranges.at(-1) ?? [version, version]
    if (last + 1 === version) ranges[ranges.length - 1] = [first, version]
    else ranges.push([version, version])
  }
  const texts = ranges.map(([first, last]) =>
    first === last ? `${first}` : last === first + 1 ? `${first}, ${last}` : `${first} to ${last}`,
  )
  return texts.length <= rangesMax
    ? texts.join(', ')
    : `${texts.slice(0, rangesMax - 1).join(', ')} … ${texts.at(-1)}`
}

const rangesMax = 12
