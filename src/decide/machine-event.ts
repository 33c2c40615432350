/** What a machine's event has to be before it may be recorded: small enough, and JSON that reads back as it was written. */
import { type DecidedEvent, eventSchemas } from '../events/catalogue.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { accept, type Decision } from './decision.ts'

/** What was sent, the whole state that it led to, and as much again for timers and effects. */
const eventBytesMax = 4 * limits.commandBytesMax

/** Accepts the event. @throws WaymarkError `MACHINE_INVALID` when the log could not hold it */
export function recorded(machineId: string, event: DecidedEvent): Decision {
  assertFits(machineId, event.data, `its ${event.type}`, eventBytesMax)
  const parsed = eventSchemas[event.type].safeParse(event.data)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    const place = `/${(issue?.path ?? []).map(String).join('/')}`
    throw invalid(
      machineId,
      `its ${event.type} cannot be recorded: ${place}: ${issue?.message ?? 'invalid'}`,
      {
        place,
      },
    )
  }
  return accept(event)
}

/** @throws WaymarkError `MACHINE_INVALID` for a snapshot that is too large, or holds what JSON does not keep */
export function assertSnapshotFits(machineId: string, snapshot: object): void {
  assertFits(machineId, snapshot, 'its snapshot, context and children together,', limits.commandBytesMax)
}

function assertFits(machineId: string, value: unknown, what: string, bytesMax: number): void {
  const place = namedProto(value, '')
  if (place !== null)
    throw invalid(machineId, `${what} has a property of the name __proto__ at ${place}`, { place })
  const bytes = Buffer.byteLength(JSON.stringify(value))
  if (bytes <= bytesMax) return
  throw invalid(machineId, `${what} takes ${bytes} bytes as JSON, more than ${bytesMax}`, { bytes, bytesMax })
}

/** Where a property is called `__proto__`: readers would pass over it. */
function namedProto(value: unknown, place: string): string | null {
  if (typeof value !== 'object' || value === null) return null
  if (Object.hasOwn(value, '__proto__')) return `${place}/__proto__`
  for (const [key, inner] of Object.entries(value)) {
    if (typeof inner !== 'object' || inner === null) continue
    const found = namedProto(inner, `${place}/${key}`)
    if (found !== null) return found
  }
  return null
}

export function invalid(
  machineId: string,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
): WaymarkError {
  return new WaymarkError('MACHINE_INVALID', {
    message: `machine ${machineId}: ${what}`,
    hint: 'keep large data outside of it, and what it needs to find them again in its context',
    details: { machineId, ...details },
  })
}
