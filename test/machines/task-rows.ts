/**
 * What is expected of the task machine, written by hand and from no table: number, status, command, condition, result.
 * `-` is no condition. The same rows, with the reasons of the refusals, are on docs/spec/task.md.
 */
import { rowsOf } from './rows.ts'

export const taskRows = rowsOf(`
  T-001 | pending        | task.start           | not warned              | in_progress
  T-002 | pending        | task.start           | warned                  | token_warning
  T-003 | pending        | task.block           | -                       | blocked
  T-004 | pending        | task.unblock         | -                       | refused
  T-005 | pending        | task.warn            | -                       | refused
  T-006 | pending        | task.relieve         | -                       | refused
  T-007 | pending        | task.switch-context  | -                       | refused
  T-008 | pending        | task.restore-context | -                       | refused
  T-009 | pending        | task.complete        | -                       | refused
  T-010 | pending        | task.fail            | -                       | refused
  T-011 | pending        | task.cancel          | -                       | failed
  T-012 | pending        | task.recover         | -                       | refused

  T-013 | in_progress    | task.start           | -                       | refused
  T-014 | in_progress    | task.block           | -                       | blocked
  T-015 | in_progress    | task.unblock         | -                       | refused
  T-016 | in_progress    | task.warn            | -                       | token_warning
  T-017 | in_progress    | task.relieve         | -                       | refused
  T-018 | in_progress    | task.switch-context  | -                       | context_switch
  T-019 | in_progress    | task.restore-context | -                       | refused
  T-020 | in_progress    | task.complete        | -                       | completed
  T-021 | in_progress    | task.fail            | -                       | failed
  T-022 | in_progress    | task.cancel          | -                       | failed
  T-023 | in_progress    | task.recover         | -                       | refused

  T-024 | blocked        | task.start           | -                       | refused
  T-025 | blocked        | task.block           | -                       | refused
  T-026 | blocked        | task.unblock         | was pending             | pending
  T-027 | blocked        | task.unblock         | was running, not warned | in_progress
  T-028 | blocked        | task.unblock         | was running, warned     | token_warning
  T-029 | blocked        | task.warn            | -                       | refused
  T-030 | blocked        | task.relieve         | -                       | refused
  T-031 | blocked        | task.switch-context  | -                       | refused
  T-032 | blocked        | task.restore-context | -                       | refused
  T-033 | blocked        | task.complete        | -                       | completed
  T-034 | blocked        | task.fail            | -                       | failed
  T-035 | blocked        | task.cancel          | -                       | failed
  T-036 | blocked        | task.recover         | -                       | refused

  T-037 | token_warning  | task.start           | -                       | refused
  T-038 | token_warning  | task.block           | -                       | blocked
  T-039 | token_warning  | task.unblock         | -                       | refused
  T-040 | token_warning  | task.warn            | -                       | refused
  T-041 | token_warning  | task.relieve         | -                       | in_progress
  T-042 | token_warning  | task.switch-context  | -                       | context_switch
  T-043 | token_warning  | task.restore-context | -                       | refused
  T-044 | token_warning  | task.complete        | -                       | completed
  T-045 | token_warning  | task.fail            | -                       | failed
  T-046 | token_warning  | task.cancel          | -                       | failed
  T-047 | token_warning  | task.recover         | -                       | refused

  T-048 | context_switch | task.start           | -                       | refused
  T-049 | context_switch | task.block           | -                       | refused
  T-050 | context_switch | task.unblock         | -                       | refused
  T-051 | context_switch | task.warn            | -                       | refused
  T-052 | context_switch | task.relieve         | -                       | refused
  T-053 | context_switch | task.switch-context  | -                       | refused
  T-054 | context_switch | task.restore-context | not warned              | in_progress
  T-055 | context_switch | task.restore-context | warned                  | token_warning
  T-056 | context_switch | task.complete        | -                       | refused
  T-057 | context_switch | task.fail            | -                       | failed
  T-058 | context_switch | task.cancel          | -                       | failed
  T-059 | context_switch | task.recover         | -                       | refused

  T-060 | completed      | task.start           | -                       | refused
  T-061 | completed      | task.block           | -                       | refused
  T-062 | completed      | task.unblock         | -                       | refused
  T-063 | completed      | task.warn            | -                       | refused
  T-064 | completed      | task.relieve         | -                       | refused
  T-065 | completed      | task.switch-context  | -                       | refused
  T-066 | completed      | task.restore-context | -                       | refused
  T-067 | completed      | task.complete        | -                       | refused
  T-068 | completed      | task.fail            | -                       | refused
  T-069 | completed      | task.cancel          | -                       | refused
  T-070 | completed      | task.recover         | -                       | refused

  T-071 | failed         | task.start           | -                       | refused
  T-072 | failed         | task.block           | -                       | refused
  T-073 | failed         | task.unblock         | -                       | refused
  T-074 | failed         | task.warn            | -                       | refused
  T-075 | failed         | task.relieve         | -                       | refused
  T-076 | failed         | task.switch-context  | -                       | refused
  T-077 | failed         | task.restore-context | -                       | refused
  T-078 | failed         | task.complete        | -                       | refused
  T-079 | failed         | task.fail            | -                       | refused
  T-080 | failed         | task.cancel          | retryable               | failed
  T-081 | failed         | task.cancel          | given up                | refused
  T-082 | failed         | task.recover         | retryable               | recovered
  T-083 | failed         | task.recover         | given up                | refused

  T-084 | recovered      | task.start           | not warned              | in_progress
  T-085 | recovered      | task.start           | warned                  | token_warning
  T-086 | recovered      | task.block           | -                       | refused
  T-087 | recovered      | task.unblock         | -                       | refused
  T-088 | recovered      | task.warn            | -                       | refused
  T-089 | recovered      | task.relieve         | -                       | refused
  T-090 | recovered      | task.switch-context  | -                       | refused
  T-091 | recovered      | task.restore-context | -                       | refused
  T-092 | recovered      | task.complete        | -                       | refused
  T-093 | recovered      | task.fail            | -                       | failed
  T-094 | recovered      | task.cancel          | -                       | failed
  T-095 | recovered      | task.recover         | -                       | refused
`)
