/** Filters by a regular expression that came over the network: RE2's, as in Kafka, which takes linear time for a match. */

const MAX_PATTERN_CHARACTERS = 1_000;

/** Those whose text matches as a whole; undefined when the pattern is invalid or too long. Null and '' let all through. */
export async function filterByPattern<T>(
  items: readonly T[],
  pattern: string | null,
  textOf: (item: T) => string,
): Promise<readonly T[] | undefined> {
  if (pattern === null || pattern === '') return items;
  if (pattern.length > MAX_PATTERN_CHARACTERS) return undefined;
  const { RE2JS, RE2JSException } = await import('re2js');
  try {
    const expression = RE2JS.compile(pattern);
    return items.filter((item) => expression.testExact(textOf(item)));
  } catch (error) {
    if (error instanceof RE2JSException) return undefined;
    throw error;
  }
}
