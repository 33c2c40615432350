/** `waymark replay` at a terminal: whether there is one to play in, and what is left when the player ends. */
import { openStepper, type StepperOptions } from '../../replay/stepper/stepper.ts'
import { countText } from '../../views/text.ts'
import { type Context, withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, usageError } from '../failure.ts'
import { Player } from './play.ts'
import { Terminal } from './terminal.ts'

export interface PlayInput {
  readonly session: string
  /** Where it begins; given, it waits there for a key. */
  readonly from?: number | string | undefined
  readonly speed?: number | undefined
  readonly events?: boolean | undefined
}

/** Why nothing can be played here; `null` when it can. */
export function whyNotPlayed({ output, input }: Context): string | null {
  const { stdin, stdout, env } = process
  if (output.json) return '--json is for programs'
  if (!input) return '--no-input says that nobody types'
  if (stdin.isTTY !== true) return 'stdin is no terminal'
  if (stdout.isTTY !== true) return 'stdout is no terminal'
  return env.TERM === 'dumb' ? 'the terminal cannot move its cursor (TERM=dumb)' : null
}

/** Plays a session until somebody leaves. */
export async function playSession(input: PlayInput, context: Context): Promise<ExitCode> {
  const reason = whyNotPlayed(context)
  if (reason !== null) {
    throw usageError(
      `a session is played in a terminal: ${reason}`,
      'without --play, --from, --speed and --events it is printed; --timeline prints the story',
    )
  }
  const { output } = context
  const left = await withWaymark(context, 'read', async (waymark) => {
    const sessionId = await waymark.resolve(input.session)
    const options: StepperOptions = { by: input.events === true ? 'event' : 'batch', at: input.from ?? 0 }
    const stepper = await openStepper(waymark.log, sessionId, options)
    const terminal = new Terminal(process.stdin, process.stdout, output.paint)
    const playing = input.from === undefined
    const player = new Player(waymark.log, stepper, terminal, { speed: input.speed ?? 1, playing })
    return { sessionId, ...(await player.run()) }
  })
  output.note(`left at version ${countText(left.version)}`)
  output.note(`next: waymark show ${left.sessionId.slice(0, shortIdCharacters)} --at ${left.version}`)
  if (left.signal !== null && left.signal !== 'SIGINT') {
    // Told to stop, the command ends as any other would: by the signal.
    process.kill(process.pid, left.signal)
  }
  return left.interrupted ? exitCodes.interrupted : exitCodes.fine
}

/** Characters of `sess_` and as much of the id as people type. */
const shortIdCharacters = 13
