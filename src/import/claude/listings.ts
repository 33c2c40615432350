/**
 * What the tool puts into the window beside the conversation: which tools, servers, skills and agents there are, and the
 * rules of files such as CLAUDE.md. Listings come whole at first and after a compaction, and as changes in between.
 */

import { oneLine } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import {
  type Held,
  type Holding,
  holdingOf,
  holdingsOf,
  offeringOf,
  serverNameOf,
  toolsByServer,
} from '../items.ts'
import { digest } from '../step.ts'
import { type Scene, say } from './memory.ts'
import { type Attachment, attachmentTextOf, skillsOf } from './shape.ts'

type Reader = (scene: Scene, attachment: Attachment) => void

/** Attachments that list or lay down something, by type. */
export const listingReaders: Readonly<Record<string, Reader>> = {
  deferred_tools_delta: readTools,
  mcp_instructions_delta: readServerInstructions,
  skill_listing: (scene, { content, isInitial }) => {
    if (typeof content !== 'string') return
    const title = 'skills that can be called'
    hold(scene, '@SKILL-LIST', [supporting('@SKILL-LIST', 'reference.skills', title, content)], isInitial)
  },
  agent_listing_delta: (scene, { addedLines, isInitial }) => {
    const title = 'agents that can be started'
    const text = (addedLines ?? []).join('\n')
    hold(scene, '@AGENT-LIST', [supporting('@AGENT-LIST', 'reference.tools', title, text)], isInitial)
  },
  invoked_skills: readInvokedSkills,
  nested_memory: readRules,
  file: (scene, attachment) => {
    if (isRulesFile(attachment.filename ?? '')) readRules(scene, attachment)
  },
  goal_status: readGoal,
}

function supporting(
  family: string,
  category: Holding['category'],
  title: string,
  text: string,
  name?: string,
  server?: string,
): Holding {
  return { family, name, text, tier: 'supporting', category, title, server }
}

/** Tells texts of a family. The first ones of a file, and those after a compaction, are all there are. */
function hold(scene: Scene, family: string, holdings: readonly Holding[], isInitial?: boolean): void {
  sayHeld(scene, `hold/${family}`, holdingsOf(family, holdings, isFirst(scene, family, isInitial)))
}

function isFirst({ talk }: Scene, family: string, isInitial: boolean | undefined): boolean {
  if (talk.listed.includes(family)) return isInitial === true
  talk.listed.push(family)
  return true
}

function sayHeld(scene: Scene, key: string, { intent, contents }: Held): void {
  if (intent.items.length > 0) say(scene, `${scene.key}/${key}`, intent, contents)
}

/** Tools whose definitions are fetched when they are needed: only their names lie in the window. */
function readTools(scene: Scene, { addedNames = [], addedLines = [], removedNames = [] }: Attachment): void {
  const whole = addedNames.length > 0 && isFirst(scene, '@TOOL-LIST', undefined)
  const offering = offeringOf(addedNames, removedNames, whole)
  if (offering === null) return
  say(scene, `${scene.key}/tools`, offering)
  const lineOf = new Map(addedNames.map((name, index) => [name, addedLines[index] ?? name]))
  const holdings = [...toolsByServer(addedNames)].map(([server, tools]) => {
    const prefix = server === null ? '' : `mcp__${server}__`
    const text = tools.map((tool) => lineOf.get(`${prefix}${tool}`) ?? tool).join('\n')
    const title = server === null ? 'names of tools' : `names of tools of ${server}`
    return supporting('@TOOL-LIST', 'reference.tools', title, text, server ?? undefined, server ?? undefined)
  })
  sayHeld(scene, 'hold/@TOOL-LIST', holdingsOf('@TOOL-LIST', holdings, whole))
}

/** How an MCP server says that it is to be used. Instructions that were withdrawn lie in the window all the same. */
function readServerInstructions(scene: Scene, attachment: Attachment): void {
  const { addedNames = [], addedBlocks = [], removedNames = [] } = attachment
  const names = addedNames.slice(0, bounds.itemsAtOnceMax)
  for (const [list, enabled] of [[names, true] as const, [removedNames, false] as const]) {
    for (const name of list.slice(0, bounds.itemsAtOnceMax)) {
      const server = serverNameOf(name)
      if (server === null) continue
      say(scene, `${scene.key}/server/${server}/${enabled}`, { type: 'server.describe', server, enabled })
    }
  }
  const areNamed = addedBlocks.length === addedNames.length
  const holdings = addedBlocks.map((text, index) => {
    const name = areNamed ? addedNames[index] : undefined
    const server = name === undefined ? undefined : (serverNameOf(name) ?? undefined)
    const title = `instructions of ${name ?? 'MCP servers'}`
    return supporting('@MCP', 'system.instructions', title, text, server, server)
  })
  if (holdings.length > 0) hold(scene, '@MCP', holdings)
}

function readInvokedSkills(scene: Scene, { skills }: Attachment): void {
  const holdings = skillsOf(skills).map(({ name, content }) =>
    supporting('@SKILL-TEXT', 'reference.skills', `skill ${name}`, content, name),
  )
  if (holdings.length > 0) hold(scene, '@SKILL-TEXT', holdings)
}

const rulesFile = /(?:^|[/\\])(?:CLAUDE(?:\.local)?|AGENTS)\.md$/i

function isRulesFile(path: string): boolean {
  return rulesFile.test(path)
}

/** The rules of a file. A newer text of the same file takes its place. */
function readRules(scene: Scene, attachment: Attachment): void {
  const path = attachment.path ?? attachment.filename
  const text = attachmentTextOf(attachment.content)
  if (path === undefined || text === null) return
  const title = oneLine(attachment.displayPath ?? path)
  const name = digest(path).slice(0, 6)
  const rules = {
    family: '@RULES',
    name,
    text,
    title,
    tier: 'critical',
    category: 'system.instructions',
  } as const
  sayHeld(scene, `hold/@RULES-${name}`, holdingOf(rules))
}

/** A goal that the user set, until it is met. */
function readGoal(scene: Scene, { condition, met }: Attachment): void {
  const objective = oneLine(condition ?? '')
  if (objective === '') return
  if (met === true) say(scene, `${scene.key}/met`, { type: 'meet-objective', objective })
  else say(scene, `${scene.key}/goal`, { type: 'focus.change', objectives: [objective] })
}
