import { z } from 'zod'
import type { CommandType } from '../../events/commands.ts'
import { parseSending, type Sending } from '../../events/content.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import { type ErrorCode, WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { SendOptions, SendResult, Session } from '../../session/session.ts'
import { timelineEntry } from '../../views/timeline.ts'
import { withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, type Failure, failureOf, usageError, withHint } from '../failure.ts'
import { type InputLine, linesOf } from '../lines.ts'
import type { Output } from '../output.ts'
import { epochOption, sessionArgument, under, verb } from '../verb.ts'
import { makePrinter } from './log.ts'

const shape = z.strictObject({
  session: sessionArgument,
  command: z.string(),
  keepGoing: z.boolean().optional(),
  epoch: epochOption,
})

export const send = verb(shape, async ({ session: name, command, keepGoing = false, epoch }, context) => {
  const { output, input } = context
  const isStream = command === '-'
  if (isStream && process.stdin.isTTY) {
    if (!input)
      throw usageError(
        'stdin is a terminal, and --no-input says not to wait for it',
        'pipe commands in, or name one as JSON',
      )
    output.note('reading commands, one JSON object a line; Ctrl-D ends')
  }
  // Read before the home is opened: what cannot be understood leaves everything as it was.
  const single = isStream ? null : parseRequest(Buffer.from(command))
  return withWaymark(context, 'write', async (waymark) => {
    const session = await waymark.openSession(name, under(epoch))
    const print = makeAnswerPrinter(output, session)
    if (single === null) {
      // Who is told to stop between two lines leaves a checkpoint, and ends by the signal all the same.
      const undo = waymark.checkpointOnSignals()
      return sendLines(session, output, print, keepGoing).finally(undo)
    }
    await print(answerOf(await sent(session, single), single, null))
    return exitCodes.fine
  })
})

interface Request {
  readonly command: Sending
  readonly options: SendOptions
}

/** What is decided by asking the machine, which only a program has at hand. */
const askingMachine: ReadonlySet<string> = new Set<CommandType>([
  'machine.start',
  'machine.send',
  'machine.settle-effect',
  'machine.fire-timer',
  'machine.migrate',
])

async function sent(session: Session, { command, options }: Request): Promise<SendResult> {
  try {
    return await session.send(command, options)
  } catch (error) {
    const { nativeId, machine } = session.state
    if (!askingMachine.has(command.type) || (machine === undefined && command.type !== 'machine.start'))
      throw error
    const id = JSON.stringify(nativeId ?? session.id)
    throw withHint(
      error,
      `send it in a program that has the machine: const actor = await durable(machine, { log: waymark, id: ${id} }); await actor.send(event)`,
    )
  }
}

/** What a command led to. `line` is its place in the stream; `null` for a single command. */
interface Answer {
  readonly line: number | null
  readonly commandId: string | null
  readonly version: number
  readonly events: readonly LoggedEvent[]
  readonly repeated: boolean
}

type Print = (answer: Answer) => Promise<void>

/** Failures that concern one command: the next one may still be right. */
const passable: ReadonlySet<string> = new Set<ErrorCode>([
  'COMMAND_ID_REUSED',
  'COMMAND_INVALID',
  'COMMAND_REFUSED',
  'VERSION_CONFLICT',
])

/**
 * Sends line after line. By default each waits for the answer to the one before, so that nothing after a bad line is sent.
 * With `keepGoing`, lines that have come together are sent together, and made durable together.
 */
async function sendLines(
  session: Session,
  output: Output,
  print: Print,
  keepGoing: boolean,
): Promise<ExitCode> {
  let worst: ExitCode = exitCodes.fine
  let sent = 0
  for await (const batch of linesOf(process.stdin, limits.commandBytesMax)) {
    const lines = batch.filter((line) => !isBlank(line))
    sent += lines.length
    for (const group of keepGoing ? [lines] : lines.map((line) => [line])) {
      const answers = group.map((line) => ({ line, outcome: startLine(session, line) }))
      let failed = false
      for (const { line, outcome } of answers) {
        const failure = await finishLine(await outcome, line, output, print, keepGoing)
        if (failure === null) continue
        if (failure.exitCode > worst) worst = failure.exitCode
        failed ||= !keepGoing || !passable.has(failure.code)
      }
      // Lines that lie ready leave the writer no pause of its own: who waits for an answer has it before the next line is read.
      await output.flush()
      if (failed) return worst
    }
  }
  if (sent === 0) {
    const hint = 'one JSON object a line: {"type":"task.start","taskId":"SPEC-001"}'
    throw usageError('there was no command on stdin', hint)
  }
  return worst
}

