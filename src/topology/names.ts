import { MillraceError } from '../errors.ts';

/** Longest name of a node, store or topic: Kafka's own limit for topic names. */
export const MAX_NAME_LENGTH = 249;

const LEGAL_NAME = /^[a-zA-Z0-9._-]+$/;

/** An INVALID_TOPOLOGY error. The message names the thing and the remedy. */
export function invalidTopology(message: string, context: Record<string, string | number> = {}): MillraceError {
  return new MillraceError('INVALID_TOPOLOGY', message, { context, fatal: true });
}

/**
 * Checks a name of a node, a store or a topic: `[a-zA-Z0-9._-]`, 1 to 249 characters, not `.` or `..`. Kafka Streams'
 * `Named.validate`, which is the broker's rule for topics: stores and repartitions become topics.
 *
 * @throws INVALID_TOPOLOGY
 */
export function checkName(kind: 'node' | 'store' | 'topic', name: string): void {
  const problem = problemWith(name);
  if (problem === undefined) return;
  throw invalidTopology(
    `The ${kind} name ${JSON.stringify(name)} ${problem}. Use 1 to ${MAX_NAME_LENGTH} of the characters a-z, A-Z, 0-9, ".", "_" and "-".`,
    {
      [kind]: String(name),
    },
  );
}

function problemWith(name: unknown): string | undefined {
  if (typeof name !== 'string') return `is a ${typeof name}, not a string`;
  if (name === '') return 'is empty';
  if (name === '.' || name === '..') return 'is reserved';
  if (name.length > MAX_NAME_LENGTH) return `is ${name.length} characters long`;
  return LEGAL_NAME.test(name) ? undefined : 'contains an illegal character';
}
