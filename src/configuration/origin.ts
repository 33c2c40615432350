/** Where a setting comes from. */

/** The layer that a setting comes from, and the place in it. Lines and columns count from 1. */
export type Origin =
  | { readonly layer: 'defaults' }
  | {
      readonly layer: 'home' | 'project'
      readonly file: string
      readonly line: number
      readonly column: number
    }
  | { readonly layer: 'environment'; readonly variable: string }
  | { readonly layer: 'flags'; readonly flag: string }

/**
 * The place of a setting: `/project/.moai/config/config.json:4:5`, `WAYMARK_AUTO_CHECKPOINT`, `--set auto_checkpoint`;
 * `null` for a default.
 *
 * @example
 * ```ts
 * originText({ layer: 'environment', variable: 'WAYMARK_CACHE_ENABLED' }) // 'WAYMARK_CACHE_ENABLED'
 * ```
 */
export function originText(origin: Origin): string | null {
  switch (origin.layer) {
    case 'defaults':
      return null
    case 'environment':
      return origin.variable
    case 'flags':
      return origin.flag
    default:
      return `${origin.file}:${origin.line}:${origin.column}`
  }
}
