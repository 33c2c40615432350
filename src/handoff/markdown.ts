/** A package in words: what the other agent reads first. */
import { countText } from '../views/text.ts'
import type { CriticalContext } from './critical-context.ts'
import type { HandoffPackage } from './package.ts'

/**
 * The critical context of a package as Markdown: the brief, then every critical item with its text.
 *
 * @example
 * ```ts
 * const { package: handoff } = await session.handOff({ fromAgent: 'spec-builder', toAgent: 'tester' })
 * const { context } = readHandoff(handoff)
 * contextMarkdown(handoff, context).startsWith('# Handoff from spec-builder to tester') // true
 * ```
 */
export function contextMarkdown(handoff: HandoffPackage, context: CriticalContext): string {
  const { session_context: about, waymark } = handoff
  const head = [
    `# Handoff from ${handoff.from_agent} to ${handoff.to_agent}`,
    `Session ${about.session_id}, version ${waymark.session_version}, ${handoff.timestamp}.` +
      (waymark.reason === null ? '' : ` Reason: ${waymark.reason}`),
  ]
  const items = context.items.map(itemText)
  const leftOut =
    context.left_out === 0 ? [] : [`${countText(context.left_out)} more critical items did not fit.`]
  return [
    ...head,
    // Its headings belong below this page's own.
    context.brief.replace(/^(#{1,5} )/gm, '#$1'),
    ...(items.length === 0 ? [] : ['## Critical context']),
    ...items,
    ...leftOut,
    '',
  ].join('\n\n')
}

function itemText(item: CriticalContext['items'][number]): string {
  const title = `### ${item.tag}${item.title === null ? '' : ` ${item.title}`}`
  if (item.text === null) return `${title}\n\n(no text: ${item.missing ?? 'not known'})`
  const fence = fenceAround(item.text)
  return `${title}\n\n${fence}\n${item.text}\n${fence}`
}

/** A fence longer than any in the text. */
function fenceAround(text: string): string {
  let longest = 2
  for (const [run] of text.matchAll(/`{3,}/g)) longest = Math.max(longest, run.length)
  return '`'.repeat(longest + 1)
}
