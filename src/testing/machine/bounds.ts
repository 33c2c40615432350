/** How much is looked at, where nobody says otherwise, and what bounds the work. Each number of the first group is an option too. */
export const machineBounds = {
  /** Different snapshots that paths are followed from. Beyond them a machine that counts would never come to an end. */
  statesMax: 500,
  /** Events tried on those paths, each in each snapshot: about 0.1 ms of work each. */
  stepsMax: 10_000,
  /** Data tried on paths for each type of event that is given as an arbitrary. */
  samplesPerEvent: 5,
  /** Random walks. */
  numRuns: 100,
  /** Events of a random walk. */
  lengthMax: 40,

  /** Microsteps of one event; a machine that goes round in circles by itself is stopped, and told. */
  microstepsMax: 500,
  /** Problems of one check, or of one invariant, that a report tells: more say nothing that the first ones do not. They are counted. */
  problemsMax: 50,
  /** Lines of each list that a coverage has as text; the rest is counted. */
  coverageLinesMax: 20,
  /** Names in a message that says which there are. */
  namesToldMax: 20,
  /** What an option may ask for at most: fast-check counts no further. */
  optionMax: 2 ** 31 - 1,
  /** Walks made shorter for one problem. */
  shorterWalksMax: 500,
  /** Characters of a value in a message. */
  valueCharactersMax: 300,
  /** Levels of objects in objects that two snapshots are told apart by. */
  valueDepthMax: 50,
  /** Ways in which the guards that a recorded step does not tell may have answered. */
  guardAnswersMax: 256,
  /** Answers to recorded steps that are kept, as production takes the same ones again and again. */
  answersKeptMax: 10_000,
  /** Recorded steps listed that are none of the machine's; all are counted. */
  outsideListedMax: 50,
} as const
