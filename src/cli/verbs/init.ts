import { join } from 'node:path'
import { z } from 'zod'
import { findHome, type Home } from '../../session/home.ts'
import { hasStore, withWaymark } from '../context.ts'
import { exitCodes } from '../failure.ts'
import { verb } from '../verb.ts'

export const init = verb(z.strictObject({}), async (_input, { home: found, output, set }) => {
  const home = isNamed(found) ? found : findHome(join(process.cwd(), '.moai'))
  const isNew = !hasStore(home)
  await withWaymark({ home, set, output: { ...output, note: () => {} } }, 'create', async () => {})
  if (output.json) {
    await output.document({ home: home.path, created: isNew })
  } else {
    await output.line(home.path)
    output.note(
      isNew
        ? 'a home for sessions; it keeps itself out of version control'
        : 'was a home for sessions already',
    )
    if (isNew) output.note('next: waymark new, or waymark import <transcript>')
  }
  return exitCodes.fine
})

/** `init` makes a home here unless another one was named: what lies further up is not meant. */
function isNamed({ foundBy }: Home): boolean {
  return foundBy === 'given' || foundBy === 'environment'
}
