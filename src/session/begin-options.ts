/** What a session is begun with, put together and checked: the caller's word before that of the settings. */
import { checkReserve, type LoadedSettings } from '../configuration/load.ts'
import type { Settings } from '../configuration/settings.ts'
import { firstWindow } from '../decide/window.ts'
import { type Command, parseCommand } from '../events/commands.ts'
import type { ConfigurationChange } from '../events/session.ts'
import { assert } from '../kernel/assert.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { configurationOf } from './host.ts'

/**
 * The command that begins a session. `loaded` says where settings come from, if they come from a home.
 *
 * @throws WaymarkError `COMMAND_INVALID`; `CONFIGURATION_INVALID` when the reserve takes all of the window, stated or assumed.
 */
export function startCommand(
  options: Omit<Command<'session.start'>, 'type'>,
  settings: Settings,
  loaded: LoadedSettings | null,
): Command<'session.start'> {
  const configuration = { ...configurationOf(settings), ...options.configuration }
  const configured = Object.keys(configuration).length === 0 ? {} : { configuration }
  const command = parseCommand({ type: 'session.start', ...options, ...configured })
  assert(command.type === 'session.start', 'a command is parsed as what it is')
  const isSet = options.configuration?.reserveTokens === undefined
  checkFirstReserve(command, isSet && loaded !== null ? { ...loaded, settings } : null)
  return command
}

function checkFirstReserve(command: Command<'session.start'>, loaded: LoadedSettings | null): void {
  const { totalTokens, source } = firstWindow(command.windowTokens, command.model)
  const assumed = source === 'stated' ? {} : { assumed: true }
  if (loaded !== null) checkReserve(loaded, totalTokens, assumed)
  const reserveTokens = reserveOf(command.configuration)
  if (reserveTokens === null || reserveTokens < totalTokens) return
  throw new WaymarkError('CONFIGURATION_INVALID', {
    message: `a reserve of ${reserveTokens} tokens leaves nothing of a window of ${totalTokens}${source === 'stated' ? '' : ', which is assumed'}`,
    hint: 'name a larger window, a smaller reserve, or reserveTokens: null for 27.5 % of whatever the window is',
    details: { reserveTokens, windowTokens: totalTokens },
  })
}

function reserveOf(configuration: ConfigurationChange | undefined): number | null {
  return configuration?.reserveTokens ?? null
}
