/** What a policy asks for, taken in like anybody's commands: a policy that is at fault never fails the command it follows. */
import { type Command, parseCommand } from '../events/commands.ts'
import { limits } from '../kernel/limits.ts'
import { textOf, warn } from './warning.ts'

/** The commands that a policy gives when it is asked. What is none is passed over with a process warning. */
export function askedBy(
  { name }: { readonly name: string },
  ask: () => readonly Command[],
): readonly Command[] {
  let asked: unknown
  try {
    asked = ask()
  } catch (error) {
    return passedOver(name, `failed: ${textOf(error)}`)
  }
  if (!Array.isArray(asked)) return passedOver(name, 'gave no list of commands')
  if (asked.length === 0) return none
  return asked.slice(0, limits.policyCommandsMax).flatMap((command: unknown) => {
    try {
      return [parseCommand(command)]
    } catch (error) {
      return passedOver(name, `asked for what is no command: ${textOf(error)}`)
    }
  })
}

/** What most policies ask for after most commands. */
const none: readonly Command[] = []

function passedOver(name: string, what: string): readonly Command[] {
  warn('WAYMARK_POLICY', `policy ${name} ${what}; it was passed over`)
  return []
}
