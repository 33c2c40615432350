/** What a program asks of a what-if, looked at before anything is read: a field that is not known would be a change that is not made. */
import { z } from 'zod'
import { configurationShape } from '../events/session.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'

const versionShape = z.int('a version is a whole number').nonnegative('a version is a whole number from 0')

const changesOf = (what: string) =>
  z.array(
    z.strictObject({
      version: versionShape,
      fields: z.record(z.string(), z.unknown(), `${what}, as an object`),
    }),
  )

// Thresholds that do not rise, or leave no reserve, are told by the beginning that they would make impossible.
const changesShape = z.strictObject({
  configuration: configurationShape.partial().optional(),
  windowTokens: z.int().positive().optional(),
  machines: z
    .custom((value) => typeof value === 'object' && value !== null, 'machines are an object')
    .optional(),
  policies: z.array(z.custom((value) => typeof value === 'object' && value !== null, 'no policy')).optional(),
  skip: z.array(versionShape).optional(),
  edit: changesOf('the fields to replace').optional(),
  insert: changesOf('the command').optional(),
})

/** @throws WaymarkError `USAGE` for what is no change, with the field */
export function checkChanges(changes: unknown): void {
  const parsed = changesShape.safeParse(changes)
  const [problem] = parsed.error?.issues ?? []
  if (problem === undefined) return
  const place = problem.path.map(String).join('.')
  throw new WaymarkError('USAGE', {
    message: `a what-if cannot be asked so: ${place === '' ? '' : `${place}: `}${problem.message.slice(0, limits.previewCharactersMax)}`,
    hint: `changes are { ${Object.keys(changesShape.shape).join(', ')} }, all optional: { skip: [12] }`,
    details: { field: place },
  })
}
