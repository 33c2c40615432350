/**
 * Task lists that a tool writes whole each time (TodoWrite, update_plan), as the changes from one to the next.
 * Items are known again by their text, else by the id they carry, else by their place when only their text was edited.
 */

import { oneLine } from '../events/content.ts'
import { sha256 } from '../kernel/hash.ts'
import { bounds } from './bounds.ts'
import type { Intent } from './step.ts'
import { idOf } from './text.ts'

export const itemStatuses = ['pending', 'in_progress', 'completed'] as const
export type ItemStatus = (typeof itemStatuses)[number]

/** An item as the source writes it; `id` is `null` in the shapes that have none. */
export interface RawItem {
  readonly id: string | null
  readonly text: string
  readonly status: ItemStatus
}

export interface ListItem extends RawItem {
  /** Name of its task. */
  readonly name: string
}

export interface ListChange {
  readonly items: ListItem[]
  readonly intents: readonly Intent[]
}

const targetOf = { pending: 'pending', in_progress: 'running', completed: 'completed' } as const

/** What writing the list `next` over the list `before` means for the tasks. `prefix` begins their names. */
export function changeOfList(
  prefix: string,
  before: readonly ListItem[],
  next: readonly RawItem[],
): ListChange {
  const raw = next
    .slice(0, bounds.listItemsMax)
    .map((item) => ({ ...item, text: oneLine(item.text, bounds.itemCharactersMax) }))
  const matches = matched(before, raw)
  const names = new Set(matches.flatMap((match) => (match === null ? [] : [match.name])))
  const items: ListItem[] = []
  const intents: Intent[] = []
  for (const [index, item] of raw.entries()) {
    const match = matches[index] ?? null
    const name = match?.name ?? freshName(prefix, item, names)
    names.add(name)
    items.push({ ...item, name })
    intents.push(...changeOfItem(name, match, item))
  }
  const gone = before.filter(
    (item) => item.status !== 'completed' && !items.some(({ name }) => name === item.name),
  )
  const left = gone.map(({ name, text }): Intent => {
    const detail = 'left the list'
    return { type: 'reach-task', name, title: text, target: 'cancelled', origin: 'known', detail }
  })
  return { items, intents: [...intents, ...left] }
}

function changeOfItem(name: string, before: ListItem | null, item: RawItem): Intent[] {
  const edited: Intent[] =
    before !== null && before.text !== item.text ? [{ type: 'describe-task', name, title: item.text }] : []
  if (before?.status === item.status) return edited
  const target = targetOf[item.status]
  return [
    ...edited,
    { type: 'reach-task', name, title: item.text, target, origin: before === null ? 'listed' : 'known' },
  ]
}

type Matcher = (item: RawItem, index: number, candidate: ListItem, candidateIndex: number) => boolean

/** For each item of the new list the item of the old one that it continues. Surer signs are looked at first. */
function matched(before: readonly ListItem[], next: readonly RawItem[]): readonly (ListItem | null)[] {
  const sameLength = before.length === next.length
  const matchers: readonly Matcher[] = [
    (item, _index, old) => item.text === old.text && item.id === old.id,
    (item, _index, old) => item.text === old.text,
    (item, _index, old) => item.id !== null && item.id === old.id && old.status !== 'completed',
    (item, index, old, oldIndex) =>
      sameLength && index === oldIndex && old.status !== 'completed' && item.id === null && old.id === null,
  ]
  const matches: (ListItem | null)[] = next.map(() => null)
  const taken = new Set<number>()
  for (const continues of matchers) {
    for (const [index, item] of next.entries()) {
      if (matches[index] !== null) continue
      const found = before.findIndex(
        (old, oldIndex) => !taken.has(oldIndex) && continues(item, index, old, oldIndex),
      )
      if (found < 0) continue
      taken.add(found)
      matches[index] = before[found] ?? null
    }
  }
  return matches
}

/** A name from the item's own id, else from its text, that no other item of the list has. */
function freshName(prefix: string, item: RawItem, names: ReadonlySet<string>): string {
  const base = (item.id === null ? null : idOf(`${prefix}-${item.id}`)) ?? `${prefix}-${slugOf(item.text)}`
  let name = base
  for (let count = 2; names.has(name); count++) name = `${base}-${count}`
  return name
}

const slugCharactersMax = 40

/** A text as part of an id: its words where they are plain letters, with a hash where something was left out. */
function slugOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  const plain = /^[\p{ASCII}]*$/u.test(text) && slug.length > 0 && slug.length <= slugCharactersMax
  if (plain) return slug
  const short = slug.slice(0, slugCharactersMax).replace(/-$/, '')
  return `${short === '' ? 'item' : short}-${sha256(text).slice(0, 6)}`
}
