/** Modules that a user names. The only place where it is not known beforehand what is imported. */
import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

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
    const module: unknown = await import(pathToFileURL(file).href)
    return { module: Object(module) }
  } catch (error) {
    const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { problem: `it cannot be loaded: ${what}`, cause: error }
  }
}
