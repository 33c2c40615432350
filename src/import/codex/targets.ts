/** What a call works on, in one line: the command, the files of a patch, the question, the agent's task. */

import { oneLine } from '../../events/content.ts'
import { limits } from '../../kernel/limits.ts'
import { bounds } from '../bounds.ts'
import { isObject } from '../values.ts'
import { field, jsonIn } from './shape.ts'

export interface Target {
  readonly target?: string
  readonly writes?: true
}

/** Fields that say what a call works on, the telling ones first. */
const fields = [
  'path',
  'file_path',
  'url',
  'uri',
  'query',
  'pattern',
  'task_name',
  'message',
  'description',
] as const

/** The target of a call by its input: JSON in a text, or the text of a patch. */
export function targetOfCall(name: string, input: unknown): Target {
  const named = typeof input === 'string' && /^\s*\{/.test(input) ? jsonIn(input) : input
  if (!isObject(named)) return typeof input === 'string' ? targetOfText(name, input) : {}
  const command = field(named, 'cmd') ?? field(named, 'command')
  if (command !== undefined) return targetOfCommand(command)
  const patch = name === 'apply_patch' ? (field(named, 'input') ?? field(named, 'patch')) : undefined
  if (typeof patch === 'string') return targetOfPatch(patch) ?? {}
  for (const one of fields) {
    const value = field(named, one)
    if (typeof value === 'string' && value.trim() !== '') return lineOf(value)
  }
  return {}
}

/** The words of a web search, or the page it opens. */
export function targetOfSearch(action: unknown): Target {
  const value = field(action, 'query') ?? field(action, 'url')
  return typeof value === 'string' ? lineOf(value) : {}
}

function targetOfText(name: string, text: string): Target {
  return name === 'apply_patch' || text.includes(patchBegin) ? (targetOfPatch(text) ?? {}) : lineOf(text)
}

/** A command line; a list of words is one as well, and a shell's own words are left out. A patch by way of the shell is a patch. */
function targetOfCommand(command: unknown): Target {
  const words: readonly unknown[] = Array.isArray(command) ? command : [command]
  const texts = words.filter((word) => typeof word === 'string')
  const isShell =
    texts.length === 3 && /(?:^|\/)(?:ba|z|da)?sh$/.test(texts[0] ?? '') && /^-\w*c$/.test(texts[1] ?? '')
  const line = (isShell ? texts.slice(2) : texts).join(' ')
  return (/^\s*apply_patch\b/.test(line) ? targetOfPatch(line) : null) ?? lineOf(line)
}

const patchBegin = '*** Begin Patch'
/** A line of a patch; one inside the text of a program ends with an escape or a quote. */
const patchedFile = /\*\*\* (?:Add File|Update File|Delete File|Move to): ([^\n"`]+?)(?:\\n|[\r\n"`]|$)/g

/** The files that a patch changes: all of them that fit on a line, the first one first. */
function targetOfPatch(text: string): Target | null {
  const paths = new Set<string>()
  for (const [, path = ''] of text.matchAll(patchedFile)) if (path.trim() !== '') paths.add(path.trim())
  let target = ''
  for (const path of paths) {
    const longer = target === '' ? path : `${target}, ${path}`
    if (longer.length > limits.lineCharactersMax) break
    target = longer
  }
  return target === '' ? null : { target: oneLine(target), writes: true }
}

function lineOf(text: string): Target {
  const target = oneLine(text, bounds.targetCharactersMax)
  return target === '' ? {} : { target }
}
