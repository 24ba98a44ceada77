import type { Fetch, RequestOf } from '../../protocol/index.ts';
import type { PartitionLog } from '../log/index.ts';
import type { ReadResult } from '../seams.ts';
import type { Topic } from '../topic.ts';

export type FetchRequest = RequestOf<typeof Fetch>;
export type FetchRequestPartition = FetchRequest['topics'][number]['partitions'][number];

const TOPIC_ID_BYTES = 16;

/** A partition as a fetch names it, and how it wants to be read. A session keeps it from one fetch to the next. */
export class FetchPartition {
  /** Empty where topics go by their ids. */
  readonly topic: string;
  /** All zero where topics go by their names. */
  readonly topicId: Uint8Array;
  readonly partition: number;
  fetchOffset: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  maxBytes: number;
  /** What the client was told last; -1: nothing yet, or an error. */
  knownHighWatermark = -1;
  knownLogStartOffset = -1;

  constructor(topic: string, topicId: Uint8Array, asked: FetchRequestPartition) {
    this.topic = topic;
    this.topicId = topicId;
    this.partition = asked.partition;
    this.fetchOffset = asked.fetchOffset;
    this.currentLeaderEpoch = asked.currentLeaderEpoch;
    this.lastFetchedEpoch = asked.lastFetchedEpoch;
    this.maxBytes = asked.partitionMaxBytes;
  }

  /** Takes over how the client wants to go on. */
  update(asked: FetchRequestPartition): void {
    this.fetchOffset = asked.fetchOffset;
    this.currentLeaderEpoch = asked.currentLeaderEpoch;
    this.lastFetchedEpoch = asked.lastFetchedEpoch;
    this.maxBytes = asked.partitionMaxBytes;
  }
}

/** Names a partition within a session, where topics go either all by names or all by ids. */
export function partitionKey(byId: boolean, topic: string, topicId: Uint8Array, partition: number): string {
  const name = byId ? Buffer.from(topicId.buffer, topicId.byteOffset, TOPIC_ID_BYTES).toString('latin1') : topic;
  return `${name}/${partition}`;
}

/** A partition in one fetch, and what was read of it so far. */
export interface FetchedPartition {
  readonly asked: FetchPartition;
  errorCode: number;
  topic: Topic | undefined;
  log: PartitionLog | undefined;
  result: ReadResult | undefined;
  /** {@link PartitionLog.appendedBytes} when it was read: what has come since can be told without reading. */
  appendedBytes: number;
}

export function fetchedPartition(asked: FetchPartition): FetchedPartition {
  return { asked, errorCode: 0, topic: undefined, log: undefined, result: undefined, appendedBytes: 0 };
}

/** All partitions of a request, in its order, which is the order they are read in. */
export function partitionsOf(request: FetchRequest): FetchPartition[] {
  const partitions: FetchPartition[] = [];
  for (const { topic, topicId, partitions: asked } of request.topics) {
    for (const partition of asked) partitions.push(new FetchPartition(topic, topicId, partition));
  }
  return partitions;
}
