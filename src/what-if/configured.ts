/** Commands of a script under a configuration that is given: it holds from the beginning, and what sets the same fields gives way. */
import type { Command } from '../events/commands.ts'
import type { ConfigurationChange } from '../events/session.ts'

export interface GivenConfiguration {
  readonly configuration?: ConfigurationChange
  readonly windowTokens?: number
}

/** The command as it is to be played; `null` for one that would set nothing but what is given. */
export function configured(command: Command, given: GivenConfiguration): Command | null {
  const { configuration, windowTokens } = given
  if (configuration === undefined && windowTokens === undefined) return command
  if (command.type === 'session.start') {
    return {
      ...command,
      ...(configuration === undefined
        ? {}
        : { configuration: { ...command.configuration, ...configuration } }),
      ...(windowTokens === undefined ? {} : { windowTokens }),
    }
  }
  if (command.type !== 'session.configure' || configuration === undefined) return command
  const left = Object.entries(command.configuration).filter(([field]) => !Object.hasOwn(configuration, field))
  return left.length === 0 ? null : { ...command, configuration: Object.fromEntries(left) }
}
