/** One promise of a suite: what every test runner can run. */

/**
 * A named check, for any test runner: `for (const { name, run } of suite) test(name, run)`. It throws when the promise does not hold,
 * and its message says what was expected and what was found.
 */
export interface Check {
  readonly name: string
  readonly run: () => Promise<void>
}
