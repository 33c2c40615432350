/** The command line: verbs and options for commander, made from the table of verbs. */
import { readFileSync } from 'node:fs'
import { Command, type CommanderError, Option } from 'commander'
import { usageError } from './failure.ts'
import { topics } from './topics.ts'
import type { VerbSpec } from './verb-spec.ts'
import { verbs } from './verbs.ts'

/** What was typed: the verb's table entry, its arguments and options by name, and the options that every verb has. */
export interface Call {
  readonly spec: VerbSpec
  readonly input: Readonly<Record<string, unknown>>
  readonly global: GlobalOptions
}

export interface GlobalOptions {
  readonly home?: string
  readonly json: boolean
  readonly color: boolean
  readonly input: boolean
  readonly set: readonly string[]
}

const globalNames: ReadonlySet<string> = new Set(['home', 'set', 'json', 'color', 'input'])

/**
 * Makes the command; `run` is called with what was typed, and answers when the verb has ended. Where a verb that was typed has a `--version`
 * of its own, Waymark's is asked for with `-V` alone.
 */
export function makeProgram(run: (call: Call) => Promise<void>, typed: readonly string[] = []): Command {
  const program = new Command('waymark')
    .description('Keeps the place of an AI agent: records, recovers and replays its sessions.')
    .usage('<verb> [options]')
    .version(versionOfPackage(), hasOwnVersion(typed) ? '-V' : '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .option('--home <folder>', 'the home to work with; else WAYMARK_HOME, the nearest .moai upward, ~/.moai')
    .addOption(
      new Option(
        '--set <key=value>',
        'a setting for this call, such as cache_enabled=false; may be repeated',
      ).argParser(collected),
    )
    .option('--json', 'answer in JSON: one document, or one object a line where a verb streams')
    .addOption(new Option('--no-color', 'no colour'))
    .addOption(new Option('--no-input', 'never wait for somebody to type'))
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
    .exitOverride()
    .helpCommand(false)
  for (const [name, spec] of Object.entries<VerbSpec>(verbs)) addVerb(program, name, spec, run)
  addHelp(program)
  program.addHelpText(
    'after',
    '\nMore: waymark help <verb>, waymark help exit-codes, waymark help environment',
  )
  return program
}

function hasOwnVersion(typed: readonly string[]): boolean {
  const name = typed.find((word) => Object.hasOwn(verbs, word))
  const spec = Object.entries<VerbSpec>(verbs).find(([verb]) => verb === name)?.[1]
  return spec?.options.some(({ flags }) => flags.startsWith('--version ')) ?? false
}

function addVerb(program: Command, name: string, spec: VerbSpec, run: (call: Call) => Promise<void>): void {
  const command = program.command(name).description(spec.about).helpGroup(spec.group)
  for (const [argument, about] of spec.takes) command.argument(argument, about)
  if (takesMany(spec)) command.usage(usageOf(spec))
  for (const { flags, about, repeatable } of spec.options) {
    const option = new Option(flags, about)
    if (repeatable === true) option.argParser(collected)
    command.addOption(option)
  }
  const examples = spec.examples.map(([line, what]) => `  $ ${line}${what === '' ? '' : `\n      ${what}`}`)
  command.addHelpText('after', `\nExamples:\n${examples.join('\n')}`)
  command.action(async () => {
    const options: Readonly<Record<string, unknown>> = command.optsWithGlobals()
    const own = Object.entries(options).filter(([key]) => !globalNames.has(key))
    const taken = spec.takes.map(([argument], index) => [
      argument.replace(/[^a-z]/g, ''),
      command.processedArgs[index],
    ])
    for (const [name, value] of taken) {
      const given = own.some(([key, other]) => key === name && other !== undefined)
      if (value !== undefined && given) {
        throw usageError(
          `<${name}> and --${name} are both given`,
          `leave one of them out: they name the same`,
        )
      }
    }
    const present = [...taken, ...own].filter(([, value]) => value !== undefined)
    await run({ spec, input: Object.fromEntries(present), global: globalOptions(options) })
  })
}

/** Whether an option takes all the words that follow it: what the verb is about has to stand before. */
function takesMany({ options }: VerbSpec): boolean {
  return options.some(({ flags }) => flags.endsWith('...>'))
}

function usageOf({ takes }: VerbSpec): string {
  return [...takes.map(([argument]) => argument), '[options]'].join(' ')
}

/** The values of an option that may be repeated. */
function collected(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value]
}

function globalOptions({ home, json, color, input, set }: Readonly<Record<string, unknown>>): GlobalOptions {
  return {
    ...(typeof home === 'string' ? { home } : {}),
    json: json === true,
    color: color !== false,
    input: input !== false,
    set: Array.isArray(set) ? set.map(String) : [],
  }
}

function addHelp(program: Command): void {
  program
    .command('help')
    .description('Print help on a verb, or on a topic: exit-codes, environment.')
    .argument('[topic]', 'a verb or a topic')
    .helpGroup('More:')
    .action((topic: string | undefined) => {
      const text = topic !== undefined && Object.hasOwn(topics, topic) ? topics[topic] : undefined
      const command = program.commands.find((candidate) => candidate.name() === topic)
      if (topic === undefined) process.stdout.write(helpOf(program))
      else if (text !== undefined) process.stdout.write(`${text}\n`)
      else if (command !== undefined) process.stdout.write(helpOf(command))
      else
        throw usageError(
          `no help on "${topic}"`,
          'waymark help lists the verbs; topics are exit-codes and environment',
        )
    })
}

/** The help of a command with the texts added after it. */
export function helpOf(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => {
      text += part
    },
  })
  command.outputHelp()
  return text
}

/** Turns commander's complaint into wrong use of the command; `null` when it only printed help or the version. */
export function usageFailure(error: CommanderError, typed: readonly string[]): Error | null {
  if (error.exitCode === 0) return null
  if (error.code === 'commander.help') return usageError('no verb was given', 'waymark help lists them')
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
  const [name, spec] = Object.entries<VerbSpec>(verbs).find(([verb]) => typed.includes(verb)) ?? []
  if (error.code === 'commander.missingArgument' && spec !== undefined && takesMany(spec)) {
    return usageError(first, `an option may have taken it: write waymark ${name} ${usageOf(spec)}`)
  }
  const suggested = /Did you mean (.*)\?/.exec(rest.join(' '))?.[1]
  const hint =
    suggested === undefined ? 'waymark help lists the verbs and their options' : `did you mean ${suggested}?`
  return usageError(first, hint)
}

function versionOfPackage(): string {
  // The package's own manifest, seen from the sources as from the bundled command.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const isNamed = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return isNamed ? String(manifest.version) : 'unknown'
}
