import { MillraceError } from '../errors.ts';

/** A `[key, value]` pair, or an error that says what came instead. */
export function checkPair(pair: unknown, what: string): readonly [unknown, unknown] {
  if (Array.isArray(pair)) return pair as [unknown, unknown];
  throw new MillraceError(
    'PROCESSING_FAILED',
    `The function given to ${what} must return a [key, value] pair; it returned ${typeName(pair)}.`,
  );
}

function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value;
}
