/**
 * Runs tests for Stryker in a process that stays: a mutant costs the tests that reach it, not a start of vitest and an import of everything.
 *
 * What a test leaves behind in a module must not decide about the next mutant. So whenever a test fails, it is run again without the
 * mutant; where it fails then too, all modules are loaded afresh and the mutant is tried again.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { declareFactoryPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import { determineHitLimitReached } from '@stryker-mutator/api/test-runner'
import { createServer, createServerModuleRunner } from 'vite'
import { rooms } from './rooms.mjs'

const { tests: globs, runs, budgetMs } = rooms[process.env.MUTATION_ROOM ?? 'machines']

/** The tests that pass without a mutant, and how long each takes: one process finds out, the others read it. */
const passingFile = 'passing-tests.json'

/** Of the processor's time, for one test: longer, and it has gone astray. */
const testMs = 8_000
/** The same by the clock, for a test that waits for what never comes. */
const waitMs = 45_000

/** What Stryker's mutants look at, and what `api.mjs` fills with tests. */
globalThis.__stryker__ ??= {}
const space = globalThis.__stryker__
const registry = { suite: null, finished: [], file: '' }
globalThis.__waymarkTests__ = registry
globalThis.__waymarkRuns__ = runs

class TimeUp extends Error {}

class Runner {
  #server
  #modules
  #specs = []
  #files = new Map()
  #passing = null
  #isStatic = false
  #isDirty = false

  capabilities() {
    return { reloadEnvironment: true }
  }

