/** Questions about where to read: offsets by time, and whether the log was cut back. */
import { MillraceError } from '../../errors.ts';
import { ErrorCode, ListOffsets, OffsetForLeaderEpoch } from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaFailure } from '../errors.ts';
import type { FetchPartition } from './partition.ts';

const TIMESTAMPS = { earliest: -2, latest: -1 } as const;
const ANY_CONSUMER = -1;
/** -2 would say that a debugging tool asks. */
const NO_REPLICA = -1;

/** The first or the next offset of a partition; with `readCommitted`, `latest` is the last stable offset. */
export async function offsetAt(
  client: KafkaClient,
  { topic, partition, leader }: FetchPartition,
  at: 'earliest' | 'latest',
  readCommitted: boolean,
): Promise<number> {
  const response = await client.request(
    ListOffsets,
    ({ version }) => ({
      replicaId: ANY_CONSUMER,
      ...(version >= 2 && { isolationLevel: readCommitted ? 1 : 0 }),
      topics: [
        { name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: leader?.epoch ?? -1, timestamp: TIMESTAMPS[at] }] },
      ],
    }),
    { leader: [topic, partition] },
    { retry: false },
  );
  const found = response.topics[0]?.partitions[0];
  const code = found?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (found === undefined || code !== ErrorCode.NONE)
    throw kafkaFailure(code, `Finding the ${at} offset of ${topic}-${partition}`, { context: { topic, partition } });
  return found.offset;
}

/**
 * Where the epoch of the last record read ends in the leader's log. Below the position it was cut back: what was read
 * after it is not in the log any more. -1: the leader does not know the epoch.
 */
export async function endOfEpoch(
  client: KafkaClient,
  { topic, partition, leader, lastEpoch }: FetchPartition,
): Promise<{ readonly endOffset: number; readonly epoch: number }> {
  const response = await client.request(
    OffsetForLeaderEpoch,
    ({ version }) => ({
      ...(version >= 3 && { replicaId: NO_REPLICA }),
      topics: [{ topic, partitions: [{ partition, currentLeaderEpoch: leader?.epoch ?? -1, leaderEpoch: lastEpoch }] }],
    }),
    { leader: [topic, partition] },
    { retry: false },
  );
  const found = response.topics[0]?.partitions[0];
  const code = found?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (found === undefined || code !== ErrorCode.NONE)
    throw kafkaFailure(code, `Checking the position in ${topic}-${partition}`, { context: { topic, partition } });
  return { endOffset: found.endOffset, epoch: found.leaderEpoch };
}

/** Whether a topic was deleted and made anew, by its ids (KIP-516); brokers that have none say so with zeros. */
export function isOtherTopic(before: Buffer | undefined, now: Buffer): boolean {
  return before !== undefined && !before.equals(now) && before.some((byte) => byte !== 0) && now.some((byte) => byte !== 0);
}

/** With auto.offset.reset=none the caller decides. */
export function noPosition({ topic, partition, fetchOffset: offset }: FetchPartition, message: string): MillraceError {
  return new MillraceError(
    'KAFKA_ERROR',
    `${message}. Seek to where reading should go on, or set auto.offset.reset to earliest or latest.`,
    {
      context: { topic, partition, offset, kafkaCode: ErrorCode.OFFSET_OUT_OF_RANGE, kafkaError: 'OFFSET_OUT_OF_RANGE' },
    },
  );
}

/** For who has kept results of what is gone. */
export function steppedBack({ topic, partition, fetchOffset: offset }: FetchPartition, message: string): MillraceError {
  return new MillraceError(
    'KAFKA_ERROR',
    `${message}. Results of what is gone have been kept: reset the application to compute them anew, or only its committed offsets to go on with what there is.`,
    { context: { topic, partition, offset, kafkaCode: ErrorCode.OFFSET_OUT_OF_RANGE, kafkaError: 'OFFSET_OUT_OF_RANGE' } },
  );
}
