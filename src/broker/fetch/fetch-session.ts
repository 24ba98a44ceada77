import { ErrorCode } from '../../protocol/index.ts';
import { type FetchedPartition, FetchPartition, type FetchRequest, partitionKey } from './fetch-partition.ts';

const MAX_EPOCH = 0x7fffffff;
/** The epoch of the first fetch of a session, which opens it. */
export const INITIAL_EPOCH = 0;
/** The epoch of a fetch outside of any session; with a session's id it closes that one. */
export const FINAL_EPOCH = -1;

export function nextEpoch(epoch: number): number {
  return epoch === MAX_EPOCH ? 1 : epoch + 1;
}

/**
 * What a client and the broker agree is being fetched (KIP-227), so that a fetch need only name what changed and the
 * response only what is new. Kafka: `FetchSession`.
 */
export class FetchSession {
  readonly id: number;
  /** Partitions go by topic ids (version 13 and up) or by names: both in one session would not find each other. */
  readonly byId: boolean;
  readonly createdMs: number;
  /** What the next fetch must carry. */
  epoch = nextEpoch(INITIAL_EPOCH);
  /** In the order in which they are read: those that were given records go to the end. */
  readonly #partitions = new Map<string, FetchPartition>();

  constructor(id: number, byId: boolean, partitions: readonly FetchPartition[], nowMs: number) {
    this.id = id;
    this.byId = byId;
    this.createdMs = nowMs;
    for (const partition of partitions) this.#partitions.set(this.#keyOf(partition), partition);
  }

  /** Partitions kept. */
  get size(): number {
    return this.#partitions.size;
  }

  partitions(): FetchPartition[] {
    return [...this.#partitions.values()];
  }

  /** Takes in what a fetch adds, changes and forgets. */
  update({ topics, forgottenTopicsData }: FetchRequest): void {
    for (const { topic, topicId, partitions } of topics) {
      for (const asked of partitions) {
        const key = partitionKey(this.byId, topic, topicId, asked.partition);
        const known = this.#partitions.get(key);
        if (known !== undefined) known.update(asked);
        // What was decoded is a view of the request, whose memory is used again.
        else this.#partitions.set(key, new FetchPartition(topic, Buffer.from(topicId), asked));
      }
    }
    for (const { topic, topicId, partitions } of forgottenTopicsData) {
      for (const partition of partitions) this.#partitions.delete(partitionKey(this.byId, topic, topicId, partition));
    }
  }

  /** Leaves what the client does not know yet, and notes that it is told now. */
  select(fetched: readonly FetchedPartition[]): FetchedPartition[] {
    const news: FetchedPartition[] = [];
    for (const partition of fetched) {
      if (!isNews(partition)) continue;
      remember(partition);
      news.push(partition);
      if ((partition.result?.records.length ?? 0) > 0) this.#moveToEnd(partition.asked);
    }
    return news;
  }

  /** Those without records for long come first in the next fetch, so that no partition keeps the others waiting. */
  #moveToEnd(partition: FetchPartition): void {
    const key = this.#keyOf(partition);
    if (this.#partitions.delete(key)) this.#partitions.set(key, partition);
  }

  #keyOf({ topic, topicId, partition }: FetchPartition): string {
    return partitionKey(this.byId, topic, topicId, partition);
  }
}

/** Kafka's `CachedPartition.maybeUpdateResponseData`. */
function isNews({ asked, errorCode, result }: FetchedPartition): boolean {
  if (errorCode !== ErrorCode.NONE || result === undefined) return true;
  if (result.records.length > 0 || result.divergingEpoch !== undefined) return true;
  return asked.knownHighWatermark !== result.highWatermark || asked.knownLogStartOffset !== result.logStartOffset;
}

/** What the client knows once it has the response. After an error a partition is news again. */
export function remember({ asked, errorCode, result }: FetchedPartition): void {
  asked.knownHighWatermark = errorCode === ErrorCode.NONE && result !== undefined ? result.highWatermark : -1;
  if (errorCode === ErrorCode.NONE && result !== undefined) asked.knownLogStartOffset = result.logStartOffset;
}
