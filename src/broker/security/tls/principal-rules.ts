/**
 * `ssl.principal.mapping.rules`: how the subject of a certificate becomes the name of a principal (KIP-371). Rules are
 * `DEFAULT`, the subject as it is, and `RULE:pattern/replacement/` with `L` or `U` behind it for lower or upper case; the
 * first one whose pattern fits the whole subject holds. Patterns are JavaScript's regular expressions, which for all that
 * such rules need are Java's.
 */

import { MillraceError } from '../../../errors.ts';

/** Undefined: no rule fits, so the client is refused. */
export type PrincipalMapper = (subject: string) => string | undefined;

const RULE = /\s*(?:(DEFAULT)|RULE:((?:\\.|[^\\/])*)\/((?:\\.|[^\\/])*)\/([LU]?))\s*(?:,|$)/y;

/** Throws INVALID_CONFIG for rules that are none. */
export function principalMapper(rules: string): PrincipalMapper {
  const mappers = splitRules(rules.trim());
  return (subject) => {
    for (const map of mappers) {
      const name = map(subject);
      if (name !== undefined) return name;
    }
    return undefined;
  };
}

function splitRules(rules: string): PrincipalMapper[] {
  const mappers: PrincipalMapper[] = [];
  RULE.lastIndex = 0;
  while (RULE.lastIndex < rules.length) {
    const at = RULE.lastIndex;
    const match = RULE.exec(rules);
    if (match === null) throw invalid(`'${rules.slice(at)}' is no rule`);
    const [, isDefault, pattern, replacement, letterCase] = match;
    mappers.push(isDefault === undefined ? ruleOf(pattern!, replacement!, letterCase!) : (subject) => subject);
  }
  return mappers;
}

function ruleOf(pattern: string, replacement: string, letterCase: string): PrincipalMapper {
  let whole: RegExp;
  try {
    whole = new RegExp(`^(?:${pattern})$`);
  } catch (cause) {
    throw invalid(`the pattern ${pattern} is no regular expression: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return (subject) => {
    if (!whole.test(subject)) return undefined;
    const name = subject.replace(whole, replacement);
    if (letterCase === 'L') return name.toLowerCase();
    return letterCase === 'U' ? name.toUpperCase() : name;
  };
}

function invalid(problem: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', `Broker config ssl.principal.mapping.rules: ${problem}.`, {
    fatal: true,
    context: { option: 'ssl.principal.mapping.rules' },
  });
}
