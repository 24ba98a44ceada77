import type { Command } from 'commander';

/** A command and how to load it: nothing of it is loaded before it is called for. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'run',
    summary: 'run a job or a topology until its input is consumed, or until it is stopped',
    load: async () => (await import('./run.ts')).runCommand().passThroughOptions(),
  },
  {
    name: 'broker',
    summary: 'start the embedded Kafka broker',
    load: async () => (await import('./commands/broker.ts')).brokerCommand(),
  },
  {
    name: 'topics',
    summary: 'create, list, describe, alter and delete topics',
    load: async () => (await import('./commands/topics.ts')).topicsCommand(),
  },
  {
    name: 'produce',
    summary: 'write records to a topic from stdin or files',
    load: async () => (await import('./commands/produce.ts')).produceCommand(),
  },
  {
    name: 'consume',
    summary: 'read records of topics to stdout',
    load: async () => (await import('./commands/consume.ts')).consumeCommand(),
  },
  {
    name: 'groups',
    summary: 'list and describe consumer groups, reset and delete their offsets',
    load: async () => (await import('./commands/groups.ts')).groupsCommand(),
  },
  {
    name: 'configs',
    summary: 'describe and alter the settings of topics, brokers and groups',
    load: async () => (await import('./commands/configs.ts')).configsCommand(),
  },
  {
    name: 'offsets',
    summary: 'first, last or timed offsets of partitions',
    load: async () => (await import('./commands/offsets.ts')).offsetsCommand(),
  },
  {
    name: 'cluster',
    summary: 'brokers, controller, features and API versions of a cluster',
    load: async () => (await import('./commands/cluster.ts')).clusterCommand(),
  },
  {
    name: 'acls',
    summary: 'list, add and remove access control entries',
    load: async () => (await import('./commands/acls.ts')).aclsCommand(),
  },
  {
    name: 'users',
    summary: 'list, set and delete SCRAM credentials',
    load: async () => (await import('./commands/users.ts')).usersCommand(),
  },
  {
    name: 'transactions',
    summary: 'list and describe transactions and producers, abort hanging ones',
    load: async () => (await import('./commands/transactions.ts')).transactionsCommand(),
  },
];
