/**
 * What is expected of the recovery machine, written by hand and from no table: number, status, command, condition, result.
 * The same rows, with the reasons of the refusals, are on docs/spec/recovery.md.
 */
import { rowsOf } from './rows.ts'

export const recoveryRows = rowsOf(`
  R-001 | restoring  | recovery.restore  | - | validating
  R-002 | restoring  | recovery.validate | - | refused
  R-003 | restoring  | recovery.resume   | - | refused
  R-004 | restoring  | recovery.assess   | - | refused
  R-005 | restoring  | recovery.plan     | - | refused
  R-006 | restoring  | recovery.notify   | - | refused
  R-007 | restoring  | recovery.fail     | - | failed

  R-008 | validating | recovery.restore  | - | refused
  R-009 | validating | recovery.validate | - | resuming
  R-010 | validating | recovery.resume   | - | refused
  R-011 | validating | recovery.assess   | - | refused
  R-012 | validating | recovery.plan     | - | refused
  R-013 | validating | recovery.notify   | - | refused
  R-014 | validating | recovery.fail     | - | failed

  R-015 | resuming   | recovery.restore  | - | refused
  R-016 | resuming   | recovery.validate | - | refused
  R-017 | resuming   | recovery.resume   | - | assessing
  R-018 | resuming   | recovery.assess   | - | refused
  R-019 | resuming   | recovery.plan     | - | refused
  R-020 | resuming   | recovery.notify   | - | refused
  R-021 | resuming   | recovery.fail     | - | failed

  R-022 | assessing  | recovery.restore  | - | refused
  R-023 | assessing  | recovery.validate | - | refused
  R-024 | assessing  | recovery.resume   | - | refused
  R-025 | assessing  | recovery.assess   | - | planning
  R-026 | assessing  | recovery.plan     | - | refused
  R-027 | assessing  | recovery.notify   | - | refused
  R-028 | assessing  | recovery.fail     | - | failed

  R-029 | planning   | recovery.restore  | - | refused
  R-030 | planning   | recovery.validate | - | refused
  R-031 | planning   | recovery.resume   | - | refused
  R-032 | planning   | recovery.assess   | - | refused
  R-033 | planning   | recovery.plan     | - | notifying
  R-034 | planning   | recovery.notify   | - | refused
  R-035 | planning   | recovery.fail     | - | failed

  R-036 | notifying  | recovery.restore  | - | refused
  R-037 | notifying  | recovery.validate | - | refused
  R-038 | notifying  | recovery.resume   | - | refused
  R-039 | notifying  | recovery.assess   | - | refused
  R-040 | notifying  | recovery.plan     | - | refused
  R-041 | notifying  | recovery.notify   | - | recovered
  R-042 | notifying  | recovery.fail     | - | failed

  R-043 | recovered  | recovery.restore  | - | refused
  R-044 | recovered  | recovery.validate | - | refused
  R-045 | recovered  | recovery.resume   | - | refused
  R-046 | recovered  | recovery.assess   | - | refused
  R-047 | recovered  | recovery.plan     | - | refused
  R-048 | recovered  | recovery.notify   | - | refused
  R-049 | recovered  | recovery.fail     | - | refused

  R-050 | failed     | recovery.restore  | - | refused
  R-051 | failed     | recovery.validate | - | refused
  R-052 | failed     | recovery.resume   | - | refused
  R-053 | failed     | recovery.assess   | - | refused
  R-054 | failed     | recovery.plan     | - | refused
  R-055 | failed     | recovery.notify   | - | refused
  R-056 | failed     | recovery.fail     | - | refused
`)
