/** `waymark brief`: Markdown on stdout, the same in JSON, and what it says to options that cannot be. */
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const shape = z.strictObject({
  sessionId: z.string(),
  version: z.int(),
  level: z.literal([1, 2, 3]),
  tokens: z.int(),
  tokensMax: z.int(),
  measure: z.strictObject({ tokensPerByte: z.number(), source: z.enum(['worst-case', 'learned']) }),
  sections: z.array(
    z.strictObject({ name: z.string(), text: z.string(), tokens: z.int(), cut: z.boolean() }),
  ),
  text: z.string(),
  leftOut: z.array(z.strictObject({ section: z.string(), what: z.enum(['all', 'part']), how: z.string() })),
})

async function session(place: Place): Promise<string> {
  const id = await place.session({ title: 'Log in' })
  await place.send(
    id,
    { type: 'focus.change', objectives: ['People can log in'], constraints: ['Never log a password'] },
    { type: 'task.add', taskId: 'A', title: 'Hash passwords' },
    { type: 'task.start', taskId: 'A' },
  )
  return id
}

describe('brief', () => {
  it('prints Markdown and nothing else, and notes its size beside it', async () => {
    const place = await makePlace()
    const id = await session(place)
    const { code, stdout, stderr } = await place.run(['brief', id])
    expect(code).toBe(0)
    expect(stdout).toMatch(new RegExp(`^# Brief of ${id}, version \\d+\n\n## Session\n- Title: Log in\n`))
    expect(stdout).toContain('## Objective\n- People can log in\n')
    expect(stdout).toContain('## Open tasks\n- in progress: A, Hash passwords\n')
    expect(stdout).toContain('## Constraints\n- Never log a password\n')
    expect(stderr).toMatch(/^\d+ of 2,000 tokens, level 2$/m)
  })

  it('is the same in JSON, to the byte, with tokens and level as asked', async () => {
    const place = await makePlace()
    const id = await session(place)
    const options = ['brief', id, '--tokens', '1k', '--level', '1']
    const made = shape.parse(JSON.parse((await place.run([...options, '--json'])).stdout))
    expect(`${made.text}\n`).toBe((await place.run(options)).stdout)
    expect(made).toMatchObject({ sessionId: id, level: 1, tokensMax: 1_000, leftOut: [] })
    expect(made.sections.map(({ name }) => name)).toEqual(['session', 'objective', 'next', 'tasks'])
    expect(made.tokens).toBe(Math.ceil(Buffer.byteLength(made.text) * made.measure.tokensPerByte))
  })

  it('says how many tokens it takes at least', async () => {
    const place = await makePlace()
    const id = await session(place)
    const { code, stdout, stderr } = await place.run(['brief', id, '--tokens', '10', '--json'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    const { error } = JSON.parse(stderr)
    expect(error).toMatchObject({ code: 'USAGE', details: { tokens: 10 } })
    const least = await place.run(['brief', id, '--tokens', String(error.details.tokensMin)])
    expect(least).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^# Brief of sess_\S+ version \d+\n$/),
    })
  })

  it.each([
    ['--level', '4', 'a level is one of 1, 2, 3'],
    ['--level', 'all', 'a level is one of 1, 2, 3'],
    ['--tokens', 'few', 'a number of tokens is written as'],
  ])('refuses %s %s', async (option, value, words) => {
    const place = await makePlace()
    const id = await session(place)
    const { code, stdout, stderr } = await place.run(['brief', id, option, value])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(words)
  })
})