function isBlank({ bytes }: InputLine): boolean {
  return bytes?.every((byte) => byte === 0x20 || byte === 0x09 || byte === 0x0d) === true
}

type Outcome = { readonly request: Request | null; readonly result: SendResult } | { readonly error: unknown }

async function startLine(session: Session, { bytes }: InputLine): Promise<Outcome> {
  try {
    if (bytes === null) throw invalid(`it is longer than ${limits.commandBytesMax} bytes`)
    const request = parseRequest(bytes)
    return { request, result: await sent(session, request) }
  } catch (error) {
    return { error }
  }
}

/** Prints the answer to a line, or reports why there is none. */
async function finishLine(
  outcome: Outcome,
  { number }: InputLine,
  output: Output,
  print: Print,
  keepGoing: boolean,
): Promise<Failure | null> {
  if (!('error' in outcome)) {
    await print(answerOf(outcome.result, outcome.request, number))
    return null
  }
  const failure = failureOf(outcome.error)
  const { code, message, hint } = failure
  if (output.json) {
    const error = { code, message, hint, line: number }
    process.stderr.write(`${JSON.stringify({ error })}\n`)
    // Who goes on waits for one answer to each line.
    if (keepGoing) await output.record({ line: number, error })
  } else {
    output.warn(`line ${number}: ${message}${hint === null ? '' : `\nhint: ${hint}`}`)
  }
  return failure
}

function answerOf(
  { events, version, repeated }: SendResult,
  request: Request | null,
  line: number | null,
): Answer {
  return {
    line,
    commandId: events[0]?.commandId ?? request?.options.commandId ?? null,
    version,
    events,
    repeated,
  }
}

function makeAnswerPrinter(output: Output, session: Session): Print {
  const printEvent = makePrinter(output, session.version)
  return async (answer) => {
    if (output.json) {
      const { line, ...facts } = answer
      await (line === null ? output.document(facts) : output.record({ line, ...facts }))
      return
    }
    for (const event of answer.events) await printEvent(timelineEntry(event))
    const where = answer.line === null ? '' : `line ${answer.line}: `
    if (answer.repeated)
      output.note(`${where}recorded before under the same command id; nothing was appended`)
    else if (answer.events.length === 0) output.note(`${where}nothing to add: the session says so already`)
  }
}

const expectedVersionShape = z.union([z.int().min(0), z.enum(['no-stream', 'stream-exists'])])
const metaKeys = ['commandId', 'time', 'actor', 'causationId', 'correlationId'] as const

/** A command with what is said about it beside its fields. */
function parseRequest(bytes: Uint8Array): Request {
  if (bytes.length > limits.commandBytesMax)
    throw invalid(`it is longer than ${limits.commandBytesMax} bytes`)
  const value = parseJson(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { command: parseSending(value).command, options: {} }
  const fields: Record<string, unknown> = Object.fromEntries(Object.entries(value))
  const meta: Record<string, unknown> = {}
  for (const key of metaKeys) {
    if (Object.hasOwn(fields, key)) meta[key] = fields[key]
    delete fields[key]
  }
  if (Object.hasOwn(fields, 'expectedVersion')) {
    const expected = expectedVersionShape.safeParse(fields.expectedVersion)
    if (!expected.success) throw invalid('expectedVersion is a version, "no-stream" or "stream-exists"')
    meta.expectedVersion = expected.data
    delete fields.expectedVersion
  }
  // `send` checks what is said about the command at its own door, and refuses what is not of these shapes.
  return { command: checked(fields), options: meta as SendOptions }
}

/** A command as it was typed, once it is known to be one: texts in it are stored when it is sent. */
function checked(fields: Readonly<Record<string, unknown>>): Sending {
  parseSending(fields)
  // The parser has just accepted these very fields.
  return fields as Sending
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw invalid(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function invalid(what: string): WaymarkError {
  return new WaymarkError('COMMAND_INVALID', {
    message: `the command cannot be read: ${what}`,
    hint: 'a command is one JSON object: {"type":"task.start","taskId":"SPEC-001"}',
  })
}
