/** What the transition tables are made of: the two cells every table has, and reading one's commands. */

/** The command is accepted and leads to this status. */
export interface To<Status extends string> {
  readonly kind: 'to'
  readonly status: Status
}

/** The command is refused; the reason is in plain words and says what could be done instead. */
export interface Refused {
  readonly kind: 'refused'
  readonly reason: string
}

export function to<const Status extends string>(status: Status): To<Status> {
  return { kind: 'to', status }
}

export function refused(reason: string): Refused {
  return { kind: 'refused', reason }
}

/** The names of a record's fields, in the order they were written. */
export function namesOf<Name extends string>(row: Readonly<Record<Name, unknown>>): readonly Name[] {
  // Object.keys forgets the names; a row written as a literal has these and no others.
  return Object.keys(row) as Name[]
}
