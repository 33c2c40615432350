import { z } from 'zod'
import { loadSettings } from '../../configuration/load.ts'
import { nearest } from '../../events/commands.ts'
import { offeredHandoff } from '../../fold/handoff.ts'
import { contextMarkdown } from '../../handoff/markdown.ts'
import { readHandoff, validateHandoff } from '../../handoff/validate.ts'
import { systemClock } from '../../kernel/clock.ts'
import { CommandRefused, WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import { handoffNamed } from '../../session/accept-handoff.ts'
import { readPackageFile } from '../../session/package-file.ts'
import type { Session } from '../../session/session.ts'
import { type Context, withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, usageError } from '../failure.ts'
import {
  printAcceptance,
  printEnded,
  printHandoffs,
  printOffer,
  printPackage,
  printReceived,
  printValidation,
} from '../handoff-output.ts'
import { epochOption, textOption, under, verb } from '../verb.ts'

const minutesOption = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,6})?$/, 'a number of minutes is written as 60 or 0.5')
  .transform(Number)

const shape = z.strictObject({
  action: z.string(),
  subject: z.string().min(1, 'it is empty').max(limits.textCharactersMax, 'it is too long'),
  to: textOption.optional(),
  from: textOption.optional(),
  reason: textOption.optional(),
  expires: minutesOption.optional(),
  out: textOption.optional(),
  agent: textOption.optional(),
  package: textOption.optional(),
  id: textOption.optional(),
  result: textOption.optional(),
  context: z.boolean().optional(),
  epoch: epochOption,
})

type Input = z.infer<typeof shape>
type OptionName = Exclude<keyof Input, 'action' | 'subject'>

interface Action {
  readonly needs: readonly OptionName[]
  readonly takes: readonly OptionName[]
  readonly run: (input: Input, context: Context) => Promise<ExitCode>
}

const actions: ReadonlyMap<string, Action> = new Map<string, Action>([
  ['offer', { needs: ['to'], takes: ['from', 'reason', 'expires', 'out', 'epoch'], run: offer }],
  ['accept', { needs: ['agent'], takes: ['id', 'package'], run: accept }],
  ['reject', { needs: ['agent'], takes: ['id', 'reason'], run: reject }],
  ['expire', { needs: [], takes: ['id'], run: expire }],
  ['withdraw', { needs: [], takes: ['reason', 'epoch'], run: withdraw }],
  ['done', { needs: [], takes: ['id', 'result', 'epoch'], run: done }],
  ['list', { needs: [], takes: [], run: list }],
  ['show', { needs: [], takes: ['id', 'context'], run: show }],
  ['validate', { needs: [], takes: ['context'], run: validate }],
  ['receive', { needs: [], takes: ['agent'], run: receive }],
])

export const handoff = verb(shape, async (input, context) => {
  const names = [...actions.keys()]
  const action = actions.get(input.action)
  if (action === undefined) {
    throw usageError(
      `unknown action "${input.action.slice(0, limits.idCharactersMax)}"`,
      `did you mean ${nearest(input.action, names).join(' or ')}? There are ${names.join(', ')}`,
    )
  }
  const missing = action.needs.find((name) => input[name] === undefined)
  if (missing !== undefined) {
    throw usageError(
      `handoff ${input.action} needs --${missing}`,
      'waymark help handoff says what each takes',
    )
  }
  const allowed: readonly string[] = ['action', 'subject', ...action.needs, ...action.takes]
  const other = Object.entries(input).find(([name, value]) => value !== undefined && !allowed.includes(name))
  if (other !== undefined) {
    throw usageError(
      `handoff ${input.action} takes no --${other[0]}`,
      'waymark help handoff says what each takes',
    )
  }
  return action.run(input, context)
})

/** Opens the session for writing and does the work. */
async function inSession<T>(
  { subject, epoch }: Input,
  context: Context,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  return withWaymark(context, 'write', async (waymark) =>
    work(await waymark.openSession(subject, under(epoch))),
  )
}

async function offer(input: Input, context: Context): Promise<ExitCode> {
  const { to = '', from, reason, expires, out } = input
  const offered = await inSession(input, context, (session) =>
    session.handOff({
      toAgent: to,
      ...(from === undefined ? {} : { fromAgent: from }),
      ...(reason === undefined ? {} : { reason }),
      ...(expires === undefined ? {} : { expiresInMinutes: expires }),
      ...(out === undefined ? {} : { file: out }),
    }),
  )
  await printOffer(context.output, offered)
  return exitCodes.fine
}

