import { Fetch, type ResponseOf } from '../../protocol/index.ts';
import type { KafkaClient } from '../client.ts';
import { kafkaFailure } from '../errors.ts';
import type { ResolvedFetcherOptions } from './options.ts';
import type { FetchPartition } from './partition.ts';
import { FetchSession, toTopics } from './session.ts';

export type FetchResponse = ResponseOf<typeof Fetch>;

/** One partition in one request: what was asked for, to see whether the answer still is. */
export interface Asked {
  readonly partition: FetchPartition;
  readonly offset: number;
}

export interface NodeFetcherHooks {
  /** The partitions of this node that should be fetched now. */
  fetchable(nodeId: number): FetchPartition[];
  /** Bytes that may be fetched now. */
  roomBytes(): number;
  onAnswer(asked: ReadonlyMap<string, Asked>, response: FetchResponse): void;
  /** No answer, or one that is an error as a whole. */
  onFailure(asked: ReadonlyMap<string, Asked>, error: unknown): void;
}

/** A session that was forgotten is asked for anew at once; a broker that goes on refusing is left alone for a while. */
const MAX_REFUSALS = 2;
/** Topic ids are known from all brokers that have this version; with a broker that has none they stay unused. */
const LAST_VERSION_BY_NAME = 12;

/**
 * Fetches from one broker: one request under way, the next as soon as its answer is there. A request may wait at the
 * broker for records; partitions that come to need fetching meanwhile are asked for in a second one, which does not wait.
 */
export class NodeFetcher {
  readonly #client: KafkaClient;
  readonly #nodeId: number;
  readonly #options: ResolvedFetcherOptions;
  readonly #hooks: NodeFetcherHooks;
  readonly #lane: string;
  readonly #session = new FetchSession();
  /** What the waiting request asks for; undefined: none is under way. */
  #waiting: ReadonlyMap<string, Asked> | undefined;
  #passing = false;
  /** Asked for by a passing request since the waiting one went out, and nothing came: not again before it is back. */
  readonly #passed = new Set<FetchPartition>();
  /** Answers in a row that were an error as a whole. */
  #refusals = 0;
  #closed = false;

  constructor(client: KafkaClient, nodeId: number, options: ResolvedFetcherOptions, lane: string, hooks: NodeFetcherHooks) {
    this.#client = client;
    this.#nodeId = nodeId;
    this.#options = options;
    this.#hooks = hooks;
    this.#lane = lane;
  }

  /** Looks whether there is something to fetch. Cheap; called whenever that may have changed. */
  wake(): void {
    if (this.#closed) return;
    if (this.#waiting === undefined) void this.#fetch();
    else if (!this.#passing) void this.#fetchInPassing(this.#waiting);
  }

  /**
   * Another set of partitions is read, some of them perhaps again. A session tells only news; where a partition ends is
   * none, but whoever reads it anew has to hear it.
   */
  restart(): void {
    this.#session.restart();
  }

  close(): void {
    this.#closed = true;
  }

  async #fetch(): Promise<void> {
    const partitions = this.#hooks.fetchable(this.#nodeId);
    if (partitions.length === 0) return;
    const asked = askedFor(partitions);
    this.#waiting = asked;
    this.#passed.clear();
    try {
      const response = await this.#request(partitions, this.#options.maxWaitMs, this.#lane, true);
      if (this.#closed) return;
      if (this.#session.accept(response.errorCode, response.sessionId)) {
        this.#refusals = 0;
        this.#hooks.onAnswer(asked, response);
      } else if (++this.#refusals > MAX_REFUSALS) {
        throw kafkaFailure(response.errorCode, `Fetching from broker ${this.#nodeId}`);
      }
    } catch (error) {
      this.#session.restart();
      if (!this.#closed) this.#hooks.onFailure(asked, error);
    } finally {
      this.#waiting = undefined;
    }
    this.wake();
  }

  /** Without a session: the broker would take what is not in it for no longer wanted. */
  async #fetchInPassing(waiting: ReadonlyMap<string, Asked>): Promise<void> {
    const partitions = this.#hooks
      .fetchable(this.#nodeId)
      .filter((one) => waiting.get(one.name)?.partition !== one && !this.#passed.has(one));
    if (partitions.length === 0) return;
    const asked = askedFor(partitions);
    for (const one of partitions) this.#passed.add(one);
    this.#passing = true;
    try {
      const response = await this.#request(partitions, 0, lanesOf(this.#lane)[1], false);
      if (!this.#closed) this.#hooks.onAnswer(asked, response);
      // Where something came there may be more. Where nothing did, asking again and again would be busy waiting.
      for (const { partition, offset } of asked.values()) if (partition.fetchOffset !== offset) this.#passed.delete(partition);
    } catch (error) {
      if (!this.#closed) this.#hooks.onFailure(asked, error);
    } finally {
      this.#passing = false;
    }
    this.wake();
  }

  #request(partitions: readonly FetchPartition[], maxWaitMs: number, lane: string, inSession: boolean): Promise<FetchResponse> {
    const { minBytes, maxBytes, maxPartitionBytes, readCommitted, rackId } = this.#options;
    const haveIds = partitions.every(({ leader }) => leader?.topicId.some((byte) => byte !== 0));
    return this.#client.request(
      Fetch,
      ({ version }) => ({
        maxWaitMs,
        minBytes,
        maxBytes: Math.max(1, Math.min(maxBytes, this.#hooks.roomBytes())),
        isolationLevel: readCommitted ? 1 : 0,
        ...(inSession
          ? this.#session.next(version, partitions, maxPartitionBytes)
          : { topics: toTopics(partitions, maxPartitionBytes), ...(version >= 7 && { forgottenTopicsData: [] }) }),
        rackId,
      }),
      { node: this.#nodeId },
      { retry: false, lane, ...(!haveIds && { maxVersion: LAST_VERSION_BY_NAME }) },
    );
  }
}

/** A request that waits at the broker holds up all others on its connection, so passing ones have another. */
export function lanesOf(lane: string): readonly [waiting: string, passing: string] {
  return [lane, `${lane}-passing`];
}

function askedFor(partitions: readonly FetchPartition[]): Map<string, Asked> {
  return new Map(partitions.map((partition) => [partition.name, { partition, offset: partition.fetchOffset }]));
}
