/**
 * Secrets by their shapes, and texts without them. A shape is no proof: what looks like a key is taken for one, and a secret without a
 * shape, such as a password in a sentence, is not found. Each pattern takes time in proportion to the text.
 */

/** What stands where something was taken out. */
export const redactedText = '[redacted]'

/** Shapes that can be asked for by name. */
export const secretPatterns = {
  'aws-key':
    /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b|(?<=(?:aws|AWS)_?(?:secret|SECRET|Secret)_?(?:access|ACCESS|Access)_?(?:key|KEY|Key)["'\s:=]{1,8})[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])/g,
  'github-token': /\bgh[pousr]_[A-Za-z0-9]{36,255}\b|\bgithub_pat_[A-Za-z0-9_]{22,255}\b/g,
  'private-key':
    /-----BEGIN (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:(?:[^-]|-(?!----)){0,32768}-----END (?:[A-Z0-9]{1,20} ){0,3}PRIVATE KEY(?: BLOCK)?-----|[A-Za-z0-9+/=\s\\]{0,32768})/g,
  jwt: /\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,2048}/g,
  'anthropic-key': /\bsk-ant-[A-Za-z0-9_-]{16,256}/g,
  'openai-key': /\bsk-(?!ant-)(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,256}/g,
  'google-key': /\bAIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/g,
  'slack-token': /\bxox[abeprs]-[A-Za-z0-9-]{10,255}/g,
  'stripe-key': /\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}\b/g,
  'npm-token': /\bnpm_[A-Za-z0-9]{36}\b/g,
  'url-password': /(?<=\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{1,100}:)[^\s@/]{1,200}(?=@)/gi,
  email: /\b[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}\b/g,
} as const satisfies Readonly<Record<string, RegExp>>
export type SecretName = keyof typeof secretPatterns

/** All shapes but `email`: addresses are no secrets, and authors of code are everywhere. */
export const allSecrets = 'secrets'

export const secretNames = Object.keys(secretPatterns).filter(isSecretName)

function isSecretName(name: string): name is SecretName {
  return Object.hasOwn(secretPatterns, name)
}

/** The names that a name stands for; `null` when it is none. */
export function secretsNamed(name: string): readonly SecretName[] | null {
  if (name === allSecrets) return secretNames.filter((each) => each !== 'email')
  return isSecretName(name) ? [name] : null
}

/** Takes what patterns match out of a text. What it gives, it would give again: nothing more is found there. */
export type Redact = (text: string) => string

/** How often a text is gone over again: what is taken out may bring something new to stand at a beginning or an end. */
const roundsMax = 16

/**
 * Makes the function that takes everything out that one of the patterns matches, and tells each match. Patterns are global regular
 * expressions.
 *
 * @example
 * ```ts
 * const redact = redactorOf([/token=\w+/g])
 * redact('curl -d token=abc123 host') // 'curl -d [redacted] host'
 * ```
 */
export function redactorOf(patterns: readonly RegExp[], onMatch?: (match: string) => void): Redact {
  const once = (text: string): string =>
    patterns.reduce(
      (rest, pattern) =>
        rest
          .split(redactedText)
          .map((piece) =>
            piece.replace(pattern, (match) => {
              if (match === '') return ''
              onMatch?.(match)
              return redactedText
            }),
          )
          .join(redactedText),
      text,
    )
  return (text) => {
    let before = text
    for (let round = 0; round < roundsMax; round++) {
      const after = once(before)
      if (after === before) break
      before = after
    }
    return before
  }
}

/** The function for named shapes. */
export function secretRedactor(names: readonly SecretName[]): Redact {
  return redactorOf(names.map((name) => secretPatterns[name]))
}

/**
 * What is assigned to a name such as `password=` or `api_key:`. Too much is taken for one to do so in a record, where `token: missing` is a
 * sentence; what is written for others to read can do without.
 */
const assignedSecret =
  /(?<=(?:^|[^A-Za-z])(?:[A-Za-z0-9]{1,20}[_-]){0,3}(?:password|passwd|passphrase|pwd|secret|(?:auth|access|refresh|bearer|session)?[_-]?token|(?:api|access|secret|private)[_-]?key)["']?\s{0,3}[=:]\s{0,3}["']?)[^\s"',;&]{6,512}/gi

/** Takes all shapes of secrets out of what is written for others to read, and what is assigned to names of secrets. */
export const redactForOthers: Redact = redactorOf([
  ...secretNames.filter((each) => each !== 'email').map((name) => secretPatterns[name]),
  assignedSecret,
])

/** A JSON value with each text in it redacted, names of fields included; the very same value where nothing is found. */
export function redactedValue(value: unknown, redact: Redact): unknown {
  if (typeof value === 'string') return redact(value)
  if (Array.isArray(value)) {
    const items = value.map((item) => redactedValue(item, redact))
    return items.some((item, index) => item !== value[index]) ? items : value
  }
  if (typeof value !== 'object' || value === null) return value
  const before = Object.entries(value)
  const after = before.map(([key, item]) => [redact(key), redactedValue(item, redact)] as const)
  const isSame = after.every(
    ([key, item], index) => key === before[index]?.[0] && item === before[index]?.[1],
  )
  return isSame ? value : Object.fromEntries(after)
}

/** Whether a recorded value is the one that was sent, but for texts of which something was taken out since. */
export function agreesApartFromRedacted(recorded: unknown, sent: unknown): boolean {
  if (typeof recorded === 'string' && typeof sent === 'string') {
    return recorded === sent || recorded.includes(redactedText)
  }
  if (typeof recorded !== 'object' || typeof sent !== 'object' || recorded === null || sent === null) {
    return recorded === sent
  }
  const [ours, theirs] = [Object.entries(recorded), Object.entries(sent)]
  return (
    ours.length === theirs.length &&
    ours.every(
      ([key, value]) => Object.hasOwn(sent, key) && agreesApartFromRedacted(value, Reflect.get(sent, key)),
    )
  )
}
