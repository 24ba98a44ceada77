import { KAFKA_VERSION } from '../broker/kafka/class-path.ts';
import { PARTITIONS } from './events.ts';
import { INPUT_BATCH_BYTES } from './inputs.ts';
import { CACHE_BYTES } from './subjects/settings.ts';
import { HEAP, type Subject } from './subjects.ts';
import type { RunConditions } from './throughput.ts';

const KIB = 1024;

/** What all subjects are told, and what each has beside it: the defaults of its library where nothing is said. */
export function settingsLines(conditions: RunConditions, subjects: readonly Subject[]): string[] {
  const { guarantee, commitIntervalMs, compression, warmUpMs, limitMs } = conditions;
  const has = (pattern: RegExp): boolean => subjects.some(({ name }) => pattern.test(name));
  const isolation = guarantee === 'exactly_once_v2' ? 'read_committed' : 'read_uncommitted';
  return [
    `all: ${guarantee}, commit.interval.ms=${commitIntervalMs}, acks=all, enable.idempotence=true, isolation.level=${isolation}, ` +
      `compression.type=${compression}, statestore.cache.max.bytes=${CACHE_BYTES}, topics of ${PARTITIONS} partitions, ` +
      `input in uncompressed batches of ${INPUT_BATCH_BYTES / KIB} KiB, loaded before`,
    `measured: from ${warmUpMs === 0 ? 'the start of the process' : `the first commit after ${warmUpMs / 1000} s and 200,000 records (half of the input at most)`} ` +
      `until the end of the input is committed, or for ${limitMs / 1000} s; what counts is committed offsets, read from outside`,
    ...(has(/^Millrace/) ? ['Millrace: in-memory stores, Node with UV_THREADPOOL_SIZE=16, from TypeScript sources by tsx'] : []),
    ...(has(/^Kafka Streams/)
      ? [`Kafka Streams ${KAFKA_VERSION}: its defaults (linger.ms=100, batch.size=16384, max.poll.records=1000), java ${HEAP.join(' ')}`]
      : []),
    ...(has(/confluent/)
      ? ['@confluentinc/kafka-javascript by hand: consume(5000), linger.ms=5, a transaction for each commit interval, state in a Map']
      : []),
    ...(has(/kafkajs/) ? ['kafkajs by hand: eachBatch, a transaction for each batch, state in a Map'] : []),
  ];
}
