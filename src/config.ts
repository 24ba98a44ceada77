import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from './errors.ts';

/**
 * Every option of an application, with its type, default, check and Kafka's name. Nothing else in the code base has
 * defaults of its own. Options may be given by our name (`commitIntervalMs`) or by Kafka's (`'commit.interval.ms'`).
 */

export type ProcessingGuarantee = 'at_least_once' | 'at_most_once' | 'exactly_once_v2';
export type HandlerName = 'fail' | 'continue' | 'dead-letter';
export type ClientConfig = Readonly<Record<string, string | number | boolean>>;

/** The options after defaults and checks. Durations in milliseconds, sizes in bytes. */
export interface ResolvedConfig {
  readonly applicationId: string;
  readonly bootstrapServers: string;
  readonly clientId: string;
  readonly numStreamThreads: number;
  readonly processingGuarantee: ProcessingGuarantee;
  readonly commitIntervalMs: number;
  readonly pollMs: number;
  readonly maxPollRecords: number;
  readonly bufferedRecordsPerPartition: number;
  readonly inputBufferMaxBytes: number;
  readonly outputBufferMaxBytes: number;
  readonly maxTaskIdleMs: number;
  readonly taskTimeoutMs: number;
  readonly stateDir: string;
  readonly statestoreCacheMaxBytes: number;
  readonly replicationFactor: number;
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  readonly transactionTimeoutMs: number;
  readonly repartitionPurgeIntervalMs: number;
  readonly windowstoreChangelogAdditionalRetentionMs: number;
  readonly requestTimeoutMs: number;
  readonly rebalanceDrainTimeoutMs: number;
  readonly deserializationExceptionHandler: HandlerName;
  readonly processingExceptionHandler: HandlerName;
  readonly productionExceptionHandler: HandlerName;
  readonly deadLetterTopic: string | undefined;
  readonly transport: 'librdkafka' | 'wire';
  readonly maxThreadRestarts: number;
  readonly consumer: ClientConfig;
  readonly producer: ClientConfig;
  readonly admin: ClientConfig;
  readonly topic: Readonly<Record<string, string>>;
  readonly app: Readonly<Record<string, unknown>>;
}

/** What a user passes: `applicationId` and `bootstrapServers` are required, all else has a default. */
export type KafkaStreamsConfig = Partial<Omit<ResolvedConfig, 'applicationId' | 'bootstrapServers'>> &
  Pick<ResolvedConfig, 'applicationId' | 'bootstrapServers'>;

/** The same by Kafka's names, e.g. `{ 'application.id': 'x' }`; both forms may be mixed. */
export type KafkaNamedConfig = Readonly<Record<string, unknown>>;

interface Option {
  readonly kafkaName: string;
  readonly doc: string;
  /** Undefined: required, or computed in {@link resolveConfig}. */
  readonly fallback?: unknown;
  /** Returns what is wrong, or undefined. */
  readonly check: (value: unknown) => string | undefined;
}

const text = (value: unknown) => (typeof value === 'string' && value.length > 0 ? undefined : 'must be a non-empty string');
const integer =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (value: unknown) =>
    Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
      ? undefined
      : max === Number.MAX_SAFE_INTEGER
        ? `must be a whole number of at least ${min}`
        : `must be a whole number from ${min} to ${max}`;
const oneOf =
  (...allowed: string[]) =>
  (value: unknown) =>
    allowed.includes(value as string) ? undefined : `must be one of ${allowed.join(', ')}`;
