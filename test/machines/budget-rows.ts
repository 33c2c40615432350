/**
 * What is expected of the budget machine, written by hand and from no rule: number, phase, command, percent, result.
 * The percents are those of the standard configuration: 60, 75, 85, and a hysteresis of 2. Same rows: docs/spec/budget.md.
 */
import { rowsOf } from './rows.ts'

export const budgetRows = rowsOf(`
  B-001 | normal     | budget.measure | up to 60            | normal
  B-002 | normal     | budget.measure | above 60, up to 75  | monitoring
  B-003 | normal     | budget.measure | above 75, up to 85  | warning
  B-004 | normal     | budget.measure | above 85, below 100 | emergency
  B-005 | normal     | budget.measure | 100 or more         | exhausted

  B-006 | monitoring | budget.measure | up to 58            | normal
  B-007 | monitoring | budget.measure | above 58, up to 75  | monitoring
  B-008 | monitoring | budget.measure | above 75, up to 85  | warning
  B-009 | monitoring | budget.measure | above 85, below 100 | emergency
  B-010 | monitoring | budget.measure | 100 or more         | exhausted

  B-011 | warning    | budget.measure | up to 58            | normal
  B-012 | warning    | budget.measure | above 58, up to 73  | monitoring
  B-013 | warning    | budget.measure | above 73, up to 85  | warning
  B-014 | warning    | budget.measure | above 85, below 100 | emergency
  B-015 | warning    | budget.measure | 100 or more         | exhausted

  B-016 | emergency  | budget.measure | up to 58            | normal
  B-017 | emergency  | budget.measure | above 58, up to 73  | monitoring
  B-018 | emergency  | budget.measure | above 73, up to 83  | warning
  B-019 | emergency  | budget.measure | above 83, below 100 | emergency
  B-020 | emergency  | budget.measure | 100 or more         | exhausted

  B-021 | exhausted  | budget.measure | up to 58            | normal
  B-022 | exhausted  | budget.measure | above 58, up to 73  | monitoring
  B-023 | exhausted  | budget.measure | above 73, up to 83  | warning
  B-024 | exhausted  | budget.measure | above 83, up to 98  | emergency
  B-025 | exhausted  | budget.measure | above 98            | exhausted
`)
