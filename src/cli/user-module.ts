/** Modules that a user names. The only place where it is not known beforehand what is imported. */
import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { extname, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { withinTime } from '../kernel/bounded.ts'
import { limits } from '../kernel/limits.ts'

export type UserModule = { readonly module: object } | { readonly problem: string; readonly cause: unknown }

/**
 * Loads a module by the path that the user gave, or says why not. What it runs when it is loaded runs here, with all that this process may
 * do: a module is a program, and whoever names it trusts it.
 */
export async function loadUserModule(path: string): Promise<UserModule> {
  const file = resolve(path)
  const found = await stat(file).catch(() => null)
  if (found === null) return { problem: 'there is no such file', cause: null }
  if (!found.isFile()) return { problem: 'it is no file', cause: null }
  try {
    if (!ranInTime(file)) return tooSlow
    // It has run: this gives what it exports. One that waits for something at its top runs here, and may wait forever.
    const loading: Promise<unknown> = import(pathToFileURL(file).href)
    const stopped = new AbortController()
    const late = setTimeout(limits.moduleLoadWaitMs, tooSlow, { signal: stopped.signal }).catch(() => tooSlow)
    const module = await Promise.race([loading, late]).finally(() => stopped.abort())
    return module === tooSlow ? tooSlow : { module: Object(module) }
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { problem: `it cannot be loaded: ${what}`, cause: error }
  }
}

const tooSlow = {
  problem: `it is not loaded after ${limits.moduleLoadWaitMs} milliseconds; is there a loop that never ends?`,
  cause: null,
} as const

const require = createRequire(import.meta.url)
const requiredNames: ReadonlySet<string> = new Set(['.js', '.mjs', '.cjs'])

/**
 * Runs a module at once, so that it can be ended: what `import` runs cannot. One that waits for something at its top is not run here, nor
 * is one that only an import can load.
 *
 * @throws Whatever the module throws.
 */
function ranInTime(file: string): boolean {
  if (!requiredNames.has(extname(file))) return true
  return withinTime(limits.moduleLoadWaitMs, () => {
    try {
      require(file)
    } catch (error) {
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : null
      if (code !== 'ERR_REQUIRE_ASYNC_MODULE' && code !== 'ERR_REQUIRE_ESM') throw error
    }
  }).done
}
