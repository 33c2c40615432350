/** Times are texts, and how far two of them lie apart is asked for each task and by each policy. */

/** Milliseconds from one time to another. Most lie on one day, where the clock's digits tell; parsing a date takes ten times as long. */
export function msBetween(from: string, to: string): number {
  const isSameDay =
    from.length === timeLength && to.length === timeLength && from.startsWith(to.slice(0, dayLength))
  return isSameDay ? msOfDay(to) - msOfDay(from) : Date.parse(to) - Date.parse(from)
}

/** `2026-01-31T12:00:00.000Z`, the one way in which times are written; its day is what stands before the hours. */
const timeLength = 24
const dayLength = 11

function msOfDay(time: string): number {
  const seconds = (twoDigits(time, 11) * 60 + twoDigits(time, 14)) * 60 + twoDigits(time, 17)
  return seconds * 1_000 + twoDigits(time, 20) * 10 + (time.charCodeAt(22) - zero)
}

const zero = 48

function twoDigits(time: string, at: number): number {
  return (time.charCodeAt(at) - zero) * 10 + (time.charCodeAt(at + 1) - zero)
}
