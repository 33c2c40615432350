/** The difference of two states in words: one line a change. */
import { limits } from '../kernel/limits.ts'
import type { StateChange, StateDiff } from './state-diff.ts'
import { countText, type Tone } from './text.ts'

export interface DiffLine {
  /** The part of the state it belongs to: `tasks`, `window`, `checkpoints`; `session` for what is no part of another. */
  readonly section: string
  readonly mark: '+' | '-' | '~'
  readonly path: string
  readonly before: string
  readonly after: string
  readonly tone: Tone
}

const marks = {
  added: { mark: '+', tone: 'good' },
  removed: { mark: '-', tone: 'warning' },
  changed: { mark: '~', tone: 'plain' },
} as const satisfies Readonly<Record<StateChange['kind'], { readonly mark: string; readonly tone: Tone }>>

/** One line for each change, with values short enough for a line. */
export function diffLines({ changes }: Pick<StateDiff, 'changes'>): readonly DiffLine[] {
  return changes.map(({ path, kind, before, after }) => ({
    section: /^([^.[]*)[.[]/.exec(path)?.[1] ?? 'session',
    ...marks[kind],
    path,
    before: kind === 'added' ? '' : valueText(before),
    after: kind === 'removed' ? '' : valueText(after),
  }))
}

/** `~ tasks.A.status: pending → in_progress`, `+ tasks.B: pending "two"` */
export function diffLineText({ mark, path, before, after }: DiffLine): string {
  return `${mark} ${path}: ${[before, after].filter((text) => text !== '').join(' → ')}`
}

/** A value of a state on one line: of a part, what people know it by. */
function valueText(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'number') return Number.isInteger(value) ? countText(value) : String(value)
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object') return JSON.stringify(value)
  const told = tellingNames.flatMap((name) => {
    const part: unknown = Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined
    return typeof part === 'string' || typeof part === 'number'
      ? [`${labelOf(name)}${quoted(name, part)}`]
      : []
  })
  if (told.length > 0) return cut(told.join(', '))
  const counts = Object.entries(value).flatMap(([name, part]: readonly [string, unknown]) =>
    typeof part === 'number' ? [`${name} ${countText(part)}`] : [],
  )
  return cut(counts.length > 0 && !Array.isArray(value) ? counts.join(', ') : JSON.stringify(value))
}

/** The fields that say most of a part, in the order in which they are told. */
const tellingNames = [
  'status',
  'phase',
  'id',
  'tag',
  'name',
  'sessionId',
  'path',
  'step',
  'outcome',
  'trigger',
  'tier',
  'category',
  'title',
  'text',
  'preview',
  'tokens',
  'version',
] as const

function labelOf(name: string): string {
  return name === 'version' || name === 'phase' ? `${name} ` : ''
}

function quoted(name: string, part: string | number): string {
  if (name === 'tokens') return `${countText(Number(part))} tokens`
  return name === 'title' || name === 'text' || name === 'preview' ? JSON.stringify(part) : String(part)
}

function cut(text: string): string {
  return text.length > limits.previewCharactersMax ? `${text.slice(0, limits.previewCharactersMax)}…` : text
}
