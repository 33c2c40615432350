/**
 * What is expected of the session machine, written by hand and from no table: number, status, command, condition, result.
 * The same rows, with the reasons of the refusals, are on docs/spec/session.md.
 */
import { rowsOf } from './rows.ts'

export const sessionRows = rowsOf(`
  S-001 | active     | session.start     | not begun | active
  S-002 | active     | session.describe  | not begun | refused
  S-003 | active     | session.configure | not begun | refused
  S-004 | active     | session.suspend   | not begun | refused
  S-005 | active     | session.resume    | not begun | refused
  S-006 | active     | session.hand-off  | not begun | refused
  S-007 | active     | session.take-over | not begun | refused
  S-008 | active     | handoff.return    | not begun | refused
  S-009 | active     | session.end       | not begun | refused
  S-010 | active     | session.fork      | not begun | refused
  S-011 | active     | session.recover   | not begun | refused
  S-012 | active     | model.switch      | not begun | refused
  S-013 | active     | checkpoint.create | not begun | refused
  S-014 | active     | work              | not begun | refused
  S-015 | active     | record            | not begun | refused
  S-016 | active     | session.start     | begun     | refused
  S-017 | active     | session.describe  | begun     | active
  S-018 | active     | session.configure | begun     | active
  S-019 | active     | session.suspend   | begun     | suspended
  S-020 | active     | session.resume    | begun     | refused
  S-021 | active     | session.hand-off  | begun     | handed_off
  S-022 | active     | session.take-over | begun     | refused
  S-023 | active     | handoff.return    | begun     | refused
  S-024 | active     | session.end       | begun     | ended
  S-025 | active     | session.fork      | begun     | active
  S-026 | active     | session.recover   | begun     | active
  S-027 | active     | model.switch      | begun     | active
  S-028 | active     | checkpoint.create | begun     | active
  S-029 | active     | work              | begun     | active
  S-030 | active     | record            | begun     | active

  S-031 | suspended  | session.start     | begun     | refused
  S-032 | suspended  | session.describe  | begun     | suspended
  S-033 | suspended  | session.configure | begun     | suspended
  S-034 | suspended  | session.suspend   | begun     | refused
  S-035 | suspended  | session.resume    | begun     | active
  S-036 | suspended  | session.hand-off  | begun     | handed_off
  S-037 | suspended  | session.take-over | begun     | refused
  S-038 | suspended  | handoff.return    | begun     | refused
  S-039 | suspended  | session.end       | begun     | ended
  S-040 | suspended  | session.fork      | begun     | active
  S-041 | suspended  | session.recover   | begun     | active
  S-042 | suspended  | model.switch      | begun     | refused
  S-043 | suspended  | checkpoint.create | begun     | suspended
  S-044 | suspended  | work              | begun     | refused
  S-045 | suspended  | record            | begun     | suspended

  S-046 | handed_off | session.start     | begun     | refused
  S-047 | handed_off | session.describe  | begun     | handed_off
  S-048 | handed_off | session.configure | begun     | refused
  S-049 | handed_off | session.suspend   | begun     | refused
  S-050 | handed_off | session.resume    | begun     | active
  S-051 | handed_off | session.hand-off  | begun     | refused
  S-052 | handed_off | session.take-over | begun     | active
  S-053 | handed_off | handoff.return    | begun     | active
  S-054 | handed_off | session.end       | begun     | ended
  S-055 | handed_off | session.fork      | begun     | active
  S-056 | handed_off | session.recover   | begun     | refused
  S-057 | handed_off | model.switch      | begun     | refused
  S-058 | handed_off | checkpoint.create | begun     | refused
  S-059 | handed_off | work              | begun     | refused
  S-060 | handed_off | record            | begun     | handed_off

  S-061 | ended      | session.start     | begun     | refused
  S-062 | ended      | session.describe  | begun     | ended
  S-063 | ended      | session.configure | begun     | refused
  S-064 | ended      | session.suspend   | begun     | refused
  S-065 | ended      | session.resume    | begun     | active
  S-066 | ended      | session.hand-off  | begun     | refused
  S-067 | ended      | session.take-over | begun     | refused
  S-068 | ended      | handoff.return    | begun     | refused
  S-069 | ended      | session.end       | begun     | refused
  S-070 | ended      | session.fork      | begun     | active
  S-071 | ended      | session.recover   | begun     | refused
  S-072 | ended      | model.switch      | begun     | refused
  S-073 | ended      | checkpoint.create | begun     | refused
  S-074 | ended      | work              | begun     | refused
  S-075 | ended      | record            | begun     | ended
`)
