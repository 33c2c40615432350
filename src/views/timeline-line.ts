/** What a line of the story is made of. */
import type { EventData, EventType } from '../events/catalogue.ts'
import type { Tone } from './text.ts'

export interface Line<T extends EventType> {
  readonly notable: boolean
  readonly tone: Tone | ((data: EventData<T>) => Tone)
  text(data: EventData<T>): string
}

export type Lines = { readonly [T in EventType]: Line<T> }

export function notable<T extends EventType>(
  text: Line<T>['text'],
  tone: Line<T>['tone'] = 'plain',
): Line<T> {
  return { notable: true, tone, text }
}

export function detail<T extends EventType>(text: Line<T>['text'], tone: Line<T>['tone'] = 'quiet'): Line<T> {
  return { notable: false, tone, text }
}

/** What was said, after a colon. */
export function said(text: string | undefined): string {
  return text === undefined || text === '' ? '' : `: ${text}`
}

/** A word and a value, if there is one. */
export function with_(word: string, value: string | number | undefined): string {
  return value === undefined ? '' : ` ${word} ${value}`
}
