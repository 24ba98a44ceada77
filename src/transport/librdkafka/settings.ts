import { MillraceError } from '../../errors.ts';
import type { TransportOptions } from '../transport.ts';
import type { NativeConfig } from './native.ts';

type UserConfig = TransportOptions['consumerConfig'];

/** Names that differ between the Java clients and librdkafka. */
const RENAMED: Readonly<Record<string, string>> = {
  'fetch.max.wait.ms': 'fetch.wait.max.ms',
  'max.request.size': 'message.max.bytes',
  'request.timeout.ms': 'socket.timeout.ms',
};

/** Settings of the Java clients that are dealt with elsewhere, or mean nothing here. */
const NOT_FOR_LIBRDKAFKA: ReadonlySet<string> = new Set(['max.poll.records', 'buffer.memory']);

/** Settings that the engine's guarantees rest on: the user's are refused rather than ignored. */
const OURS: ReadonlySet<string> = new Set([
  'enable.auto.commit',
  'enable.auto.offset.store',
  'enable.partition.eof',
  'partition.assignment.strategy',
  'group.protocol',
  'rebalance_cb',
  'enable.idempotence',
  'transactional.id',
  'delivery.report.only.error',
]);

export const DEFAULT_MAX_POLL_RECORDS = 1000;

function common(options: TransportOptions, user: UserConfig): NativeConfig {
  return { 'bootstrap.servers': options.bootstrapServers, 'client.id': options.clientId, ...forLibrdkafka(user) };
}

export function consumerSettings(options: TransportOptions): NativeConfig {
  return {
    'auto.offset.reset': options.autoOffsetReset === 'none' ? 'error' : options.autoOffsetReset,
    // Java's default; librdkafka's is read_committed. It also makes committed() wait for pending transactions.
    'isolation.level': options.transactionalId === undefined ? 'read_uncommitted' : 'read_committed',
    ...fetching(),
    ...common(options, options.consumerConfig),
    'group.id': options.groupId,
    'partition.assignment.strategy': 'range',
  };
}

/** A consumer that is only ever assigned to. librdkafka wants a group id all the same; it never joins. */
export function readerSettings(options: TransportOptions, name: string): NativeConfig {
  return {
    'auto.offset.reset': 'earliest',
    ...fetching(),
    ...common(options, options.consumerConfig),
    'isolation.level': 'read_committed',
    'group.id': `${options.groupId}-${name}`,
    'client.id': `${options.clientId}-${name}`,
  };
}

function fetching(): NativeConfig {
  return {
    'enable.auto.commit': false,
    'enable.auto.offset.store': false,
    'enable.partition.eof': true,
    // After a full queue librdkafka waits this long before it fetches again; its default of 1000 stalls the flow.
    'fetch.queue.backoff.ms': 5,
    'queued.min.messages': 100_000,
    'queued.max.messages.kbytes': 65_536,
  };
}

export function producerSettings(options: TransportOptions): NativeConfig {
  const transactional = options.transactionalId !== undefined;
  return {
    'linger.ms': 5,
    // Above what one transaction puts out in a hurry; beyond it `send` waits.
    'queue.buffering.max.messages': 1_000_000,
    'queue.buffering.max.kbytes': 262_144,
    ...common(options, options.producerConfig),
    'enable.idempotence': true,
    ...(transactional
      ? { 'transactional.id': options.transactionalId, 'transaction.timeout.ms': options.transactionTimeoutMs }
      : // Reports cost three times as much as the records themselves; in a transaction the commit answers for them.
        { dr_cb: true, 'delivery.report.only.error': true }),
  };
}

export function adminSettings(options: TransportOptions): NativeConfig {
  return { ...common(options, options.adminConfig), 'client.id': `${options.clientId}-admin` };
}

export function maxPollRecords(options: TransportOptions): number {
  return Number(options.consumerConfig['max.poll.records'] ?? DEFAULT_MAX_POLL_RECORDS);
}

function forLibrdkafka(user: UserConfig): NativeConfig {
  const config: NativeConfig = {};
  for (const [name, value] of Object.entries(user)) {
    if (OURS.has(name)) {
      throw new MillraceError(
        'INVALID_CONFIG',
        `"${name}" is set by Millrace itself, since its guarantees rest on it. Remove it from the client settings.`,
        {
          context: { option: name },
        },
      );
    }
    if (!NOT_FOR_LIBRDKAFKA.has(name)) config[RENAMED[name] ?? name] = value;
  }
  return config;
}
