/** What the tests import of vitest, for a process that stays. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { format } from 'node:util'
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  customMatchers,
  GLOBAL_EXPECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect'

const registry = globalThis.__waymarkTests__

function makeExpect() {
  if (globalThis[GLOBAL_EXPECT]?.isReady) return globalThis[GLOBAL_EXPECT]
  chai.use(JestExtend)
  chai.use(JestChaiExpect)
  chai.use(JestAsymmetricMatchers)
  const made = (value, message) => chai.expect(value, message)
  Object.assign(made, chai.expect)
  Object.assign(made, globalThis[ASYMMETRIC_MATCHERS_OBJECT])
  chai.util.addMethod(chai.Assertion.prototype, 'toMatchFileSnapshot', function (file) {
    const expected = readFileSync(path.resolve(path.dirname(registry.file), file), 'utf8')
    made(this._obj).toBe(expected)
  })
  setState({ assertionCalls: 0, isExpectingAssertions: false, expectedAssertionsNumber: null }, made)
  made.isReady = true
  globalThis[GLOBAL_EXPECT] = made
  chai.expect.extend(made, customMatchers)
  return made
}

export const expect = makeExpect()

const text = (name, values, index) => {
  const list = Array.isArray(values) ? values : [values]
  const named =
    list.length > 0 && typeof list[0] === 'object' && list[0] !== null
      ? name.replace(/\$([\w.]+)/g, (_, key) =>
          String(key.split('.').reduce((at, part) => at?.[part], list[0])),
        )
      : name
  const holes = (named.match(/%[sdifjoO]/g) ?? []).length
  return format(named.replace(/%#/g, String(index)), ...list.slice(0, holes))
}

const bodyOf = (given) => given.find((part) => typeof part === 'function')
const timeoutOf = (given) =>
  given.find((part) => typeof part === 'number') ?? given.find((part) => typeof part === 'object')?.timeout

function test(name, ...given) {
  const run = bodyOf(given)
  registry.suite.children.push({ name: String(name), run, timeout: timeoutOf(given) })
}
function suite(name, ...given) {
  const outer = registry.suite
  const own = { name: String(name), children: [], beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] }
  outer.children.push(own)
  registry.suite = own
  bodyOf(given)?.()
  registry.suite = outer
}
function withKinds(one) {
  const none = Object.assign(() => {}, { each: () => () => {} })
  one.each =
    (cases, ...values) =>
    (name, ...given) => {
      const list = cases.raw === undefined ? cases : values
      list.forEach((values, index) => {
        const args = Array.isArray(values) ? values : [values]
        one(text(name, values, index), () => bodyOf(given)(...args), timeoutOf(given))
      })
    }
  one.skip = none
  one.todo = none
  one.skipIf = (when) => (when ? none : one)
  one.runIf = (when) => (when ? one : none)
  return one
}
export const it = withKinds(test)
export { it as test }
export const describe = withKinds(suite)
export const beforeAll = (hook) => registry.suite.beforeAll.push(hook)
export const afterAll = (hook) => registry.suite.afterAll.push(hook)
export const beforeEach = (hook) => registry.suite.beforeEach.push(hook)
export const afterEach = (hook) => registry.suite.afterEach.push(hook)
export const onTestFinished = (hook) => registry.finished.push(hook)
export const vi = {
  async waitFor(ask, { timeout = 1000, interval = 50 } = {}) {
    const end = performance.now() + timeout
    for (;;) {
      try {
        return await ask()
      } catch (error) {
        if (performance.now() > end) throw error
        await new Promise((resolve) => setTimeout(resolve, interval))
      }
    }
  },
}
const anything = new Proxy(() => anything, { get: () => anything })
export const expectTypeOf = () => anything
