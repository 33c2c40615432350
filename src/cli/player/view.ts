/** The player's screen as lines of text, for a terminal of any size. */
import { budgetPhases } from '../../events/usage.ts'
import { stateDiff } from '../../views/state-diff.ts'
import { diffLines, diffLineText } from '../../views/state-diff-lines.ts'
import { windowText } from '../../views/state-view.ts'
import { countText, timeText, toneOfPhase } from '../../views/text.ts'
import { timelineEntry } from '../../views/timeline.ts'
import { type Bar, barParts, columnAt, signOfPhase } from './bar.ts'
import { cutTo, fitted, type Line, type Section, wrapped } from './fit.ts'
import { bindings } from './keys.ts'
import { type PlayerModel, timeOf } from './model.ts'
import { taskLines } from './tasks.ts'

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}

/** The screen: at most as many lines as it has rows, none wider than its columns. */
export function playerLines(model: PlayerModel, bar: Bar, { columns, rows }: ScreenSize): readonly Line[] {
  const all = headLines(model, bar, columns)
  // The help needs the room of bar and gauge.
  const head = model.help ? all.slice(0, 2) : all
  const foot = footOf(model, columns)
  const above = Math.max(0, rows - foot.length)
  const room = above - head.length
  const body = model.help ? fitted([helpSection()], room) : fitted(sectionsOf(model), room)
  const shown = [...head, ...body].slice(0, above)
  const padding = Array.from({ length: above - shown.length }, (): Line => [])
  return [...shown, ...padding, ...foot].slice(-rows).map((line) => cutTo(line, columns))
}

function headLines(model: PlayerModel, bar: Bar, columns: number): readonly Line[] {
  const { step, title, newest, playing, speed } = model
  const { state, version } = step
  const time = timeOf(step)
  return [
    [
      { text: state.sessionId.slice(0, shortIdCharacters), tone: 'strong' },
      { text: title === null ? '' : `  ${title}` },
    ],
    [
      { text: playing ? `playing ${speed}x` : `paused  ${speed}x`, tone: playing ? 'good' : 'quiet' },
      { text: `  version ${countText(version)} of ${countText(newest)}` },
      { text: time === null ? '  before the first event' : `  ${timeText(time)}`, tone: 'quiet' },
    ],
    barParts(bar, columns),
    [{ text: `${' '.repeat(columnAt(bar, version, columns))}^`, tone: 'strong' }],
    gaugeLine(model, columns),
  ]
}

/** Characters of `sess_` and as much of the id as people type. */
const shortIdCharacters = 13
const gaugeColumns = { min: 10, max: 40 } as const

function gaugeLine({ step }: PlayerModel, columns: number): Line {
  const { window } = step.state
  const width = Math.min(gaugeColumns.max, Math.max(gaugeColumns.min, Math.floor(columns / 3)))
  const filled = Math.min(width, Math.round((window.percent * width) / 100))
  const tone = toneOfPhase[window.phase]
  return [
    { text: 'window [', tone: 'quiet' },
    { text: '#'.repeat(filled), tone },
    { text: `${' '.repeat(width - filled)}] `, tone: 'quiet' },
    { text: windowText(window), tone },
  ]
}

function sectionsOf({ step }: PlayerModel): readonly Section[] {
  const { events, before, state } = step
  const diff = stateDiff(before, state)
  const told = events.map((event): Line => {
    const { version, text, tone } = timelineEntry(event)
    return [
      { text: `${countText(version)}  `, tone: 'quiet' },
      { text, tone },
    ]
  })
  const [first] = events
  const by = first === undefined ? '' : ` by ${first.actor}`
  const changed = diffLines(diff).map((line): Line => [{ text: diffLineText(line), tone: line.tone }])
  const unlisted = diff.changeCount - changed.length
  const more: Line = [{ text: `and ${countText(unlisted)} more`, tone: 'quiet' }]
  const sections: readonly Section[] = [
    { title: `${told.length === 1 ? 'event' : 'events'}${by}`, lines: told },
    {
      title:
        changed.length > 0
          ? 'changed'
          : told.length === 0
            ? 'nothing yet'
            : 'nothing changed but bookkeeping',
      lines: unlisted > 0 ? [...changed, more] : changed,
    },
    { title: 'tasks', lines: taskLines(state) },
  ]
  return sections.filter(({ lines, title }) => lines.length > 0 || title.startsWith('nothing'))
}

function helpSection(): Section {
  const keys = bindings.map(
    ({ help: [names, what] }): Line => [{ text: names.padEnd(8), tone: 'notice' }, { text: what }],
  )
  const signs = budgetPhases.map((phase) => ({
    text: `${signOfPhase[phase]} ${phase}  `,
    tone: toneOfPhase[phase],
  }))
  return { title: 'keys', lines: [...keys, [], [{ text: 'bar     ', tone: 'notice' }, ...signs]] }
}

const promptOf = {
  place: 'go to version or time: ',
  type: 'next event of type: ',
  path: 'next change of path: ',
} as const

const keysLine = 'space play  ←→ step  ↑↓ speed  g go  / type  c change  n again  ? help  q quit'

function footOf({ typing, message }: PlayerModel, columns: number): readonly Line[] {
  if (typing !== null) {
    const prompt: Line = [
      { text: promptOf[typing.kind], tone: 'notice' },
      { text: `${typing.text}_`, tone: 'strong' },
    ]
    return [prompt]
  }
  if (message === null) return [[{ text: keysLine, tone: 'quiet' }]]
  const { text, tone } = message
  return wrapped(text, columns).map((line): Line => [{ text: line, tone }])
}
