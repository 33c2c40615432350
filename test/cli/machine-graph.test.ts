/**
 * `waymark graph task|budget|session|handoff|recovery`. Goal: the machines are drawn as they are, and with a session as it went. Method: the real
 * command on a real home; what it draws is read back by small readers of the two languages.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

async function worked(): Promise<{ readonly place: Place; readonly id: string }> {
  const place = await makePlace()
  const id = await place.session({ title: 'Accounts', windowTokens: 100_000 })
  await place.send(
    id,
    { type: 'task.add', taskId: 'A', title: 'Log in' },
    { type: 'task.add', taskId: 'B:1#x', title: 'Log out' },
    { type: 'task.start', taskId: 'A' },
    { type: 'context.measure', contextTokens: 80_000 },
    { type: 'task.start', taskId: 'B:1#x' },
    { type: 'task.complete', taskId: 'A' },
  )
  return { place, id }
}

const machines = ['task', 'budget', 'session', 'handoff', 'recovery'] as const

/** Every line of a state diagram is one of these, and nothing else. */
const mermaidLine =
  /^(stateDiagram-v2| {2}%% [^\n]*| {2}(\[\*\]|\w+) --> (\[\*\]|\w+)(: [^:;#"]+)?| {2}\w+: \w+ \(\d+ now\)| {2}classDef taken [\w:#,-]+| {2}class [\w,]+ taken)$/
/** Statements of DOT as they are written here: a text in quotes ends at the next quote that is not escaped. */
const text = '"(?:[^"\\\\]|\\\\.)*"'
const marks = `\\[\\w+=(?:${text}|\\w+)(?:, \\w+=(?:${text}|\\w+))*\\]`
const dotLine = new RegExp(
  `^(digraph ${text} \\{|  // [^\\n]*|  rankdir=LR|  (?:node|edge|${text}) ?(?:${marks})?|  ${text} -> ${text}(?: ${marks})?|\\})$`,
)

describe('graph of a machine', () => {
  it.each(machines)(
    '%s is Mermaid if nothing is said, DOT or JSON if that is said, without any home',
    async (machine) => {
      const place = await makePlace({ bare: true })
      const mermaid = await place.run(['graph', machine])
      expect([mermaid.code, mermaid.stderr]).toEqual([0, ''])
      expect(
        mermaid.stdout
          .trimEnd()
          .split('\n')
          .filter((line) => !mermaidLine.test(line)),
      ).toEqual([])
      const dot = await place.run(['graph', machine, '--format', 'dot'])
      expect(
        dot.stdout
          .trimEnd()
          .split('\n')
          .filter((line) => !dotLine.test(line)),
      ).toEqual([])
      expect(dot.stdout.split('{').length).toBe(dot.stdout.split('}').length)
      const json = await place.json(shapes.machineShape, 'graph', machine)
      expect([json.machine, json.session]).toEqual([machine, null])
      expect(json.transitions.every(({ count }) => count === null)).toBe(true)
      const again = await place.run(['graph', machine, '--format', 'json'])
      expect(JSON.parse(again.stdout)).toEqual(json)
      const both = await place.json(shapes.machineTextShape, 'graph', machine, '--format', 'dot')
      expect(`${both.text}\n`).toBe(dot.stdout)
    },
  )

  it('marks the way of a session and how often each transition was taken', async () => {
    const { place, id } = await worked()
    const { stdout, stderr } = await place.run(['graph', 'task', '--session', id])
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .filter((line) => !mermaidLine.test(line)),
    ).toEqual([])
    expect(stdout).toContain('  [*] --> pending: ×2\n')
    expect(stdout).toContain('  pending --> in_progress: start [otherwise] ×1\n')
    expect(stdout).toContain('  in_progress --> token_warning: warn ×1\n')
    expect(stdout).toContain('  completed: completed (1 now)\n')
    expect(stdout).toMatch(/^ {2}class pending,in_progress,token_warning,completed taken$/m)
    expect(stderr).toMatch(/4 steps on 4 of \d+ transitions/)
    const dot = await place.run(['graph', 'task', id, '--format', 'dot'])
    expect(
      dot.stdout
        .trimEnd()
        .split('\n')
        .filter((line) => !dotLine.test(line)),
    ).toEqual([])
    expect(dot.stdout).toContain(
      '"pending" -> "token_warning" [label="start [warned] ×1", color="#1f6feb", penwidth=2]',
    )
  })

  it('follows one task, whatever its id is', async () => {
    const { place, id } = await worked()
    const json = await place.json(shapes.machineShape, 'graph', 'task', '--session', id, '--task', 'B:1#x')
    expect(json.session?.steps.map(({ to }) => to)).toEqual(['pending', 'token_warning'])
    const { stdout } = await place.run(['graph', 'task', '--session', id, '--task', 'B:1#x'])
    expect(stdout).toContain('task B?1?x')
    expect(stdout).toContain('%% the way: pending, token_warning')
  })

  it('counts what the budget and the session did, by the thresholds that the session has', async () => {
    const { place, id } = await worked()
    await place.send(id, { type: 'session.configure', configuration: { monitoringThresholdPercent: 50 } })
    const budget = await place.run(['graph', 'budget', '--session', id])
    expect(budget.stdout).toContain('normal --> monitoring: above 50')
    expect(budget.stdout).toContain('normal --> warning: above 75 ×1')
    const session = await place.json(shapes.machineShape, 'graph', 'session', '--session', id)
    const works = session.transitions.find(({ from, event }) => from === 'active' && event === 'work')
    expect(works?.count).toBe(5)
    expect(session.states.find(({ name }) => name === 'active')?.now).toBe(1)
  })

  it('goes before a session that has its name, which graph show still shows', async () => {
    const place = await makePlace()
    const id = await place.session({ nativeId: 'task', tool: 'other' })
    expect((await place.run(['graph', 'task'])).stdout).toContain('stateDiagram-v2')
    expect((await place.json(shapes.graphShape, 'graph', 'show', 'task')).sessionId).toBe(id)
    expect(
      (await place.json(shapes.machineShape, 'graph', 'task', '--session', 'task')).session?.sessionId,
    ).toBe(id)
  })

  it.each([
    [['task', '--session', 'nobody'], 'SESSION_NOT_FOUND', 'no session "nobody"'],
    [['tsk', '--session', 'nobody'], 'USAGE', 'unknown action "tsk"'],
    [['task', '--task', 'A'], 'USAGE', 'needs a session'],
    [['budget', 'SESSION', '--task', 'A'], 'USAGE', 'graph budget takes no --task'],
    [['task', 'SESSION', '--task', 'C'], 'USAGE', 'has no task "C"'],
    [['task', '--format', 'png'], 'USAGE', 'a format is one of mermaid, dot, json'],
    [['task', '--agent', 'ada'], 'USAGE', 'graph task takes no --agent'],
    [['show', 'SESSION', '--format', 'dot'], 'USAGE', 'graph show takes no --format'],
    [['task', 'SESSION', 'A'], 'USAGE', 'graph task takes nothing after the session'],
    [['task', 'SESSION', '--session', 'SESSION'], 'USAGE', '<session> and --session are both given'],
  ])('%j is wrong use', async (words, code, says) => {
    const { place, id } = await worked()
    const ended = await place.run([
      'graph',
      ...words.map((word) => (word === 'SESSION' ? id : word)),
      '--json',
    ])
    expect([ended.code, ended.stdout]).toEqual([2, ''])
    const { error } = shapes.errorShape.parse(JSON.parse(ended.stderr))
    expect([error.code, error.message]).toEqual([code, expect.stringContaining(says)])
    expect(error.hint).not.toBeNull()
  })
})
