/** What a tool's call works on, in one line: the file, the command, the question, the address. */

import { oneLine } from '../../events/content.ts'
import { limits } from '../../kernel/limits.ts'
import { bounds } from '../bounds.ts'
import { isObject } from '../values.ts'

/** The field that says it, for the tools of Claude Code itself. */
const fieldOfTool: Readonly<Record<string, string>> = {
  Read: 'file_path',
  Write: 'file_path',
  Edit: 'file_path',
  MultiEdit: 'file_path',
  NotebookRead: 'notebook_path',
  NotebookEdit: 'notebook_path',
  LS: 'path',
  Bash: 'command',
  Glob: 'pattern',
  Grep: 'pattern',
  WebFetch: 'url',
  WebSearch: 'query',
  ToolSearch: 'query',
  Task: 'description',
  Agent: 'description',
  Skill: 'skill',
}

/** Tools whose call changes the file that is its target. */
const writers: ReadonlySet<string> = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit'])

/** Fields of other tools, the telling ones first. */
const commonFields = [
  'file_path',
  'notebook_path',
  'path',
  'command',
  'url',
  'query',
  'pattern',
  'subject',
  'description',
] as const

const paths: ReadonlySet<string> = new Set(['file_path', 'notebook_path', 'path'])

export interface Target {
  readonly target?: string
  readonly writes?: true
}

/** The target of a call, as far as its input names one; `writes` when the call changes that file. */
export function targetOfCall(name: string, input: unknown): Target {
  if (!isObject(input)) return {}
  const own = Object.hasOwn(fieldOfTool, name) ? fieldOfTool[name] : undefined
  for (const field of own === undefined ? commonFields : [own]) {
    const value = Object.hasOwn(input, field) ? input[field] : undefined
    const target = typeof value === 'string' ? lineOf(value, field) : ''
    if (target !== '') return writers.has(name) ? { target, writes: true } : { target }
  }
  return {}
}

/** A path is kept whole, as long as a line may be; of other words the beginning is enough. */
function lineOf(value: string, field: string): string {
  return oneLine(value, paths.has(field) ? limits.lineCharactersMax : bounds.targetCharactersMax)
}
