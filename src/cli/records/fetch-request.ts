import { byTopic } from '../../client/topic-partition.ts';
import type { Fetch, RequestInput } from '../../protocol/index.ts';
import type { FetcherOptions } from './fetcher.ts';

/** A partition with all that a request has to say of it. */
export interface PartitionToFetch {
  readonly topic: string;
  /** 16 bytes, by which later versions name the topic. */
  readonly topicId: Buffer;
  readonly partition: number;
  readonly offset: number;
  /** -1: unknown, and not checked by the broker. */
  readonly leaderEpoch: number;
}

/** A Fetch request without a session. */
export function fetchRequest(partitions: readonly PartitionToFetch[], options: FetcherOptions): RequestInput<typeof Fetch> {
  const { maxWaitMs, minBytes, maxBytes, maxPartitionBytes, readCommitted } = options;
  return {
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel: readCommitted ? 1 : 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [...byTopic(partitions)].map(([topic, list]) => ({
      topic,
      topicId: list[0]?.topicId ?? Buffer.alloc(16),
      partitions: list.map(({ partition, offset, leaderEpoch }) => ({
        partition,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset: offset,
        partitionMaxBytes: maxPartitionBytes,
      })),
    })),
    forgottenTopicsData: [],
  };
}
