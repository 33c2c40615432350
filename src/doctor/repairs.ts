/** Makes the repairs that lose nothing, and writes down each: one line of JSON in `repairs.ndjson`, beside the sessions. */
import { appendFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../kernel/limits.ts'
import { sessionsFolderOf } from '../session/home.ts'
import type { Collected } from './collection.ts'
import type { Finding } from './finding.ts'
import { bytesOf } from './store.ts'

export const repairRecordName = 'repairs.ndjson'
const setAsideName = 'repairs.old.ndjson'

/** The findings after the repairs that could be made: `fixed` says whether each was. */
export async function repaired(
  home: string,
  collected: readonly Collected[],
  now: () => string,
): Promise<readonly Finding[]> {
  const findings: Finding[] = []
  for (const { finding, repair } of collected) {
    if (repair === undefined) findings.push(finding)
    else findings.push(await repairedOne(home, finding, repair, now))
  }
  return findings
}

async function repairedOne(
  home: string,
  finding: Finding,
  repair: () => Promise<void>,
  now: () => string,
): Promise<Finding> {
  try {
    await repair()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ...finding, fixed: false, message: `${finding.message}; the repair failed: ${why}` }
  }
  const { code, subject, message } = finding
  const line = JSON.stringify({ time: now(), code, subject, message })
  try {
    await writeDown(home, line)
    return { ...finding, fixed: true }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ...finding, fixed: true, message: `${message}; the repair could not be written down: ${why}` }
  }
}

async function writeDown(home: string, line: string): Promise<void> {
  const folder = sessionsFolderOf(home)
  const path = join(folder, repairRecordName)
  if (((await bytesOf(path)) ?? 0) > limits.repairRecordBytesMax)
    await rename(path, join(folder, setAsideName))
  await appendFile(path, `${line}\n`, { mode: 0o600 })
}
