/** Ids that are derived from names: the same name gives the same id, on every machine and in every version. */
import fc from 'fast-check'
import { v5, validate, version } from 'uuid'
import { describe, expect, it } from 'vitest'
import { derivedIdOf, eventIdOf, seeded, systemIds } from '../../src/kernel/clock.ts'

describe('derived ids', () => {
  it('are what the uuid library gives for the same namespace and name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(1_000), (name, index) => {
        expect(derivedIdOf(name)).toBe(v5(name, 'a8f5c3a2-6f3e-5d0b-9a53-0d6a3a1c7e02'))
        expect(eventIdOf(name, index)).toBe(v5(`${name}/${index}`, 'a8f5c3a2-6f3e-5d0b-9a53-0d6a3a1c7e01'))
      }),
    )
  })

  it('do not change from one version of Waymark to the next', () => {
    expect(eventIdOf('a command', 0)).toMatchInlineSnapshot(`"95166cd3-691f-5d30-8dfa-46f88b6d20aa"`)
    expect(derivedIdOf('claude-code/a session')).toMatchInlineSnapshot(
      `"c682330f-acf8-5177-b65e-c455bd2b16d9"`,
    )
  })
})

describe('chance', () => {
  it('gives ids of version 4 and salts that differ', () => {
    const ids = Array.from({ length: 1_000 }, () => systemIds.uuid())
    const salts = Array.from({ length: 1_000 }, () => Buffer.from(systemIds.salt()).toString('hex'))
    expect(ids.every((id) => validate(id) && version(id) === 4)).toBe(true)
    expect(new Set([...ids, ...salts]).size).toBe(2_000)
  })

  it('runs the same way again from the same seed', () => {
    const runs = [7, 7, 8].map((seed) => {
      const { clock, ids } = seeded(seed)
      return [clock.now(), clock.now(), ids.uuid(), Buffer.from(ids.salt()).toString('hex')]
    })
    expect(runs[0]).toEqual(runs[1])
    expect(runs[0]?.slice(2)).not.toEqual(runs[2]?.slice(2))
  })
})
