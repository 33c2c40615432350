/** How a session or machine is named in a table, and how it stands. */
import { kindOf } from '../fold/kinds.ts'
import type { MachineStatus } from '../fold/machine-state.ts'
import type { StreamSummary } from '../fold/summary.ts'
import type { Tone } from '../views/text.ts'
import type { Cell } from './layout.ts'

type Named = Pick<StreamSummary, 'title' | 'nativeId' | 'status'> & {
  readonly machine?: StreamSummary['machine'] | null
}

const toneOfEnd: Readonly<Record<Exclude<MachineStatus, 'active'>, Tone>> = {
  done: 'quiet',
  error: 'bad',
  stopped: 'quiet',
}

/** The status of a session, or how its machine has ended: its stream stays open behind it. */
export function statusCell({ status, machine }: Named): Cell {
  if (machine != null && machine.status !== 'active') {
    return { text: machine.status, tone: toneOfEnd[machine.status] }
  }
  return { text: status, tone: status === 'active' ? 'good' : 'quiet' }
}

/** What programs get behind the title: a terminal has it in the title. */
export const kindColumns = ['kind', 'native id', 'machine', 'state'] as const

export function kindCells({ nativeId, machine }: Named): readonly Cell[] {
  const found = machine ?? undefined
  const kind = kindOf(found === undefined ? {} : { machine: found })
  return [kind, nativeId, found?.machineId ?? null, found?.value ?? null]
}

/** The title, or the id elsewhere; of a machine also its own id and where it is. */
export function titleCell({ title, nativeId, machine }: Named): Cell {
  if (machine == null) return title ?? { text: nativeId ?? '', tone: 'quiet' }
  const names = [nativeId, title].filter((name) => name !== null && name !== '')
  const place = `(machine ${machine.machineId}: ${machine.value})`
  return { text: [names.join(', '), place].join(' ').trim(), tone: title === null ? 'quiet' : 'plain' }
}
