/** How pages of a log are cut off in their middle, for a reading that fails there. */
import type { FoldablePage } from '../../fold/page.ts'
import type { RowPage } from '../../log/port.ts'

/** How many items a page has, and what is left of it after some of them. */
export interface PageCut<Page> {
  readonly count: (page: Page) => number
  readonly first: (page: Page, count: number) => Page
}

export function listCut<Item>(): PageCut<readonly Item[]> {
  return { count: (page) => page.length, first: (page, count) => page.slice(0, count) }
}

/** Items that come one by one: each is a page. */
export function itemCut<Item>(): PageCut<Item> {
  return { count: () => 1, first: (item) => item }
}

export const foldableCut: PageCut<FoldablePage> = {
  count: (page) => page.length,
  first: (page, count) => [...page].slice(0, count),
}

export const rowsCut: PageCut<RowPage> = {
  count: ({ rows }) => rows.length,
  first: (page, count) =>
    page.events === null
      ? { rows: page.rows.slice(0, count), events: null }
      : { rows: page.rows.slice(0, count), events: page.events.slice(0, count) },
}
