/** Where versions of the record lie in what was played, once the two have parted, or an event more or less has moved them. */
export class VersionMap {
  #parted = false
  /** The newest version up to which both are the same. */
  #common = 0
  readonly #recorded: number[] = []
  readonly #played: number[] = []

  get hasParted(): boolean {
    return this.#parted
  }

  part(): void {
    this.#parted = true
  }

  /** A step ends at these versions. */
  note(recorded: number, played: number): void {
    if (!this.#parted && recorded === played && this.#recorded.length === 0) {
      this.#common = recorded
      return
    }
    this.#recorded.push(recorded)
    this.#played.push(played)
  }

  /** The version of what was played at which the record's version was reached. */
  playedAt(recorded: number): number {
    if (recorded <= this.#common || this.#recorded.length === 0) return recorded
    let [low, high] = [0, this.#recorded.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#recorded[middle] ?? 0) <= recorded) low = middle + 1
      else high = middle
    }
    return low === 0 ? this.#common : (this.#played[low - 1] ?? this.#common)
  }
}
