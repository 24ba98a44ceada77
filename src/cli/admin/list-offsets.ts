import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { byTopic, comparePartitions } from '../../client/topic-partition.ts';
import { kafkaError, ListOffsets } from '../../protocol/index.ts';

/** Times that stand for a place, as Kafka's ListOffsets has them. */
export const OFFSET_AT = { latest: -1, earliest: -2, maxTimestamp: -3, earliestLocal: -4, latestTiered: -5 } as const;

/** First version that knows each of the later special times. */
const VERSION_OF: Readonly<Record<number, number>> = { [-3]: 7, [-4]: 8, [-5]: 9 };

/** Which offset of a partition is asked for: of the first record at or after a time, or one of {@link OFFSET_AT}. */
export interface OffsetQuery {
  readonly topic: string;
  readonly partition: number;
  readonly timestampMs: number;
}

export interface FoundOffset extends OffsetQuery {
  /** -1: no record is that young. */
  readonly offset: number;
  /** Of the record, where one was looked for by its time; else -1. */
  readonly recordTimestampMs: number;
}

/**
 * Offsets of many partitions, a request for each broker that leads some of them. With `readCommitted` the latest offset
 * is the last stable one. Rejects with the first error.
 */
export async function listOffsets(client: KafkaClient, queries: readonly OffsetQuery[], readCommitted = false): Promise<FoundOffset[]> {
  const byLeader = new Map<number, OffsetQuery[]>();
  await Promise.all(
    queries.map(async (query) => {
      const { leader } = await client.leaderOf(query.topic, query.partition);
      const list = byLeader.get(leader);
      if (list === undefined) byLeader.set(leader, [query]);
      else list.push(query);
    }),
  );
  const found = await Promise.all([...byLeader.values()].map((list) => askLeader(client, list, readCommitted)));
  return found.flat().sort(comparePartitions);
}

async function askLeader(client: KafkaClient, queries: readonly OffsetQuery[], readCommitted: boolean): Promise<FoundOffset[]> {
  const [first] = queries;
  if (first === undefined) return [];
  const response = await client.request(
    ListOffsets,
    ({ version }) => ({
      replicaId: -1,
      ...(version >= 2 && { isolationLevel: readCommitted ? 1 : 0 }),
      topics: [...byTopic(queries)].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition, timestampMs }) => ({ partitionIndex: partition, timestamp: timestampMs })),
      })),
      timeoutMs: client.options.requestTimeoutMs,
    }),
    { leader: [first.topic, first.partition] },
    { minVersion: Math.max(readCommitted ? 2 : 1, ...queries.map(({ timestampMs }) => VERSION_OF[timestampMs] ?? 1)) },
  );
  const found: FoundOffset[] = [];
  const moved: OffsetQuery[] = [];
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode, offset, timestamp } of partitions) {
      const query = queries.find(({ topic, partition }) => topic === name && partition === partitionIndex);
      if (query === undefined) continue;
      if (errorCode === 0) found.push({ ...query, offset, recordTimestampMs: timestamp });
      else if (kafkaError(errorCode).retriable && queries.length > 1) moved.push(query);
      else
        throw kafkaFailure(errorCode, `Listing offsets of ${name}-${partitionIndex}`, {
          context: { topic: name, partition: partitionIndex },
        });
    }
  }
  // A leader that moved meanwhile: each of its partitions finds its own way.
  for (const query of moved) {
    client.invalidate(query.topic);
    found.push(...(await askLeader(client, [query], readCommitted)));
  }
  return found;
}
