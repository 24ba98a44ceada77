import { InvalidArgumentError } from 'commander';

/** Kafka's words for what an ACL says, with their numbers on the wire (`AclOperation`, `ResourceType` …). */
export const OPERATIONS = {
  any: 1,
  all: 2,
  read: 3,
  write: 4,
  create: 5,
  delete: 6,
  alter: 7,
  describe: 8,
  'cluster-action': 9,
  'describe-configs': 10,
  'alter-configs': 11,
  'idempotent-write': 12,
  'create-tokens': 13,
  'describe-tokens': 14,
  'two-phase-commit': 15,
} as const;
export const RESOURCE_TYPES = {
  any: 1,
  topic: 2,
  group: 3,
  cluster: 4,
  'transactional-id': 5,
  'delegation-token': 6,
  user: 7,
} as const;
export const PERMISSIONS = { any: 1, deny: 2, allow: 3 } as const;
export const PATTERN_TYPES = { any: 1, match: 2, literal: 3, prefixed: 4 } as const;

type Words = Readonly<Record<string, number>>;

/** The number of a word, however it is written: DescribeConfigs, describe-configs, DESCRIBE_CONFIGS. For commander. */
export function numberOf(words: Words, text: string): number {
  const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_]/g, '');
  const found = Object.entries(words).find(([name]) => plain(name) === plain(text));
  if (found === undefined) throw new InvalidArgumentError(`It must be one of ${Object.keys(words).join(', ')}.`);
  return found[1];
}

export function wordOf(words: Words, code: number): string {
  return Object.entries(words).find(([, value]) => value === code)?.[0] ?? String(code);
}
