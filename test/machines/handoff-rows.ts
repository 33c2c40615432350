/**
 * What is expected of the handoff machine, written by hand and from no table: number, status, command, condition, result.
 * The same rows, with the reasons of the refusals, are on docs/spec/handoff.md.
 */
import { rowsOf } from './rows.ts'

export const handoffRows = rowsOf(`
  H-001 | offered   | handoff.accept   | - | accepted
  H-002 | offered   | handoff.reject   | - | rejected
  H-003 | offered   | handoff.expire   | - | expired
  H-004 | offered   | handoff.withdraw | - | withdrawn
  H-005 | offered   | handoff.complete | - | refused

  H-006 | accepted  | handoff.accept   | - | refused
  H-007 | accepted  | handoff.reject   | - | refused
  H-008 | accepted  | handoff.expire   | - | refused
  H-009 | accepted  | handoff.withdraw | - | refused
  H-010 | accepted  | handoff.complete | - | done

  H-011 | rejected  | handoff.accept   | - | refused
  H-012 | rejected  | handoff.reject   | - | refused
  H-013 | rejected  | handoff.expire   | - | refused
  H-014 | rejected  | handoff.withdraw | - | refused
  H-015 | rejected  | handoff.complete | - | refused

  H-016 | expired   | handoff.accept   | - | refused
  H-017 | expired   | handoff.reject   | - | refused
  H-018 | expired   | handoff.expire   | - | refused
  H-019 | expired   | handoff.withdraw | - | refused
  H-020 | expired   | handoff.complete | - | refused

  H-021 | withdrawn | handoff.accept   | - | refused
  H-022 | withdrawn | handoff.reject   | - | refused
  H-023 | withdrawn | handoff.expire   | - | refused
  H-024 | withdrawn | handoff.withdraw | - | refused
  H-025 | withdrawn | handoff.complete | - | refused

  H-026 | done      | handoff.accept   | - | refused
  H-027 | done      | handoff.reject   | - | refused
  H-028 | done      | handoff.expire   | - | refused
  H-029 | done      | handoff.withdraw | - | refused
  H-030 | done      | handoff.complete | - | refused
`)
