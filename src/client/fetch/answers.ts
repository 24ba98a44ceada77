/** What becomes of a fetch answer: records to give out, or what has to be done about an error. */
import { ErrorCode, sharedMemoryOf } from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaFailure } from '../errors.ts';
import { filterBatches } from './batch-filter.ts';
import type { FetchedRecords } from './fetched-records.ts';
import type { Asked, FetchResponse } from './node-fetcher.ts';
import type { ResolvedFetcherOptions } from './options.ts';
import type { FetchPartition } from './partition.ts';

type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number];

type Added = FetchedRecords & { ownsBuffer: boolean; release: (() => void) | undefined };

/** Small frames come from Node's pool, which is shared; copying so little costs nothing. */
const LEAST_OWN_BYTES = 8192;

export interface AnswerHooks {
  /** The leader has moved: `known` to where, or to be looked for after a while. */
  onLeaderLost(partition: FetchPartition, known: boolean): void;
  onOutOfRange(partition: FetchPartition, offset: number): void;
  /** Nothing more comes of the partition until it is sought. */
  onFatal(partition: FetchPartition, error: Error): void;
}

export class AnswerReader {
  readonly #client: KafkaClient;
  readonly #options: ResolvedFetcherOptions;
  readonly #hooks: AnswerHooks;

  constructor(client: KafkaClient, options: ResolvedFetcherOptions, hooks: AnswerHooks) {
    this.#client = client;
    this.#options = options;
    this.#hooks = hooks;
  }

  /** Queues what came for each partition; returns the bytes that wait because of it. */
  read(asked: ReadonlyMap<string, Asked>, response: FetchResponse): number {
    const names = new Map([...asked.values()].map(({ partition }) => [partition.leader?.topicId.toString('hex') ?? '', partition.topic]));
    const added: Added[] = [];
    for (const { topic: name, topicId, partitions } of response.responses) {
      const topic = name === '' ? (names.get(topicId.toString('hex')) ?? '') : name;
      for (const answer of partitions) {
        const expected = asked.get(`${topic}-${answer.partitionIndex}`);
        // Sought, or assigned anew, since it was asked for.
        if (expected === undefined || expected.partition.fetchOffset !== expected.offset || expected.partition.reset !== undefined)
          continue;
        if (answer.errorCode === ErrorCode.NONE) this.#take(expected.partition, answer, added);
        else this.#onError(expected.partition, answer, response);
      }
    }
    this.#decideOwners(response, added);
    return added.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  #decideOwners(response: FetchResponse, added: readonly Added[]): void {
    const frame = firstRecordsOf(response);
    if (frame !== undefined && sharedMemoryOf(frame) !== undefined) {
      const release = this.#client.options.sharedFrames?.lend(frame, added.length);
      for (const one of added) one.release = release;
      return;
    }
    // Whatever else lies in the same frame would be lost with its buffer.
    const only = added.length === 1 ? added[0] : undefined;
    if (only !== undefined && only.bytes.length >= LEAST_OWN_BYTES) only.ownsBuffer = true;
  }

  #take(partition: FetchPartition, answer: PartitionAnswer, added: Added[]): void {
    const { readCommitted, checkCrcs } = this.#options;
    const { topic, fetchOffset: offset } = partition;
    partition.failures = 0;
    partition.highWatermark = answer.highWatermark;
    partition.end = readCommitted && answer.lastStableOffset >= 0 ? answer.lastStableOffset : answer.highWatermark;
    if (answer.preferredReadReplica >= 0) partition.preferredNode = answer.preferredReadReplica;
    if (answer.records === null || answer.records.length === 0) return;
    const { records } = answer;
    const abortedTransactions = readCommitted ? (answer.abortedTransactions ?? []) : null;
    try {
      const { slices, nextOffset, leaderEpoch } = filterBatches({
        topic,
        partition: partition.partition,
        records,
        offset,
        checkCrcs,
        abortedTransactions,
      });
      for (const { start, end, firstOffset, recordCount, startsBelow, nextOffset: next } of slices) {
        const bytes = records.subarray(start, end);
        const fetched = {
          topic,
          partition: partition.partition,
          firstOffset,
          nextOffset: next,
          recordCount,
          startsBelow,
          bytes,
          ownsBuffer: false,
          release: undefined,
        };
        partition.buffered.push(fetched);
        partition.bufferedBytes += bytes.length;
        added.push(fetched);
      }
      if (nextOffset > offset) partition.caughtUpAt = -1;
      partition.fetchOffset = nextOffset;
      if (leaderEpoch >= 0) partition.lastEpoch = leaderEpoch;
      if (partition.buffered.length === 0) partition.position = nextOffset;
    } catch (error) {
      this.#hooks.onFatal(partition, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onError(partition: FetchPartition, answer: PartitionAnswer, response: FetchResponse): void {
    const { errorCode } = answer;
    const error = kafkaFailure(errorCode, `Reading ${partition.name} at offset ${partition.fetchOffset}`, {
      context: { topic: partition.topic, partition: partition.partition, offset: partition.fetchOffset },
    });
    switch (errorCode) {
      case ErrorCode.OFFSET_OUT_OF_RANGE:
        // A replica that lags behind does not have it yet; the leader decides.
        if (partition.preferredNode >= 0) partition.preferredNode = -1;
        else this.#hooks.onOutOfRange(partition, partition.fetchOffset);
        return;
      case ErrorCode.CORRUPT_MESSAGE:
        // Retriable by its class, but a log does not heal: Kafka's consumer gives it to its caller as well.
        this.#hooks.onFatal(partition, error);
        return;
      case ErrorCode.NOT_LEADER_OR_FOLLOWER:
      case ErrorCode.FENCED_LEADER_EPOCH:
        this.#hooks.onLeaderLost(
          partition,
          this.#client.learnLeader(partition.topic, partition.partition, answer.currentLeader, response.nodeEndpoints),
        );
        return;
      default:
        this.#client.options.onLog('debug', error.message);
        if (error.retriable || errorCode === ErrorCode.UNKNOWN_SERVER_ERROR) this.#hooks.onLeaderLost(partition, false);
        else this.#hooks.onFatal(partition, error);
    }
  }
}

/** The records of all partitions lie in the frame of the answer. */
function firstRecordsOf(response: FetchResponse): Buffer | undefined {
  for (const { partitions } of response.responses) {
    for (const { records } of partitions) if (records !== null && records.length > 0) return records;
  }
  return undefined;
}