/** Timers hold no more than 31 bits; a longer one would fire at once. */
const duration = (min: number) => integer(min, 2_147_483_647);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const settings = (value: unknown) => {
  if (!isRecord(value)) return 'must be an object';
  const bad = Object.entries(value).find(([, entry]) => !['string', 'number', 'boolean'].includes(typeof entry));
  return bad === undefined ? undefined : `has ${bad[0]}, which is not a string, number or boolean`;
};
/** It is sent to worker threads, which functions and class instances do not survive. */
const plainData = (value: unknown) => {
  if (!isRecord(value)) return 'must be an object';
  try {
    structuredClone(value);
    return undefined;
  } catch (error) {
    return `cannot be sent to worker threads (${error instanceof Error ? error.message : String(error)}); use plain data`;
  }
};
const optional = (check: (value: unknown) => string | undefined) => (value: unknown) => (value === undefined ? undefined : check(value));
const bootstrap = (value: unknown) => {
  if (typeof value !== 'string' || value.length === 0) return 'must be host:port, or several separated by commas';
  const bad = value.split(',').find((part) => !/^(\[[0-9a-fA-F:]+\]|[^:\s,]+):\d{1,5}$/.test(part.trim()));
  return bad === undefined ? undefined : `has "${bad.trim()}", which is not host:port`;
};
const applicationId = (value: unknown) =>
  typeof value === 'string' && /^[a-zA-Z0-9._-]{1,200}$/.test(value)
    ? undefined
    : 'must be 1 to 200 of the characters a-z A-Z 0-9 . _ - (it becomes part of topic names)';

const handler = oneOf('fail', 'continue', 'dead-letter');

