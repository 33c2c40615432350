/** Tables that several verbs print: the allocation of the window, and advice. */
import type { Advice } from '../views/advice.ts'
import type { PartView } from '../views/allocation-table.ts'
import type { CurrentView } from '../views/context-report.ts'
import { countText, type Fact, percentText } from '../views/text.ts'
import type { Cell } from './layout.ts'
import type { Output } from './output.ts'

/** Each part of the window, its categories below it. */
export async function printAllocation(output: Output, parts: readonly PartView[]): Promise<void> {
  await output.table({
    section: 'allocation',
    columns: ['part', 'share', 'limit', 'used', 'remark'],
    rows: parts.flatMap((part): readonly (readonly Cell[])[] => [
      [part.name, percentText(part.percent), part.limitTokens, part.usedTokens, remarkOn(part)],
      ...part.categories.map((category): readonly Cell[] => [
        `${output.aligned ? '  ' : ''}${category.name}`,
        percentText(category.percent),
        category.limitTokens,
        category.usedTokens,
        category.overrun ? { text: 'overrun', tone: 'warning' } : '',
      ]),
    ]),
  })
}

function remarkOn({ name, overrun, unattributedTokens }: PartView): Cell {
  const remarks = [
    overrun ? 'overrun' : null,
    unattributedTokens > 0 ? `${countText(unattributedTokens)} by no item` : null,
    name === 'reserve' && overrun ? 'taken by the others' : null,
  ].filter((remark) => remark !== null)
  return { text: remarks.join(', '), tone: overrun ? 'warning' : 'quiet' }
}

/** The window as it is now and how that was reckoned; nothing when the latest report says it. */
export function currentFacts(current: CurrentView): readonly Fact[] {
  if (!current.estimated) return []
  const { perReport, perByte, learned } = current.line
  return [
    {
      label: 'now',
      value: `${countText(current.usedTokens)} tokens (${percentText(current.percent)}), estimated`,
    },
    {
      label: 'estimated by',
      value: `${countText(Math.round(perReport))} tokens a report and ${perByte.toFixed(3)} a byte, ${learned ? 'learned from this session' : 'assumed until this session has taught better'}`,
      tone: 'quiet',
    },
  ]
}

/** Nothing where there is nothing to advise. */
export async function printAdvice(output: Output, advice: readonly Advice[]): Promise<void> {
  if (advice.length === 0) return
  await output.table({
    section: 'advice',
    columns: ['code', 'advice', 'what to do'],
    rows: advice.map(({ code, severity, message, hint }) => [
      { text: code, tone: severity },
      message,
      { text: hint, tone: 'quiet' },
    ]),
  })
}
