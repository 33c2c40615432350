/** Cuts a text to a number of bytes without splitting a character. */

/** Stands where something was left out. */
export const gap = '…'

/**
 * The beginning of a text in at most `bytesMax` bytes of UTF-8, its end marked with `…` where something is missing and there
 * is room for the mark. Cut between words where one ends near.
 */
export function cutToBytes(text: string, bytesMax: number): string {
  if (text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax) return text
  const markBytes = Buffer.byteLength(gap)
  const hasMark = bytesMax > markBytes
  const end = endWithin(text, hasMark ? bytesMax - markBytes : bytesMax)
  const space = Math.max(text.lastIndexOf(' ', end), text.lastIndexOf('\n', end))
  const cut = text.slice(0, space > end * 0.7 ? space : end)
  return hasMark ? `${cut.trimEnd()}${gap}` : cut
}

/** `index`, or one less where it would split a surrogate pair. */
export function wholeAt(text: string, index: number): number {
  const before = text.charCodeAt(index - 1)
  const after = text.charCodeAt(index)
  const isSplit = before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff
  return isSplit ? index - 1 : index
}

/** The largest index at or below which the text takes at most `bytesMax` bytes, never inside a surrogate pair. */
function endWithin(text: string, bytesMax: number): number {
  let bytes = 0
  let end = 0
  while (end < text.length) {
    const code = text.codePointAt(end) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (bytes > bytesMax) break
    end += code < 0x10000 ? 1 : 2
  }
  return end
}
