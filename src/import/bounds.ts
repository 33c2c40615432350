/**
 * Bounds of what an import remembers of a file between two transactions. All of it lies in the file's bookmark, so
 * together they bound the bookmark; each is far above what transcripts have been seen to need.
 */
import { limits } from '../kernel/limits.ts'

export const bounds = {
  /** Lines at the head of a file that are read to tell its format and its session. */
  headLinesMax: 200,
  /** Bytes of the head, unless its first line alone is longer. */
  headBytesMax: 1_048_576,
  /** Bytes kept of a line that is too long to be read. */
  longLineHeadBytes: 65_536,
  /** Bytes before the bookmark, at both ends, whose hash tells whether the file is still the same. */
  fingerprintBytes: 4_096,
  /** Model calls whose counters are remembered, so that a later line raises them; calls come one after the other. */
  messagesMax: 16,
  /** Task inputs that wait for their result. */
  taskInputsMax: 32,
  /** Characters kept of a task's description. */
  taskDescriptionCharactersMax: 16_384,
  /** Items of a task list; what comes after them is not followed. */
  listItemsMax: 500,
  /** Characters of a list item's text by which it is known again. */
  itemCharactersMax: 500,
  /** Newest entry ids, to tell a summary of this conversation from one of another; it names the entry above it. */
  recentIdsMax: 64,
  /** Compactions whose summary may still follow. */
  compactionsMax: 8,
  /** Conversations of sub-agents inside one file. */
  runsMax: 64,
  /** Entries by which an interleaved sub-agent's next entry is found. */
  runEntriesMax: 512,
  /** Ids of other sessions met in one file. */
  otherSessionsMax: 32,
  /** Characters of a text that waits for a later line to be understood. */
  heldCharactersMax: 65_536,
  /** Texts that wait for their twin: the same words written as an event and as an item. */
  twinsMax: 16,
  /** Characters of a target that is no path: a command, a question, a description. */
  targetCharactersMax: 300,
  /** Texts that one entry may bring into the window as items of their own. */
  itemsAtOnceMax: 100,
  /** Characters of an item's title. */
  itemTitleCharactersMax: 200,
  /** Characters at the head of a plan in which its title is looked for. */
  planHeadCharacters: 4_096,
  /** Answers of one set of questions, and characters of each question and answer. */
  answersMax: 50,
  answerCharactersMax: 900,
  /** Tool calls known to have failed before their output comes. */
  failedCallsMax: 64,
} as const

/** Bounds of a line and of what is read for one transaction. */
export interface LineLimits {
  readonly lineBytesMax: number
  readonly batchLinesMax: number
  readonly batchBytesMax: number
}

export const standardLineLimits: LineLimits = {
  lineBytesMax: limits.lineBytesMax,
  batchLinesMax: limits.importLinesPerTransaction,
  batchBytesMax: limits.importBytesPerTransaction,
}