async function accept(input: Input, context: Context): Promise<ExitCode> {
  const { agent = '', id, package: path } = input
  const given = path === undefined ? {} : { package: await readPackageFile(path) }
  const accepted = await inSession(input, context, (session) =>
    session.acceptHandoff({ agent, ...(id === undefined ? {} : { handoffId: id }), ...given }),
  )
  await printAcceptance(context.output, accepted)
  return exitCodes.fine
}

async function reject(input: Input, context: Context): Promise<ExitCode> {
  const { agent = '', reason } = input
  const why = reason === undefined ? {} : { reason }
  return ended(input, context, (session) =>
    session.send({ type: 'handoff.reject', agent, ...named(input), ...why }, { actor: agent }),
  )
}

async function expire(input: Input, context: Context): Promise<ExitCode> {
  return ended(input, context, (session) => session.send({ type: 'handoff.expire', ...named(input) }))
}

async function withdraw(input: Input, context: Context): Promise<ExitCode> {
  const { reason } = input
  return ended(input, context, (session) => {
    if (offeredHandoff(session.state) === undefined) throw nothingOffered(session)
    return session.send({ type: 'session.resume', ...(reason === undefined ? {} : { reason }) })
  })
}

async function done(input: Input, context: Context): Promise<ExitCode> {
  const { result } = input
  const what = result === undefined ? {} : { result }
  return ended(input, context, (session) =>
    session.send({ type: 'handoff.complete', ...named(input), ...what }),
  )
}

function named({ id }: Input): { readonly handoffId?: string } {
  return id === undefined ? {} : { handoffId: id }
}

function nothingOffered({ id, state }: Session): WaymarkError {
  return new CommandRefused({
    message: `handoff.withdraw refused: session ${id} is ${state.status.replace('_', ' ')}: nothing is offered`,
    hint: `waymark handoff list ${id} shows its handoffs`,
  })
}

/** Ends a handoff, and says how it stands then. */
async function ended(
  input: Input,
  context: Context,
  send: (session: Session) => Promise<unknown>,
): Promise<ExitCode> {
  const { state, handoffId } = await inSession(input, context, async (session) => {
    const id = input.id ?? handoffNamed(session.state)?.id
    await send(session)
    return { state: session.state, handoffId: id }
  })
  await printEnded(context.output, state, handoffId)
  return exitCodes.fine
}

async function list(input: Input, context: Context): Promise<ExitCode> {
  const state = await withWaymark(context, 'read', async (waymark) => {
    return (await waymark.openSession(input.subject)).state
  })
  await printHandoffs(context.output, state, systemClock.now())
  return exitCodes.fine
}

async function show(input: Input, context: Context): Promise<ExitCode> {
  const found = await withWaymark(context, 'read', async (waymark) => {
    const session = await waymark.openSession(input.subject)
    const offered = handoffNamed(session.state, input.id)
    if (offered === undefined) throw noPackage(session, `there is no handoff ${input.id ?? 'in it'}`)
    const found = await session.handoffPackage(offered.id)
    if (found === null) throw noPackage(session, `handoff ${offered.id} was offered without one`)
    return found
  })
  if (input.context === true) {
    const { context: critical } = readHandoff(found)
    if (context.output.json) await context.output.document(critical)
    else await context.output.text(contextMarkdown(found, critical))
  } else await printPackage(context.output, found)
  return exitCodes.fine
}

function noPackage({ id }: Session, why: string): WaymarkError {
  return new WaymarkError('HANDOFF_INVALID', {
    message: `session ${id} has no such package: ${why}`,
    hint: `waymark handoff list ${id} shows its handoffs`,
  })
}

/** Needs no home and no log: only the file, and the settings for the registry of agents. */
async function validate(input: Input, context: Context): Promise<ExitCode> {
  const bytes = await readPackageFile(input.subject)
  const { settings } = await loadSettings({ home: context.home.path, flags: context.set })
  const { agents, handoffMinimumTokens: minimumTokens } = settings
  const validation = validateHandoff(bytes, { agents, minimumTokens, now: systemClock.now() })
  await printValidation(context.output, validation, input.context === true)
  return validation.ok ? exitCodes.fine : exitCodes.problem
}

async function receive(input: Input, context: Context): Promise<ExitCode> {
  const bytes = await readPackageFile(input.subject)
  const { agent } = input
  const received = await withWaymark(context, 'create', (waymark) =>
    waymark.receiveHandoff(bytes, agent === undefined ? {} : { agent }),
  )
  await printReceived(context.output, received.session.state, received.leftOut)
  return exitCodes.fine
}
