/** Lines of the story about context items, focus, decisions, project, user and system. */
import type { GrowthKind } from '../events/usage.ts'
import { countOf, countText, namesText } from './text.ts'
import { detail, type Lines, notable, said } from './timeline-line.ts'

/** What makes a window grow, in words. */
export const growthText: Readonly<Record<GrowthKind, string>> = {
  prompts: 'prompts',
  replies: 'replies',
  toolInputs: 'inputs of tools',
  toolOutputs: 'results of tools',
  items: 'context items',
  unknown: 'unknown',
}

function saved(tokens: number): string {
  return tokens === 0 ? '' : `, ${countText(tokens)} tokens saved`
}

function items(tags: readonly string[]): string {
  return tags.length === 1 ? (tags[0] ?? '') : `${countOf(tags.length, 'item')} ${namesText(tags, 5)}`
}

export const contextLines = {
  'context.added': detail(
    ({ tag, tier, category, title, weight, server }) =>
      `context ${tag} added (${tier}, ${category}${server === undefined ? '' : `, server ${server}`}): ${countText(weight.tokens)} tokens${weight.estimated ? ', estimated' : ''}${said(title)}`,
  ),
  'context.retiered': detail(({ tag, tier }) => `context ${tag} is ${tier} now`),
  'context.discarded': notable(
    ({ tags, savedTokens, reason }) =>
      `context discarded: ${items(tags)}${saved(savedTokens)}${said(reason)}`,
    'notice',
  ),
  'context.deferred': notable(
    ({ tags, savedTokens, reason }) => `context deferred: ${items(tags)}${saved(savedTokens)}${said(reason)}`,
    'notice',
  ),
  'context.archived': notable(
    ({ tags, savedTokens, reason }) => `context archived: ${items(tags)}${saved(savedTokens)}${said(reason)}`,
    'notice',
  ),
  'context.restored': detail(({ tags }) => `context restored: ${items(tags)}`),
  'context.summary-requested': detail(({ tags, targetPercent }) =>
    targetPercent === null
      ? `summaries not asked for any more: ${items(tags)}`
      : `summaries asked for, at most ${targetPercent} % of each: ${items(tags)}`,
  ),
  'context.summarized': notable(
    ({ tag, weight, savedTokens }) =>
      `context ${tag} summarized to ${countText(weight.tokens)} tokens${saved(savedTokens)}`,
    'notice',
  ),
} satisfies Partial<Lines>

export const knowledgeLines = {
  'focus.changed': detail(({ objectives, constraints, scope, nextStep, variables }) => {
    const parts = [
      objectives === undefined ? undefined : `objectives ${objectives.join('; ') || 'none'}`,
      constraints === undefined ? undefined : `constraints ${constraints.join('; ') || 'none'}`,
      scope === undefined ? undefined : `scope ${scope ?? 'none'}`,
      nextStep === undefined ? undefined : `next step ${nextStep ?? 'none'}`,
      variables === undefined ? undefined : `variables ${Object.keys(variables).join(', ')}`,
    ]
    return `focus changed: ${parts.filter((part) => part !== undefined).join('; ')}`
  }),
  'decision.recorded': notable(
    ({ text, reason }) => `decided: ${text}${reason === undefined ? '' : `, because ${reason}`}`,
  ),
  'project.described': detail(
    ({ name, root }) => `project described${said([name, root].filter(Boolean).join(', '))}`,
  ),
  'spec.updated': notable(({ specId, phase, status, progressPercent, completedStep }) => {
    const facts = [
      phase,
      status,
      progressPercent === undefined ? undefined : `${progressPercent} %`,
      completedStep === undefined ? undefined : `${completedStep} done`,
    ]
    return `${specId} updated${said(facts.filter((fact) => fact !== undefined).join(', '))}`
  }),
  'milestone.updated': notable(
    ({ milestoneId, title, status }) =>
      `milestone ${milestoneId}${status === undefined ? '' : ` ${status}`}${said(title)}`,
  ),
  'user.described': detail(({ language, expertise, preferences }) => {
    const facts = [
      language,
      expertise,
      ...Object.entries(preferences ?? {}).map(([name, value]) => `${name} ${value ?? 'none'}`),
    ]
    return `user described${said(facts.filter((fact) => fact !== undefined).join(', '))}`
  }),
  'system.described': detail(({ tools, permissions, environment }) => {
    const facts = [
      tools === undefined ? undefined : countOf(tools.length, 'tool'),
      permissions === undefined ? undefined : `permissions ${Object.keys(permissions).join(', ')}`,
      environment === undefined ? undefined : `environment ${Object.keys(environment).join(', ')}`,
    ]
    return `system described${said(facts.filter((fact) => fact !== undefined).join('; '))}`
  }),
  'server.described': detail(({ server, tools, toolTokens, enabled }) => {
    const facts = [
      tools === undefined ? undefined : countOf(tools.length, 'tool'),
      toolTokens === undefined ? undefined : `${countText(toolTokens)} tokens`,
      enabled === undefined ? undefined : enabled ? 'on' : 'off',
    ]
    return `MCP server ${server}${said(facts.filter((fact) => fact !== undefined).join(', '))}`
  }),
} satisfies Partial<Lines>
