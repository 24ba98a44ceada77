/**
 * Filters by a regular expression that came over the network. Kafka uses RE2, which cannot run away; JavaScript's can,
 * so it runs in a context that is stopped after a moment.
 */

import { runInNewContext } from 'node:vm';

const MAX_PATTERN_CHARACTERS = 1_000;
const TIMEOUT_MS = 100;

/** Those whose text matches as a whole; undefined when the pattern is invalid or takes too long. Null and '' let all through. */
export function filterByPattern<T>(items: readonly T[], pattern: string | null, textOf: (item: T) => string): readonly T[] | undefined {
  if (pattern === null || pattern === '') return items;
  if (pattern.length > MAX_PATTERN_CHARACTERS) return undefined;
  try {
    const expression = new RegExp(`^(?:${pattern})$`, 'u');
    const verdicts: unknown = runInNewContext(
      'texts.map((text) => expression.test(text))',
      { expression, texts: items.map(textOf) },
      { timeout: TIMEOUT_MS },
    );
    return Array.isArray(verdicts) ? items.filter((_, index) => verdicts[index] === true) : undefined;
  } catch {
    return undefined;
  }
}
