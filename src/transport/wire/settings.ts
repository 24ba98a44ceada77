/** The user's client settings, by Kafka's names or librdkafka's, as options of our own client. */
import {
  type ClientOptions,
  clientOptionsFromKafkaConfig,
  type FetcherOptions,
  type GroupMemberOptions,
  type ProducerOptions,
} from '../../client/index.ts';
import { MillraceError } from '../../errors.ts';
import { COMPRESSION_NAMES, type CompressionName } from '../../protocol/index.ts';
import type { TransportOptions } from '../transport.ts';

type UserConfig = TransportOptions['consumerConfig'];

/** Settings that the engine's guarantees rest on: the user's are refused rather than ignored. */
const OURS: ReadonlySet<string> = new Set([
  'enable.auto.commit',
  'enable.auto.offset.store',
  'partition.assignment.strategy',
  'group.protocol',
  'enable.idempotence',
  'transactional.id',
  'acks',
  'request.required.acks',
  'group.id',
]);

/** Known to other clients, without a meaning here: batches come ready from the shards, repetition goes by time. */
const WITHOUT_MEANING: ReadonlySet<string> = new Set([
  'linger.ms',
  'queue.buffering.max.ms',
  'batch.size',
  'batch.num.messages',
  'queue.buffering.max.messages',
  'queued.min.messages',
  'fetch.queue.backoff.ms',
  'retries',
  'message.send.max.retries',
  'enable.partition.eof',
  'allow.auto.create.topics',
  'debug',
  'log_level',
]);

export const DEFAULT_MAX_POLL_RECORDS = 1000;
const DEFAULT_MAX_POLL_INTERVAL_MS = 300_000;
const MIB = 1024 * 1024;
const KIB = 1024;

/** Takes settings one by one; what is left in the end nobody knows. */
class Settings {
  readonly #left: Map<string, string | number | boolean>;

  constructor(config: UserConfig, names: readonly string[]) {
    this.#left = new Map(names.map((name) => [name, config[name]!]));
  }

  text(...names: string[]): string | undefined {
    let found: string | undefined;
    for (const name of names) {
      const value = this.#left.get(name);
      this.#left.delete(name);
      if (value !== undefined) found ??= String(value);
    }
    return found;
  }

  number(...names: string[]): number | undefined {
    const text = this.text(...names);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= 0) return value;
    throw invalid(names[0]!, `"${names[0]}" must be a whole number of at least 0, not "${text}".`);
  }

  /** Throws INVALID_CONFIG for the first setting that nobody took. */
  finish(kind: string): void {
    for (const name of this.#left.keys()) {
      if (WITHOUT_MEANING.has(name)) continue;
      throw OURS.has(name)
        ? invalid(name, `"${name}" is set by Millrace itself, since its guarantees rest on it. Remove it from the client settings.`)
        : invalid(
            name,
            `The wire transport knows no ${kind} setting "${name}". Check the name; with transport "librdkafka" there are more.`,
          );
    }
  }
}

/** Leaves out what is undefined, so that it does not stand in the way of a default. */
function defined<T extends object>(options: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}

function split(options: TransportOptions, user: UserConfig): { readonly client: ClientOptions; readonly rest: Settings } {
  const config = { 'bootstrap.servers': options.bootstrapServers, 'client.id': options.clientId, ...user };
  const { options: client, unused } = clientOptionsFromKafkaConfig(config);
  return { client: { ...client, onLog: options.onLog }, rest: new Settings(config, unused) };
}

export interface ConsumerSettings {
  readonly client: ClientOptions;
  readonly fetcher: FetcherOptions;
  readonly member: Pick<
    GroupMemberOptions,
    'groupInstanceId' | 'sessionTimeoutMs' | 'heartbeatIntervalMs' | 'rebalanceTimeoutMs' | 'rackId'
  >;
  readonly maxPollRecords: number;
  readonly maxPollIntervalMs: number;
}

