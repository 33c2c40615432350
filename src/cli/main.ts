#!/usr/bin/env node
/** The command `waymark`: reads what was typed, runs one verb, and ends with its exit code. */
import { CommanderError } from 'commander'
import { findHome, type Home } from '../session/home.ts'
import { type ExitCode, exitCodes, failureJson, failureLines, failureOf } from './failure.ts'
import { visibleLines } from './layout.ts'
import { makeOutput, painter, wantsColour } from './output.ts'
import { type Call, helpOf, makeProgram, usageFailure } from './program.ts'

const typed = process.argv.slice(2)
const environment = process.env
let exitCode: ExitCode = exitCodes.fine
let home: Home | null = null
let isDone = false

/** A module that a user named can end the process in the middle of a verb: that is not taken for an answer. */
process.on('exit', (code) => {
  if (isDone || code !== exitCodes.fine) return
  process.exitCode = exitCodes.problem
  process.stderr.write('waymark: the process was ended before the verb was done\n')
  process.stderr.write('hint: a module that is named, such as a predicate, must not call process.exit\n')
})

/** A reader that has seen enough closes the pipe (`waymark log … | head`): that ends the command and is nobody's fault. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  isDone = true
  if (error.code === 'EPIPE') process.exit(exitCode)
  process.stderr.write(`waymark: cannot write to stdout: ${error.message}\n`)
  process.exit(exitCodes.problem)
})
process.stderr.on('error', () => {})

async function run({ spec, input, global }: Call): Promise<void> {
  home = findHome(global.home)
  const { stdout, stderr } = process
  const output = makeOutput({ stdout, stderr, json: global.json, color: global.color, environment })
  const verb = await spec.load()
  try {
    exitCode = await verb.run(input, { home, output, input: global.input, set: global.set })
  } finally {
    await output.flush()
  }
}

function report(error: unknown): ExitCode {
  const failure = failureOf(error)
  if (isTypedBeforeRest('--json')) {
    process.stderr.write(`${failureJson(failure, home)}\n`)
  } else {
    const colour = wantsColour(process.stderr, { color: !isTypedBeforeRest('--no-color'), environment })
    const paint = painter(colour)
    const [first = '', ...rest] = failureLines(failure, home).map(visibleLines)
    process.stderr.write(`${[paint(first, 'bad'), ...rest].join('\n')}\n`)
  }
  if (environment.WAYMARK_DEBUG === '1' && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return failure.exitCode
}

/** Whether a flag was typed, also where the rest could not be understood. */
function isTypedBeforeRest(flag: string): boolean {
  const end = typed.indexOf('--')
  return (end === -1 ? typed : typed.slice(0, end)).includes(flag)
}

try {
  const program = makeProgram(run, typed)
  if (typed.length === 0) process.stderr.write(`${helpOf(program)}\n`)
  await program.parseAsync(typed, { from: 'user' })
} catch (error) {
  const told = error instanceof CommanderError ? usageFailure(error, typed) : error
  if (told !== null) exitCode = report(told)
}
isDone = true
process.exitCode = exitCode
