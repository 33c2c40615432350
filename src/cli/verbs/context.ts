import { z } from 'zod'
import { contextTiers, tagShape } from '../../events/context.ts'
import type { ContentRef } from '../../events/shapes.ts'
import { systemClock } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { stateAt } from '../../replay/at.ts'
import { type FoundItem, findContextItem } from '../../replay/item.ts'
import { type Advice, adviceOf } from '../../views/advice.ts'
import { type ContextReport, contextReport } from '../../views/context-report.ts'
import { windowText } from '../../views/state-view.ts'
import { presentOf } from '../../views/task-list.ts'
import { countOf, countText, namesText, timeText, toneOfPhase } from '../../views/text.ts'
import { type Context, withWaymark } from '../context.ts'
import { type ExitCode, exitCodes, usageError } from '../failure.ts'
import type { Output } from '../output.ts'
import { currentFacts, printAdvice, printAllocation } from '../panels.ts'
import { sessionArgument, verb } from '../verb.ts'

/** A shell user may leave the @ out. */
const tagOption = z
  .string()
  .transform((text) => (text.startsWith('@') ? text : `@${text}`))
  .pipe(tagShape)

const shape = z.strictObject({
  session: sessionArgument,
  tag: tagOption.optional(),
  summary: z.boolean().optional(),
  tier: z.enum(contextTiers, `a tier is one of ${contextTiers.join(', ')}`).optional(),
})

export const context = verb(shape, async ({ session, tag, summary = false, tier }, place) => {
  const { output } = place
  if (tag !== undefined) return printText(session, tag, summary, place)
  if (summary) throw usageError('--summary is about one item', 'name it: --tag @CONFIG-001 --summary')
  const state = await withWaymark(place, 'read', async (waymark) =>
    stateAt(waymark.log, await waymark.resolve(session)),
  )
  const report = contextReport(state)
  const items = report.items.filter((item) => tier === undefined || item.tier === tier)
  const advice = adviceOf(state, presentOf(state, systemClock.now()))
  if (output.json) await output.document({ ...report, items, advice })
  else await print({ ...report, items }, advice, output)
  return exitCodes.fine
})

/** The original text of an item, or its summary; also of one that has left the context. */
async function printText(session: string, tag: string, summary: boolean, place: Context): Promise<ExitCode> {
  const { output } = place
  const { item, text } = await withWaymark(place, 'read', async (waymark) => {
    const found = await findContextItem(waymark.log, await waymark.resolve(session), tag)
    return { item: found, text: await waymark.content(referenceOf(found, summary).hash) }
  })
  if (output.json) {
    await output.document({ ...item, part: summary ? 'summary' : 'original', text })
    return exitCodes.fine
  }
  await output.text(text)
  output.note(`${summary ? 'summary of ' : ''}${tag}: ${item.tier}, ${item.category}, ${item.status}`)
  return exitCodes.fine
}

function referenceOf(item: FoundItem, summary: boolean): ContentRef {
  const reference = summary ? item.summary : item.content
  if (reference !== null) return reference
  throw new WaymarkError('CONTENT_NOT_FOUND', {
    message: summary ? `item ${item.tag} was never summarized` : `item ${item.tag} was added without a text`,
    hint: summary ? 'without --summary, its original is printed' : 'context.add takes one as content',
    details: { tag: item.tag },
  })
}

async function print(report: ContextReport, advice: readonly Advice[], output: Output): Promise<void> {
  const { window } = report
  await output.facts(
    [
      { label: 'window', value: windowText(window), tone: toneOfPhase[window.phase] },
      ...currentFacts(report.current),
      { label: 'by no item', value: `${countText(report.unattributedTokens)} tokens of conversation` },
      { label: 'saved', value: `${countText(report.savedTokens)} tokens` },
      {
        label: 'gone',
        value: `${countOf(report.discarded, 'item')} discarded, ${countOf(report.archived, 'item')} archived`,
      },
    ],
    output.aligned ? undefined : 'window',
  )
  await printAllocation(output, report.allocation)
  await output.table({
    section: 'tiers',
    columns: ['tier', 'items', 'tokens', 'saved'],
    rows: report.tiers.map(({ tier, items, tokens, savedTokens }) => [tier, items, tokens, savedTokens]),
  })
  await printItems(report, output)
  await printServers(report, output)
  await printAdvice(output, advice)
}

async function printItems({ items }: ContextReport, output: Output): Promise<void> {
  if (items.length === 0) return
  await output.table({
    section: 'items',
    columns: ['tag', 'tier', 'category', 'status', 'tokens', 'saved', 'title'],
    rows: items.map(({ tag, tier, category, status, tokens, savedTokens, estimated, title }) => [
      tag,
      tier,
      category,
      status,
      tokens,
      savedTokens,
      `${estimated ? 'estimated' : ''}${estimated && title !== null ? ': ' : ''}${title ?? ''}`,
    ]),
  })
}

async function printServers({ servers, switchOff }: ContextReport, output: Output): Promise<void> {
  if (servers.length === 0) return
  await output.table({
    section: 'MCP servers',
    columns: ['server', 'on', 'tools', 'tokens', 'calls', 'last use', 'remark'],
    rows: servers.map(({ name, enabled, tools, tokens, calls, lastUsedAt, couldBeSwitchedOff }) => [
      name,
      enabled ? 'yes' : 'no',
      tools.length,
      tokens,
      calls,
      lastUsedAt === null || !output.aligned ? lastUsedAt : timeText(lastUsedAt),
      { text: couldBeSwitchedOff ? 'could be switched off' : '', tone: 'notice' },
    ]),
  })
  if (switchOff.servers.length === 0) return
  output.note(
    `switching off ${namesText(switchOff.servers)} for the task in hand saves ${countOf(switchOff.savedTokens, 'token')}`,
  )
}
