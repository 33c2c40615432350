/** The critical context of a package: what the other agent must know, compressed. Unpacked, it never grows past its bound. */
import { z } from 'zod'
import { contextCategories, tagShape } from '../events/context.ts'
import { lineShape } from '../events/shapes.ts'
import type { ContextItem } from '../fold/context-state.ts'
import type { DeepReadonly, ReadonlyState } from '../fold/state.ts'
import { brotli, unbrotli } from '../kernel/compress.ts'
import { canonicalJson } from '../kernel/json.ts'
import { limits } from '../kernel/limits.ts'
import { parseJson } from './untrusted.ts'

const criticalContextShape = z.strictObject({
  /** The session's brief, as Markdown. */
  brief: z.string(),
  items: z
    .array(
      z.strictObject({
        tag: tagShape,
        title: lineShape.nullable(),
        category: z.enum(contextCategories),
        tokens: z.int().min(0),
        /** Which of its texts it is. */
        text_of: z.enum(['content', 'summary']).nullable(),
        text: z.string().nullable(),
        /** Why there is no text. */
        missing: lineShape.nullable(),
      }),
    )
    .max(limits.contextItemsMax),
  /** Critical items for which there was not even room to be named. */
  left_out: z.int().min(0),
})

export type CriticalContext = z.infer<typeof criticalContextShape>
type PackedItem = CriticalContext['items'][number]
type Item = DeepReadonly<ContextItem>

/** The critical items of a state, in the order in which they came. */
export function criticalItems(state: Pick<ReadonlyState, 'context'>): readonly Item[] {
  return Object.values(state.context.items)
    .filter(({ tier }) => tier === 'critical')
    .sort((a, b) => a.addedVersion - b.addedVersion || (a.tag < b.tag ? -1 : 1))
}

/** The text that stands for an item: its summary when it was summarized, else the original. */
export function textReferenceOf(item: Item): Item['content'] {
  return item.status === 'summarized' ? item.summary : item.content
}

const packageIsFull = 'the package is full'

/** Bytes kept free for what surrounds the items. */
const frameBytes = 1_024

/** Texts by their hashes: `null` for one that cannot be read. One for which there was no room is not among them. */
export type CriticalTexts = ReadonlyMap<string, string | null>

/** The critical context of a state, with the texts of its items. */
export function criticalContextOf(
  state: Pick<ReadonlyState, 'context'>,
  texts: CriticalTexts,
  brief: string,
): CriticalContext {
  const items: PackedItem[] = []
  let leftOut = 0
  let bytesLeft: number = limits.handoffContextBytesMax - frameBytes - bytesOf(brief)
  for (const item of criticalItems(state)) {
    const whole = packedItem(item, texts)
    const named = { ...whole, text: null, missing: whole.missing ?? packageIsFull }
    const fitting = [whole, named].find((one) => bytesOf(one) <= bytesLeft)
    if (fitting === undefined) leftOut += 1
    else {
      items.push(fitting)
      bytesLeft -= bytesOf(fitting)
    }
  }
  return { brief, items, left_out: leftOut }
}

function packedItem(item: Item, texts: CriticalTexts): PackedItem {
  const { tag, title, category, tokens } = item
  const reference = textReferenceOf(item)
  const found = reference === null ? null : texts.get(reference.hash)
  const text = found ?? null
  const missing =
    text !== null ? null : reference === null ? 'it was added without a text' : whyMissing[String(found)]
  const textOf = text === null ? null : item.status === 'summarized' ? 'summary' : 'content'
  return { tag, title, category, tokens, text_of: textOf, text, missing: missing ?? null }
}

const whyMissing: Readonly<Record<string, string>> = {
  null: 'its text cannot be read',
  undefined: packageIsFull,
}

/** Bytes of a value as JSON with a comma behind it. */
function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value)) + 1
}

export function packContext(context: CriticalContext): string {
  return Buffer.from(brotli(Buffer.from(canonicalJson(context)))).toString('base64')
}

/**
 * The context that lies packed in a package's text, of whatever shape and whatever else is wrong with the package; `null` when the text
 * is no package, or when nothing can be unpacked.
 */
export function packedContextIn(text: string): unknown {
  // Most texts are none: they are not worth parsing.
  if (!text.includes('"critical_context"') || text.length > limits.handoffPackageBytesMax) return null
  const parsed = parseJson(text)
  const packed = parsed.ok ? packageParts.safeParse(parsed.value) : null
  if (packed?.success !== true) return null
  const bytes = Buffer.from(packed.data.context_snapshot.critical_context, 'base64')
  const unpacked = unbrotli(bytes, limits.handoffContextBytesMax)
  const context = unpacked === null ? null : parseJson(unpacked)
  return context?.ok === true ? context.value : null
}

const packageParts = z.object({ context_snapshot: z.object({ critical_context: z.string() }) })

/** The context again, or why it cannot be had. */
export function unpackContext(
  packed: string,
):
  | { readonly ok: true; readonly context: CriticalContext }
  | { readonly ok: false; readonly reason: string } {
  const bytes = unbrotli(Buffer.from(packed, 'base64'), limits.handoffContextBytesMax)
  if (bytes === null) {
    const reason = `it is no Brotli, or would grow past ${limits.handoffContextBytesMax} bytes`
    return { ok: false, reason }
  }
  const parsed = parseJson(bytes)
  if (!parsed.ok) return parsed
  const shaped = criticalContextShape.safeParse(parsed.value)
  if (shaped.success) return { ok: true, context: shaped.data }
  const [issue] = shaped.error.issues
  return { ok: false, reason: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not valid'}` }
}
