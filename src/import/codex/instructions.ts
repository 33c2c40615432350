/**
 * What Codex puts into the window in the user's or the developer's name: its own instructions, the rules of AGENTS.md
 * files, skills and plugins. Each part of a message is known by how it begins; parts that are not known are left out.
 */
import { bounds } from '../bounds.ts'
import { type Holding, holdingOf, offeringOf } from '../items.ts'
import { digest } from '../step.ts'
import { jsonText } from '../text.ts'
import { type Scene, say } from './memory.ts'
import { tellEnvironment } from './settings.ts'
import { field, partsText } from './shape.ts'

type Kind = Pick<Holding, 'family' | 'tier' | 'category'> & { readonly title: string }

/** How a part begins, and what it is. A group in the beginning names the folder whose rules they are. */
const parts: readonly (readonly [RegExp, Kind])[] = [
  [
    /^# AGENTS\.md instructions(?: for ([^\n]{1,1000}))?/,
    { family: '@RULES', tier: 'critical', category: 'system.instructions', title: 'AGENTS.md' },
  ],
  [
    /^<user_instructions>/,
    { family: '@RULES', tier: 'critical', category: 'system.instructions', title: 'user instructions' },
  ],
  [
    /^<permissions instructions>/,
    { family: '@PERMISSIONS', tier: 'supporting', category: 'system.instructions', title: 'permissions' },
  ],
  [
    /^<collaboration_mode>/,
    { family: '@MODE', tier: 'supporting', category: 'system.instructions', title: 'collaboration mode' },
  ],
  [
    /^<app-context>/,
    { family: '@APP', tier: 'supporting', category: 'system.instructions', title: 'app context' },
  ],
  [
    /^<skills_instructions>/,
    {
      family: '@SKILL-LIST',
      tier: 'supporting',
      category: 'reference.skills',
      title: 'skills that can be used',
    },
  ],
  [
    /^<apps_instructions>/,
    { family: '@APP-LIST', tier: 'supporting', category: 'reference.tools', title: 'apps that can be used' },
  ],
  [
    /^<plugins_instructions>/,
    { family: '@PLUGIN-LIST', tier: 'supporting', category: 'reference.tools', title: 'plugins' },
  ],
]

/** Reads the parts of a message that no person wrote. */
export function readInstructions(scene: Scene, content: unknown): void {
  const found = Array.isArray(content) ? content : [content]
  for (const part of found.slice(0, bounds.itemsAtOnceMax)) {
    const text = partsText([part])
    if (/^\s*<environment_context>/.test(text)) tellEnvironment(scene, text)
    else readPart(scene, text)
  }
}

function readPart(scene: Scene, text: string): void {
  for (const [beginning, kind] of parts) {
    const match = beginning.exec(text.trimStart().slice(0, 2_000))
    if (match === null) continue
    const folder = match[1]?.trim()
    const title = folder === undefined ? kind.title : `${kind.title} of ${folder}`
    const name = kind.family === '@RULES' ? digest(title).slice(0, 6) : undefined
    hold(scene, { ...kind, title, name, text })
    return
  }
}

/** The instructions and tools that a thread begins with. */
export function readBaseInstructions(scene: Scene): void {
  const { base_instructions: base, instructions, dynamic_tools: tools } = scene.payload
  const text = typeof base === 'string' ? base : field(base, 'text')
  const own = { tier: 'supporting', category: 'system.instructions' } as const
  if (typeof text === 'string') hold(scene, { ...own, family: '@BASE', title: 'base instructions', text })
  if (instructions !== undefined) {
    const title = 'user instructions'
    const name = digest(title).slice(0, 6)
    hold(scene, { ...own, tier: 'critical', family: '@RULES', name, title, text: instructions })
  }
  if (tools !== undefined && tools.length > 0) readTools(scene, tools)
}

/** Tools that the program around the agent brings: alone, or together under a name. */
function readTools(scene: Scene, tools: readonly unknown[]): void {
  const names = tools.flatMap((tool) => {
    const inner = field(tool, 'tools')
    const all: readonly unknown[] = Array.isArray(inner) ? inner : [tool]
    return all.map((one) => field(one, 'name')).filter((name) => typeof name === 'string')
  })
  const offering = offeringOf(names, [], false)
  if (offering !== null) say(scene, `tools/${scene.time}/${digest(names.join('\n'))}`, offering)
  const text = jsonText(tools)
  const title = 'tools of the program around the agent'
  hold(scene, { family: '@TOOL-LIST', tier: 'supporting', category: 'reference.tools', title, text })
}

function hold(scene: Scene, holding: Holding): void {
  const { intent, contents } = holdingOf(holding)
  if (intent.items.length === 0) return
  const [item] = intent.items
  say(scene, `hold/${scene.time}/${item?.tag ?? intent.family}`, intent, contents)
}