/** The table. Keys are our names. */
export const options: Readonly<Record<keyof ResolvedConfig, Option>> = {
  applicationId: {
    kafkaName: 'application.id',
    check: applicationId,
    doc: 'Consumer group, prefix of internal topics and of transactional ids.',
  },
  bootstrapServers: { kafkaName: 'bootstrap.servers', check: bootstrap, doc: 'host:port of one or more brokers, separated by commas.' },
  clientId: {
    kafkaName: 'client.id',
    fallback: '',
    check: (v) => (typeof v === 'string' ? undefined : 'must be a string'),
    doc: 'Default: <application.id>-<process id>.',
  },
  numStreamThreads: {
    kafkaName: 'num.stream.threads',
    fallback: 1,
    check: integer(1, 256),
    doc: 'Shards: worker threads that run processors.',
  },
  processingGuarantee: {
    kafkaName: 'processing.guarantee',
    fallback: 'at_least_once',
    check: oneOf('at_least_once', 'at_most_once', 'exactly_once_v2'),
    doc: 'at_most_once is ours: offsets are committed before records are processed.',
  },
  commitIntervalMs: { kafkaName: 'commit.interval.ms', check: optional(duration(1)), doc: 'Default 30000, with exactly_once_v2 100.' },
  pollMs: { kafkaName: 'poll.ms', fallback: 100, check: integer(0, 10_000), doc: 'How long one poll waits for records.' },
  maxPollRecords: {
    kafkaName: 'max.poll.records',
    fallback: 5000,
    check: integer(1, 100_000),
    doc: 'Records taken from the client at once. (Kafka Streams: 1000; here batches, not records, cross threads.)',
  },
  bufferedRecordsPerPartition: {
    kafkaName: 'buffered.records.per.partition',
    fallback: 10_000,
    check: integer(1),
    doc: 'Records of one partition waiting in its shard; beyond it, and with two batches there, the partition is paused. (Kafka Streams: 1000.)',
  },
  inputBufferMaxBytes: {
    kafkaName: 'input.buffer.max.bytes',
    fallback: 256 * 1024 * 1024,
    check: integer(1024),
    doc: 'Input waiting in shards, divided among the partitions; one that has its part is paused. (KIP-770.)',
  },
  outputBufferMaxBytes: {
    kafkaName: 'output.buffer.max.bytes',
    fallback: 64 * 1024 * 1024,
    check: integer(1024),
    doc: 'Output waiting for its commit; a quarter of it in one epoch begins the commit early, and beyond all of it inputs are paused. Ours.',
  },
  maxTaskIdleMs: {
    kafkaName: 'max.task.idle.ms',
    fallback: 0,
    check: duration(-1),
    doc: '-1: never wait for an empty input; 0: while the broker has more; >0: that long after.',
  },
  taskTimeoutMs: {
    kafkaName: 'task.timeout.ms',
    fallback: 300_000,
    check: duration(0),
    doc: 'How long retriable trouble of commits and clients is retried.',
  },
  stateDir: {
    kafkaName: 'state.dir',
    fallback: join(tmpdir(), 'kafka-streams'),
    check: text,
    doc: 'Holds the process id that transactional ids are made of.',
  },
  statestoreCacheMaxBytes: {
    kafkaName: 'statestore.cache.max.bytes',
    fallback: 10 * 1024 * 1024,
    check: integer(0),
    doc: 'Record cache of the process, divided among its threads; 0 turns caching off.',
  },
  replicationFactor: {
    kafkaName: 'replication.factor',
    fallback: -1,
    check: integer(-1, 32_767),
    doc: "Of internal topics; -1: the broker's default.",
  },
  autoOffsetReset: {
    kafkaName: 'auto.offset.reset',
    fallback: 'earliest',
    check: oneOf('earliest', 'latest', 'none'),
    doc: 'Where to start without a committed offset.',
  },
  transactionTimeoutMs: {
    kafkaName: 'transaction.timeout.ms',
    fallback: 10_000,
    check: integer(1000, 900_000),
    doc: 'The broker aborts a transaction that is open longer.',
  },
  repartitionPurgeIntervalMs: {
    kafkaName: 'repartition.purge.interval.ms',
    fallback: 30_000,
    check: duration(1),
    doc: 'How often consumed records of repartition topics are deleted.',
  },
  windowstoreChangelogAdditionalRetentionMs: {
    kafkaName: 'windowstore.changelog.additional.retention.ms',
    fallback: 86_400_000,
    check: integer(0),
    doc: 'Added to the retention of window changelogs.',
  },
  requestTimeoutMs: {
    kafkaName: 'request.timeout.ms',
    fallback: 40_000,
    check: duration(100),
    doc: 'How long start-up waits for the cluster, and one request for its answer.',
  },
  rebalanceDrainTimeoutMs: {
    kafkaName: 'rebalance.drain.timeout.ms',
    fallback: 30_000,
    check: duration(0),
    doc: 'How long a revoked partition may finish and commit. Ours.',
  },
  deserializationExceptionHandler: {
    kafkaName: 'deserialization.exception.handler',
    fallback: 'fail',
    check: handler,
    doc: 'A function instead of a name is an option of StreamsBuilder.',
  },
  processingExceptionHandler: {
    kafkaName: 'processing.exception.handler',
    fallback: 'fail',
    check: handler,
    doc: 'A function instead of a name is an option of StreamsBuilder.',
  },
  productionExceptionHandler: {
    kafkaName: 'production.exception.handler',
    fallback: 'fail',
    check: handler,
    doc: 'A function instead of a name is an option of StreamsBuilder.',
  },
  deadLetterTopic: {
    kafkaName: 'errors.dead.letter.queue.topic.name',
    check: optional(text),
    doc: 'Where dead-letter handlers write; it must exist.',
  },
  transport: {
    kafkaName: 'transport',
    fallback: 'wire',
    check: oneOf('librdkafka', 'wire'),
    doc: 'The Kafka client underneath: wire, our own, or librdkafka, which is slower and also knows Kerberos and OAUTHBEARER. Ours.',
  },
  maxThreadRestarts: {
    kafkaName: 'max.thread.restarts',
    fallback: 10,
    check: integer(0),
    doc: 'Dead worker threads replaced within ten minutes before the application gives up. Ours.',
  },
  consumer: {
    kafkaName: 'consumer',
    fallback: {},
    check: settings,
    doc: "Settings for the consumer by the client's names; Kafka's `consumer.` prefix.",
  },
  producer: { kafkaName: 'producer', fallback: {}, check: settings, doc: "Settings for the producer; Kafka's `producer.` prefix." },
  admin: { kafkaName: 'admin', fallback: {}, check: settings, doc: "Settings for the admin client; Kafka's `admin.` prefix." },
  topic: { kafkaName: 'topic', fallback: {}, check: settings, doc: "Configs of internal topics; Kafka's `topic.` prefix." },
  app: { kafkaName: 'app', fallback: {}, check: plainData, doc: "The application's own settings, handed to processors; plain data only." },
};

