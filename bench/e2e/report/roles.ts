/** What a subject is in the comparison, read from its name as `subjects.ts` gives it. */
export interface Role {
  readonly kind: 'millrace-wire' | 'millrace-librdkafka' | 'kafka-streams' | 'kafka-streams-rocksdb' | 'loop-confluent' | 'loop-kafkajs';
  /** Shards or threads; 1 for a loop. */
  readonly threads: number;
}

const KINDS: readonly (readonly [RegExp, Role['kind']])[] = [
  [/^Millrace wire\b/, 'millrace-wire'],
  [/^Millrace librdkafka\b/, 'millrace-librdkafka'],
  [/^Kafka Streams in-memory\b/, 'kafka-streams'],
  [/^Kafka Streams rocksdb\b/, 'kafka-streams-rocksdb'],
  [/^loop by hand, @confluentinc/, 'loop-confluent'],
  [/^loop by hand, kafkajs/, 'loop-kafkajs'],
];

/** Undefined for a subject that this version does not know. */
export function roleOf(subject: string): Role | undefined {
  const kind = KINDS.find(([pattern]) => pattern.test(subject))?.[1];
  if (kind === undefined) return undefined;
  return { kind, threads: Number(/(\d+) (?:shard|thread)s?\b/.exec(subject)?.[1] ?? 1) };
}
