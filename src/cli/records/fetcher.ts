import { setTimeout as pause } from 'node:timers/promises';
import { type KafkaClient, kafkaFailure } from '../../client/index.ts';
import { isMillraceError } from '../../errors.ts';
import { ErrorCode, Fetch, kafkaError, type ResponseOf } from '../../protocol/index.ts';
import { listOffsets, OFFSET_AT } from '../admin/list-offsets.ts';
import { fetchRequest, type PartitionToFetch } from './fetch-request.ts';
import { offsetAfter } from './read-records.ts';

export interface FetcherOptions {
  readonly readCommitted: boolean;
  /** What to do when an offset is not in the log (any more). `none`: that is an error. */
  readonly reset: 'earliest' | 'latest' | 'none';
  /** How long a broker waits for records when there are none. */
  readonly maxWaitMs: number;
  readonly minBytes: number;
  /** Of one answer; the first batch comes in any case. */
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
}

type FetchResponse = ResponseOf<typeof Fetch>;
type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/** Record batches of a partition as a leader sent them. */
export interface Fetched {
  readonly topic: string;
  readonly partition: number;
  /** Where reading was to go on; the first batch may begin below. */
  readonly fetchOffset: number;
  /** Where it goes on after these. */
  readonly nextOffset: number;
  readonly records: Buffer;
  readonly abortedTransactions: FetchedPartition['abortedTransactions'];
}

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

interface Position {
  readonly topic: string;
  readonly partition: number;
  offset: number;
}

interface Answer {
  readonly node: number;
  readonly asked: readonly PartitionToFetch[];
  readonly response?: FetchResponse;
  readonly error?: unknown;
}

const LANE = 'fetch';
const PAUSE_AFTER_ERROR_MS = 100;

/**
 * Fetches batches of assigned partitions: one request under way for each leader, and none that nobody has called for, so
 * that a slow reader holds back the brokers.
 */
export class Fetcher {
  readonly #client: KafkaClient;
  readonly #options: FetcherOptions;
  readonly #positions = new Map<string, Position>();
  readonly #underWay = new Map<number, Promise<Answer>>();
  #failingSinceMs: number | undefined;

  constructor(client: KafkaClient, options: FetcherOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Adds partitions, each with the offset to begin at. */
  assign(partitions: readonly PartitionOffset[]): void {
    for (const { topic, partition, offset } of partitions) this.#positions.set(`${topic}:${partition}`, { topic, partition, offset });
  }

  /** Takes partitions away; what is under way for them is dropped. */
  unassign(partitions: readonly { readonly topic: string; readonly partition: number }[]): void {
    for (const { topic, partition } of partitions) this.#positions.delete(`${topic}:${partition}`);
  }

  isAssigned(topic: string, partition: number): boolean {
    return this.#positions.has(`${topic}:${partition}`);
  }

  /**
   * What one leader has, after at most about `maxWaitMs`; may be empty. The positions have moved behind it already, so that
   * the next call may be made while this answer is still being worked on. Rejects with what no repetition helps against.
   */
  async poll(): Promise<Fetched[]> {
    await this.#askLeaders();
    if (this.#underWay.size === 0) {
      await pause(PAUSE_AFTER_ERROR_MS);
      return [];
    }
    const answer = await Promise.race(this.#underWay.values());
    this.#underWay.delete(answer.node);
    if (answer.response === undefined) {
      await this.#failed(answer);
      return [];
    }
    this.#failingSinceMs = undefined;
    return this.#taken(answer.asked, answer.response);
  }

  /** Asks every leader that is not being asked already. */
  async #askLeaders(): Promise<void> {
    const byLeader = new Map<number, PartitionToFetch[]>();
    for (const position of this.#positions.values()) {
      const { leader, leaderEpoch, topicId } = await this.#client.leaderOf(position.topic, position.partition);
      const list = byLeader.get(leader);
      const one = { ...position, topicId, leaderEpoch };
      if (list === undefined) byLeader.set(leader, [one]);
      else list.push(one);
    }
    for (const [node, list] of byLeader) {
      if (this.#underWay.has(node)) continue;
      const answer = this.#client.request(Fetch, fetchRequest(list, this.#options), { node }, { lane: LANE, retry: false }).then(
        (response) => ({ node, asked: list, response }),
        (error: unknown) => ({ node, asked: list, error }),
      );
      this.#underWay.set(node, answer);
    }
  }

  async #taken(asked: readonly PartitionToFetch[], { responses, errorCode }: FetchResponse): Promise<Fetched[]> {
    if (errorCode !== ErrorCode.NONE) throw kafkaFailure(errorCode, 'Fetching records');
    const fetched: Fetched[] = [];
    for (const { topic: name, topicId, partitions } of responses) {
      for (const answer of partitions) {
        const question = asked.find(
          ({ topic, topicId: id, partition }) => partition === answer.partitionIndex && (name === '' ? id.equals(topicId) : topic === name),
        );
        if (question === undefined) continue;
        const position = this.#positions.get(`${question.topic}:${question.partition}`);
        // Taken away or moved elsewhere meanwhile.
        if (position === undefined || position.offset !== question.offset) continue;
        const one =
          answer.errorCode === ErrorCode.NONE ? this.#batchesOf(position, answer) : await this.#refused(position, answer.errorCode);
        if (one !== undefined) fetched.push(one);
      }
    }
    return fetched;
  }

  #batchesOf(position: Position, { records, abortedTransactions }: FetchedPartition): Fetched | undefined {
    if (records === null || records.length === 0) return undefined;
    const { topic, partition, offset: fetchOffset } = position;
    const nextOffset = offsetAfter(records, fetchOffset);
    position.offset = nextOffset;
    return { topic, partition, fetchOffset, nextOffset, records, abortedTransactions };
  }

  /** A code that passes has the leader looked for again; an offset out of range is reset; all else is an error. */
  async #refused(position: Position, code: number): Promise<undefined> {
    const { topic, partition, offset } = position;
    const { reset, readCommitted } = this.#options;
    if (code === ErrorCode.OFFSET_OUT_OF_RANGE && reset !== 'none') {
      const [found] = await listOffsets(this.#client, [{ topic, partition, timestampMs: OFFSET_AT[reset] }], readCommitted);
      position.offset = found?.offset ?? offset;
      return;
    }
    if (!kafkaError(code).retriable)
      throw kafkaFailure(code, `Fetching ${topic}-${partition} from offset ${offset}`, { context: { topic, partition, offset } });
    this.#client.invalidate(topic);
    await pause(PAUSE_AFTER_ERROR_MS);
  }

  /** A broker that is gone: others may lead its partitions in a moment. */
  async #failed({ asked, error }: Answer): Promise<void> {
    if (!isMillraceError(error) || !error.retriable) throw error;
    this.#failingSinceMs ??= performance.now();
    if (performance.now() - this.#failingSinceMs > this.#client.options.apiTimeoutMs) throw error;
    for (const topic of new Set(asked.map((each) => each.topic))) this.#client.invalidate(topic);
    await pause(PAUSE_AFTER_ERROR_MS);
  }
}