/** Throws INVALID_CONFIG. */
export function consumerSettings(options: TransportOptions): ConsumerSettings {
  const { client, rest } = split(options, options.consumerConfig);
  const rackId = rest.text('client.rack');
  const isolation = rest.text('isolation.level');
  const reset = rest.text('auto.offset.reset', 'auto.offset.reset.policy') ?? options.autoOffsetReset;
  const bufferedKib = rest.number('queued.max.messages.kbytes');
  const maxPollIntervalMs = rest.number('max.poll.interval.ms') ?? DEFAULT_MAX_POLL_INTERVAL_MS;
  const settings: ConsumerSettings = {
    client,
    fetcher: defined<FetcherOptions>({
      readCommitted: isolation === undefined ? options.transactionalId !== undefined : isolation === 'read_committed',
      autoOffsetReset: resetPolicy(reset),
      // State and output of what was read before are there: going on would count records of the same offsets twice.
      stepsBack: 'fail',
      minBytes: rest.number('fetch.min.bytes'),
      maxWaitMs: rest.number('fetch.max.wait.ms', 'fetch.wait.max.ms'),
      maxBytes: rest.number('fetch.max.bytes'),
      maxPartitionBytes: rest.number('max.partition.fetch.bytes', 'fetch.message.max.bytes'),
      maxBufferedBytes: bufferedKib === undefined ? undefined : bufferedKib * KIB,
      // Our own check costs next to nothing, so it is on as in Java.
      checkCrcs: rest.text('check.crcs') !== 'false',
      rackId,
    }),
    member: defined<ConsumerSettings['member']>({
      groupInstanceId: rest.text('group.instance.id'),
      sessionTimeoutMs: rest.number('session.timeout.ms'),
      heartbeatIntervalMs: rest.number('heartbeat.interval.ms'),
      rebalanceTimeoutMs: maxPollIntervalMs,
      rackId,
    }),
    maxPollRecords: rest.number('max.poll.records') ?? DEFAULT_MAX_POLL_RECORDS,
    maxPollIntervalMs,
  };
  rest.finish('consumer');
  return settings;
}

export interface ProducerSettings {
  readonly client: ClientOptions;
  readonly producer: ProducerOptions;
  readonly compression: CompressionName;
  readonly compressionLevel: number | undefined;
}

/** Throws INVALID_CONFIG. */
export function producerSettings(options: TransportOptions): ProducerSettings {
  const { client, rest } = split(options, options.producerConfig);
  const bufferedKib = rest.number('queue.buffering.max.kbytes');
  const level = rest.text('compression.level');
  const settings: ProducerSettings = {
    client,
    producer: defined<ProducerOptions>({
      transactionalId: options.transactionalId,
      transactionTimeoutMs: options.transactionTimeoutMs,
      deliveryTimeoutMs: rest.number('delivery.timeout.ms', 'message.timeout.ms'),
      maxInFlight: rest.number('max.in.flight.requests.per.connection', 'max.in.flight'),
      maxRequestBytes: rest.number('max.request.size', 'message.max.bytes'),
      // Room for what one transaction puts out in a hurry.
      maxBufferedBytes: rest.number('buffer.memory') ?? (bufferedKib === undefined ? 256 * MIB : bufferedKib * KIB),
    }),
    compression: compressionOf(rest.text('compression.type', 'compression.codec') ?? 'none'),
    compressionLevel: level === undefined ? undefined : Number(level),
  };
  rest.finish('producer');
  return settings;
}

/** Throws INVALID_CONFIG. */
export function adminSettings(options: TransportOptions): ClientOptions {
  const { client, rest } = split(options, options.adminConfig);
  rest.finish('admin');
  return { ...client, clientId: `${client.clientId}-admin` };
}

function resetPolicy(text: string): 'earliest' | 'latest' | 'none' {
  switch (text) {
    case 'earliest':
    case 'smallest':
    case 'beginning':
      return 'earliest';
    case 'latest':
    case 'largest':
    case 'end':
      return 'latest';
    case 'none':
    case 'error':
      return 'none';
    default:
      throw invalid('auto.offset.reset', `"auto.offset.reset" must be earliest, latest or none, not "${text}".`);
  }
}

function compressionOf(text: string): CompressionName {
  const found = COMPRESSION_NAMES.find((name) => name === text);
  if (found !== undefined) return found;
  throw invalid('compression.type', `"compression.type" must be one of ${COMPRESSION_NAMES.join(', ')}, not "${text}".`);
}

function invalid(option: string, message: string): MillraceError {
  return new MillraceError('INVALID_CONFIG', message, { context: { option } });
}
