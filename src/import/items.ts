/**
 * Texts that a source puts into the window, as context items. An item's tag ends with a short hash of its text: the same
 * text is the same item wherever it is met again, and another text never takes its place unseen.
 */

import { type Content, contentOf, oneLine } from '../events/content.ts'
import type { ContextCategory, ContextTier } from '../events/context.ts'
import { serverOfTool } from '../fold/knowledge.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import { bounds } from './bounds.ts'
import type { HeldItem, HoldItems, OfferTools } from './step.ts'
import { idOf } from './text.ts'

/** What a text is to the window. */
export interface Holding {
  /** What it belongs with, as tags begin: `@TOOL-LIST`. */
  readonly family: string
  /** What tells it from others of its family, when there are several at a time. */
  readonly name?: string | undefined
  readonly text: string
  readonly tier: ContextTier
  readonly category: ContextCategory
  readonly title: string
  readonly server?: string | undefined
}

/** An intent, and the texts it refers to. */
export interface Held {
  readonly intent: HoldItems
  readonly contents: readonly Content[]
}

const hashCharacters = 8
const hashAtEnd = new RegExp(`-[0-9a-f]{${hashCharacters}}$`)

/** Texts of one family that lie in the window. `whole`: they are all of the family, and what was there before has left. */
export function holdingsOf(family: string, holdings: readonly Holding[], whole: boolean): Held {
  const items: HeldItem[] = []
  const contents: Content[] = []
  for (const holding of holdings.slice(0, bounds.itemsAtOnceMax)) {
    if (holding.text.trim() === '') continue
    const content = contentOf(holding.text)
    const tag = tagOf(holding, content.ref.hash)
    if (items.some((item) => item.tag === tag)) continue
    const { tier, category, server } = holding
    const title = oneLine(holding.title, bounds.itemTitleCharactersMax)
    const belongs = server === undefined ? {} : { server }
    items.push({ tag, tier, category, title, content: content.ref, ...belongs })
    contents.push(content)
  }
  return { intent: { type: 'hold-items', family, items, whole }, contents }
}

/** A text that stands alone in its family: the newest of the name counts. */
export function holdingOf(holding: Holding): Held {
  return holdingsOf(familyOf(holding), [holding], true)
}

function familyOf({ family, name }: Pick<Holding, 'family' | 'name'>): string {
  return name === undefined ? family : `${family}-${slugOf(name)}`
}

function tagOf(holding: Holding, hash: string): string {
  return `${familyOf(holding)}-${hash.slice(0, hashCharacters)}`
}

/** Whether a tag was made here for this family. Tags that people choose do not end like that. */
export function isOfFamily(tag: string, family: string): boolean {
  return tag.startsWith(`${family}-`) && hashAtEnd.test(tag)
}

const slugCharactersMax = 60

/** A name as part of a tag: with a hash where something of it was left out. */
function slugOf(name: string): string {
  const slug = name.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, slugCharactersMax)
  return slug === name ? slug : `${slug}-${sha256(oneLine(name)).slice(0, 6)}`
}

/** An MCP server's name as it stands in the names of its tools: `claude.ai Linear` is `claude_ai_Linear` there. */
export function serverNameOf(name: string): string | null {
  return idOf(name.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, limits.idCharactersMax))
}

/** Names of tools by the server they belong to; `null` holds the agent's own. Names that events do not accept are left out. */
export function toolsByServer(names: readonly string[]): ReadonlyMap<string | null, readonly string[]> {
  const groups = new Map<string | null, string[]>()
  for (const name of names) {
    const server = serverOfTool(name)
    if (server !== null && idOf(server) === null) continue
    const own = server === null ? name : name.slice(`mcp__${server}__`.length)
    const group = groups.get(server)
    if (group === undefined) groups.set(server, [own])
    else if (!group.includes(own)) group.push(own)
  }
  return groups
}

/** Tools that came and tools that went, by their names. */
export function offeringOf(
  added: readonly string[],
  removed: readonly string[],
  whole: boolean,
): OfferTools | null {
  const named = (names: readonly string[]): readonly string[] =>
    names
      .map((name) => oneLine(name, limits.idCharactersMax))
      .filter((name) => name !== '')
      .slice(0, limits.toolNamesMax)
  const offering = { type: 'offer-tools', added: named(added), removed: named(removed), whole } as const
  return offering.added.length + offering.removed.length === 0 ? null : offering
}

const heading = /^#{1,6}\s+(.*?)\s*#*$/
const saysPlan = /^(?:the\s+)?(?:implementation\s+)?plan\s*(?:[:–—-]\s*|$)/i

/** What a plan is about: its first heading that says more than that it is a plan, else its first line. */
export function titleOfPlan(plan: string): string {
  const lines = plan.slice(0, bounds.planHeadCharacters).split('\n')
  const headings = lines.flatMap((line) => heading.exec(line.trim())?.[1] ?? [])
  const titles = [...headings, ...lines].map((line) =>
    line
      .trim()
      .replace(/^[#*\s]+/, '')
      .replace(saysPlan, ''),
  )
  const title = titles.find((line) => line.trim() !== '') ?? ''
  return oneLine(title, bounds.itemTitleCharactersMax)
}

/** A plan that was accepted: what is worked on, and the text that says how. */
export function holdingOfPlan(plan: string): Holding {
  return {
    family: '@PLAN',
    text: plan.trim(),
    tier: 'critical',
    category: 'conversation.references',
    title: titleOfPlan(plan),
  }
}
