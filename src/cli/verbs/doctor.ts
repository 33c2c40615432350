import { z } from 'zod'
import { type Examination, examine } from '../../doctor/examine.ts'
import { type Finding, needsAttention, type Severity, severities } from '../../doctor/finding.ts'
import { reasonsByChoice } from '../../doctor/round.ts'
import { countOf, type Tone } from '../../views/text.ts'
import { exitCodes, homeText } from '../failure.ts'
import type { Output } from '../output.ts'
import { sessionArgument, verb } from '../verb.ts'

const shape = z.strictObject({
  session: sessionArgument.optional(),
  deep: z.boolean().optional(),
  fix: z.boolean().optional(),
})

export const doctor = verb(shape, async ({ session, deep = false, fix = false }, { home, output, set }) => {
  const examination = await examine({
    home,
    deep,
    fix,
    set,
    ...(session === undefined ? {} : { session }),
    onProgress: (text) => output.progress(text),
  })
  if (output.json) await output.document(examination)
  else await print(examination, output)
  return needsAttention(examination.findings) ? exitCodes.problem : exitCodes.fine
})

const toneOf: Readonly<Record<Severity, Tone>> = { problem: 'bad', warning: 'warning', notice: 'notice' }

/** Findings of one check that people are shown; programs get all of them. */
const shownMax = 5

async function print(examination: Examination, output: Output): Promise<void> {
  const { findings, sessions, checked, notChecked, home } = examination
  if (output.aligned) await printForPeople(findings, output)
  else await output.table({ columns: [], rows: findings.map(cellsOf) })
  for (const reason of new Set(notChecked.map((one) => one.reason))) {
    if (reasonsByChoice.has(reason)) continue
    const codes = notChecked.filter((one) => one.reason === reason).map(({ code }) => code)
    output.note(`not checked: ${codes.join(', ')}: ${reason}`)
  }
  const looked = `${countOf(checked.length, 'check')} of ${countOf(sessions, 'session')} in ${homeText(home)}`
  const counts = severities
    .map((severity) => ({
      severity,
      count: findings.filter((finding) => finding.severity === severity).length,
    }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => countOf(count, severity))
  output.note(`${counts.length === 0 ? 'nothing found' : counts.join(', ')}: ${looked}`)
}

function cellsOf({ severity, code, subject, message, proposal, fixable, fixed }: Finding) {
  const repair = fixed === true ? 'fixed' : fixed === false ? 'not fixed' : fixable ? 'fixable' : ''
  return [severity, code, subject, message, proposal, repair]
}

/** What was found of one check stands together, the gravest checks first. */
async function printForPeople(findings: readonly Finding[], output: Output): Promise<void> {
  const byCode = new Map<string, Finding[]>()
  for (const finding of findings) {
    const alike = byCode.get(finding.code)
    if (alike === undefined) byCode.set(finding.code, [finding])
    else alike.push(finding)
  }
  const groups = [...byCode.values()].map((group) => group.sort((a, b) => rankOf(a) - rankOf(b)))
  for (const group of groups.sort(([a], [b]) => rankOf(a) - rankOf(b))) {
    const [first] = group
    if (first === undefined) continue
    await output.line([
      { text: first.code, tone: 'strong' },
      { text: `  ${first.explanation}`, tone: 'quiet' },
    ])
    for (const finding of group.slice(0, shownMax)) await printOne(finding, output)
    if (group.length > shownMax)
      await output.line(`  … and ${group.length - shownMax} more; --json lists them`)
    await output.line('')
  }
}

async function printOne(finding: Finding, output: Output): Promise<void> {
  const { severity, subject, message, proposal, fixable, fixed } = finding
  await output.line([
    { text: `  ${severity}`, tone: toneOf[severity] },
    { text: `  ${subject === null ? '' : `${subject}: `}${message}` },
  ])
  if (fixed === true) await output.line([{ text: '    fixed', tone: 'good' }])
  else await output.line(`    do: ${proposal}${fixable && fixed === undefined ? ' (--fix does it)' : ''}`)
}

function rankOf(finding: Finding | undefined): number {
  return finding === undefined ? severities.length : severities.indexOf(finding.severity)
}
