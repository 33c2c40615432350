/** fast-check with one seed and fewer runs: what a mutant changes shows early, or costs too much to wait for. */
import all from 'all-of-fast-check'

const fewer = (given) => ({
  seed: 1,
  endOnFailure: true,
  ...given,
  numRuns: Math.min(given?.numRuns ?? 100, globalThis.__waymarkRuns__),
})

export * from 'all-of-fast-check'
export default { ...all, assert: (property, given) => all.assert(property, fewer(given)) }
