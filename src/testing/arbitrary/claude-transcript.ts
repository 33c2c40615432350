/** A story as Claude Code writes it: a line for each block, each with the id of the one before it. */
import type { Counters } from '../../events/shapes.ts'
import { derivedIdOf, isoOf } from '../../kernel/clock.ts'
import type { Beat, Story } from './story.ts'
import { Tally, type TranscriptFigures } from './tally.ts'

type Line = Readonly<Record<string, unknown>> & { readonly uuid: string }

const startMs = Date.parse('2026-03-02T09:00:00.000Z')
const model = 'claude-opus-4-6'

/** One session's file in the making. */
class ClaudeFile {
  readonly lines: Line[] = []
  readonly sessionId: string
  readonly #tally: Tally
  #parent: string | null = null
  #now: number

  constructor(sessionId: string, now: number, tally: Tally) {
    this.sessionId = sessionId
    this.#now = now
    this.#tally = tally
  }

  get now(): number {
    return this.#now
  }

  /** Begins as a copy of another file: the same lines under this session's id, each with the place it comes from. */
  copy(lines: readonly Line[]): void {
    for (const line of lines) {
      const forkedFrom = { sessionId: line.sessionId, messageUuid: line.uuid }
      this.lines.push({ ...line, sessionId: this.sessionId, forkedFrom })
      this.#parent = line.uuid
    }
  }

  /** Writes a beat down. */
  tell(beat: Beat): void {
    switch (beat.kind) {
      case 'prompt':
        this.#prompt(beat.text)
        break
      case 'reply':
        this.#reply(beat.tokens, textBlocks(beat.lines), 'end_turn')
        break
      case 'tool':
        this.#toolCall(beat)
        break
      case 'compaction':
        this.#compaction(beat.postTokens)
        break
      case 'agent':
        this.#agent(beat.text, beat.tokens)
        break
    }
  }

  #prompt(content: string): void {
    this.#tally.count('prompts')
    this.#add('user', { message: { role: 'user', content } })
  }

  /** All lines of a call have its id and its usage; what was written grows from line to line. */
  #reply(tokens: Counters, blocks: readonly object[], stopReason: string, own: object = {}): void {
    this.#tally.call(tokens)
    const id = `msg_${derivedIdOf(`${this.sessionId}/${this.lines.length}`)}`
    for (const [index, block] of blocks.entries()) {
      const isLast = index === blocks.length - 1
      const message = {
        id,
        type: 'message',
        role: 'assistant',
        model,
        content: [block],
        stop_reason: isLast ? stopReason : null,
        usage: usageOf(tokens, isLast ? tokens.outputTokens : 1),
      }
      this.#add('assistant', { requestId: `req_${id}`, message, ...own })
    }
  }

  #toolCall({ name, result, tokens }: Extract<Beat, { kind: 'tool' }>): void {
    this.#tally.count('toolCalls')
    const id = `toolu_${derivedIdOf(`${this.sessionId}/${this.lines.length}`)}`
    this.#reply(
      tokens,
      [{ type: 'tool_use', id, name, input: { file_path: '/srv/bakery/hours.txt' } }],
      'tool_use',
    )
    if (result === 'none') return
    const failed = result === 'error' ? { is_error: true } : {}
    const content = [{ type: 'tool_result', tool_use_id: id, content: 'open from six', ...failed }]
    this.#add('user', { message: { role: 'user', content }, toolUseResult: { type: 'text' } })
  }

  #compaction(postTokens: number): void {
    this.#tally.count('compactions')
    const logicalParentUuid = this.#parent
    this.#parent = null
    this.#add('system', {
      subtype: 'compact_boundary',
      content: 'Conversation compacted',
      logicalParentUuid,
      compactMetadata: { trigger: 'auto', preTokens: postTokens * 5, postTokens },
    })
    const message = { role: 'user', content: 'What was said so far, in short.' }
    this.#add('user', { message, isCompactSummary: true, isVisibleInTranscriptOnly: true })
  }

  /** A sub-agent's lines hang below a root of their own; the parent's go on as if they were not there. */
  #agent(content: string, tokens: Counters): void {
    const parent = this.#parent
    this.#parent = null
    this.#add('user', { isSidechain: true, message: { role: 'user', content } })
    this.#reply(tokens, textBlocks(1), 'end_turn', { isSidechain: true })
    this.#tally.count('prompts')
    this.#parent = parent
  }

  #add(type: string, own: object): void {
    this.#now += 1_000
    const uuid = derivedIdOf(`${this.sessionId}/line/${this.lines.length}`)
    this.lines.push({
      parentUuid: this.#parent,
      isSidechain: false,
      userType: 'external',
      cwd: '/srv/bakery',
      sessionId: this.sessionId,
      version: '2.1.120',
      gitBranch: 'main',
      type,
      uuid,
      timestamp: isoOf(this.#now),
      ...own,
    })
    this.#parent = uuid
  }
}

export function claudeTranscript({ number, beats, fork }: Story): {
  readonly files: readonly { readonly name: string; readonly text: string }[]
  readonly figures: TranscriptFigures
} {
  const tally = new Tally()
  const main = new ClaudeFile(derivedIdOf(`claude/${number}`), startMs, tally)
  let copied: readonly Line[] = []
  for (const [index, beat] of beats.entries()) {
    main.tell(beat)
    if (index + 1 === Math.min(fork?.at ?? 0, beats.length)) copied = main.lines.filter(isOnMainChain)
  }
  if (fork === null || copied.length === 0) return { files: [fileOf(main)], figures: tally.figures }
  const branch = new ClaudeFile(derivedIdOf(`claude/${number}/fork`), main.now, tally)
  branch.copy(copied)
  for (const beat of fork.beats) branch.tell(beat)
  return { files: [fileOf(main), fileOf(branch)], figures: tally.figures }
}

function isOnMainChain({ isSidechain }: Line): boolean {
  return isSidechain === false
}

function fileOf({ sessionId, lines }: ClaudeFile): { readonly name: string; readonly text: string } {
  return { name: `${sessionId}.jsonl`, text: lines.map((line) => `${JSON.stringify(line)}\n`).join('') }
}

function textBlocks(count: number): readonly object[] {
  return Array.from({ length: count }, (_, index) => ({
    type: 'text',
    text: `Line ${index + 1} of the reply.`,
  }))
}

function usageOf(tokens: Counters, outputTokens: number): object {
  return {
    input_tokens: tokens.inputTokens,
    output_tokens: outputTokens,
    cache_read_input_tokens: tokens.cacheReadTokens,
    cache_creation_input_tokens: tokens.cacheCreationTokens,
  }
}