const prefixes = ['consumer', 'producer', 'admin', 'topic', 'app'] as const;
const byKafkaName = new Map(Object.entries(options).map(([name, option]) => [option.kafkaName, name as keyof ResolvedConfig]));

/** Sorts one given option into `result`; throws on a name nobody knows. */
function place(result: Record<string, unknown>, given: string, value: unknown): void {
  const name = Object.hasOwn(options, given) ? given : byKafkaName.get(given);
  if (name !== undefined) {
    const before = result[name];
    // Settings may come both as an object and one by one, by prefix.
    result[name] = (prefixes as readonly string[]).includes(name) && isRecord(before) && isRecord(value) ? { ...before, ...value } : value;
    return;
  }
  const prefix = prefixes.find((candidate) => given.startsWith(`${candidate}.`));
  if (prefix === undefined) {
    throw new MillraceError('INVALID_CONFIG', `Unknown option "${given}". ${suggestion(given)}`, { context: { option: given } });
  }
  result[prefix] = { ...(result[prefix] as object | undefined), [given.slice(prefix.length + 1)]: value };
}

function suggestion(given: string): string {
  const plain = lettersOf(given);
  const near = [...byKafkaName]
    .map(([kafkaName, name]) => ({
      kafkaName,
      name,
      distance: Math.min(editDistance(plain, lettersOf(kafkaName)), editDistance(plain, lettersOf(name))),
    }))
    .sort((a, b) => a.distance - b.distance)[0];
  return near === undefined || near.distance > Math.max(2, plain.length / 4)
    ? 'Client settings go under consumer, producer or admin; your own under app.'
    : `Did you mean "${near.name}" ("${near.kafkaName}")?`;
}

const lettersOf = (name: string) => name.toLowerCase().replaceAll(/[^a-z]/g, '');

/** Letters to insert, delete or replace to make one of the other. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/**
 * Applies defaults and checks everything.
 *
 * @throws MillraceError INVALID_CONFIG naming the option, the value and what is allowed.
 */
export function resolveConfig(given: KafkaStreamsConfig | KafkaNamedConfig): ResolvedConfig {
  const result: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) result[name] = option.fallback;
  for (const [name, value] of Object.entries(given)) if (value !== undefined) place(result, name, value);
  result.commitIntervalMs ??= result.processingGuarantee === 'exactly_once_v2' ? 100 : 30_000;
  for (const [name, option] of Object.entries(options)) {
    const problem = option.check(result[name]);
    if (problem === undefined) continue;
    const shown = result[name] === undefined ? 'is missing: it' : `= ${JSON.stringify(result[name])}`;
    throw new MillraceError('INVALID_CONFIG', `Option ${name} ("${option.kafkaName}") ${shown} ${problem}.`, { context: { option: name } });
  }
  // Kafka's topic configs are text, whatever they mean.
  result.topic = Object.fromEntries(Object.entries(result.topic as object).map(([name, value]) => [name, String(value)]));
  return checkTogether(result as unknown as ResolvedConfig);
}

/** Rules over more than one option. */
function checkTogether(config: ResolvedConfig): ResolvedConfig {
  if (config.processingGuarantee === 'exactly_once_v2' && config.transactionTimeoutMs < config.commitIntervalMs) {
    throw new MillraceError(
      'INVALID_CONFIG',
      `Option transactionTimeoutMs ("transaction.timeout.ms") = ${config.transactionTimeoutMs} must not be below commitIntervalMs = ${config.commitIntervalMs}: the broker would abort every transaction.`,
    );
  }
  const wantsDeadLetters = [
    config.deserializationExceptionHandler,
    config.processingExceptionHandler,
    config.productionExceptionHandler,
  ].includes('dead-letter');
  if (wantsDeadLetters && config.deadLetterTopic === undefined) {
    throw new MillraceError(
      'INVALID_CONFIG',
      'An exception handler says "dead-letter", but option deadLetterTopic ("errors.dead.letter.queue.topic.name") is not set.',
    );
  }
  return config;
}