  async init() {
    process.env.NODE_ENV = 'test'
    // A promise that nobody waits for any more, of a test that has failed.
    process.on('unhandledRejection', () => {})
    const root = process.cwd()
    const alias = (name, path) => ({ find: new RegExp(`^${name}$`), replacement: join(root, path) })
    this.#server = await createServer({
      root,
      configFile: false,
      logLevel: 'error',
      cacheDir: join(root, `.vite-${process.pid}`),
      server: { middlewareMode: true, watch: null, hmr: false, ws: false },
      optimizeDeps: { noDiscovery: true },
      resolve: {
        alias: [
          alias('vitest', 'test/mutation/api.mjs'),
          alias('fast-check', 'test/mutation/fast-check.mjs'),
          alias('all-of-fast-check', 'node_modules/fast-check/lib/fast-check.js'),
          alias('waymark', 'src/index.ts'),
          alias('waymark/machines', 'machines/index.ts'),
          alias('waymark/testing', 'src/testing/index.ts'),
        ],
      },
    })
    this.#modules = createServerModuleRunner(this.#server.environments.ssr, { hmr: false })
    const listed = execFileSync('bash', ['-c', `ls ${globs.join(' ')}`], { cwd: root, encoding: 'utf8' })
    this.#specs = listed.trim().split('\n')
  }

  async dryRun() {
    space.activeMutant = undefined
    space.mutantCoverage = undefined
    const tests = []
    for (const spec of this.#specs) {
      await this.#run(await this.#testsOf(spec), waitMs, (test, error, timeSpentMs) => {
        // Fewer random runs are too few for some tests that count what came up: those are left out.
        if (error === null)
          tests.push({ id: test.id, name: test.id, timeSpentMs, fileName: resolve(spec), status: 0 })
        return true
      })
    }
    writeFileSync(passingFile, JSON.stringify(tests.map(({ id, timeSpentMs }) => [id, timeSpentMs])))
    return { status: 'complete', tests, mutantCoverage: space.mutantCoverage }
  }

  async mutantRun(options) {
    const isStatic = options.mutantActivation === 'static'
    if (isStatic || this.#isStatic || this.#isDirty) this.#loadAfresh()
    this.#isStatic = isStatic
    let result = await this.#try(options, false)
    if (result === 'unclear') {
      this.#loadAfresh()
      result = await this.#try(options, true)
    }
    space.activeMutant = undefined
    return result
  }

  async dispose() {
    await this.#server?.close()
  }

  #loadAfresh() {
    this.#modules.clearCache()
    this.#files.clear()
    this.#isDirty = false
  }

  /** The tests of a file, in its order, each with the suites around it. */
  async #testsOf(spec) {
    const known = this.#files.get(spec)
    if (known !== undefined) return known
    const root = { name: '', children: [], beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] }
    registry.suite = root
    await this.#modules.import(resolve(spec))
    const tests = []
    const counts = new Map()
    const walk = (suite, suites) => {
      for (const child of suite.children) {
        if (child.children !== undefined) {
          walk(child, [...suites, child])
          continue
        }
        const name = [...suites.map((one) => one.name), child.name].join(' ').trim()
        const count = (counts.get(name) ?? 0) + 1
        counts.set(name, count)
        tests.push({ id: `${spec}#${name}${count > 1 ? ` (${count})` : ''}`, spec, suites, run: child.run })
      }
    }
    walk(root, [root])
    this.#files.set(spec, tests)
    return tests
  }

  /** Runs tests of one file; `after` each says whether to go on. */
  async #run(tests, limitMs, after) {
    const open = []
    const close = async (count) => {
      while (open.length > count) {
        const suite = open.pop()
        for (const hook of [...suite.afterAll, ...suite.cleanups]) await hook()
      }
    }
    for (const test of tests) {
      const begun = performance.now()
      let error = null
      space.currentTestId = test.id
      registry.file = resolve(test.spec)
      try {
        let same = 0
        while (same < open.length && open[same] === test.suites[same]) same++
        await close(same)
        for (const suite of test.suites.slice(same)) {
          suite.cleanups = []
          open.push(suite)
          for (const hook of suite.beforeAll) suite.cleanups.push(...cleanupOf(await hook()))
        }
        await within(limitMs, test)
      } catch (caught) {
        error = caught ?? new Error('nothing was thrown')
      }
      space.currentTestId = undefined
      if (!after(test, error, performance.now() - begun)) break
    }
    await close(0).catch(() => {})
  }

  /** The result for a mutant; `unclear` when the test that failed fails without the mutant as well. */
  async #try(options, isFresh) {
    const isStatic = options.mutantActivation === 'static'
    this.#passing ??= new Map(JSON.parse(readFileSync(passingFile, 'utf8')))
    const before = process.cpuUsage()
    let count = 0
    let failed = null
    space.hitCount = 0
    space.hitLimit = options.hitLimit
    for (const [spec, wanted] of this.#cheapestFirst(options.testFilter ?? [...this.#passing.keys()])) {
      space.activeMutant = isStatic ? options.activeMutant.id : undefined
      let tests
      try {
        tests = await this.#testsOf(spec)
      } catch (error) {
        if (!isStatic) throw error
        return killed(spec, error, count)
      }
      space.activeMutant = options.activeMutant.id
      const these = tests.filter(({ id }) => wanted.has(id))
      await this.#run(these, testMs, (test, error) => {
        count++
        if (error !== null) failed = { test, error }
        return failed === null && spentMs(before) <= budgetMs
      })
      space.activeMutant = undefined
      if (failed !== null || spentMs(before) > budgetMs) break
    }
    const over = determineHitLimitReached(space.hitCount, options.hitLimit)
    space.hitCount = space.hitLimit = undefined
    if (failed === null) return { status: 'survived', nrOfTests: count }
    if (!isStatic && (await this.#failsAlone(failed.test))) {
      if (!isFresh) return 'unclear'
      this.#isDirty = true
    }
    if (failed.error instanceof TimeUp) this.#isDirty = true
    if (over !== undefined || failed.error instanceof TimeUp) {
      return { status: 'timeout', reason: over?.reason ?? failed.test.id }
    }
    return killed(failed.test.id, failed.error, count)
  }

  async #failsAlone(test) {
    let fails = false
    await this.#run([test], testMs, (_test, error) => {
      fails = error !== null
      return false
    })
    return fails
  }

  /** The files of these tests with the tests wanted, those first that took least. */
  #cheapestFirst(ids) {
    const bySpec = new Map()
    const costs = new Map()
    for (const id of ids) {
      const spec = id.slice(0, id.indexOf('#'))
      bySpec.set(spec, (bySpec.get(spec) ?? new Set()).add(id))
      costs.set(spec, (costs.get(spec) ?? 0) + (this.#passing.get(id) ?? 0))
    }
    return [...bySpec].sort(([one], [other]) => costs.get(one) - costs.get(other))
  }
}

function spentMs(before) {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** Runs a test with its hooks, and gives it up when it takes too long: of the processor, or of a whole minute. */
async function within(limitMs, { suites, run, id }) {
  const begun = performance.now()
  const before = process.cpuUsage()
  let timer
  const isOver = new Promise((_, reject) => {
    timer = setInterval(() => {
      if (spentMs(before) > limitMs || performance.now() - begun > waitMs) reject(new TimeUp(id))
    }, 250)
  })
  const whole = async () => {
    const cleanups = []
    registry.finished = []
    try {
      for (const suite of suites)
        for (const hook of suite.beforeEach) cleanups.push(...cleanupOf(await hook()))
      await run()
    } finally {
      for (const suite of suites.toReversed()) for (const hook of suite.afterEach) await hook()
      for (const hook of [...cleanups, ...registry.finished.toReversed()]) await hook()
    }
  }
  try {
    await Promise.race([whole(), isOver])
  } finally {
    clearInterval(timer)
  }
}

function cleanupOf(given) {
  return typeof given === 'function' ? [given] : []
}

function killed(id, error, nrOfTests) {
  const failureMessage = String(error?.message ?? error).slice(0, 300)
  return { status: 'killed', killedBy: [id], failureMessage, nrOfTests }
}

function runnerOf() {
  return new Runner()
}
runnerOf.inject = []

export const strykerPlugins = [declareFactoryPlugin(PluginKind.TestRunner, 'stays', runnerOf)]
